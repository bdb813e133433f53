"""Structured matrix scaling: x_j + sum_k D_jk x_k + b_j, which a ridge holds small, most of all off the diagonal.

Source: Berta et al., Structured matrix scaling for multi-class calibration, arXiv 2511.03685.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.recalibrators import penalised
from lscli.recalibrators.arithmetic import floored
from lscli.recalibrators.base import Fit, FitRows, Method

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_MOST_CLASSES = 200
_TILE = 1 << 15  # elements of rows that are multiplied together


class StructuredMatrix(NamedTuple):
    """The parameters of the map x + D x + b of the prepared logits x.

    Attributes:
        temperature, uniform: T and o of the prepared logits.
        matrix: D, [K, K].
        b: [K].
    """

    temperature: float
    uniform: float
    matrix: Any
    b: Any


def mapped(z: Any, parameters: StructuredMatrix, xp: Any) -> Any:
    x = floored(z, parameters.temperature, parameters.uniform, xp)
    matrix, b = (xp.asarray(each, dtype=z.dtype) for each in (parameters.matrix, parameters.b))
    return penalised.mapped(z, x + _product(x, matrix, xp) + b, xp)


def _product(x: Any, matrix: Any, xp: Any) -> Any:
    """The product of the matrix and each row of x [n, K], [n, K]."""
    if xp is not np:
        return x @ matrix.T
    # Not by BLAS, which rounds a row by the number of rows beside it.
    out = np.empty_like(x, order="C")
    size = max(1, _TILE // len(matrix))
    for start in range(0, len(x), size):
        lines = np.ascontiguousarray(x[start : start + size].T)
        total = np.zeros_like(lines)
        part = np.empty_like(lines)
        for k, line in enumerate(lines):
            np.multiply(matrix[:, k : k + 1], line, out=part)
            total += part
        out[start : start + size] = total.T
    return out


def fit(rows: FitRows) -> Fit:
    """The matrix and shifts with the smallest penalised mean nll."""
    k = rows.classes
    if k > _MOST_CLASSES:
        why = f"has {k} classes, and sms is fitted for at most {_MOST_CLASSES}: it has {k * k + k:,} parameters"
        raise rows.refused(why, f"svs has {2 * k:,} parameters")
    penalty = np.full((k + 1, k), k * (k - 1.0))
    np.fill_diagonal(penalty, k)
    penalty[k] = k
    found, fit = penalised.fit(rows, penalised.Linear(penalty.ravel(), _logits, _slopes, _squares, masked=False))
    matrix = found.linear.reshape(k + 1, k)
    return fit._replace(parameters=StructuredMatrix(found.temperature, found.uniform, matrix[:k], matrix[k]))


def _logits(at: Array, x: Array) -> Array:
    k = x.shape[1]
    matrix = at.reshape(k + 1, k).astype(x.dtype)
    y = (matrix[:k] @ x.T).T  # which lies in memory as x does
    y += x
    y += matrix[k]
    return y


def _slopes(x: Array, r: Array) -> Array:
    return np.concatenate(((r.T @ x).ravel(), np.add.reduce(r, axis=0)))


def _squares(x: Array, q: Array) -> Array:
    return np.concatenate(((q.T @ (x * x)).ravel(), np.add.reduce(q, axis=0)))


METHOD = Method(
    name="sms",
    title="structured matrix scaling",
    gist="x + D x + b, x = ln((1 - o) softmax(z / T) + o / K)",
    parameters=StructuredMatrix,
    shapes={"matrix": ("K", "K"), "b": ("K",)},
    mapped=mapped,
    fit=fit,
    check=penalised.check,
    keeps="nothing",
    masked=False,
    most_classes=_MOST_CLASSES,
)
