"""Risk against coverage: the error rate of the most confident samples, with the best and a random order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.render.plots.lines import called, look, several, shares_of
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import LINE
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    known = [each for each in series if each.points]
    for place, each in enumerate(known):
        style = look(place)
        coverage = [0.0, *(point.coverage for point in each.points)]
        risk = [point.risk for point in each.points]
        # Within the first group of equal scores, any order has the same expected risk.
        axes.plot(coverage, [risk[0], *risk], label=called(each), **style)
        best = [point.best for point in each.points]
        if each.facts["error"] not in {other.facts["error"] for other in known[:place]}:
            first = place == 0
            alone = {"label": "best order"} if first else {}
            axes.plot(coverage, [best[0], *best], color=LINE, linewidth=0.8, linestyle=":", **alone)
            axes.axhline(
                each.facts["error"], color=LINE, linewidth=0.8, linestyle="--", **({"label": "random order"} if first else {})
            )
    highest = max((point.risk for each in known for point in each.points), default=1.0)
    axes.set(xlim=(0, 1), ylim=(0, 1.05 * highest or 1.0), xlabel="Coverage", ylabel="Error rate")
    shares_of(axes.xaxis)
    shares_of(axes.yaxis)
    if known:
        axes.legend(loc="best", frameon=False)


def _caption(series: Sequence[Series]) -> str:
    said = []
    for each in series:
        if not each.points:
            said.append(f"{several(series, each)}no ranking: {each.note}")
            continue
        area, excess = (rounded(each.facts[name], 3) for name in ("aurc", "eaurc"))
        said.append(f"{several(series, each)}aurc {area}, {excess} above the best order")
    return "; ".join(said)


PLOT = Plot(_draw, _caption)
