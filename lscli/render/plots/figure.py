"""Figures: axes for each series of a chart, names of these, a caption beneath, and the bytes of a file."""

from __future__ import annotations

import io
import itertools
import logging
import math
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lscli.curves.chart import inches
from lscli.errors import UsageError
from lscli.extras import check_installed
from lscli.render.plots.lines import called
from lscli.render.plots.plots import plot_of
from lscli.render.plots.style import COLOURS, RC
from lscli.render.plots.texts import in_font, sentences, short_names, width_of, wrapped
from lscli.text import bounded, printable, said, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from lscli.curves.chart import Chart, Series
    from lscli.render.plots.plots import Plot

# Files hold neither the time nor the version of matplotlib, so that the same input gives the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
# The most panels, and the most series on the same axes: colours, lines and marks differ for so many.
MOST_PANELS, MOST_LINES = 12, len(COLOURS)
_NARROWEST = 1.5  # inches of a panel
_MARGIN = 0.12  # inches left free at the sides of a caption or a title
_CAPTION, _NAME = 7.0, 8.0  # sizes of text, in points
_POINTS = 72.0  # of an inch
_HANDLE = 32.0  # points of a legend beside its text
_LEGEND_LINES = 2  # of a chart's own legend, for which its height has room


def picture(chart: Chart, format: str) -> bytes:  # noqa: A002
    """The file of a chart: `svg`, `pdf` or `png`; whatever the user's settings of matplotlib are, it is the same.

    Raises:
        UsageError: matplotlib is not installed, or the chart has too many panels.
    """
    check_matplotlib()
    data = io.BytesIO()
    with _own_settings():
        figure = figure_of(chart)
        if format != "svg":  # the viewer of an SVG may have the signs
            write_in_font(figure)
        figure.savefig(data, format=format, metadata=_METADATA[format])
    return data.getvalue()


@contextmanager
def _own_settings() -> Iterator[None]:
    """The settings of the pictures in place of the user's, without a word of matplotlib on stderr."""
    log = logging.getLogger("matplotlib")
    level = log.level
    try:
        log.setLevel(logging.ERROR)  # the import reads the user's matplotlibrc, and says what it thinks of it
        mpl = imported()
        kept: dict[Any, Any] = {
            name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(("backend", "_internal"))
        }
        with mpl.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a sign that the font lacks is drawn as a box
            dict.update(mpl.rcParams, kept)
            mpl.rcParams.update(RC)
            yield
    finally:
        log.setLevel(level)


def figure_of(chart: Chart, make: Any = None) -> Figure:
    """A figure with the axes of the chart, the names of its series, and its caption.

    Args:
        chart: the points.
        make: makes the figure, as `matplotlib.pyplot.figure`; by default one that pyplot does not know.

    Raises:
        UsageError: it has too many panels, or too many series for the same axes.
    """
    if make is None:
        from matplotlib.figure import Figure as make  # noqa: N813
    plot, width = plot_of(chart.chart), inches(chart.width)
    panels = len(chart.series) if plot.panels else 1
    _check_count(chart, plot)
    most = max(1, int(width / _NARROWEST))
    lines = math.ceil(panels / most)
    per_line = math.ceil(panels / lines)
    room = (width - 2 * _MARGIN) * _POINTS
    titled = plot.panels and panels > 1
    series = named(chart.series, (room / per_line - 12) if titled else room - _HANDLE, _NAME if titled else _CAPTION)
    names = {name for each in series for name in (each.source, called(each))}
    caption = wrapped(in_font(sentences(plot.caption(series), names)), room, _CAPTION)
    figure: Figure = make(figsize=(width, width), layout="constrained")
    share: dict[str, Any] = {"sharex": plot.shared != "y", "sharey": True}
    axes = figure.subplots(lines, per_line, squeeze=False, **share).ravel().tolist()
    for spare in axes[panels:]:
        spare.remove()
    axes = axes[:panels]
    _draw(plot, series, axes)
    rows = 0
    if not (plot.panels and panels == 1 and len(axes[0].get_legend_handles_labels()[1]) < 2):
        rows = _legend(figure, axes, room, series)
    if panels > 1:
        _label_once(axes, per_line, outer=plot.shared)
    if caption:
        figure.supxlabel("\n".join(caption), fontsize=_CAPTION, x=0.5, ha="center", linespacing=1.25)
    each_height = plot.inches(series) if plot.inches is not None else width / per_line * plot.height
    further = len(caption) * _CAPTION * 1.25 + rows * _CAPTION * 1.7 + (12 * lines if titled else 0)
    figure.set_size_inches(width, lines * each_height + further / _POINTS)
    if panels > 1:
        _fewer_ticks(figure, axes)
    return figure


