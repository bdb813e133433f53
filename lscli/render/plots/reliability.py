"""The reliability diagram: bars of accuracy by confidence, their gaps, and the band of a calibrated model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.render.plots.plots import Plot
from lscli.render.plots.style import COLOURS, LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    for each in series:
        kept = [point for point in each.points if point.size]
        axes.bar(
            [point.low for point in kept],
            [point.accuracy for point in kept],
            [point.high - point.low for point in kept],
            align="edge",
            color=COLOURS[0],
            edgecolor="white",
            linewidth=0.5,
        )
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=0.8, linestyle="--")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Confidence", ylabel="Accuracy")


def _caption(series: Sequence[Series]) -> str:
    return ""


PLOT = Plot(_draw, _caption, panels=True, height=1.0)
