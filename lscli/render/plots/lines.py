"""What charts of lines share: the look of each series, its name, and axes in percent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.render.plots.style import COLOURS, LINES, MARKS
from lscli.text import bounded, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from lscli.curves.chart import Series

_LONGEST = 32  # characters of a name


def look(place: int) -> dict[str, Any]:
    """Colour and line of a series, which also differ in grey."""
    return {"color": COLOURS[place % len(COLOURS)], "linestyle": LINES[place % len(LINES)]}


def mark(place: int) -> str:
    """The mark of a series."""
    return MARKS[place % len(MARKS)]


def called(each: Series) -> str:
    """The name of a series: its model and its group."""
    return bounded(printable(" ".join(filter(None, (each.source, each.group)))), _LONGEST)


def several(series: Sequence[Series], each: Series) -> str:
    """What a sentence on one of several series begins with."""
    return f"{called(each)}: " if len(series) > 1 else ""


def shares_of(axis: Axis) -> None:
    """Write the numbers of an axis as shares in percent, with as many digits as they need."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0))


def beside(axes: Axes, x: float, text: str, place: int = 0, height: float = 0.97) -> None:
    """Write a text beside a vertical line at x, on the side that has room."""
    inside = axes.transAxes.inverted().transform(axes.transData.transform((x, 0)))[0]
    left = inside > 0.6
    axes.annotate(
        text,
        (x, height),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if left else 3, -9 * place),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        fontsize=7,
    )