def in_pyplot(chart: Chart) -> list[Axes]:
    """The axes of a chart in a new figure of pyplot."""
    imported()
    import matplotlib.pyplot as plt

    redraw: Any = plt.draw_if_interactive
    redraw()  # loads the backend, whose own settings must outlast those of the figure
    with plt.rc_context(RC):
        figure = figure_of(chart, plt.figure)
    axes: list[Axes] = figure.axes
    return axes


def draw(chart: Chart, axes: Sequence[Axes]) -> None:
    """Draw the chart into these axes, one for each series or one for all, with a legend inside if there are several.

    Nothing else is changed: the texts and lines obey the settings of matplotlib, as the user has made them.

    Raises:
        UsageError: another number of axes than the chart has panels.
    """
    plot = plot_of(chart.chart)
    panels = len(chart.series) if plot.panels else 1
    if panels != len(axes):
        what = f"is {len(axes)} Axes, and the chart has {panels} panel{'s' * (panels != 1)}"
        raise UsageError(what, f"leave ax out, or give {panels} Axes", where="ax")
    _check_count(chart, plot)
    series = named(chart.series, 150.0, _NAME)
    _draw(plot, series, list(axes))
    for each in axes:
        found = each.get_legend_handles_labels()[1]
        if len(found) > 1 and each.get_legend() is None:
            each.legend(loc="best")
            break


def axes_of(given: Any) -> list[Axes]:
    """The Axes that a caller gives: one, or several in a list or an array.

    Raises:
        UsageError: something else was given.
    """
    imported()
    from matplotlib.axes import Axes

    several = given.ravel().tolist() if hasattr(given, "ravel") else given
    found = list(several) if isinstance(several, list | tuple) else [several]
    if not found or not all(isinstance(each, Axes) for each in found):
        raise UsageError(f"must be matplotlib Axes, got {shown(given)}", "leave it out for new ones", where="ax")
    return found


def named(series: Sequence[Series], room: float, size: float) -> list[Series]:
    """The series under the names that a picture shows: printable, short, and only what tells them apart.

    The name of a series is its source then, and its group and step are empty.
    """
    sources = list(dict.fromkeys(each.source for each in series))
    grouped = any(each.group for each in series)
    texts = []
    beside = max((width_of(f" {each.step}", size) for each in series if each.step), default=0.0)
    short = dict(zip(sources, short_names(sources, room - beside, size), strict=True))
    for each in series:
        words = [short[each.source]] if len(sources) > 1 or not (grouped or each.step) else []
        words += [each.group or "all samples"] if grouped else []
        texts.append(" ".join(filter(None, [*words, each.step])))
    fit = all(width_of(each, size) <= room for each in texts)
    found = texts if fit else short_names(texts, room, size, files=False)
    return [each._replace(source=printable(name), group="", step="") for each, name in zip(series, found, strict=True)]


def _check_count(chart: Chart, plot: Plot) -> None:
    count, most = len(chart.series), MOST_PANELS if plot.panels else MOST_LINES
    if count > most:
        what = f"{count} {'panels' if plot.panels else 'series'} do not fit into a picture, which has at most {most}"
        raise UsageError(what, "draw fewer models, groups or metrics at a time")


def _draw(plot: Plot, series: Sequence[Series], axes: list[Axes]) -> None:
    """Draw the series, and let no text of theirs be read as a formula."""
    before = {id(each) for one in axes for each in _texts(one)}
    if plot.panels:
        for each, one in zip(series, axes, strict=True):
            plot.draw(one, [each])
        if len(axes) > 1 and len({one.get_xlabel() for one in axes}) < len(axes):  # else the labels say it
            for each, one in zip(series, axes, strict=True):
                one.set_title(each.source)
    else:
        plot.draw(axes[0], series)
    for one in axes:
        for text in _texts(one):
            if id(text) not in before:
                text.set_parse_math(False)
        for axis in (one.xaxis, one.yaxis):
            _plain_numbers(axis)


