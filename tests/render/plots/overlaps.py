"""Which texts of a figure are cut, or lie on one another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


def texts(figure: Figure) -> list[Text]:
    """The texts that are drawn."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    found: list[Any] = figure.findobj(Text)
    beyond = set(_beyond(figure))
    return [each for each in found if each.get_visible() and each.get_text() and each not in beyond]


def _beyond(figure: Figure) -> Iterator[Text]:
    """The numbers of axes beyond their ends, which are not drawn."""
    for axes in figure.axes:
        both: tuple[Any, Any] = (axes.xaxis, axes.yaxis)
        for axis in both:
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * (high - low)
            shown = {id(tick) for tick in axis._update_ticks()}
            for tick in [*axis.majorTicks, *axis.minorTicks]:
                if id(tick) not in shown or not low - slack <= tick.get_loc() <= high + slack:
                    yield from (tick.label1, tick.label2)


def faults(figure: Figure) -> list[str]:
    """What is wrong: texts beyond the edge of the figure, and pairs of texts that overlap by more than a pixel."""
    drawn = [(each.get_text(), each.get_window_extent()) for each in texts(figure)]
    width, height = figure.bbox.width, figure.bbox.height
    cut = [
        f"{text!r} is cut"
        for text, box in drawn
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    ]
    over = [
        f"{one!r} is on {other!r}"
        for (one, a), (other, b) in itertools.combinations(drawn, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]
    return cut + over
