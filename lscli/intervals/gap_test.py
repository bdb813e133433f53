"""Whether a model is right less or more often than its confidences expect, beyond the noise of a calibrated model.

If every sample is right with chance c, the number of right ones is a sum of independent events: its distribution is
Poisson-binomial, exact however few errors there are. The standard error of the gap, which vanishes without errors in
the sample, cannot tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from lscli.intervals.clusters import quantile
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


def beyond_noise(table: SampleTable, level: float) -> Side:
    """On which side of its accuracy the confidence of a model lies; empty if noise explains the gap.

    Each side has the error probability (1 - level) / 2. With clusters, whose samples need not be independent, the gap
    must also exceed t standard errors of independent samples.

    Args:
        table: the samples, with the columns of `confidence_gap`.
        level: in (0, 1).
    """
    if not table.total or table.clusters == 1:
        return ""
    tails = null_tails(table)
    if table.clusters:
        surplus = weighted_sum(residual(table), table.weight)
        variance = weighted_sum(table["confidence"] * table["one_minus_confidence"], table.weight)
        if abs(surplus) <= quantile(level, table.clusters) * math.sqrt(variance):
            return ""
    if min(tails) > (1 - level) / 2:
        return ""
    return "over-confident" if tails.at_most < tails.at_least else "under-confident"
