"""The quantile of conformal scores, and the distribution of the coverage that it gives."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


Alpha = float | str | Decimal | Fraction


def rank(n: int, alpha: Alpha) -> int:
    """k = ceil((n+1)(1-alpha)), which may be above n.

    alpha counts as the decimal number that it is printed as: a float of 0.1 is 1/10. In floats, (n+1)(1-alpha) may be
    rounded to just above a whole number, and k would be one too large.
    """
    return math.ceil((n + 1) * (1 - Fraction(str(alpha))))


def fewest(alpha: Alpha) -> int:
    """The smallest n whose rank is at most n: ceil(1/alpha) - 1."""
    return math.ceil(1 / Fraction(str(alpha))) - 1


def quantile(scores: Array, alpha: Alpha) -> float:
    """The k-th smallest of the scores [n]; inf if there are fewer.

    numpy's quantile at k/n with `method="higher"` is mostly the next larger one; its default at 1 - alpha is smaller,
    and does not keep the promise.
    """
    k = rank(len(scores), alpha)
    return math.inf if k > len(scores) else float(np.partition(scores, k - 1)[k - 1])


def coverage_interval(n: int, k: int, level: float) -> tuple[float, float]:
    """Where the coverage lies over calibration sets: the central interval of Beta(k, n+1-k) (Vovk 2012)."""
    if k > n:
        return 1.0, 1.0
    from scipy.special import betaincinv  # imported only here, because start-up time counts

    tail = (1 - level) / 2
    return float(betaincinv(k, n + 1 - k, tail)), float(betaincinv(k, n + 1 - k, 1 - tail))
