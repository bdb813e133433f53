"""The AUROC of each score, by the set of OOD samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.render.plots.dots import dots, name_lines
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    scores = list(dict.fromkeys(point.score for each in series for point in each.points))
    axes.axvline(0.5, color=LINE, linewidth=0.8, linestyle="--")
    for number, each in enumerate(series):
        shift = 0.6 * ((number + 0.5) / len(series) - 0.5)
        places = [scores.index(point.score) + shift for point in each.points]
        bounds = [(point.ci_low, point.ci_high) for point in each.points]
        dots(axes, places, [point.auroc for point in each.points], bounds, number, each.source)
    name_lines(axes, scores)
    axes.set_xlabel("AUROC")


def _caption(series: Sequence[Series]) -> str:
    return "AUROC of ID samples against OOD samples, with intervals from resamples. Dashed: chance."


def _height(series: Sequence[Series]) -> float:
    scores = {point.score for each in series for point in each.points}
    return 0.55 + len(scores) * (0.15 + 0.1 * len(series))


PLOT = Plot(_draw, _caption, inches=_height)
