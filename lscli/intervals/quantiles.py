"""Intervals of quantiles of a column, which need no resamples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.intervals.shares import share_interval
from lscli.metrics.base import mean
from lscli.metrics.quantiles import quantile, value_at

if TYPE_CHECKING:
    from lscli.table import SampleTable


def quantile_interval(table: SampleTable, column: str, share: float, level: float) -> tuple[float, float]:
    """The interval of a quantile: the values at both ends of the interval of the share of samples below it.

    (Woodruff 1952.) Of independent samples these are two order statistics, which percentiles of bootstrap resamples
    only estimate. With clusters, the interval of the share is that of clusters.

    Args:
        table: the samples; at least one with a weight above 0, and not all in one cluster.
        column: the name of the column.
        share: of the quantile, in (0, 1).
        level: the confidence level, in (0, 1).
    """
    value = quantile(table, column, share)
    if math.isnan(value):
        return math.nan, math.nan
    below = mean(table, table[column] <= value)
    low, high = share_interval(share, below.share_of, level, below.stderr, below.clusters)
    total = table.total
    step = total / (below.clusters or total)  # of one sample, or one cluster
    return value_at(table, column, low * total - step), value_at(table, column, high * total)
