"""Values with their intervals as dots and lines, a line of the picture each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.style import COLOURS, MARKS
from lscli.render.plots.texts import elided
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

_ROOM = 80.0  # points of a name


def dots(
    axes: Axes,
    places: Sequence[float],
    values: Sequence[float],
    bounds: Sequence[tuple[float, float]],
    style: int = 0,
    label: str = "",
    *,
    filled: bool = True,
) -> None:
    """Draw values at these heights; a bound that is nan is not drawn.

    Args:
        axes: where to draw.
        places: the heights.
        values: the values, from left to right.
        bounds: the intervals.
        style: the number of the colour and of the mark.
        label: in the legend; none if empty.
        filled: whether the marks are filled.
    """
    colour = COLOURS[style % len(COLOURS)]
    drawn = [(y, *each) for y, each in zip(places, bounds, strict=True) if not any(map(math.isnan, each))]
    axes.hlines([y for y, _, _ in drawn], [low for _, low, _ in drawn], [high for *_, high in drawn], colors=colour)
    axes.plot(
        values,
        places,
        MARKS[style % len(MARKS)],
        color=colour,
        markerfacecolor=colour if filled else "white",
        label=label or "_nolegend_",
    )


def name_lines(axes: Axes, names: Sequence[str]) -> None:
    """Name the lines, the first at the top."""
    axes.set_yticks(range(len(names)), [elided(printable(name), _ROOM, 7) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def height(series: Sequence[Series]) -> float:
    """The inches of axes that have a line for each point."""
    return 0.55 + 0.2 * max(len(each.points) for each in series)
