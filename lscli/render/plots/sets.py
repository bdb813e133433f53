"""The coverage and the size of conformal sets."""

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
    for each in series:
        bounds = [(point.ci_low, point.ci_high) for point in each.points]
        dots(axes, range(len(each.points)), [point.value for point in each.points], bounds)
        name_lines(axes, [point.part for point in each.points])
        covered = each.source == "coverage"
        if covered:
            axes.axvline(each.facts["promised"], color=LINE, linewidth=0.8, linestyle="--")
        axes.set_xlabel("Coverage" if covered else "Classes in a set")


def _caption(series: Sequence[Series]) -> str:
    found = f"Dashed: the promised coverage, {rounded(series[0].facts['promised'], 4)}."
    left = series[0].facts["left_out"]
    return f"{found} The {len(series[0].points)} lowest of {len(series[0].points) + left:.0f}." if left else found


PLOT = Plot(_draw, _caption, panels=True, inches=height, shared="y")
