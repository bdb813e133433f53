"""The classes of the lowest accuracy: accuracy with its interval, and mean confidence, one line a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.render.plots.lines import called, in_percent, legend
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import BAND, COLOURS, LINE, MARKS
from lscli.render.plots.texts import elided
from lscli.text import printable, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series
    from lscli.curves.classes import ClassPoint

_MOST = 20
_LONGEST, _WIDEST = 18, 110.0  # characters and points of a name
_LINE, _REST = 0.145, 0.75  # inches of a line, and of what is around all lines


def _shown(series: Sequence[Series]) -> list[ClassPoint]:
    """The classes of the lowest accuracy of the first series."""
    return list(series[0].points[:_MOST]) if series else []


def _names(points: Sequence[ClassPoint]) -> list[str]:
    """Names of classes, or their numbers: printable, not too long, and all different."""
    whole = [printable(point.name) or str(point.number) for point in points]
    short = [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…" for name in whole]
    fitted = [elided(name, _WIDEST, 7) for name in short]
    return [
        name if fitted.count(name) == 1 else elided(f"{name[:10].rstrip('… ')}… {point.number}", _WIDEST, 7)
        for name, point in zip(fitted, points, strict=True)
    ]


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    shown = _shown(series)
    lines = range(len(shown))
    for line in lines:
        axes.axhline(line, color=BAND, linewidth=0.4, zorder=0)
    for place, each in enumerate(series):
        found = {point.number: point for point in each.points}
        offset = 0.0 if len(series) == 1 else 0.6 * ((place + 0.5) / len(series) - 0.5)
        there = [(line + offset, found[point.number]) for line, point in enumerate(shown) if point.number in found]
        if not there:
            continue
        colour, shape = COLOURS[place % len(COLOURS)], MARKS[place % len(MARKS)]
        heights = [height for height, _ in there]
        axes.hlines(heights, [p.low for _, p in there], [p.high for _, p in there], color=colour, linewidth=1.0)
        axes.plot(
            [p.accuracy for _, p in there],
            heights,
            color=colour,
            marker=shape,
            linestyle="",
            label="accuracy" if len(series) == 1 else called(each),
            clip_on=False,
        )
        axes.plot(
            [p.confidence for _, p in there],
            heights,
            color=LINE if len(series) == 1 else colour,
            marker=shape if len(series) > 1 else "D",
            markerfacecolor="white",
            markersize=4,
            linestyle="",
            label="mean confidence" if len(series) == 1 else "_",
            clip_on=False,
        )
    if len(series) > 1:
        hollow: dict[str, Any] = {"marker": "o", "markerfacecolor": "white", "markersize": 4, "linestyle": ""}
        axes.plot([], [], color=LINE, label="mean confidence", **hollow)
    axes.set_yticks(list(lines), _names(shown))
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 1), ylim=(max(len(shown), 1) - 0.4, -0.6), xlabel="Share of samples with the label")
    in_percent(axes.xaxis)
    legend(axes)


def _caption(series: Sequence[Series]) -> str:
    if not series or not series[0].points:
        return "no class has samples"
    facts, shown = series[0].facts, len(_shown(series))
    count, level = len(series[0].points), rounded(100 * facts["level"], 4)
    which = "all classes" if shown == count else f"{shown} of {count:,} classes"
    of = f" of {called(series[0])}" if len(series) > 1 else ""
    said = f"{which}, the lowest accuracy{of} first; {level} % intervals"
    empty = int(facts["classes"]) - count
    return said + (f"; {empty:,} classes without samples are left out" if empty else "")


def _height(series: Sequence[Series]) -> float:
    return _REST + _LINE * max(4, len(_shown(series)) * (1.0 if len(series) == 1 else 1 + 0.3 * min(len(series), 4)))


PLOT = Plot(_draw, _caption, inches=_height)
