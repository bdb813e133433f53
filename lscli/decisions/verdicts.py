"""The verdict on a difference, and p-values that are adjusted for several models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lscli.decisions.comparison import Verdict
    from lscli.metrics.base import Better


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, adjusted so that the chance of any false one is at most the level (Holm 1979).

    A p-value that is nan stays nan and is no test.
    """
    order = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    found = [math.nan] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        found[place] = largest
    return found


def verdict(difference: float, p_adjusted: float, better: Better, level: float) -> Verdict:
    """What a test at this level says of a difference."""
    if not better or math.isnan(p_adjusted):
        return ""
    if p_adjusted >= 1 - level or difference == 0:
        return "no difference shown"
    return "better" if (difference > 0) == (better == "higher") else "worse"