def _texts(axes: Axes) -> list[Text]:
    from matplotlib.text import Text

    found: list[Any] = axes.findobj(Text)
    return found


def _plain_numbers(axis: Any) -> None:
    """Write the numbers of a logarithmic axis as they are, rather than as formulas."""
    from matplotlib.ticker import LogFormatter, NullFormatter

    if isinstance(axis.get_major_formatter(), LogFormatter):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
        axis.set_minor_formatter(NullFormatter())


def _legend(figure: Figure, axes: Sequence[Axes], room: float, series: Sequence[Series]) -> int:
    """Put a legend above the axes, unless the chart has its own; the number of lines that need height of their own."""
    found: dict[str, Any] = {}
    for one in axes:
        own: Any = one.get_legend()
        if own is not None:
            lines: int = math.ceil(len(own.get_texts()) / own._ncols)  # noqa: SLF001
            return max(0, lines - _LEGEND_LINES)
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if len(series) == 1:  # its name tells nothing apart
        found.pop(series[0].source, None)
    if not found:
        return 0
    widest = max(width_of(label, _CAPTION) for label in found) + _HANDLE
    columns = min(len(found), max(1, int(room / widest)))
    legend = figure.legend(
        found.values(),
        found.keys(),
        loc="outside upper center",
        ncols=columns,
        fontsize=_CAPTION,
        frameon=False,
        borderpad=0,
        handlelength=2,
        columnspacing=1,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return math.ceil(len(found) / columns)


def _label_once(axes: Sequence[Axes], per_line: int, *, outer: str) -> None:
    """Label only the lowest panel of each column, and the first of each line."""
    for place, one in enumerate(axes):
        if place % per_line:
            one.set_ylabel("")
            one.tick_params(labelleft=False)
        lowest = place + per_line >= len(axes)
        if not lowest:
            one.set_xlabel("")
        one.tick_params(labelbottom=lowest or outer == "y")  # those that share y alone have numbers of their own


def _fewer_ticks(figure: Figure, axes: Sequence[Axes]) -> None:
    """As many numbers on the axes of panels as have room beside each other."""
    from matplotlib.ticker import AutoLocator, MaxNLocator

    for most in (4, 3, 2, 1):
        figure.draw_without_rendering()
        crowded = [axis for one in axes for axis in (one.xaxis, one.yaxis) if _overlap(axis)]
        for axis in crowded:
            if isinstance(axis.get_major_locator(), AutoLocator | MaxNLocator):
                axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
        if not crowded:
            return


def _overlap(axis: Any) -> bool:
    """Whether numbers of an axis touch each other, with half the width of a digit between them."""
    boxes = [each.get_window_extent() for each in axis.get_ticklabels() if each.get_visible() and each.get_text()]
    sides = sorted((box.x0, box.x1) if axis.axis_name == "x" else (box.y0, box.y1) for box in boxes)
    gap = 0.03 * axis.get_figure().dpi if axis.axis_name == "x" else 0.0
    return any(low < high + gap for (_, high), (low, _) in itertools.pairwise(sides))


def write_in_font(figure: Figure) -> None:
    """Escape the signs that the font lacks, which would all look the same."""
    from matplotlib.text import Text
    from matplotlib.ticker import FuncFormatter

    for text in figure.findobj(Text):
        written = text.get_text()
        if not written.isascii():
            text.set_text(in_font(written))
    for one in figure.axes:
        for axis in (one.xaxis, one.yaxis):
            formatter = axis.get_major_formatter()
            if isinstance(formatter, FuncFormatter):  # the names of lines, which become texts when they are drawn
                formatter.func = _in_font(formatter.func)


def _in_font(written: Callable[..., str]) -> Callable[..., str]:
    return lambda *given: in_font(written(*given))


def imported() -> Any:
    """The package matplotlib.

    Raises:
        UsageError: it cannot be imported, for example because of the user's settings.
    """
    try:
        import matplotlib as mpl
    except Exception as error:
        what = f"matplotlib cannot be imported: {bounded(said(error), 100)}"
        hint = "look at the variable MPLBACKEND, and for a file matplotlibrc in this folder"
        raise UsageError(what, hint) from error
    return mpl


def check_matplotlib() -> None:
    """Refuse to draw without matplotlib, without importing it.

    Raises:
        UsageError: it is not installed.
    """
    check_installed("matplotlib", "a picture")
