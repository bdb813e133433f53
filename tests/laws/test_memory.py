"""Memory grows with N x ~12 values, never with N x K."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.command import command

MIB = 1 << 20


def peak(rows: int, classes: int, folder: Path) -> int:
    """Peak memory of `eval` on zeros of this shape in bytes, as the system reports it."""
    logits = folder / "logits.npy"
    with logits.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (rows, classes)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4 * rows * classes)  # a sparse file takes no space on the disk
    np.save(folder / "labels.npy", np.zeros(rows, np.int64))
    arguments = ["eval", logits, folder / "labels.npy", "--threads", "2", "-o", folder / "out.csv"]
    measured = [sys.executable, "-c", _MEASURE, *command(arguments)]
    return int(subprocess.run(measured, capture_output=True, text=True, check=True).stdout) * 1024


# Measured from a small process, since a child's peak includes what its parent held at the fork.
_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_three_times_the_rows_take_twelve_columns_more(tmp_path: Path) -> None:
    rows = 40_000
    small, large = peak(rows, 1000, tmp_path), peak(3 * rows, 1000, tmp_path)
    assert large - small <= 2 * rows * 12 * 8 + MIB  # a MiB for the allocator


@pytest.mark.slow
def test_a_file_of_many_gigabytes_takes_no_more_than_a_small_one(tmp_path: Path) -> None:
    # 8 GiB of logits, none of it on the disk.
    assert peak(2_000, 1_000_000, tmp_path) < 160 * MIB
