"""How well a score tells ID samples from OOD samples.

All measures depend on the order of the scores alone, and equal scores count as one: `Ranks` sorts the samples once,
and `measures` then needs only how often each counts, so that a resample is other counts.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
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
        ids_below, ids_upto: [m], how many ID samples have smaller scores than it, and scores that are not larger; the
            same array if no ID and OOD sample have equal scores.

    Without equal scores in a set, `ids_less` and `oods_upto` are slices of all places, which saves time.
    """

    ids: Array
    oods: Array
    ids_less: Array | slice
    oods_less: Array
    oods_upto: Array | slice
    ids_below: Array
    ids_upto: Array

    @classmethod
    def of(cls, inside: Array, outside: Array, rounding: Callable[[Array], Array] | None = None) -> Ranks:
        """Compare the scores of ID samples [n] and OOD samples [m].

        Neighbours that differ by no more than the rounding of the upper one are equal.

        Raises:
            InputError: a score is nan.
        """
        n, scores = len(inside), np.concatenate((inside, outside))
        if np.isnan(scores).any():
            raise InputError("a score is not a number (nan)", "leave out the rows whose score cannot be computed")
        groups = SortedValues.of(scores, rounding)
        of_id = groups.order < n
        ends = np.append(groups.starts[1:], len(of_id))
        before = np.concatenate(([0], np.cumsum(of_id)))  # ID samples before each place
        id_start, id_end = before[groups.starts], before[ends]
        ood_start, ood_end = groups.starts - id_start, ends - id_end
        group = np.repeat(np.arange(len(ends)), ends - groups.starts)
        own, other = group[of_id], group[~of_id]
        ids, oods = id_end - id_start, ood_end - ood_start
        below = id_start[other]
        return cls(
            groups.order[of_id],
            groups.order[~of_id] - n,
            id_start[own] if ids.max() > 1 else slice(0, n),
            ood_start[own],
            ood_end[other] if oods.max() > 1 else slice(1, len(other) + 1),
            below,
            id_end[other] if (ids * oods).any() else below,
        )


def separation(
    inside: Array, outside: Array, recall: float, rounding: Callable[[Array], Array] | None = None
) -> Separation:
    """The measures of the scores of ID samples [n] and OOD samples [m]; see `Ranks.of` and `measures`."""
    return measures(Ranks.of(inside, outside, rounding), recall)


def measures(ranks: Ranks, recall: float, ids: Array | None = None, oods: Array | None = None) -> Separation:
    """The measures of ID samples and OOD samples.

    AUROC is a quotient of two whole numbers, so it is exact but for one rounding, up to n m = 2^52.

    Args:
        ranks: of n ID samples and m OOD samples.
        recall: of ID samples, in (0, 1], for `fpr`; the decimal number that it is printed as.
        ids, oods: how often each sample counts, [n] and [m] integers of which some are above 0; once if None.
    """
    own, inside = _before(ids, ranks.ids)
    other, outside = _before(oods, ranks.oods)
    n, m = int(inside[-1]), int(outside[-1])
    below = inside[ranks.ids_below]
    upto = below if ranks.ids_upto is ranks.ids_below else inside[ranks.ids_upto]
    # Twice the pairs whose ID sample is not above, ties once: whole numbers, which float64 holds up to 2^53.
    lost = float(np.einsum("i,i", below, other) + np.einsum("i,i", upto, other))
    alarms = m - outside[ranks.oods_less]
    place = int(np.searchsorted(inside, n - fewest(recall, n), "right")) - 1
    return Separation(
        (2 * n * m - lost) / (2 * n * m),
        _precision(own, n - inside[ranks.ids_less], alarms) / n,
        _precision(other, outside[ranks.oods_upto], upto) / m,
        float(alarms[place]) / m,
    )


def fewest(recall: float, n: int) -> int:
    """How many of n samples reach a recall: .95 of 20 is 19."""
    return math.ceil(Fraction(repr(float(recall))) * n)


def _before(counts: Array | None, order: Array) -> tuple[Array, Array]:
    """How often each sample counts, [n], and how many samples are before each place, [n + 1], in this order."""
    own = np.ones(len(order)) if counts is None else counts.take(order).astype(np.float64)
    total = np.zeros(len(own) + 1)
    np.cumsum(own, out=total[1:])
    return own, total


def _precision(counts: Array, hits: Array, alarms: Array) -> float:
    """The sum of the precisions hits / (hits + alarms) of the samples; with no sample so far, 0 / 0 counts for 0."""
    share = hits + alarms  # one array for all steps: a fresh one takes longer than its values
    np.maximum(share, 1, out=share)
    np.divide(hits, share, out=share)
    share *= counts
    return float(share.sum())
