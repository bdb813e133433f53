"""Risk against coverage: the error rate of the most confident samples, with the best and a random order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.render.plots.lines import called, in_percent, legend, look, several
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import COLOURS, LINE
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_BEST, _RANDOM = (0, (1, 1)), (0, (6, 3))


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    known = [each for each in series if each.points]
    for place, each in enumerate(known):
        coverage = [0.0, *(point.coverage for point in each.points)]
        # Within the first group of equal scores, any order has the same expected risk.
        risk = [each.points[0].risk, *(point.risk for point in each.points)]
        axes.plot(coverage, risk, label=called(each), clip_on=False, zorder=3, **look(place))
    for place, each in enumerate(known):
        colour = LINE if len(known) == 1 else COLOURS[place % len(COLOURS)]
        error = each.facts["error"]
        # The best order has no error up to its share of right samples, a corner that the points may miss.
        corner = 1 - error
        best = [(corner, 0.0), *((p.coverage, p.best) for p in each.points if p.coverage > corner)]
        axes.plot(
            [0.0, *(x for x, _ in best)],
            [0.0 if corner else 1.0, *(y if corner else 1.0 for _, y in best)],
            color=colour,
            linewidth=0.7,
            linestyle=_BEST,
            label="_",
        )
        axes.axhline(error, color=colour, linewidth=0.7, linestyle=_RANDOM, label="_")
    if known:
        axes.plot([], [], color=LINE, linewidth=0.7, linestyle=_BEST, label="best order")
        axes.plot([], [], color=LINE, linewidth=0.7, linestyle=_RANDOM, label="random order")
    highest = max((point.risk for each in known for point in each.points), default=0.0)
    axes.set(xlim=(0, 1), ylim=(0, 1.05 * highest or 1.0), xlabel="Coverage", ylabel="Error rate")
    in_percent(axes.xaxis)
    in_percent(axes.yaxis)
    legend(axes)


def _caption(series: Sequence[Series]) -> str:
    said = []
    for each in series:
        area, excess = (rounded(each.facts[name], 3) for name in ("aurc", "eaurc"))
        found = f"aurc {area}; {excess} above the best order" if each.points else f"no curve: {each.note}"
        said.append(f"{several(series, each)}{found}")
    return "\n".join(said)


PLOT = Plot(_draw, _caption)
