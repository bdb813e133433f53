"""Metrics before and after a map of the logits, a panel for each metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.render.plots.dots import dots, height, name_lines
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import LINE
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    (each,) = series
    places = range(len(each.points))
    none = [(float("nan"), float("nan"))] * len(places)
    for place, point in enumerate(each.points):
        axes.plot([point.before, point.after], [place, place], color=LINE, linewidth=0.6, linestyle=":")
    dots(axes, places, [point.before for point in each.points], none, 0, "before", filled=False)
    bounds = [(point.ci_low, point.ci_high) for point in each.points]
    dots(axes, places, [point.after for point in each.points], bounds, 0, "after")
    name_lines(axes, [point.part or "all samples" for point in each.points])
    axes.set_xlabel("Value")


def _caption(series: Sequence[Series]) -> str:
    found = f"Test samples before and after {series[0].note}."
    if any(point.ci_low == point.ci_low for each in series for point in each.points):
        level = rounded(100 * series[0].facts["level"], 4)
        found += f" Lines: {level} % intervals of the differences, from the value before."
    return found


PLOT = Plot(_draw, _caption, panels=True, inches=height, shared="y")
