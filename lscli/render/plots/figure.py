"""Figures: axes for each series of a chart, a caption beneath, and the bytes of a file."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from lscli.errors import UsageError
from lscli.render.plots.plots import plot_of
from lscli.render.plots.style import RC, WIDTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lscli.curves.chart import Chart

# Files hold neither the time nor the version of matplotlib, so that the same input gives the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}


def picture(chart: Chart, format: str) -> bytes:  # noqa: A002
    """The file of a chart: `svg`, `pdf` or `png`.

    Raises:
        UsageError: matplotlib is not installed.
    """
    check_matplotlib()
    import matplotlib as mpl

    data = io.BytesIO()
    with mpl.rc_context(RC):
        figure_of(chart).savefig(data, format=format, metadata=_METADATA[format])
    return data.getvalue()


def figure_of(chart: Chart) -> Figure:
    """A figure with the axes of the chart, a legend or titles, and its caption."""
    from matplotlib.figure import Figure

    plot, series = plot_of(chart.chart), chart.series
    columns = len(series) if plot.panels else 1
    width = WIDTHS[chart.width] if chart.width in WIDTHS else float(chart.width)
    per_row = min(columns, max(1, round(width / 2)))
    lines = math.ceil(columns / per_row)
    figure = Figure(figsize=(width, lines * width / per_row * plot.height), layout="constrained")
    axes = figure.subplots(lines, per_row, sharex=True, sharey=True, squeeze=False).ravel().tolist()
    draw(chart, axes)
    figure.supxlabel(plot.caption(series), fontsize=7)
    return figure


def draw(chart: Chart, axes: list[Axes]) -> None:
    """Draw the chart into these axes: one for each series, or one for all."""
    plot = plot_of(chart.chart)
    if not plot.panels or len(axes) == 1:
        plot.draw(axes[0], chart.series)
        return
    for place, each in enumerate(chart.series):
        plot.draw(axes[place], [each])
        axes[place].set_title(f"{each.source} {each.group}".strip())


def check_matplotlib() -> None:
    """Refuse to draw without matplotlib.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise UsageError("a picture needs matplotlib", "pip install 'lscli-calibration[plot]'") from error
