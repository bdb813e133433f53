"""The mean nll against the temperature, on a logarithmic axis, with the best temperature and T = 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.lines import beside, called, legend, look, mark, several
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import LINE
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

# From this span of log2(T) on, the axis counts in powers of ten: 1.07374e+09 is too wide for a number of an axis.
_WIDEST = 30
# The share of the width that the words at the best temperature need on one side.
_ROOM = 0.3


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    known = [each for each in series if each.points]
    axes.set_xscale("log", base=2)
    for place, each in enumerate(known):
        axes.plot(
            [point.temperature for point in each.points],
            [point.loss for point in each.points],
            label=called(each),
            **look(place),
        )
        t, loss = each.facts["temperature"], each.facts["loss"]
        if not math.isnan(t):
            axes.plot([t], [loss], **mark(place))
    axes.set(xlabel="Temperature T", ylabel="Mean nll")
    if not known:
        return
    _limit(axes, known)
    axes.axvline(1.0, color=LINE, linewidth=0.7, linestyle=":", label="T = 1" if len(known) > 1 else "_")
    if len(known) > 1:
        legend(axes)
        return
    best, points = known[0].facts["temperature"], known[0].points
    # On the side where the curve is low: it falls towards the best temperature.
    beside(axes, 1.0, "T = 1", left=points[-1].loss > points[0].loss if math.isnan(best) else best < 1)
    if not math.isnan(best):
        low, high = (math.log(end) for end in axes.get_xlim())
        share = (math.log(best) - low) / (high - low)
        # On the side away from the line of T = 1, unless the axes end there.
        right = share < 1 - _ROOM if best >= 1 else share < _ROOM
        axes.annotate(
            f"T = {rounded(best, 4)}\nnll {rounded(known[0].facts['loss'], 4)}",
            (best, known[0].facts["loss"]),
            xytext=(best, 0.5),
            textcoords=("data", "axes fraction"),
            ha="left" if right else "right",
            va="bottom",
            fontsize=7,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "color": LINE, "relpos": (0.0 if right else 1.0, 0.0)},
        )


def _limit(axes: Axes, known: Sequence[Series]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    shown = [point.temperature for each in known for point in each.points]
    low, high = math.log2(min(shown)), math.log2(max(shown))
    axes.set_xlim(2**low, 2**high)
    base, most = (2.0, 7) if high - low < _WIDEST else (10.0, 4)
    low, high = (each / math.log2(base) for each in (low, high))
    exponents = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    step = max(1, -(-len(exponents) // most))
    axes.xaxis.set_major_locator(FixedLocator([base**j for j in exponents if j % step == 0]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    # The losses at small temperatures would leave no height for the rest.
    losses = [point.loss for each in known for point in each.points]
    least = min(losses)
    most = max(max(each.facts["before"], each.points[-1].loss) for each in known)
    room = 1.5 * (most - least)
    if room > 0 and max(losses) > least + room:
        axes.set_ylim(least - 0.08 * room, least + room)


def _caption(series: Sequence[Series]) -> str:
    return "\n".join(f"{several(series, each)}{_said(each)}" for each in series)


def _said(each: Series) -> str:
    t, before = each.facts["temperature"], rounded(each.facts["before"], 4)
    if math.isnan(t):
        return f"{each.note}; nll {before} at T = 1" if each.note else f"nll {before} at T = 1"
    error = each.facts["stderr"]
    spread = "" if math.isnan(error) else f" (s.e. {rounded(error, 2)})"
    return f"best T {rounded(t, 4)}{spread}: nll {rounded(each.facts['loss'], 4)}, and {before} at T = 1"


PLOT = Plot(_draw, _caption)
