"""Memory is flat: it grows with N x ~12 values, never with N x K."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.measured import measured

MIB = 1 << 20


def peak(rows: int, classes: int, folder: Path) -> int:
    """Peak memory in bytes of `eval` on zeros of this shape."""
    logits = folder / "logits.npy"
    with logits.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (rows, classes)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4 * rows * classes)  # a sparse file takes no space on the disk
    np.save(folder / "labels.npy", np.zeros(rows, np.int64))
    run = measured(["eval", logits, folder / "labels.npy", "--threads", "2", "-o", folder / "out.csv"])
    assert (0, "") == (run.code, run.err)
    return run.memory


def peak_of_ensemble(rows: int, folder: Path) -> int:
    """Peak memory in bytes of `eval` on four members of zeros, [rows, 1000] each."""
    for place in range(4):
        with (folder / f"m-{place}.npy").open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows, 1000)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + 4 * rows * 1000)
    np.save(folder / "labels.npy", np.zeros(rows, np.int64))
    run = measured(
        [
            "eval",
            folder / "m-*.npy",
            folder / "labels.npy",
            "--ensemble",
            "--threads",
            "2",
            "-q",
            "-o",
            folder / "o.csv",
        ]
    )
    assert (0, "") == (run.code, run.err)
    return run.memory


def test_members_take_no_more_columns_than_two(tmp_path: Path) -> None:
    rows = 5_000
    small, large = peak_of_ensemble(rows, tmp_path), peak_of_ensemble(3 * rows, tmp_path)
    assert large - small <= 2 * rows * 15 * 8 + 2 * MIB  # one member has 2 * rows * 4000 bytes = 38 MiB


def test_three_times_the_rows_take_twelve_columns_more(tmp_path: Path) -> None:
    rows = 20_000
    small, large = peak(rows, 1000, tmp_path), peak(3 * rows, 1000, tmp_path)
    assert large - small <= 2 * rows * 12 * 8 + MIB  # the allocator's own part is below 1 MiB


def test_a_file_larger_than_the_memory_it_may_take(tmp_path: Path) -> None:
    assert peak(150, 1_000_000, tmp_path) < 160 * MIB  # 572 MiB of logits
