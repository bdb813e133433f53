"""The logit gaps of the samples, with their mean and the gap that each eps makes optimal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.diagonal import captions, percent, vertical
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import COLOURS, LINE, RIGHT, WRONG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_OPTIMAL = "logit_gap_optimal@"
# The most optima that each have a line; their words lie above the bars, and their lines differ.
_MOST = 3


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    for each in series:
        points, total = each.points, sum(p.size for p in each.points) or 1.0
        axes.bar(
            [p.low for p in points],
            [p.size / total for p in points],
            [p.high - p.low for p in points],
            align="edge",
            color=COLOURS[4],
            edgecolor=RIGHT,
            linewidth=0.3,
        )
        axes.margins(x=0.02, y=0.35)
        mean = each.facts["logit_gap_mean"]
        marks = [("mean", mean, LINE, "-")]
        optima = _optima(each)
        for place, (eps, x) in enumerate(_few(optima)):
            marks.append((f"optimum at eps {eps}", x, WRONG, ("--", "-.", ":")[place % 3]))
        ends = [x for _, x in (("", mean), *optima) if not math.isnan(x)]
        axes.update_datalim([(x, 0) for x in ends])
        axes.autoscale_view()
        axes.yaxis.set_major_formatter(lambda share, _: percent(share))
        vertical(axes, marks)
    axes.set(xlabel="Logit gap", ylabel="Share of samples")


def _optima(series: Series) -> list[tuple[str, float]]:
    """Each eps, as text, with its optimum."""
    return [(name.removeprefix(_OPTIMAL), x) for name, x in series.facts.items() if name.startswith(_OPTIMAL)]


def _few(optima: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Those that have room for a line and its words: all, or the first and the last that are finite."""
    if len(optima) <= _MOST:
        return optima
    finite = [each for each in optima if not math.isnan(each[1])]
    return [finite[0], finite[-1]] if len(finite) > 1 else finite


def _caption(series: Sequence[Series]) -> str:
    sentences = []
    for each in series:
        optima = [f"{'none' if math.isnan(x) else f'{x:.2f}'} at eps {eps}" for eps, x in _few(_optima(each))]
        between = ", " if len(_optima(each)) <= _MOST else " to "
        mean = each.facts["logit_gap_mean"]
        shown = "undefined" if math.isnan(mean) else f"{mean:.2f}"
        sentences.append(f"mean logit gap {shown}; optimum {between.join(optima)}")
    return captions(series, sentences)


PLOT = Plot(_draw, _caption, panels=True, height=0.75)
