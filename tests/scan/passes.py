"""Logits to scan, and the columns of a pass as bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lscli.io.open import open_inputs
from lscli.kernels.rowstate import COLUMNS
from lscli.options import ReadingOptions
from lscli.scan.scan import scan

Array = NDArray[Any]


def data(rows: int, classes: int, dtype: str = "float32", *, masked: bool = False) -> tuple[Array, Array]:
    """Logits [N, K] with ties, and labels [N], some of them ignored; `masked` adds masked classes and extreme rows."""
    rng = np.random.default_rng(classes)
    logits = (3 * rng.standard_normal((rows, classes))).astype(dtype)
    if masked:
        logits[::13] *= 40  # exponentials underflow
        logits[3::13] *= 1000
        logits[rng.random((rows, classes)) < 0.02] = -np.inf
        logits[:, 0] = np.where(np.isneginf(logits).all(axis=1), 0, logits[:, 0])
    logits[::7, 1] = logits[::7, 0]  # ties
    labels = rng.integers(0, classes, rows)
    labels[::11] = -100
    return logits, labels


def columns(logits: Any, labels: Any, **options: Any) -> dict[str, bytes]:
    """The bytes of every column, including those of two vectors."""
    opened, truth = open_inputs(logits, labels)
    label = truth.checked(opened.shape[1], -100).label
    c = np.random.default_rng(opened.shape[1]).random(opened.shape[1])
    vectors = {"all": c, "some": np.where(c < 0.5, 0.0, 1e3 * c)}
    table = scan(opened, label, (*COLUMNS, "row"), ReadingOptions(**options), vectors=vectors).table
    return {name: column.tobytes() for name, column in table.columns.items()}
