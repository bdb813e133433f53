"""Conformal scores of classes, and the classes whose score is within a quantile.

A score is computed by the same operations for a label and for every class, so that a label is in its set exactly if its
score is at most the quantile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import ConformalMethod

    Array = NDArray[Any]


class Scoring(NamedTuple):
    """How classes are scored.

    Attributes:
        method: lac: 1 - p (Sadinle et al. 2019); aps: the sum of the probabilities that are at least p (Romano et al.
            2020); raps: aps with a penalty for each class after a rank (Angelopoulos et al. 2021).
        penalty, rank: those of raps.
        randomized: whether the sum of aps and raps has only a share u of p itself.
    """

    method: ConformalMethod
    penalty: float = 0.0
    rank: int = 0
    randomized: bool = False


def scores(x: Array, how: Scoring, u: Array) -> Array:
    """The score of every class, [n, K] float64, of rows x [n, K] of logits; u [n] is for randomized scores."""
    p = np.exp(x - x.max(axis=1, keepdims=True), dtype=np.float64)
    p /= p.sum(axis=1, keepdims=True)
    if how.method == "lac":
        rest: Array = 1.0 - p
        return rest
    order = np.argsort(-p, axis=1, kind="stable")
    total = np.cumsum(np.take_along_axis(p, order, axis=1), axis=1)
    if how.randomized:
        total -= u[:, None] * np.take_along_axis(p, order, axis=1)
    if how.method == "raps":
        total += how.penalty * np.maximum(np.arange(1, p.shape[1] + 1) - how.rank, 0)
    found = np.empty_like(total)
    np.put_along_axis(found, order, total, axis=1)
    return found
