"""Wilson's score interval of a share."""

from __future__ import annotations

import math

from lscli.intervals.normal import normal_quantile


def wilson(share: float, n: float, level: float) -> tuple[float, float]:
    """The score interval of a share of n samples (Wilson 1927).

    Args:
        share: the observed share, in [0, 1].
        n: the number of samples, above 0; weights may make it fractional.
        level: the confidence level, in (0, 1).
    """
    return score_interval(share, n, normal_quantile(level))


def score_interval(share: float, n: float, z: float) -> tuple[float, float]:
    """The same interval for z, the two-sided quantile of the normal distribution.

    It ends at 0 for a share of 0 and at 1 for a share of 1, which the formula misses by its rounding.
    """
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, centre - half) if share else 0.0, min(1.0, centre + half) if share < 1 else 1.0
