"""The confidences of right and of wrong predictions, with the mean confidence and the accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.render.plots.diagonal import captions, number, percent, vertical
from lscli.render.plots.plots import Plot
from lscli.render.plots.style import COLOURS, LINE, RIGHT, WRONG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

# The scale is logarithmic if the tallest bar of one kind is less than this share of that of the other: it would hardly
# be seen. Bars then stand before each other, because lengths on top of each other mean nothing on that scale.
_FEW = 1 / 20
_ROOM = 0.3  # above the bars, for the words of the lines


def _draw(axes: Axes, series: Sequence[Series]) -> None:
    of_class = any("positive_class" in each.facts for each in series)
    from matplotlib.ticker import NullFormatter

    for each in series:
        points, total = each.points, sum(p.right + p.wrong for p in each.points) or 1.0
        low, width = [p.low for p in points], [p.high - p.low for p in points]
        names = (f"of class {each.facts['positive_class']:g}", "of the other") if of_class else ("right", "wrong")
        axes.bar(
            low,
            [p.right / total for p in points],
            width,
            align="edge",
            color=COLOURS[4],
            edgecolor=RIGHT,
            linewidth=0.5,
            label=names[0],
        )
        axes.bar(
            low,
            [p.wrong / total for p in points],
            width,
            align="edge",
            facecolor="none",
            edgecolor=WRONG,
            hatch="/////",
            linewidth=0.5,
            label=names[1],
        )
        heights = [height / total for p in points for height in (p.right, p.wrong) if height > 0]
        least, most = min(heights, default=1.0), max(heights, default=1.0)
        if is_log(each):
            axes.set_yscale("log")
            axes.yaxis.set_minor_formatter(NullFormatter())
            _reach(axes, least / 2, most * (2 * most / least) ** _ROOM)
        else:
            _reach(axes, 0, most * (1 + _ROOM))
        axes.yaxis.set_major_formatter(lambda share, _: percent(share) if share <= 1 else "")
        of_accuracy = _accuracy(each)
        accuracy, mean = each.facts["accuracy"], each.facts["confidence_mean"]
        axes.set_xlim(0, 1)
        vertical(
            axes,
            [(of_accuracy, accuracy, LINE, "-"), ("mean confidence", mean, LINE, "--")],
        )
    what = f"Probability of class {series[0].facts['positive_class']:g}" if of_class else "Confidence"
    axes.set(xlabel=what, ylabel="Share of samples")


def _reach(axes: Axes, low: float, high: float) -> None:
    """Let the scale of y reach at least as far, and as far as that of the other series that share it."""
    others = [each for each in axes.get_shared_y_axes().get_siblings(axes) if each is not axes and each.patches]
    held = [end for each in others for end in each.get_ylim()]
    axes.set_ylim(min(low, *held) if held else low, max([high, *held]))


def _accuracy(series: Series) -> str:
    """What the accuracy is called: of one of two classes, it is how common the class is."""
    number = series.facts.get("positive_class")
    return "accuracy" if number is None else f"share of class {number:g}"


def is_log(series: Series) -> bool:
    """Whether the bars of one kind would hardly be seen beside those of the other."""
    right, wrong = (max((getattr(p, kind) for p in series.points), default=0.0) for kind in ("right", "wrong"))
    return bool(0 < min(right, wrong) < _FEW * max(right, wrong))


def _caption(series: Sequence[Series]) -> str:
    sentences = [
        f"{_accuracy(each)} {number(each.facts['accuracy'])}, mean confidence {number(each.facts['confidence_mean'])}"
        for each in series
    ]
    log = "\nThe scale is logarithmic, so that the rarer kind is seen" if any(map(is_log, series)) else ""
    return f"{captions(series, sentences)}{log}"


PLOT = Plot(_draw, _caption, panels=True, height=0.75)
