"""The charts, each with the file that draws it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import AnyChart, Series


class Plot(NamedTuple):
    """How a chart is drawn.

    Attributes:
        draw: draws series into axes. The series of one model come alone if `panels`; else all come at once.
        panels: whether each series has axes of its own, which share their scales.
        caption: the sentences beneath the picture, from all series.
        height: of the axes, as a share of their width.
        inches: the height of the axes in inches, from the series, in place of `height`.
        shared: the scales that panels share: `both`, or `y` alone.
    """

    draw: Callable[[Axes, Sequence[Series]], None]
    caption: Callable[[Sequence[Series]], str]
    panels: bool = False
    height: float = 0.8
    inches: Callable[[Sequence[Series]], float] | None = None
    shared: Literal["both", "y"] = "both"


PLOTS: dict[AnyChart, str] = {
    "reliability": "lscli.render.plots.reliability",
    "corp": "lscli.render.plots.corp",
    "smooth": "lscli.render.plots.smooth",
    "confidence": "lscli.render.plots.confidence",
    "risk-coverage": "lscli.render.plots.risk_coverage",
    "smoothing": "lscli.render.plots.smoothing",
    "gaps": "lscli.render.plots.gaps",
    "classes": "lscli.render.plots.classes",
    "temperature": "lscli.render.plots.temperature",
    "threshold": "lscli.render.plots.threshold",
    # Of answers, which `lscli plot` does not draw.
    "differences": "lscli.render.plots.differences",
    "methods": "lscli.render.plots.methods",
    "sets": "lscli.render.plots.sets",
    "detection": "lscli.render.plots.detection",
}


def plot_of(chart: AnyChart) -> Plot:
    """How a chart is drawn."""
    found: Plot = import_module(PLOTS[chart]).PLOT
    return found
