"""The reliability diagram: bars of accuracy by confidence, their gaps, and the band of a calibrated model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.diagonal import band_label, captions, frame, number, strip, with_interval
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
            (True, "/////", WRONG, "over-confident"),
            (False, "\\\\\\\\\\", COLOURS[2], "under-confident"),
        ):
            gaps = [p for p in kept if (p.confidence > p.accuracy if over else p.confidence < p.accuracy)]
            if gaps:
                axes.bar(
                    [p.low for p in gaps],
                    [p.confidence - p.accuracy for p in gaps],
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


def _caption(series: Sequence[Series]) -> str:
    return captions(series, [_sentence(each.facts) for each in series])


def _sentence(facts: dict[str, float]) -> str:
    noise = facts["ece_null"]  # which the answer of `bins` does not have
    beside = "" if math.isnan(noise) else f"; a calibrated model would show {number(noise)} by chance"
    return f"{with_interval(facts, 'ece')}{beside}"


PLOT = Plot(_draw, _caption, panels=True, height=1.0)
