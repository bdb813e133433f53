"""Structured vector scaling: every class has its own factor and shift, (1 + v_k) x_k + b_k, which a ridge holds small.

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


class StructuredVector(NamedTuple):
    """The parameters of the map (1 + v_k) x_k + b_k of the prepared logits x.

    Attributes:
        temperature, uniform: T and o of the prepared logits.
        v, b: [K].
    """

    temperature: float
    uniform: float
    v: Any
    b: Any


def mapped(z: Any, parameters: StructuredVector, xp: Any) -> Any:
    x = floored(z, parameters.temperature, parameters.uniform, xp)
    v, b = (xp.asarray(each, dtype=z.dtype) for each in (parameters.v, parameters.b))
    return penalised.mapped(z, x * (1 + v) + b, xp)


def fit(rows: FitRows) -> Fit:
    """The factors and shifts with the smallest penalised mean nll."""
    k = rows.classes
    penalty = np.full(2 * k, float(k))
    found, fit = penalised.fit(rows, penalised.Linear(penalty, _logits, _slopes, _squares, masked=True))
    v, b = found.linear.reshape(2, k)
    return fit._replace(parameters=StructuredVector(found.temperature, found.uniform, v, b))


def _logits(at: Array, x: Array) -> Array:
    v, b = at.reshape(2, -1).astype(x.dtype)
    y: Array = x * (1 + v)
    y += b
    return y


def _slopes(x: Array, r: Array) -> Array:
    return np.concatenate((np.einsum("nk,nk->k", r, x), np.add.reduce(r, axis=0)))


def _squares(x: Array, q: Array) -> Array:
    return np.concatenate((np.einsum("nk,nk,nk->k", q, x, x), np.add.reduce(q, axis=0)))


METHOD = Method(
    name="svs",
    title="structured vector scaling",
    gist="(1 + v_k) x_k + b_k, x = ln((1 - o) softmax(z / T) + o / K)",
    parameters=StructuredVector,
    shapes={"v": ("K",), "b": ("K",)},
    mapped=mapped,
    fit=fit,
    check=penalised.check,
    keeps="nothing",
)
