"""The quantile of Student's t distribution, for intervals of means over few clusters."""

from __future__ import annotations

import math
from functools import cache

from lscli.intervals.normal import normal_quantile

_MANY = 400  # degrees of freedom from which on the expansion is exact to 1e-11


@cache
def t_quantile(level: float, freedom: int) -> float:
    """The t of a two-sided interval with a whole number of degrees of freedom: 2.09 for a level of 0.95 and 19.

    For few, the distribution is a finite sum (Abramowitz and Stegun 26.7.3 and 26.7.4), solved by bisection. For many,
    the quantile is expanded around the normal one (26.7.5). scipy has it, but takes 0.14 s to import.

    Args:
        level: the confidence level, in (0, 1).
        freedom: at least 1.
    """
    if freedom >= _MANY:
        return _expanded(normal_quantile(level), freedom)
    low, high = 0.0, math.pi / 2
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if _inside(middle, freedom) < level else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _inside(angle: float, freedom: int) -> float:
    """The probability of |t| <= sqrt(freedom) tan(angle)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = total = (cosine if odd else 1.0) if freedom > 1 else 0.0
    for k in range(2 + odd, freedom, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _expanded(z: float, n: int) -> float:
    x = z * z
    terms = (
        (x + 1) / 4,
        ((5 * x + 16) * x + 3) / 96,
        (((3 * x + 19) * x + 17) * x - 15) / 384,
        ((((79 * x + 776) * x + 1482) * x - 1920) * x - 945) / 92160,
    )
    return z + z * math.fsum(term / float(n) ** power for power, term in enumerate(terms, 1))
