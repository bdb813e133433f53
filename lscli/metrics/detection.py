"""How well a score tells ID samples from OOD samples.

All measures depend on the order of the scores alone, and equal scores count as one: `Ranks` sorts the samples once,
and `measures` then needs only how often each counts, so that a resample is other counts.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.metrics.sorted_values import SortedValues

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]


class Separation(NamedTuple):
    """Measures of two samples of scores.

    Attributes:
        auroc: the probability that an ID sample has the larger score, ties halved: Mann and Whitney's U / (n m).
        aupr_in: the average precision with ID samples as positives.
        aupr_out: that with OOD samples as positives, by the negative of the score.
        fpr: the share of OOD samples at or above the largest threshold whose recall of ID samples is reached.
    """

    auroc: float
    aupr_in: float
    aupr_out: float
    fpr: float


class Ranks(NamedTuple):
    """Where the scores of n ID samples are among those of m OOD samples.

    Attributes:
        ids, oods: the ID samples [n] and the OOD samples [m] by ascending score.
        ids_less: [n], for each ID sample in this order, how many ID samples have smaller scores.
        oods_less: [n], how many OOD samples have smaller scores than it.
        oods_upto: [m], for each OOD sample in its order, how many OOD samples have scores that are not larger.
        ids_below, ids_upto: [m], how many ID samples have smaller scores than it, and scores that are not larger.
    """

    ids: Array
    oods: Array
    ids_less: Array
    oods_less: Array
    oods_upto: Array
    ids_below: Array
    ids_upto: Array

    @classmethod
    def of(cls, inside: Array, outside: Array, rounding: Callable[[Array], Array] | None = None) -> Ranks:
        """Compare the scores of ID samples [n] and OOD samples [m], none of them nan.

        Neighbours that differ by no more than the rounding of the upper one are equal.
        """
        n = len(inside)
        groups = SortedValues.of(np.concatenate((inside, outside)), rounding)
        of_id = groups.order < n
        ends = np.append(groups.starts[1:], len(of_id))
        before = np.concatenate(([0], np.cumsum(of_id)))  # ID samples before each place
        id_start, id_end = before[groups.starts], before[ends]
        ood_start, ood_end = groups.starts - id_start, ends - id_end
        group = np.repeat(np.arange(len(ends)), ends - groups.starts)
        own, other = group[of_id], group[~of_id]
        return cls(
            groups.order[of_id],
            groups.order[~of_id] - n,
            id_start[own],
            ood_start[own],
            ood_end[other],
            id_start[other],
            id_end[other],
        )


def separation(
    inside: Array, outside: Array, recall: float, rounding: Callable[[Array], Array] | None = None
) -> Separation:
    """The measures of the scores of ID samples [n] and OOD samples [m]; see `Ranks.of` and `measures`."""
    return measures(Ranks.of(inside, outside, rounding), recall)


def measures(ranks: Ranks, recall: float, ids: Array | None = None, oods: Array | None = None) -> Separation:
    """The measures of ID samples and OOD samples.

    AUROC is a quotient of two integers, so it is exact but for one rounding.

    Args:
        ranks: of n ID samples and m OOD samples.
        recall: of ID samples, in (0, 1], for `fpr`; the decimal number that it is printed as.
        ids, oods: how often each sample counts, [n] and [m] integers of which some are above 0; once if None.
    """
    # [n + 1] and [m + 1]: how many samples are before each place.
    inside = _before(ids, ranks.ids)
    outside = _before(oods, ranks.oods)
    n, m = int(inside[-1]), int(outside[-1])
    own, other = np.diff(inside), np.diff(outside)
    above = 2 * n - inside[ranks.ids_below] - inside[ranks.ids_upto]  # twice those above each OOD sample, ties halved
    auroc = int((above * other).sum()) / (2 * n * m)

    hits, alarms = n - inside[ranks.ids_less], m - outside[ranks.oods_less]
    place = int(np.searchsorted(inside, n - fewest(recall, n), "right")) - 1
    return Separation(
        auroc,
        _precision(own, hits, alarms) / n,
        _precision(other, outside[ranks.oods_upto], inside[ranks.ids_upto]) / m,
        int(alarms[place]) / m,
    )


def fewest(recall: float, n: int) -> int:
    """How many of n samples reach a recall: .95 of 20 is 19."""
    return math.ceil(Fraction(repr(float(recall))) * n)


def _before(counts: Array | None, order: Array) -> Array:
    if counts is None:
        return np.arange(len(order) + 1)
    total = np.zeros(len(order) + 1, np.int64)
    np.cumsum(counts[order], out=total[1:])
    return total


def _precision(counts: Array, hits: Array, alarms: Array) -> float:
    """The sum of the precisions hits / (hits + alarms) where samples are found; 0 / 0 counts for nothing."""
    share = hits / np.maximum(hits + alarms, 1)
    return float((share * counts).sum())
