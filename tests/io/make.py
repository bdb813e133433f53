"""Small inputs, sound and forged, and what a report says of them."""

from __future__ import annotations

import gc
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lscli import Report


def some_logits(rows: int = 6, classes: int = 3, dtype: str = "float32") -> NDArray[Any]:
    """Logits [rows, classes], always the same."""
    return np.random.default_rng(7).standard_normal((rows, classes)).astype(dtype)


def some_labels(rows: int = 6, classes: int = 3) -> NDArray[np.int64]:
    """Labels [rows] below `classes`, always the same."""
    return np.arange(rows, dtype=np.int64) * 2 % classes


def saved(array: NDArray[Any], version: tuple[int, int] | None = None) -> bytes:
    """The `.npy` bytes that numpy writes."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


def forged(
    descr: str = "'<f4'",
    shape: str = "(6, 3)",
    data: bytes = bytes(72),
    *,
    fortran: str = "False",
    extra: str = "",
    version: tuple[int, int] = (1, 0),
) -> bytes:
    """`.npy` bytes with any text in the header's fields."""
    return with_header(f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, {extra}}}\n", data, version)


def with_header(header: str | bytes, data: bytes = bytes(72), version: tuple[int, int] = (1, 0)) -> bytes:
    """`.npy` bytes with any header."""
    raw = header if isinstance(header, bytes) else header.encode()
    return b"\x93NUMPY" + bytes(version) + len(raw).to_bytes(2 if version == (1, 0) else 4, "little") + raw + data


def archive(path: Path, compression: int = zipfile.ZIP_STORED, **members: NDArray[Any] | bytes) -> Path:
    """A `.npz` archive of these arrays, or of these bytes in their place."""
    with zipfile.ZipFile(path, "w", compression) as target:
        for key, value in members.items():
            target.writestr(f"{key}.npy", value if isinstance(value, bytes) else saved(value))
    return path


def descriptors() -> int:
    """How many files this process has open, apart from what other tests left to the garbage collector."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def figures(report: Report) -> list[str]:
    """Every row of a report without its source, with all digits."""
    return [repr(row[1:]) for row in report.rows]


FITTED = ("temperature", "loss_hard_tempered", "ece_tempered", "refinement_loss", "calibration_loss")


def same_figures(one: Report, other: Report) -> None:
    """Check that two reports have the same figures: all digits, but 1e-8 of those at a fitted temperature."""
    alike = [[repr(row[1:]) for row in report.rows if row.metric not in FITTED] for report in (one, other)]
    assert alike[0] == alike[1]
    fits = [{row[1:3]: row.value for row in report.rows if row.metric in FITTED} for report in (one, other)]
    assert fits[0] == pytest.approx(fits[1], rel=1e-8)
