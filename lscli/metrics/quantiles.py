"""Quantiles of a column."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Compute, Value
from lscli.metrics.sorted_values import sorted_by

if TYPE_CHECKING:
    from lscli.table import SampleTable


def column_quantile(column: str, share: float) -> Compute:
    """What computes `quantile`."""
    return lambda table, _: [Value(quantile(table, column, share))]


def quantile(table: SampleTable, column: str, share: float) -> float:
    """The value at the place share (N - 1) of the ascending values, as in numpy."""
    return value_at(table, column, share * (table.total - 1))


def value_at(table: SampleTable, column: str, place: float) -> float:
    """The value at a place of the ascending values, counted from 0 and linear in between.

    Each value is there as often as its weight. A place beyond the ends is that of the end.
    """
    if not table.total:
        return math.nan
    values = sorted_by(table, column).value
    ends = table.kept_weighted(_cumulative_weight, column)
    # nan sorts last: if the last value with a weight is a number, all are.
    if math.isnan(values[np.searchsorted(ends, ends[-1])]):
        return math.nan
    place = min(max(0.0, place), max(0.0, float(ends[-1]) - 1))
    around = np.searchsorted(ends, [math.floor(place), math.ceil(place)], side="right")
    low, high = values[np.minimum(around, len(ends) - 1)]
    part = place - math.floor(place)
    return float(low if low in (high, -math.inf) or part == 0 else low + (high - low) * part)


def _cumulative_weight(table: SampleTable, column: str) -> np.ndarray:
    """The weight of all samples up to each distinct value, [V]."""
    return np.cumsum(sorted_by(table, column).weights(table))
