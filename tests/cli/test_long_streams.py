"""`lscli samples` of a long file: rows are streamed, and the run ends at a bad row or a closed pipe."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.command import ROOT, command, lscli
from tests.measured import measured

ROWS, BAD = 1_000_000, 900_000
FEWER_ROWS, FEWER_BAD = 120_000, 100_000


def save(folder: Path, rows: int, bad: int) -> tuple[Path, Path]:
    """Save logits of three classes, where one row holds nan, and labels; return the two paths."""
    x = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.float32, shape=(rows, 3))
    x[:, 0] = 1
    x[bad] = np.nan
    x.flush()
    np.save(folder / "y.npy", np.zeros(rows, np.int8))
    return folder / "x.npy", folder / "y.npy"


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A million rows: all of them as text take seconds."""
    return save(tmp_path_factory.mktemp("long"), ROWS, BAD)


@pytest.fixture(scope="module")
def shorter(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Rows of which a test may wait for all."""
    return save(tmp_path_factory.mktemp("shorter"), FEWER_ROWS, FEWER_BAD)


@pytest.mark.parametrize("format_name", ["csv", "json", "table"])
def test_a_closed_pipe_ends_the_run_at_once_and_silently(long: tuple[Path, Path], format_name: str) -> None:
    run = measured(["samples", *long, "-f", format_name, "--threads", "1"], close_after=400)
    assert (400, 141, "") == (len(run.out), run.code, run.err)
    assert 3 > run.seconds  # all rows take more than that


def test_the_first_rows_take_no_more_memory_than_a_part(long: tuple[Path, Path]) -> None:
    run = measured(["samples", *long, "--nonfinite", "skip", "-q"], close_after=400)
    assert (400, 141) == (len(run.out), run.code)
    assert 300_000_000 > run.memory  # a million rows as Python objects take twice that


def test_head_gets_its_lines(long: tuple[Path, Path]) -> None:
    pipeline = '"$@" 2>"$ERR" | head -2; echo ${PIPESTATUS[0]}'
    errors = long[0].parent / "err"
    done = subprocess.run(
        ["bash", "-c", pipeline, "bash", *command(["samples", *long])],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "ERR": str(errors)},
        cwd=ROOT,
        timeout=120,
        check=True,
    )
    header, row, code = done.stdout.splitlines()
    assert ("source,group,row", f"{long[0]},,0,0,0,true", "141", "") == (
        header[:16],
        row[: len(str(long[0])) + 12],
        code,
        errors.read_text(),
    )


def test_the_rows_before_a_bad_row_are_written(shorter: tuple[Path, Path], tmp_path: Path) -> None:
    with (tmp_path / "rows.csv").open("wb") as file:
        done = lscli("samples", *shorter, "--chunk-rows", "1000", stdout=file, stderr=subprocess.PIPE)
    first, hint = done.stderr.splitlines()
    assert (3, True, "hint: ") == (done.returncode, f"row {FEWER_BAD}" in first, hint[:6])
    data = (tmp_path / "rows.csv").read_bytes()
    rows = data[: data.rindex(b"\n") + 1].splitlines()
    assert FEWER_BAD / 2 < len(rows) <= FEWER_BAD + 1
    prefix = f"{shorter[0]},,".encode()
    assert [b"0", b"%d" % (len(rows) - 2)] == [
        row.removeprefix(prefix).partition(b",")[0] for row in (rows[1], rows[-1])
    ]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_bad_row_leaves_the_old_file_and_nothing_else(
    shorter: tuple[Path, Path], tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"out{suffix}"
    output.write_text("old")
    done = lscli("samples", *shorter, "-o", output)
    assert (3, "", True) == (done.returncode, done.stdout, f"row {FEWER_BAD}" in done.stderr)
    assert [output] == list(tmp_path.iterdir())
    assert "old" == output.read_text()
