"""Normal intervals, for values that have a standard error and no other interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lscli.report import Row


def normal_quantile(level: float) -> float:
    """The z of a two-sided normal interval: 1.96 for a level of 0.95."""
    from statistics import NormalDist  # not at start-up: it imports fractions and decimal

    return NormalDist().inv_cdf((1 + level) / 2)


def band(row: Row, quantile: float) -> tuple[float, float]:
    """The interval of a row if it has one, else as many standard errors as `quantile` says to both sides of its value.

    It is nan if the row has neither.
    """
    if not math.isnan(row.ci_low):
        return row.ci_low, row.ci_high
    width = quantile * row.stderr
    return row.value - width, row.value + width
