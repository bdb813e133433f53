"""What charts of lines share: the look and the name of each series, the legend, marks, and axes in percent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.render.plots.style import COLOURS, LINES, MARKS
from lscli.text import bounded, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    from lscli.curves.chart import Series

_LONGEST = 32  # characters of a name
_SMALL = 7  # points, of texts in the axes


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
    found = axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0.2,
        frameon=False,
        ncols=2 if max(map(len, labels)) <= 14 else 1,
        fontsize=_SMALL,
        handlelength=2.4,
    )
    for text in found.get_texts():
        text.set_parse_math(False)


def in_percent(axis: Axis) -> None:
    """Write the numbers of an axis as percentages, with no more digits than they need."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.6g}%"))


def beside(axes: Axes, x: float, text: str, *, height: float = 1.0, left: bool = False) -> Text:
    """Write a text beside a vertical line at x: `height` is a share of that of the axes."""
    return axes.annotate(
        text,
        (x, height),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if left else 3, -1),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        fontsize=_SMALL,
        parse_math=False,
    )
