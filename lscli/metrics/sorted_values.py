"""Samples sorted by a value, equal values grouped: for quantiles, rankings, bins of equal count and pooled ties.

Rows that are permutations of each other have equal scores, but each kernel adds their exponentials in the order of the
classes, so that the last bits of the scores differ. Scores are therefore equal if they differ by no more than this
rounding. Sums over the classes are taken in float64, whatever the type of the logits, so that a relative tolerance of
1e-13 is enough: with 32,000 classes the rounding of a sum is some 1e-15. Among a million scores, neighbours lie about
1e-6 apart, so the tolerance joins nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

# The tolerance, and a few units in the last place.
_TOLERANCE, _LAST_PLACES = 1e-13, 2.0**-51
# From this distance from 1 on, the rounding of a probability is far below half a unit in the last place of 1.
_NEAR_ONE = 2.0**-30


def rounding_of_probability(p: Array) -> Array:
    """The rounding of 1/Z and of the like: 1e-13 of p (1 - p), and the last bits of p.

    Near 1 many values may lie between p and 1, while those of equal rows have equal bits: only these are equal.
    """
    rest = 1.0 - p
    rounding: Array = np.where(rest > _NEAR_ONE, p * (_TOLERANCE * rest + _LAST_PLACES), 0.0)
    return rounding


def _relative(x: Array) -> Array:
    rounding: Array = np.abs(x) * _TOLERANCE
    return rounding


def _of_divergence(x: Array) -> Array:
    """A divergence x of similar distributions, whose ratios differ from 1 by sqrt(2x), has the rounding of these."""
    rounding: Array = np.abs(x) * _TOLERANCE + np.sqrt(np.abs(x)) * _LAST_PLACES
    return rounding


def _of_energy(x: Array) -> Array:
    """A largest logit plus log Z, which may cancel."""
    rounding: Array = np.maximum(np.abs(x), 1.0) * _TOLERANCE
    return rounding


# How much values of a column may differ and still be equal. Other columns are compared exactly: a logit is as it was
# read, and nothing depends on whether logit gaps are equal.
_ROUNDING: dict[str, Callable[[Array], Array]] = {
    "confidence": rounding_of_probability,
    "js": _of_divergence,
    "kl": _of_divergence,
    "kl_reverse": _of_divergence,
    "loss_hard": _relative,
    "margin": rounding_of_probability,
    "energy": _of_energy,
    "entropy": _relative,
    "mutual_information": _of_divergence,
    "pnorm_score": _relative,
}


class SortedValues(NamedTuple):
    """The V distinct values of n samples, ascending, each with the group of samples that have this value.

    Attributes:
        order: [n], the indices of the samples by ascending value.
        starts: [V], where in `order` each group begins.
        value: [V], the value of each group, the largest of those that are equal within rounding.
    """

    order: Array
    starts: Array
    value: Array

    @classmethod
    def of(cls, value: Array, rounding: Callable[[Array], Array] | None = None) -> SortedValues:
        """Sort values [n]. Neighbours that differ by no more than the rounding of the upper one are equal."""
        order = np.argsort(value, kind="stable")
        ascending = value[order]
        starts = np.flatnonzero(np.concatenate(([True], differences(ascending, rounding)))[: len(value)])
        last = np.append(starts[1:], len(value))[: len(starts)] - 1
        return cls(order, starts, ascending[last])

    def sums(self, x: Array) -> Array:
        """The sum of x [n] over each group, [V]."""
        total: Array = np.add.reduceat(x[self.order], self.starts, dtype=np.float64)
        return total

    def weights(self, table: SampleTable) -> Array:
        """The weight of each group, [V]."""
        if table.weight is None:
            return np.diff(self.starts, append=len(self.order)).astype(np.float64)
        return self.sums(table.weight)

    def weighted_sums(self, table: SampleTable, x: Array) -> Array:
        """The sum of x [n] times the weights over each group, [V]."""
        return self.sums(x if table.weight is None else x * table.weight)


def differences(ascending: Array, rounding: Callable[[Array], Array] | None) -> Array:
    """Whether each of n sorted values but the first differs from the one before it, by more than rounding; [n-1]."""
    below, above = ascending[:-1], ascending[1:]
    differs: Array = above != below
    if rounding is not None:
        with np.errstate(invalid="ignore"):  # inf - inf
            differs &= ~((above - below <= rounding(above)) & np.isfinite(above))
    return differs


def sorted_by(table: SampleTable, column: str, *, descending: bool = False) -> SortedValues:
    """The samples sorted by a column, or by its negative; sorted once for a table and all its resamples."""
    return table.kept(_sorted_by, column, descending)


def pooled(column: str, value: Array) -> Array:
    """The values [n] of a column, those that are equal within rounding replaced by the largest of them."""
    groups = SortedValues.of(value, _ROUNDING.get(column))
    result = np.empty_like(value)
    result[groups.order] = np.repeat(groups.value, np.diff(groups.starts, append=len(value)))
    return result


def rounding_of(column: str) -> Callable[[Array], Array] | None:
    """How much values of a column, or their negatives, may differ and still be equal; None for not at all."""
    found = _ROUNDING.get(column)
    return None if found is None else lambda x: found(np.abs(x))


def _sorted_by(table: SampleTable, column: str, descending: bool) -> SortedValues:
    return SortedValues.of(-table[column] if descending else table[column], _ROUNDING.get(column))
