"""The logit gaps of the samples, with their mean and the gap that each eps makes optimal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.diagonal import captions
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import COLOURS, LINE, RIGHT, WRONG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_OPTIMAL = "logit_gap_optimal@"


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
        marks = [("mean", each.facts["logit_gap_mean"], LINE, "-")]
        marks += [
            (f"optimum at eps {name.removeprefix(_OPTIMAL)}", x, WRONG, ("--", "-.", ":")[place % 3])
            for place, (name, x) in enumerate((n, x) for n, x in each.facts.items() if n.startswith(_OPTIMAL))
        ]
        marks = [mark for mark in marks if not math.isnan(mark[1])]
        for _, x, colour, line in marks:
            axes.axvline(x, color=colour, linewidth=1.2, linestyle=line)
        axes.autoscale_view()
        low, high = axes.get_xlim()
        for place, (name, x, colour, _) in enumerate(marks):
            side, shift = ("right", -3) if x > (low + high) / 2 else ("left", 3)
            axes.annotate(
                f"{name}: {x:.2f}",
                (x, 0.98 - 0.08 * place),
                xycoords=("data", "axes fraction"),
                xytext=(shift, 0),
                textcoords="offset points",
                ha=side,
                va="top",
                fontsize=7,
                color=colour,
            )
    axes.set(xlabel="Logit gap: the label's less the mean of the others", ylabel="Share of samples")


def _caption(series: Sequence[Series]) -> str:
    sentences = []
    for each in series:
        optima = [
            f"{x:.2f} at eps {name.removeprefix(_OPTIMAL)}"
            if not math.isnan(x)
            else f"none at eps {name.removeprefix(_OPTIMAL)}"
            for name, x in each.facts.items()
            if name.startswith(_OPTIMAL)
        ]
        mean = each.facts["logit_gap_mean"]
        shown = "undefined" if math.isnan(mean) else f"{mean:.2f}"
        sentences.append(f"mean logit gap {shown}; optimum of smoothed targets {', '.join(optima)}")
    return captions(series, sentences)


PLOT = Plot(_draw, _caption, panels=True, height=0.75)
