"""Metrics before and after a map of the logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.curves.chart import Chart, Series

if TYPE_CHECKING:
    from lscli.recalibrators.before_after import BeforeAfter


class BeforeAfterPoint(NamedTuple):
    """A metric before and after a map.

    Attributes:
        part: the group of samples; empty for all samples.
        before, after: its values.
        ci_low, ci_high: the interval of the difference, put on the value before the map: where the value after it lies;
            nan without one.
    """

    part: str
    before: float
    after: float
    ci_low: float
    ci_high: float


def chart_of_recalibration(answer: BeforeAfter) -> Chart:
    """The chart of the answer of `recalibrate`: a series is a metric, since each has a unit of its own."""
    points: dict[str, list[BeforeAfterPoint]] = {}
    for row in answer.rows:
        if math.isfinite(row.before) and math.isfinite(row.after):
            name = f"{row.metric} {row.named}" if answer.several and row.named else row.metric
            bounds = row.before + row.ci_low, row.before + row.ci_high
            points.setdefault(name, []).append(BeforeAfterPoint(row.group, row.before, row.after, *bounds))
    level = answer.settings["level"].value if "level" in answer.settings else math.nan
    series = [Series(name, "", found, {"level": level}, answer.calibrator.method) for name, found in points.items()]
    return Chart(chart="methods", series=series, conclusion=answer.conclusion, **answer.fields())
