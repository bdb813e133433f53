"""The chart of an answer, as `lscli.plot(answer)` and `lscli bins -o x.pdf` draw it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lscli.curves.chart import Chart
from lscli.decisions.comparison import Comparison
from lscli.decisions.conformal import Conformal
from lscli.decisions.detection import Detection
from lscli.decisions.threshold import Threshold
from lscli.errors import UsageError
from lscli.listings import Bins, Listing
from lscli.recalibrators.before_after import BeforeAfter
from lscli.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable

# The class of an answer, and the module and the function that make its chart.
CHARTS: dict[type[Any], tuple[str, str]] = {
    Bins: ("lscli.curves.bins", "chart_of_bins"),
    Report: ("lscli.curves.smoothing", "chart_of_sweep"),
    Threshold: ("lscli.curves.threshold", "chart_of_threshold"),
    Comparison: ("lscli.curves.differences", "chart_of_comparison"),
    BeforeAfter: ("lscli.curves.methods", "chart_of_recalibration"),
    Conformal: ("lscli.curves.sets", "chart_of_sets"),
    Detection: ("lscli.curves.detection", "chart_of_detection"),
}


def chart_of(answer: Report | Listing) -> Chart:
    """The chart of an answer.

    Raises:
        UsageError: it has none, or nothing to draw.
    """
    if isinstance(answer, Chart):
        return answer
    found = CHARTS.get(type(answer))
    if isinstance(answer, Report) and len(_eps(answer)) < 2:
        raise UsageError("this report has no chart", "a sweep over several eps has one")
    if found is None:
        *first, last = (each.name if issubclass(each, Listing) else "sweep" for each in CHARTS)
        raise UsageError(f"the answer {type(answer).__name__} has no chart", f"{', '.join(first)} and {last} have one")
    module, name = found
    make: Callable[[Any], Chart] = getattr(import_module(module), name)
    made = make(answer)
    if not any(each.points for each in made.series):
        raise UsageError("this answer has nothing to draw", "no value of it is finite")
    return made


def _eps(answer: Report) -> set[Any]:
    return {row.params.get("eps") for row in answer.rows if row.metric == "loss_smoothed"}
