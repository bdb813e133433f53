"""The CORP reliability diagram: the isotonic regression of being right on confidence, with the band of calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.diagonal import band_label, captions, frame, number, strip
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import BAND, RIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_BARS = 25


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    frame(axes, series)
    for each in series:
        x = [end for point in each.points for end in (point.low, point.high)]
        if each.points and not math.isnan(each.points[0].band_low):
            axes.fill_between(
                x,
                [point.band_low for point in each.points for _ in range(2)],
                [point.band_high for point in each.points for _ in range(2)],
                color=BAND,
                linewidth=0.8,
                alpha=0.8,
                label=band_label(each.facts),
            )
        lone = len(set(x)) < 2
        y = [point.recalibrated for point in each.points for _ in range(2)]
        axes.plot(x, y, color=RIGHT, marker="o" if lone else "", clip_on=False, label="isotonic regression")
        strip(axes, *_spread(each.points))


def _spread(points: Sequence[object]) -> tuple[list[float], list[float], list[float]]:
    """The number of samples in bars of equal width, each point counted where its mean confidence is."""
    size = [0.0] * _BARS
    for point in points:
        size[min(int(point.confidence * _BARS), _BARS - 1)] += point.size  # type: ignore[attr-defined]
    return [i / _BARS for i in range(_BARS)], [(i + 1) / _BARS for i in range(_BARS)], size


def _caption(series: Sequence[Series]) -> str:
    return captions(series, [_sentence(each.facts) for each in series])


def _sentence(facts: dict[str, float]) -> str:
    mcb, dsc, unc = (facts[f"brier_{name}"] for name in ("miscalibration", "discrimination", "uncertainty"))
    return (
        f"Brier score {number(mcb - dsc + unc)} = miscalibration {number(mcb)} "
        f"\N{MINUS SIGN} discrimination {number(dsc)} + uncertainty {number(unc)}"
    )


PLOT = Plot(_draw, _caption, panels=True, height=1.0)
