"""Which texts of a figure are cut, or lie on one another."""

from __future__ import annotations

import itertools
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


def texts(figure: Figure) -> list[Text]:
    """The texts that are drawn."""
    FigureCanvasAgg(figure).draw()
    found: list[Any] = figure.findobj(Text)
    return [each for each in found if each.get_visible() and each.get_text() and _within_view(each)]


def _within_view(text: Text) -> bool:
    """Whether it is no number of an axis beyond its ends, or of one without numbers."""
    axes = text.axes
    if axes is None:
        return True
    for axis in (axes.xaxis, axes.yaxis):
        for tick in [*axis.majorTicks, *axis.minorTicks]:
            if text in (tick.label1, tick.label2):
                low, high = sorted(axis.get_view_interval())
                slack = 1e-9 * (high - low)
                return bool(axis.get_visible() and low - slack <= tick.get_loc() <= high + slack)
    return True


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
