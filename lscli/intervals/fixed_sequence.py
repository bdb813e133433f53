"""Thresholds by fixed-sequence testing: the samples of the highest scores first, until the error may be too large.

The points of the sequence depend on the scores alone, never on the labels (Angelopoulos et al. 2021, "Learn then Test";
Bates et al. 2021).
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.metrics.sorted_values import differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

_PERCENTS = range(10, 101, 5)
_NEAR = 256  # scores that are looked at first for equal ones
# What rounding adds to a bound that is equal to its limit.
_ROUNDING = 1e-12


class Point(NamedTuple):
    """A threshold of the sequence, and the samples that it keeps."""

    threshold: float
    kept: int
    errors: int
    bound: float

    def within(self, max_error: float) -> bool:
        """Whether the bound is within a limit."""
        return is_within(self.bound, max_error)


class Ranked(NamedTuple):
    """The scores of n samples, larger ones for more certain samples. Those that are equal within rounding are kept
    together.

    Attributes:
        ascending: [n].
        wrong: those of the wrong samples, ascending.
        rounding: how much scores may differ and still be equal; None for not at all.
    """

    ascending: Array
    wrong: Array
    rounding: Callable[[Array], Array] | None

    @classmethod
    def of(cls, score: Array, wrong: Array, rounding: Callable[[Array], Array] | None = None) -> Ranked:
        """Rank n samples by their scores [n], given which are wrong, [n] bool."""
        return cls(np.sort(score), np.sort(score[wrong]), rounding)

    @property
    def n(self) -> int:
        """The number of samples."""
        return len(self.ascending)

    def point(self, size: int, delta: float) -> Point:
        """The highest threshold that keeps at least `size` samples; `delta` is 1 - confidence."""
        place = self._first_of_equal(self.n - size)
        threshold, kept = float(self.ascending[place]), self.n - place
        errors = len(self.wrong) - int(np.searchsorted(self.wrong, threshold))
        return Point(threshold, kept, errors, upper_bound(errors, kept, delta))

    def _first_of_equal(self, place: int) -> int:
        """Where the scores begin that are equal to the one at a place."""
        width = _NEAR
        while True:
            start = max(0, place - width)
            last = np.flatnonzero(differences(self.ascending[start : place + 1], self.rounding))[-1:]
            if len(last):
                return start + int(last[0]) + 1
            if not start:
                return 0
            width *= 8


def is_within(error: float, limit: float) -> bool:
    """Whether an error rate, or its bound, is at most a limit but for rounding."""
    return error <= limit * (1 + _ROUNDING)


def upper_bound(errors: int, n: int, delta: float) -> float:
    """The one-sided upper bound of an error rate (Clopper and Pearson 1934), which holds with probability 1 - delta."""
    if errors >= n:
        return 1.0
    if errors == 0:
        return -math.expm1(math.log(delta) / n)
    from scipy.special import betaincinv  # imported only here, because start-up time counts

    return float(betaincinv(errors + 1, n - errors, 1 - delta))


def rest_of(share: float) -> float:
    """1 - share in decimals, so that 1 - 0.95 is 0.05."""
    return float(1 - Decimal(repr(float(share))))


def fewest(max_error: float, delta: float) -> int:
    """The fewest samples whose bound is within the limit if none is wrong: ceil(ln delta / ln(1 - max_error))."""
    with localcontext() as exact:
        exact.prec = 60
        found = Decimal(repr(delta)).ln() / (1 - Decimal(repr(max_error))).ln()
        return math.ceil(round(found, 30))  # 2, and not 3, for a delta of 0.25 and a limit of 0.5


def size_of(n: int, coverage: float) -> int:
    """The smallest number of samples that is at least this share of n, in decimals: 7 for 0.07 of 100."""
    return math.ceil(n * Decimal(repr(coverage)))


def sequence(ranked: Ranked, max_error: float, delta: float) -> list[Point]:
    """The points that are tested: coverage 10 %, 15 %, ..., 100 %, equal scores together, up to the first that fails.

    The first point keeps at least the samples that the limit needs if none of them is wrong. Points that keep the same
    samples are one.

    Args:
        ranked: the samples.
        max_error: the limit of the error rate.
        delta: 1 - confidence.
    """
    n, least = ranked.n, fewest(max_error, delta)
    found: list[Point] = []
    for percent in _PERCENTS:
        size = max(-(-n * percent // 100), least)
        if size > n or (found and not found[-1].within(max_error)):
            break
        point = ranked.point(size, delta)
        if not found or point.kept > found[-1].kept:
            found.append(point)
    return found


def chosen(points: list[Point], max_error: float) -> Point | None:
    """The last point of a sequence before one fails; None if the first one does."""
    passed = [point for point in points if point.within(max_error)]
    return passed[-1] if passed else None


def sufficient_limit(ranked: Ranked, max_error: float, delta: float) -> float | None:
    """A limit above `max_error`, rounded up to three digits, for which there is a threshold; None if none is found.

    The bounds at all coverages are tried, the smallest first, because a larger limit may have another first point. The
    labels of the samples choose this limit, so these samples give no guarantee for it.
    """
    sizes = {max(1, -(-ranked.n * percent // 100)) for percent in _PERCENTS} if ranked.n else ()
    limits = sorted({_raised(ranked.point(size, delta).bound) for size in sizes})
    for limit in limits:
        if max_error < limit < 1 and chosen(sequence(ranked, limit, delta), limit) is not None:
            return limit
    return None


def _raised(number: float) -> float:
    """The number rounded up to three significant digits."""
    exact = Decimal(repr(number))
    step = Decimal(1).scaleb(exact.adjusted() - 2)
    return float(math.ceil(exact / step) * step)
