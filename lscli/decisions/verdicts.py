"""The verdict on a difference, and p-values that are adjusted for several models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lscli.decisions.comparison import ComparisonRow, Verdict
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


def verdict(centre: float, p_adjusted: float, better: Better, level: float, p_equivalent: float = math.nan) -> Verdict:
    """What tests at this level say of a difference.

    Args:
        centre: of the interval of the difference, whose sign decides: an interval without the bias of calibration
            errors may be on the other side of 0 than the difference of two values.
        p_adjusted: that there is no difference, adjusted for the number of models.
        better: which values of the metric are better.
        level: the confidence level; a p-value below 1 - level decides.
        p_equivalent: that the difference is not within the margin, adjusted likewise; nan without a margin. A
            difference within the margin is called equivalent even if it is shown not to be 0.
    """
    if not better or math.isnan(p_adjusted):
        return ""
    if p_equivalent < 1 - level:
        return "equivalent"
    if p_adjusted >= 1 - level:
        return "no difference shown"
    return "better" if (centre > 0) == (better == "higher") else "worse"


def judged(
    rows: Sequence[ComparisonRow], p_equivalent: Sequence[float], level: float, better: Callable[[str], Better]
) -> list[ComparisonRow]:
    """The rows with adjusted p-values and verdicts; the models of a metric and group are one set of tests.

    Args:
        rows: all models of a comparison.
        p_equivalent: of each row, that its difference is not within the margin; nan without a margin.
        level: the confidence level.
        better: of a metric's id, which of its values are better.
    """
    tests: dict[tuple[str, str, str], list[int]] = {}
    for place, row in enumerate(rows):
        tests.setdefault((row.group, row.metric, row.named), []).append(place)
    found = [*rows]
    for places in tests.values():
        differ = holm([rows[place].p_value for place in places])
        equal = holm([p_equivalent[place] for place in places])
        for place, p, within in zip(places, differ, equal, strict=True):
            row = rows[place]
            word = verdict((row.ci_low + row.ci_high) / 2, p, better(row.metric), level, within)
            found[place] = row._replace(p_adjusted=p, verdict=word)
    return found
