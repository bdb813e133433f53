"""A forest plot: the differences of models to the first one, a panel for each metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.render.plots.dots import dots, height, name_lines
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import LINE
from lscli.render.plots.texts import elided, short_names
from lscli.text import printable, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_LONGEST = 150.0  # points of the name of the baseline


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    (each,) = series
    models = list(dict.fromkeys(point.model for point in each.points))
    short = dict(zip(models, short_names(models, 80, 7), strict=True))
    several = len(models) > 1
    names = [
        ", ".join(filter(None, [short[point.model] if several or not point.part else "", point.part]))
        for point in each.points
    ]
    axes.axvline(0, color=LINE, linewidth=0.8, linestyle="--")
    for place, point in enumerate(each.points):  # an open mark shows no difference beyond noise
        shown = point.verdict not in ("no difference shown", "equivalent")
        dots(axes, [place], [point.difference], [(point.ci_low, point.ci_high)], filled=shown)
    name_lines(axes, names)
    axes.set_xlabel("Difference")


def _caption(series: Sequence[Series]) -> str:
    baseline = elided(printable(series[0].note.rpartition("/")[2]), _LONGEST, 7)
    level = series[0].facts["level"]
    against = f"Differences from {baseline}" if baseline else "Differences from the first model"
    drawn = [point for each in series for point in each.points if point.ci_low == point.ci_low]
    if not drawn:
        return f"{against}."
    found = f"{against}, with {rounded(100 * level, 4)} % intervals."
    open_marks = any(point.verdict in ("no difference shown", "equivalent") for point in drawn)
    return f"{found} Open marks: no difference beyond noise." if open_marks else found


PLOT = Plot(_draw, _caption, panels=True, inches=height, shared="y")
