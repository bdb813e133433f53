"""The smoothed reliability diagram: the curve is as wide as confidences are dense, with the band of calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.diagonal import (
    STRIP,
    STRIP_COLOUR,
    band_label,
    captions,
    frame,
    strip_words,
    with_interval,
)
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import BAND, RIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_THIN, _THICK = 0.6, 4.0  # points


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    from matplotlib.collections import LineCollection

    frame(axes, series)
    for each in series:
        points = each.points
        x, y = [p.confidence for p in points], [p.accuracy for p in points]
        most = max((p.density for p in points), default=1.0)
        if points and not math.isnan(points[0].band_low):
            low, high = [p.band_low for p in points], [p.band_high for p in points]
            axes.fill_between(x, low, high, color=BAND, linewidth=0.8, alpha=0.8, label=band_label(each.facts))
        segments = [[(x[i], y[i]), (x[i + 1], y[i + 1])] for i in range(len(points) - 1)]
        widths = [_THIN + (_THICK - _THIN) * math.sqrt(p.density / most) for p in points[1:]]
        axes.add_collection(LineCollection(segments, linewidths=widths, color=RIGHT, capstyle="round", zorder=3))
        axes.plot(
            x,
            y,
            color=RIGHT,
            linewidth=_THIN,
            marker="o" if len(x) < 2 else "",
            label="smoothed accuracy",
            clip_on=False,
            zorder=3,
        )
        height = [p.density / most * STRIP * 0.85 - STRIP for p in points]
        axes.fill_between(x, -STRIP, height, color=STRIP_COLOUR, linewidth=0)
        strip_words(axes, "density of the samples", x, [p.density for p in points])


def _caption(series: Sequence[Series]) -> str:
    return captions(series, [f"{with_interval(each.facts, 'smece')}" for each in series])


PLOT = Plot(_draw, _caption, panels=True, height=1.0)
