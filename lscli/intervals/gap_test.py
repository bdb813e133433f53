"""The interval of the gap between confidence and accuracy, and whether it is beyond the noise of a calibrated model.

If every sample is right with chance c, the number of right ones is a sum of independent events: its distribution is
Poisson-binomial, exact however few errors there are. The standard error of the gap, which vanishes without errors in
the sample, cannot tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from lscli.intervals.clusters import quantile
from lscli.metrics.base import mean
from lscli.metrics.confidence import residual
from lscli.table import weighted_sum

if TYPE_CHECKING:
    from lscli.table import SampleTable

# Above this sum of c (1 - c), the number of right samples is normal.
_NORMAL = 100.0
_ROUNDING = 1e-9
Side = Literal["over-confident", "under-confident", ""]


class Tails(NamedTuple):
    """How likely a calibrated model is right at most, and at least, as often as this one."""

    at_most: float
    at_least: float


def null_tails(table: SampleTable) -> Tails:
    """The tails of the number of right samples, each of them right with chance c. Weights are counts.

    A sum of weights that is not whole counts as the next whole number towards the expected one.
    """
    c, rest, weight = table["confidence"], table["one_minus_confidence"], table.weight
    surplus, variance = weighted_sum(residual(table), weight), weighted_sum(c * rest, weight)
    if variance > _NORMAL:
        z = surplus / math.sqrt(2 * variance)
        return Tails(math.erfc(-z) / 2, math.erfc(z) / 2)
    from lscli.metrics.event_counts import Events, SumDistribution  # rarely needed

    # Of right and wrong, the rarer event of each sample is counted; a wrong one takes 1 from the right ones.
    right = c <= rest
    step = np.where(right, 1, -1)
    observed = weighted_sum(np.where(table["correct"] == right, step, 0), weight)
    events = Events.of(np.minimum(c, rest), step, weight)
    expected = observed - surplus
    observed = math.ceil(observed - _ROUNDING) if observed < expected else math.floor(observed + _ROUNDING)
    distribution = SumDistribution.of(events)
    return Tails(distribution.where(distribution.sums <= observed), distribution.where(distribution.sums >= observed))


def gap_interval(table: SampleTable, level: float) -> tuple[float, float]:
    """The interval of `confidence_gap`; nan without samples, or with one cluster.

    It is a score interval, like Wilson's of a share: the variance of a - c at a gap d is mean (c - d)(1 - c + d), and
    what the samples vary more than that. So it does not vanish without errors. With clusters it is that of Student's t
    with the larger of their variance and mean c (1 - c). It contains 0 unless `null_tails` excludes a calibrated model.

    Args:
        table: the samples, with the columns of `confidence_gap`.
        level: in (0, 1).
    """
    n, clusters = table.total, table.clusters
    if not n or clusters == 1:
        return math.nan, math.nan
    opposite = mean(table, residual(table))
    gap, observed = -opposite.value, 0.0 if math.isnan(opposite.stderr) else n * opposite.stderr**2
    c = weighted_sum(table["confidence"], table.weight) / n
    null = weighted_sum(table["confidence"] * table["one_minus_confidence"], table.weight) / n
    k, slope = quantile(level, clusters) ** 2 / n, 2 * c - 1
    if clusters:
        half = math.sqrt(k * max(observed, null))
        low, high = gap - half, gap + half
    else:
        more = max(0.0, observed - (null + gap * slope - gap * gap))
        # The roots of (gap - d)^2 = k (null + more + d slope - d^2).
        middle = (gap + k * slope / 2) / (1 + k)
        half = math.sqrt(max(0.0, middle * middle - (gap * gap - k * (null + more)) / (1 + k)))
        low, high = max(middle - half, c - 1), min(middle + half, c)
    if (low > 0 or high < 0) and min(null_tails(table)) > (1 - level) / 2:
        low, high = min(low, 0.0), max(high, 0.0)
    return low, high


def beyond_noise(table: SampleTable, level: float) -> Side:
    """On which side of its accuracy the confidence of a model lies; empty if noise explains the gap.

    Each side has the error probability (1 - level) / 2; the interval of the gap of that level excludes 0.

    Args:
        table: the samples, with the columns of `confidence_gap`.
        level: in (0, 1).
    """
    low, high = gap_interval(table, level)
    return "over-confident" if low > 0 else "under-confident" if high < 0 else ""
