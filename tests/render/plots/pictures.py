"""Figures for tests, and what can be asked of all of them."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lscli.curves.chart import Chart
from lscli.render.plots.figure import figure_of
from lscli.render.plots.style import RC
from tests.curves.samples import drawn

CHARTS = ("reliability", "corp", "smooth", "confidence", "gaps")


def figure(chart: Chart) -> Figure:
    """The figure of a chart, laid out."""
    with mpl.rc_context(RC):
        made = figure_of(chart)
        made.draw_without_rendering()
    return made


def axes_of(x: Any, y: Any, **options: Any) -> Axes:
    """The only axes of a chart."""
    (axes,) = figure(drawn(x, y, **options)).axes
    return axes


def said(chart: Chart) -> str:
    """The caption in one line."""
    return " ".join(figure(chart).get_supxlabel().split())


def words(axes: Axes) -> list[str]:
    """The texts in the axes."""
    return [text.get_text() for text in axes.texts]


def bars(axes: Axes, label: str) -> list[tuple[float, float, float, float]]:
    """The bars with a label, each as x, y, width and height."""
    (found,) = (each for each in axes.containers if each.get_label() == label)
    return [(*bar.get_xy(), bar.get_width(), bar.get_height()) for bar in found]


def check(made: Figure) -> None:
    """No text leaves the figure, no legend hides anything, and no two texts of the axes overlap."""
    for axes in made.axes:
        frame = axes.get_window_extent()
        legend = axes.get_legend()
        boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
        if legend is not None:
            boxes.append(legend.get_window_extent())
            assert legend.get_window_extent().y0 >= frame.y1 - 1
        boxes += [axes.xaxis.label.get_window_extent(), axes.yaxis.label.get_window_extent()]
        if axes.get_title():
            boxes.append(axes.title.get_window_extent())
        for place, box in enumerate(boxes):
            assert box.x0 >= -1
            assert box.y0 >= -1
            assert box.x1 <= made.bbox.x1 + 1
            assert box.y1 <= made.bbox.y1 + 1
            assert not any(box.shrunk(0.98, 0.9).overlaps(other) for other in boxes[:place])
