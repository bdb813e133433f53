"""Compare every column of a kernel with the textbook version, within a tolerance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lscli.kernels import rowstate
from lscli.kernels.devices import cpu_kernel
from lscli.kernels.rowstate import COLUMNS, NARROW, WIDE, column_type, fields_for, write_columns
from lscli.options import Kernel
from tests import naive

Array = NDArray[Any]
KERNELS = ("numpy", "torch")
DTYPES = ("float16", "bfloat16", "float32", "float64")
# Relative to the value in the column. Elements of float32 are rounded by 6e-8 each, and so are their differences.
TOLERANCE = {"float16": 4e-6, "bfloat16": 4e-6, "float32": 4e-6, "float64": 1e-12}


def kernel_columns(
    kernel: Kernel,
    logits: Array,
    labels: Array,
    dtype: str = "",
    *,
    exclude: bool = False,
    vectors: dict[str, Array] | None = None,
) -> dict[str, Array]:
    """The columns that the kernel computes from logits [N, K], labels [N] and vectors c [K] by name.

    Those of K values a sample are left out.
    """
    k, given = logits.shape[1], vectors or {}
    fields = fields_for(COLUMNS.keys() - WIDE) | ({"open_shift"} if exclude else set())
    c = np.array(list(given.values())) if given else None
    compute = cpu_kernel(kernel, k, dtype or logits.dtype.name, fields, (), c)
    out = {
        name: np.empty((len(logits), *column_type(name, k, "float64")[1]), _stored_as(name))
        for name in (*(COLUMNS.keys() - WIDE), *given)
    }
    write_columns(compute.row_state(logits, labels), k, out, given)
    return out


def _stored_as(name: str) -> type[np.generic]:
    """The type of a column: integers of 64 bits do not fit into float64."""
    return np.uint64 if rowstate.DTYPES.get(name) is np.uint64 else np.float64


def as_stored(logits: Array, dtype: str) -> tuple[Array, Array]:
    """Logits as a file of this dtype stores them, and their values."""
    if dtype != "bfloat16":
        values = logits.astype(dtype)
        return values, values
    bits = (logits.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return bits, (bits.astype(np.uint32) << 16).view(np.float32)


def masked_logits(rows: int, classes: int, share: float, dtype: str = "float64") -> tuple[Array, Array]:
    """Logits [N, K], a share of them masked but never a whole row, and labels [N], some of them masked."""
    rng = np.random.default_rng(classes)
    logits = (3 * rng.standard_normal((rows, classes))).astype(dtype)
    logits[rng.random((rows, classes)) < share] = -np.inf
    logits[np.isneginf(logits.max(axis=1)), 0] = 1
    return logits, rng.integers(0, classes, rows)


def row_hashes(logits: Array) -> Array:
    """The sum over the open classes of SplitMix64 of (x_i - m) in steps of 1e-4, modulo 2^64, [N]."""

    def mixed(x: int) -> int:
        z = (x + 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    # Differences are taken in the type that a kernel takes them in.
    wide = logits.shape[1] >= NARROW and logits.dtype != np.float64
    x = logits.astype(np.float32 if wide else np.float64)
    with np.errstate(over="ignore"):
        steps = (x - x.max(axis=1, keepdims=True)).astype(np.float64) * 1e4
    whole = [sorted(round(max(step, -(2.0**53))) for step in row if math.isfinite(step)) for row in steps.tolist()]
    return np.array([sum(map(mixed, row)) % 2**64 for row in whole], np.uint64)


def pnorm_scores(x: Array) -> Array:
    """[N, P], the largest of v divided by the p-norm of v, for p from 1 to 8, where v is the row minus its mean."""
    with np.errstate(invalid="ignore"):  # nan with a masked class
        v = x - x.mean(axis=1, keepdims=True)
    size = np.abs(v).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        v = np.where(size == 0, 0, v / np.where(size == 0, 1, size))
    norms = [(np.abs(v) ** p).sum(axis=1) ** (1 / np.longdouble(p)) for p in range(1, 9)]
    scores: Array = np.stack([v.max(axis=1) / np.where(norm == 0, 1, norm) for norm in norms], axis=1)
    return scores


def check_columns(
    kernel: Kernel,
    logits: Array,
    labels: Array,
    tolerance: float,
    dtype: str = "",
    *,
    exclude: bool = False,
    vectors: dict[str, Array] | None = None,
) -> None:
    """Compare every column with the textbook version; errors are relative to the value, or to the spread of the row."""
    raw, logits = as_stored(logits, dtype) if dtype else (logits, logits)
    found = kernel_columns(kernel, raw, labels, dtype, exclude=exclude, vectors=vectors)
    del found["library_confidence"]  # has fewer digits: tests/kernels/test_torch_softmax.py
    textbook = naive.columns(logits, labels, exclude=exclude)
    textbook["pnorm_scores"] = pnorm_scores(logits.astype(np.longdouble))
    assert row_hashes(logits).tolist() == found.pop("row_hash").tolist()
    textbook |= {name: naive.minus_dot(logits, c) for name, c in (vectors or {}).items()}
    assert textbook.keys() == found.keys()
    spread = np.ptp(np.where(np.isfinite(logits), logits, logits.max(axis=1, keepdims=True)).astype(float), axis=1)
    scales = {
        # A difference of logits may be close to 0 where the logits are large.
        "logit_gap": spread / 10,
        # Where one logit is far from the others, the rounding of the mean in float32 dominates.
        "pnorm_scores": 5,
        # The largest logit may cancel with log Z.
        "energy": np.maximum(np.abs(logits.max(axis=1).astype(float)), 1),
        # The exponents carry the rounding of the row's differences, while the entropy of a single class is 0.
        "off_label_entropy": np.maximum(spread, 1),
    }
    for name, long_double in textbook.items():
        expected = long_double.astype(float)
        with np.errstate(invalid="ignore"):
            error = np.abs(found[name] - expected)
        same = (found[name] == expected) | (np.isnan(found[name]) & np.isnan(expected))
        scale = np.maximum(np.abs(expected), scales.get(name, 1e-6))
        assert (same | (error <= tolerance * scale)).all(), (name, found[name], expected)
