"""`lscli smooth` of a long file: rows at once, memory that does not grow with N x K, a closed pipe in silence."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.command import ROOT, command, lscli

ROWS, CLASSES = 200_000, 500


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels whose targets take 800 MB."""
    path = tmp_path_factory.mktemp("long") / "y.npy"
    np.save(path, np.arange(ROWS) % CLASSES)
    return path


@pytest.mark.parametrize("format_name", ["csv", "json", "table", "npy"])
def test_a_reader_that_leaves_ends_the_run_at_once_and_silently(long: Path, format_name: str) -> None:
    start = time.monotonic()
    arguments = ["smooth", long, "--classes", CLASSES, "-f", format_name]
    with subprocess.Popen(command(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert 2 == len([process.stdout.read(200) for _ in range(2)])
        process.stdout.close()
        errors = process.stderr.read()
        assert (141, b"") == (process.wait(60), errors)
    assert 8 > time.monotonic() - start  # all rows as text take a minute


def test_memory_is_flat(long: Path) -> None:
    # The peak since this program began; getrusage would count what its parent held when it was forked.
    code = (
        "import re, sys; from lscli.cli.main import main; main(sys.argv[1:]); "
        "sys.stderr.write(re.search('VmHWM: *(.*) kB', open('/proc/self/status').read())[1])"
    )
    arguments = [sys.executable, "-c", code, "smooth", long, "--classes", CLASSES, "-f", "npy"]
    done = subprocess.run(
        list(map(str, arguments)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT, check=True, timeout=120
    )
    assert 100_000 > int(done.stderr)  # KiB


@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_a_bad_row_far_down_leaves_the_old_file_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    rows = np.zeros((30_000, 5), np.float32)
    rows[25_000, 3] = 7
    np.save(tmp_path / "soft.npy", rows)
    output = tmp_path / f"out{suffix}"
    output.write_text("old")
    done = lscli("smooth", tmp_path / "soft.npy", "-o", output)
    assert (3, "", True) == (done.returncode, done.stdout, "row 25000, class 3: 7 " in done.stderr)
    assert {output, tmp_path / "soft.npy"} == set(tmp_path.iterdir())
    assert "old" == output.read_text()
