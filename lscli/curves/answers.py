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
    if found is None or (isinstance(answer, Report) and len(_eps(answer)) < 2):
        what = "a report of one eps" if isinstance(answer, Report) else f"an answer of the type {type(answer).__name__}"
        raise UsageError(f"{what} has no chart", "lscli plot LOGITS LABELS -o x.pdf draws one")
    module, name = found
    make: Callable[[Any], Chart] = getattr(import_module(module), name)
    made = make(answer)
    if not any(each.points for each in made.series):
        raise UsageError("this answer has nothing to draw", "lscli plot LOGITS LABELS -o x.pdf draws a chart")
    return made


def _eps(answer: Report) -> set[Any]:
    return {row.params.get("eps") for row in answer.rows if row.metric == "loss_smoothed"}
