"""`lscli samples` of a long file: rows as they are read, an error after the rows before it, a closed pipe at once."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.command import command, lscli

ROWS, BAD = 1_000_000, 900_000


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A million rows of three classes, one of them nan."""
    folder = tmp_path_factory.mktemp("long")
    x = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.float32, shape=(ROWS, 3))
    x[:, 0] = 1
    x[BAD] = np.nan
    x.flush()
    np.save(folder / "y.npy", np.zeros(ROWS, np.int8))
    return folder / "x.npy", folder / "y.npy"


@pytest.mark.parametrize("format_name", ["csv", "json", "table"])
def test_a_reader_that_leaves_ends_the_run_at_once_and_silently(long: tuple[Path, Path], format_name: str) -> None:
    start = time.monotonic()
    arguments = ["samples", *long, "-f", format_name, "--threads", "1"]
    with subprocess.Popen(command(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = [process.stdout.readline() for _ in range(2)]
        process.stdout.close()
        errors = process.stderr.read()
        assert (141, b"") == (process.wait(60), errors)
    assert all(line.endswith(b"\n") for line in first)
    assert 4 > time.monotonic() - start  # all rows would take longer


def test_head_gets_its_lines(long: tuple[Path, Path]) -> None:
    pipeline = '"$@" 2>"$ERR" | head -2; echo ${PIPESTATUS[0]}'
    errors = long[0].parent / "err"
    done = subprocess.run(
        ["bash", "-c", pipeline, "bash", *command(["samples", *long])],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "ERR": str(errors)},
        cwd=Path(__file__).parents[2],
        timeout=60,
        check=True,
    )
    header, row, code = done.stdout.splitlines()
    assert ("source,group,row", f"{long[0]},,0,0,0,true", "141", "") == (
        header[:16],
        row[: len(str(long[0])) + 12],
        code,
        errors.read_text(),
    )


@pytest.mark.slow
def test_a_bad_row_far_down_is_an_error_after_the_rows_before_it(long: tuple[Path, Path], tmp_path: Path) -> None:
    with (tmp_path / "rows.csv").open("wb") as file:
        done = lscli("samples", *long, "--chunk-rows", "1000", stdout=file, stderr=subprocess.PIPE)
    first, hint = done.stderr.splitlines()
    assert (3, True, "hint: ") == (done.returncode, f"row {BAD}" in first, hint[:6])
    data = (tmp_path / "rows.csv").read_bytes()
    rows = data[: data.rindex(b"\n") + 1].splitlines()
    assert BAD / 2 < len(rows) <= BAD + 1
    prefix = f"{long[0]},,".encode()
    assert [b"0", b"%d" % (len(rows) - 2)] == [
        row.removeprefix(prefix).partition(b",")[0] for row in (rows[1], rows[-1])
    ]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_bad_row_far_down_leaves_the_old_file_and_nothing_else(
    long: tuple[Path, Path], tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"out{suffix}"
    output.write_text("old")
    done = lscli("samples", *long, "-o", output)
    assert (3, "", True) == (done.returncode, done.stdout, f"row {BAD}" in done.stderr)
    assert [output] == list(tmp_path.iterdir())
    assert "old" == output.read_text()


def test_the_first_rows_take_no_more_memory_than_a_part(long: tuple[Path, Path]) -> None:
    code = (
        "import re, sys; from lscli.cli.main import main; main(sys.argv[1:]); "
        # The peak since this program began; getrusage would count what its parent held when it was forked.
        "sys.stderr.write(re.search('VmHWM: *(.*) kB', open('/proc/self/status').read())[1])"
    )
    arguments = [sys.executable, "-c", code, "samples", *map(str, long), "--nonfinite", "skip", "-q"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        peak = int(process.stderr.read())
    assert 300_000 > peak  # KiB; a million rows as Python objects are twice that
