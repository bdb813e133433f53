"""How well a score tells ID samples from OOD samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Separation(NamedTuple):
    """Measures of two samples of scores.

    Attributes:
        auroc: the probability that an ID sample has the larger score, ties halved.
        aupr_in: the average precision with ID samples as positives.
        aupr_out: that with OOD samples as positives, by the negative of the score.
        fpr: the share of OOD samples at or above the largest threshold whose recall of ID samples is reached.
    """

    auroc: float
    aupr_in: float
    aupr_out: float
    fpr: float


def separation(inside: Array, outside: Array, recall: float) -> Separation:
    """The measures of the scores of ID samples [n] and OOD samples [m]."""
    values = np.unique(np.concatenate((inside, outside)))
    ids = np.bincount(np.searchsorted(values, inside), minlength=len(values)).astype(np.float64)
    oods = np.bincount(np.searchsorted(values, outside), minlength=len(values)).astype(np.float64)
    return measures(ids, oods, recall)


def measures(ids: Array, oods: Array, recall: float) -> Separation:
    """The measures from the numbers of ID and OOD samples at each distinct score, ascending, [V] each."""
    n, m = ids.sum(), oods.sum()
    below = np.cumsum(oods) - oods
    auroc = float((ids * (below + oods / 2)).sum() / (n * m))
    inside, outside = np.cumsum(ids[::-1]), np.cumsum(oods[::-1])
    reached = int(np.argmax(inside >= recall * n))
    return Separation(auroc, _precision(ids[::-1], oods[::-1]), _precision(oods, ids), float(outside[reached] / m))


def _precision(positive: Array, negative: Array) -> float:
    """The average precision, from the numbers of samples at each score, best first."""
    hits = np.cumsum(positive)
    share = np.divide(hits, hits + np.cumsum(negative), out=np.ones_like(hits), where=hits > 0)
    return float((share * positive).sum() / hits[-1])
