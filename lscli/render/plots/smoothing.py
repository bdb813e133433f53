"""The smoothed loss against eps, with the floor beneath it and the excess between both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.curves.smoothing import flips
from lscli.render.plots.lines import beside, called, legend, look, mark, several
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import BAND, LINE
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    known = [each for each in series if any(math.isfinite(point.loss) for point in each.points)]
    axes.set(xlabel="eps", ylabel="Mean smoothed loss")
    for place, each in enumerate(known):
        points = [point for point in each.points if math.isfinite(point.loss)]
        axes.plot([p.eps for p in points], [p.loss for p in points], label=called(each), **look(place))
        if len(points) == 1:
            axes.plot([points[0].eps], [points[0].loss], **mark(place))
    floors: set[tuple[float, ...]] = set()
    for each in known:
        points = [point for point in each.points if not math.isnan(point.floor)]
        curve = tuple(round(point.floor, 9) for point in points)
        if not points or curve in floors:
            continue
        axes.plot(
            [p.eps for p in points],
            [p.floor for p in points],
            color=LINE,
            linewidth=0.8,
            linestyle=(0, (4, 2)),
            label="_" if floors else "floor",
        )
        floors.add(curve)
        if len(known) == 1 and math.isfinite(each.facts["least_excess"]):
            shaded = [p for p in points if math.isfinite(p.loss)]
            axes.fill_between(
                [p.eps for p in shaded],
                [p.floor for p in shaded],
                [p.loss for p in shaded],
                color=BAND,
                alpha=0.45,
                linewidth=0,
                label="excess",
            )
    if not known:
        return
    eps = [point.eps for each in known for point in each.points]
    if min(eps) < max(eps):
        axes.set_xlim(min(eps), max(eps))
    # No loss is below 0 unless an eps is; above the lines there is room for a text.
    low, high = axes.get_ylim()
    axes.set_ylim(0.0 if min(eps) >= 0 else low, high + 0.07 * (high - low))
    for place, each in enumerate(known):
        _mark(axes, each, place, alone=len(known) == 1)
    for crossing in flips(known):
        axes.plot([crossing.eps], [crossing.loss], marker="x", color=LINE, linestyle="", markersize=5, zorder=6)
    legend(axes)


def _mark(axes: Axes, each: Series, place: int, *, alone: bool) -> None:
    """Mark eps_gap on the line of a series, and the eps of the least excess."""
    points = [point for point in each.points if math.isfinite(point.loss)]
    low, high = points[0].eps, points[-1].eps
    gap, least = each.facts["eps_gap"], each.facts["least_eps"]
    if low <= gap <= high and low < high:
        loss = float(np.interp(gap, [p.eps for p in points], [p.loss for p in points]))
        axes.plot([gap], [loss], label="_", **mark(place))
        if alone:
            axes.axvline(gap, color=LINE, linewidth=0.7, linestyle=":")
            late = gap > low + 0.4 * (high - low)  # there the loss is high, and so is the floor
            beside(axes, gap, f"eps_gap {rounded(gap, 3)}", left=late, low=late)
    step = (high - low) / max(1, len(points) - 1)
    if alone and not math.isnan(least) and not abs(least - gap) <= step:  # one next to the other would say no more
        found = next(point for point in points if point.eps == least)
        style: dict[str, Any] = {"color": LINE, "linewidth": 1.0, "marker": "_", "markersize": 5}
        axes.plot([least, least], [found.floor, found.loss], label="least excess", **style)


def _caption(series: Sequence[Series]) -> str:
    said = []
    for each in series:
        words = []
        if not math.isnan(each.facts["least_eps"]):
            excess, eps = rounded(each.facts["least_excess"], 3), rounded(each.facts["least_eps"], 3)
            last = each.facts["least_eps"] == max(point.eps for point in each.points) and len(each.points) > 1
            words.append(f"least excess {excess} at eps {eps}{', the largest shown' * last}")
        if not math.isnan(each.facts["eps_gap"]):
            words.append(f"eps_gap {rounded(each.facts['eps_gap'], 3)}")
        if each.note:
            words.append(each.note)
        said.append(several(series, each) + ", ".join(words))
    for crossing in flips(series):
        below, above = called(crossing.below), called(crossing.above)
        said.append(f"below eps {rounded(crossing.eps, 3)} {below} has the smaller loss, above it {above}")
    return "\n".join(said)


PLOT = Plot(_draw, _caption)
