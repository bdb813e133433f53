"""The reliability diagram: bars of accuracy by confidence, their gaps, and the band of a calibrated model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.diagonal import band_label, captions, frame, legend, number, strip, with_interval
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import BAND, COLOURS, LINE, RIGHT, WRONG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_MOST = 40  # bars with edges; more would be edges alone


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    frame(axes, series)
    for each in series:
        kept = [point for point in each.points if point.size]
        low, width = [point.low for point in kept], [point.high - point.low for point in kept]
        edge = 0.5 if len(each.points) <= _MOST else 0.0
        axes.bar(
            low,
            [p.accuracy for p in kept],
            width,
            align="edge",
            color=COLOURS[4],
            edgecolor=RIGHT,
            linewidth=edge,
            label="accuracy",
        )
        for over, hatch, colour, words in (
            (True, "/////", WRONG, "overconfidence"),
            (False, "\\\\\\\\\\", COLOURS[2], "underconfidence"),
        ):
            gaps = [p for p in kept if (p.gap > 0 if over else p.gap < 0)]
            if gaps:
                axes.bar(
                    [p.low for p in gaps],
                    [p.gap for p in gaps],
                    [p.high - p.low for p in gaps],
                    bottom=[p.accuracy for p in gaps],
                    align="edge",
                    facecolor="none",
                    edgecolor=colour,
                    hatch=hatch,
                    linewidth=edge,
                    label=words,
                )
        banded = [p for p in kept if not math.isnan(p.band_low)]
        if banded:
            axes.bar(
                [(p.low + p.high) / 2 for p in banded],
                [p.band_high - p.band_low for p in banded],
                [0.5 * (p.high - p.low) for p in banded],
                bottom=[p.band_low for p in banded],
                color=BAND,
                edgecolor=LINE,
                linewidth=edge,
                alpha=0.85,
                label=band_label(each.facts),
            )
        strip(axes, low, [p.high for p in kept], [p.size for p in kept])
    legend(axes)


def _caption(series: Sequence[Series]) -> str:
    return captions(
        series,
        [
            f"{with_interval(each.facts, 'ece')};\n"
            f"a calibrated model would show {number(each.facts['ece_null'])} by chance"
            for each in series
        ],
    )


PLOT = Plot(_draw, _caption, panels=True, height=1.0)
