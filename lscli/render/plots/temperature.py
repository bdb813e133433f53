"""The mean nll against the temperature, on a logarithmic axis, with the best temperature and T = 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.lines import called, look, mark, several
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import LINE
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    known = [each for each in series if each.points]
    axes.set_xscale("log", base=2)
    axes.axvline(1.0, color=LINE, linewidth=0.8, linestyle=":")
    for place, each in enumerate(known):
        style = look(place)
        axes.plot([p.temperature for p in each.points], [p.loss for p in each.points], label=called(each), **style)
        t = each.facts["temperature"]
        if not math.isnan(t):
            axes.plot([t], [each.facts["loss"]], marker=mark(place), color=style["color"], linestyle="", zorder=3)
    axes.set(xlabel="Temperature T", ylabel="Mean nll")
    if not known:
        return
    shown = [p.temperature for each in known for p in each.points]
    low, high = min(shown), max(shown)
    axes.set_xlim(low, high)
    powers = [2.0**j for j in range(math.ceil(math.log2(low) - 1e-9), math.floor(math.log2(high) + 1e-9) + 1)]
    axes.xaxis.set_major_locator(FixedLocator(powers[:: max(1, len(powers) // 6)]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    # The losses of small temperatures would leave no height for the optimum.
    losses = [p.loss for each in known for p in each.points]
    least = min(losses)
    most = max(max(each.facts["before"], each.points[-1].loss) for each in known)
    room = 1.6 * (most - least) or 0.1 * abs(least) or 0.1
    if max(losses) > least + room:
        axes.set_ylim(least - 0.08 * room, least + room)
    if len(known) > 1:
        axes.legend(loc="best", frameon=False)


def _caption(series: Sequence[Series]) -> str:
    said = []
    for each in series:
        t, before = each.facts["temperature"], rounded(each.facts["before"], 4)
        if math.isnan(t):
            said.append(f"{several(series, each)}{each.note}; nll {before} at T = 1")
            continue
        error = each.facts["stderr"]
        spread = "" if math.isnan(error) else f" ± {rounded(error, 2)}"
        loss = rounded(each.facts["loss"], 4)
        said.append(f"{several(series, each)}best T {rounded(t, 4)}{spread}, nll {loss}; {before} at T = 1")
    return "\n".join(said)


PLOT = Plot(_draw, _caption)
