"""The error rate of the samples that a threshold keeps, and its bound, against the share of samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.decisions.threshold import threshold_text
from lscli.render.plots.lines import called, in_percent, legend, look, mark, several
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import COLOURS, LINE
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_FEW = 25  # points that are marked one by one
_MOST_SHADED = 2  # series; the areas of more would hide each other


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    known = [each for each in series if each.points]
    alone = len(known) == 1
    for place, each in enumerate(known):
        coverage = [point.coverage for point in each.points]
        error, bound = [point.error for point in each.points], [point.bound for point in each.points]
        colour, marked = COLOURS[place % len(COLOURS)], len(each.points) <= _FEW
        shape = {"marker": mark(place)["marker"], "markersize": 3, "clip_on": False} if marked else {}
        axes.plot(coverage, error, label="error rate" if alone else called(each), **look(place), **shape)
        axes.plot(coverage, bound, color=colour, linewidth=0.8, linestyle="-", alpha=0.9, label="_")
        if len(each.points) == 1:  # an area has no width
            axes.vlines(coverage, error, bound, color=colour, linewidth=0.8, clip_on=False)
        if len(known) > _MOST_SHADED:
            continue
        axes.fill_between(
            *(coverage, error, bound), color=colour, alpha=0.2, linewidth=0, label="up to its bound" if alone else "_"
        )
    limits = {each.facts["max_error"] for each in known} - {math.nan}
    limit = next((limit for limit in limits if not math.isnan(limit)), math.nan)
    if not math.isnan(limit):
        axes.axhline(
            limit, color=LINE, linewidth=0.8, linestyle=(0, (6, 3)), label=f"limit {rounded(100 * limit, 3)} %"
        )
    highest = max(
        [point.bound for each in known for point in each.points] + ([] if math.isnan(limit) else [limit]), default=1
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.08 * highest), xlabel="Coverage", ylabel="Error rate")
    for place, each in enumerate(known):
        found = each.facts["coverage"]
        if math.isnan(found):
            continue
        text = f"{threshold_text(each.facts['threshold'])} keeps {rounded(100 * found, 3)} %" if alone else "_"
        axes.plot([found], [each.facts["bound"]], label=text, **mark(place))
        if alone:
            axes.axvline(found, color=LINE, linewidth=0.7, linestyle=":")
    in_percent(axes.xaxis)
    in_percent(axes.yaxis)
    legend(axes)


def _caption(series: Sequence[Series]) -> str:
    said = []
    for each in series:
        limit, found = each.facts["max_error"], each.facts["coverage"]
        if math.isnan(limit):
            words = each.note
        elif math.isnan(found):
            words = f"no threshold keeps the error rate within {rounded(100 * limit, 3)} %" + f": {each.note}" * bool(
                each.note
            )
        else:
            words = (
                f"a score of at least {threshold_text(each.facts['threshold'])} keeps {rounded(100 * found, 3)} %, "
                f"whose error rate is at most {rounded(100 * each.facts['bound'], 3)} %"
            )
        if words:
            said.append(f"{several(series, each)}{words}")
    level = rounded(100 * series[0].facts["level"], 4) if series else ""
    pointwise = any(math.isnan(each.facts["max_error"]) for each in series)
    said.append(
        f"The bound is pointwise: at each coverage alone it holds with probability {level} %"
        if pointwise
        else f"The promise holds with probability {level} %"
    )
    return "\n".join(said)


PLOT = Plot(_draw, _caption)
