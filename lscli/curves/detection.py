"""How well scores tell ID samples from OOD samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lscli.curves.chart import Chart, Series

if TYPE_CHECKING:
    from lscli.decisions.detection import Detection


class DetectionPoint(NamedTuple):
    """The AUROC of a score, with its interval."""

    score: str
    auroc: float
    ci_low: float
    ci_high: float


def chart_of_detection(answer: Detection) -> Chart:
    """The chart of the answer of `ood`: a series is a set of OOD samples, or the mean over all."""
    points: dict[str, list[DetectionPoint]] = {}
    for row in answer.rows:
        if row.metric == "auroc":
            points.setdefault(row.source, []).append(DetectionPoint(row.score, row.value, row.ci_low, row.ci_high))
    series = [Series(source, "", found, {}) for source, found in points.items()]
    return Chart(chart="detection", series=series, conclusion=answer.conclusion, **answer.fields())
