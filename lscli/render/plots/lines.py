"""What charts of lines share: the look and the name of each series, the legend, marks, and axes in percent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.render.plots.style import COLOURS, LINES, MARKS
from lscli.render.plots.texts import width_of
from lscli.text import bounded, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    from lscli.curves.chart import Series

_LONGEST = 32  # characters of a name
_SMALL = 7  # points, of texts in the axes
_CHARACTER, _HANDLE = 0.053, 0.45  # inches of a character of this size, and of what a legend shows beside a name


def look(place: int) -> dict[str, Any]:
    """Colour and line of a series, which also differ in grey."""
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": LINES[place % len(LINES)]}


def mark(place: int) -> dict[str, Any]:
    """Colour and mark of a series, for a point on its line."""
    colour = COLOURS[place % len(COLOURS)]
    style = {"marker": MARKS[place % len(MARKS)], "color": colour, "markeredgecolor": "white", "markersize": 6}
    return {**style, "markeredgewidth": 0.6, "linestyle": "", "zorder": 5}


def called(each: Series) -> str:
    """The name of a series: its model and its group."""
    return bounded(printable(" ".join(filter(None, (each.source, each.group)))), _LONGEST)


def several(series: Sequence[Series], each: Series) -> str:
    """What a sentence on one of several series begins with."""
    return f"{called(each)}: " if len(series) > 1 else ""


def legend(axes: Axes) -> None:
    """A legend above the axes, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    width = axes.get_window_extent().width / axes.figure.dpi
    widest = max(max(_CHARACTER * len(label), width_of(label, _SMALL) / 72) for label in labels)
    found = axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0.2,
        frameon=False,
        ncols=max(1, min(len(labels), int(width / (widest + _HANDLE)))),
        fontsize=_SMALL,
        handlelength=2.4,
    )
    for text in found.get_texts():
        text.set_parse_math(False)


def in_percent(axis: Axis) -> None:
    """Write the numbers of an axis as percentages, with no more digits than they need."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.6g} %"))


def beside(axes: Axes, x: float, text: str, *, low: bool = False, left: bool = False) -> Text:
    """Write a text beside a vertical line at x, at the top or at the bottom of the axes."""
    return axes.annotate(
        text,
        (x, 0.0 if low else 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if left else 3, 2 if low else -1),
        textcoords="offset points",
        ha="right" if left else "left",
        va="bottom" if low else "top",
        fontsize=_SMALL,
        parse_math=False,
    )
