"""`lscli smooth` of a long file: rows are streamed in flat memory, and a closed pipe ends the run silently."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.command import lscli
from tests.measured import measured

MIB = 1 << 20
ROWS, CLASSES = 200_000, 500


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels whose targets take 800 MB."""
    path = tmp_path_factory.mktemp("long") / "y.npy"
    np.save(path, np.arange(ROWS) % CLASSES)
    return path


@pytest.mark.parametrize("format_name", ["csv", "json", "table", "npy"])
def test_a_closed_pipe_ends_the_run_at_once_and_silently(long: Path, format_name: str) -> None:
    run = measured(["smooth", long, "--classes", CLASSES, "-f", format_name], close_after=400)
    assert (400, 141, "") == (len(run.out), run.code, run.err)
    assert 6 > run.seconds  # all rows as text take a minute


def test_memory_is_flat(long: Path) -> None:
    run = measured(["smooth", long, "--classes", CLASSES, "-f", "npy", "-o", "/dev/null"])
    assert (0, "") == (run.code, run.err)
    assert 100 * MIB > run.memory


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
