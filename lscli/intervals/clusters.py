"""Intervals where samples belong together: documents, patients, prompts; those of shares are in `shares.py`.

Few clusters say little about how much clusters vary, so quantiles are those of t with G - 1 degrees of freedom, G the
number of clusters (Cameron and Miller 2015, section VI).
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from lscli.intervals.normal import normal_quantile
from lscli.intervals.student import t_quantile
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FEW = 20
_NONE = (math.nan, math.nan)


def quantile(level: float, clusters: int) -> float:
    """By how many standard errors an interval reaches to each side; `clusters` is 0 for independent samples.

    It is infinite for one cluster, which has no standard error.
    """
    if clusters == 1:
        return math.inf
    return t_quantile(level, clusters - 1) if clusters else normal_quantile(level)


def quantile_of_lines(level: float, clusters: int) -> float:
    """The same for an interval that holds at every place of a line at once (Working and Hotelling 1929).

    It is the root of the quantile of chi-squared with two degrees of freedom, or of 2 F over the clusters.
    """
    if clusters == 0:
        return math.sqrt(-2 * math.log1p(-level))
    freedom = clusters - 2  # of two means, of which clusters show G - 1 independent deviations
    if freedom < 1:
        return math.inf
    # The tail of F with 2 and n degrees of freedom is (1 + 2 x / n)^(-n/2); the factor makes it Hotelling's T squared.
    f = freedom / 2 * math.expm1(-2 / freedom * math.log1p(-level))
    return math.sqrt(2 * (clusters - 1) / freedom * f)


def mean_interval(value: float, stderr: float, clusters: int, level: float) -> tuple[float, float]:
    """The interval of a mean with its standard error; `clusters` is 0 for independent samples, or at least 2."""
    half = quantile(level, clusters) * stderr
    return value - half, value + half


def widened(bounds: tuple[float, float], estimate: float, clusters: int, level: float) -> tuple[float, float]:
    """A percentile interval of resampled clusters, wider by sqrt(G/(G-1)) t/z to both sides of the estimate.

    Percentiles are too narrow for few clusters: they lack the factor of the standard error, and are those of a normal
    distribution. An estimate outside of the interval counts as its nearest bound. Without two clusters there is none.
    """
    low, high = bounds
    if clusters < 2 or math.isnan(low):
        return _NONE
    factor = math.sqrt(clusters / (clusters - 1)) * t_quantile(level, clusters - 1) / normal_quantile(level)
    centre = min(max(estimate, low), high)
    if math.isinf(centre):
        return bounds
    return centre - factor * (centre - low), centre + factor * (high - centre)


def notes_on_clusters(clusters: int, of_groups: Mapping[str, int] = MappingProxyType({})) -> Iterator[str]:
    """A note if there are fewer than 20 clusters, or if some groups have fewer; 0 stands for independent samples."""
    few = {name: count for name, count in of_groups.items() if 0 < count < FEW}
    if clusters == 1:
        yield "all samples are in one cluster: standard errors and intervals need several"
    elif 0 < clusters < FEW:
        yield (
            f"there are {clusters} clusters: with fewer than {FEW}, standard errors tend to be too small and intervals "
            "too narrow, most of all if a few clusters differ much from the others"
        )
    elif few:
        least = min(few, key=few.__getitem__)
        yield (
            f"{len(few)} of {len(of_groups)} groups have fewer than {FEW} clusters, the fewest {few[least]} in "
            f"{shown(least)}: standard errors tend to be too small there and intervals too narrow"
        )
