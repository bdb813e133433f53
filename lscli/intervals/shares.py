"""Intervals of shares, such as an accuracy: Wilson's score interval, and with clusters one of the log odds.

A share near 0 or 1 has no normal interval: without an error among the samples its standard error is 0, although the
true share may well be below 1.
"""

from __future__ import annotations

import math

from lscli.intervals.log_odds import in_log_odds
from lscli.intervals.normal import normal_quantile
from lscli.intervals.student import t_quantile

# A standard error below this many standard deviations of a sample is the rounding of clusters that agree.
_ROUNDING = 1e-12


def share_interval(
    share: float, n: float, level: float, stderr: float = math.nan, clusters: int = 0
) -> tuple[float, float]:
    """The interval of a share of n samples: Wilson's or, with clusters, that of the log odds (Korn and Graubard 1998).

    If all clusters agree, as where the share is 0 or 1, they show no standard error but rounding. The interval is then
    Wilson's, of as many samples as there are clusters, as if a cluster were one sample.

    Args:
        share: the observed share, in [0, 1].
        n: the number of samples, above 0; weights may make it fractional.
        level: the confidence level, in (0, 1).
        stderr: with clusters, the standard error of the share; nan for one cluster.
        clusters: the number of clusters; 0 for independent samples.
    """
    if not clusters:
        return wilson(share, n, normal_quantile(level))
    variance = share * (1 - share)
    if not (variance > 0 and stderr > _ROUNDING * math.sqrt(variance)):
        return wilson(share, min(n, clusters), normal_quantile(level))
    return in_log_odds(share, t_quantile(level, clusters - 1) * stderr)


def wilson(share: float, n: float, z: float) -> tuple[float, float]:
    """The score interval of a share of n samples (Wilson 1927); z is the two-sided quantile of the normal distribution.

    It ends at 0 for a share of 0 and at 1 for a share of 1, which the formula misses by its rounding.
    """
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, centre - half) if share else 0.0, min(1.0, centre + half) if share < 1 else 1.0
