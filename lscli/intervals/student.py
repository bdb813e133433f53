"""Student's t distribution: its quantiles, for intervals of means over few clusters, and its tails, for p-values."""

from __future__ import annotations

import math
from functools import cache

from lscli.intervals.normal import normal_quantile

_MANY = 400  # degrees of freedom from which on the expansion is exact to 1e-11
NORMAL = 10_000_000  # those from which on t is normal to 1e-7
_STEPS, _CLOSE, _TINY = 10_000, 1e-15, 1e-300


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


def t_tail(t: float, freedom: int) -> float:
    """The probability of a |T| of at least |t|, with all its digits however small; nan if t is.

    It is an incomplete beta function, I_x(n/2, 1/2) with x = n/(n + t^2), by its continued fraction (DLMF 8.17.22).

    Args:
        t: any number.
        freedom: the degrees of freedom, at least 1.
    """
    t = abs(t)
    if math.isnan(t) or math.isinf(t):
        return 0.0 if t == math.inf else math.nan
    if freedom >= NORMAL:
        return math.erfc(t / math.sqrt(2))
    a, b, x = freedom / 2, 0.5, freedom / (freedom + t * t)
    if x < (a + 1) / (a + b + 2):
        return _beta_part(a, b, x, t * t / (freedom + t * t))
    return 1.0 - _beta_part(b, a, t * t / (freedom + t * t), x)


def _beta_part(a: float, b: float, x: float, rest: float) -> float:
    """I_x(a, b) for x below its mean, rest = 1 - x, by the algorithm of Lentz."""
    if x == 0:
        return 0.0
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    d = 1 / _kept_from_0(1 - (a + b) * x / (a + 1))
    c, value = 1.0, d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            d = 1 / _kept_from_0(1 + term * d)
            c = _kept_from_0(1 + term / c)
            change = c * d
            value *= change
        if abs(change - 1) < _CLOSE:
            break
    return math.exp(scale) / a * value


def _kept_from_0(x: float) -> float:
    return x if abs(x) > _TINY else _TINY
