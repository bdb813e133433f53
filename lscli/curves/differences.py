"""The differences of models to the first one with their intervals, metric by metric: a forest plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.curves.chart import Chart, Series

if TYPE_CHECKING:
    from lscli.decisions.comparison import Comparison


class DifferencePoint(NamedTuple):
    """The difference of a model.

    Attributes:
        model: its name.
        part: the group of samples; empty for all samples.
        difference: its value minus that of the baseline.
        ci_low, ci_high: the interval; nan without one.
        verdict: as in `lscli.compare`.
    """

    model: str
    part: str
    difference: float
    ci_low: float
    ci_high: float
    verdict: str


def chart_of_comparison(answer: Comparison) -> Chart:
    """The chart of the answer of `compare`: a series is a metric, since each has a unit of its own."""
    points: dict[str, list[DifferencePoint]] = {}
    for row in answer.rows:
        if not row.of_the_pair and math.isfinite(row.difference):
            name = row.name if answer.several else row.metric
            point = DifferencePoint(row.source, row.group, row.difference, row.ci_low, row.ci_high, row.verdict)
            points.setdefault(name, []).append(point)
    level = answer.settings["level"].value if "level" in answer.settings else math.nan
    series = [
        Series(name, "", found, {"level": level}, answer.models[0] if answer.models else "")
        for name, found in points.items()
    ]
    return Chart(chart="differences", series=series, conclusion=answer.conclusion, **answer.fields())
