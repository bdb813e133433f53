"""Thresholds by fixed-sequence testing: the samples of the highest scores first, until the error may be too large.

The points of the sequence depend on the scores alone, never on the labels (Angelopoulos et al. 2021, "Learn then Test";
Bates et al. 2021).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_PERCENTS = range(10, 101, 5)


class Point(NamedTuple):
    """A threshold of the sequence, and the samples that it keeps."""

    threshold: float
    kept: int
    errors: int
    bound: float


def upper_bound(errors: int, n: int, delta: float) -> float:
    """The one-sided upper bound of an error rate (Clopper and Pearson 1934), which holds with probability 1 - delta."""
    if errors >= n:
        return 1.0
    from scipy.special import betaincinv  # imported only here, because start-up time counts

    return float(betaincinv(errors + 1, n - errors, 1 - delta))


def sequence(score: Array, wrong: Array, max_error: float, delta: float) -> list[Point]:
    """The points of coverage 10 %, 15 %, ..., 100 %, equal scores together.

    Args:
        score: [n], larger for more certain samples.
        wrong: [n] bool.
        max_error: the limit, which says how many samples the first point has at least.
        delta: 1 - confidence.
    """
    order = np.argsort(-score, kind="stable")
    ranked, errors = score[order], np.cumsum(wrong[order])
    n, least = len(score), math.ceil(math.log(delta) / math.log1p(-max_error))
    found: dict[int, Point] = {}
    for percent in _PERCENTS:
        size = max(-(-n * percent // 100), least)
        if size > n:
            break
        kept = int(np.searchsorted(-ranked, -ranked[size - 1], side="right"))
        found[kept] = Point(
            float(ranked[kept - 1]), kept, int(errors[kept - 1]), upper_bound(int(errors[kept - 1]), kept, delta)
        )
    return list(found.values())
