"""What the charts of accuracy against confidence share: the diagonal, the strip of samples beneath, and the words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.render.plots.style import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lscli.curves.chart import Series

# The strip reaches so far below an accuracy of 0.
STRIP = 0.2
_TOP = 0.85  # of the strip: the tallest bar
# From this width in inches on, axes have room for words beside lines; and the height of these in points.
_WIDE, _LINE = 1.8, 9.5
STRIP_COLOUR = "#BBBBBB"


def frame(axes: Axes, series: Sequence[Series]) -> None:
    """The scales, the labels and the diagonal."""
    number = next((each.facts["positive_class"] for each in series if "positive_class" in each.facts), None)
    what = (
        ("Confidence", "Accuracy")
        if number is None
        else (f"Probability of class {number:g}", f"Share of class {number:g}")
    )
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=0.8, linestyle="--", zorder=1.5)
    axes.axhline(0, color=LINE, linewidth=0.6)
    axes.set(xlim=(0, 1), ylim=(-STRIP, 1), xlabel=what[0], ylabel=what[1])
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])


def strip(axes: Axes, low: Sequence[float], high: Sequence[float], size: Sequence[float]) -> None:
    """The share of the samples in each bin, as bars beneath the axis, with that of the tallest in words."""
    total, most = sum(size), max(size, default=0)
    if not total:
        return
    axes.bar(
        low,
        [each / most * STRIP * _TOP for each in size],
        [b - a for a, b in zip(low, high, strict=True)],
        bottom=-STRIP,
        align="edge",
        color=STRIP_COLOUR,
        edgecolor="white",
        linewidth=0.3,
    )
    words = "samples, at most" if is_wide(axes) else "at most"
    strip_words(axes, f"{words} {percent(most / total)}", low, size)


def strip_words(axes: Axes, words: str, place: Sequence[float], height: Sequence[float]) -> None:
    """Say what the strip shows, on the side where it is lower."""
    left = max((n for x, n in zip(place, height, strict=True) if x < 0.5), default=0)
    right = max((n for x, n in zip(place, height, strict=True) if x >= 0.5), default=0)
    x, side = (0.02, "left") if left <= right else (0.98, "right")
    axes.text(x, -STRIP / 2, words, ha=side, va="center", fontsize=6.5)


def is_wide(axes: Axes) -> bool:
    """Whether the axes have room for words; those of panels may be narrow."""
    return _width(axes) > _WIDE


def _width(axes: Axes) -> float:
    return axes.get_position().width * float(axes.figure.get_size_inches()[0])  # type: ignore[union-attr]


def vertical(axes: Axes, marks: Sequence[tuple[str, float, str, str]]) -> None:
    """Lines across the axes, each with its name and its place beside it; in narrow axes the names are for a legend.

    Args:
        axes: whose scale of x is set.
        marks: the name, the place, the colour and the style of each line; those with a place of nan are left out.
    """
    marks = [mark for mark in marks if not math.isnan(mark[1])]
    low, high = axes.get_xlim()
    most = max((x for _, x, *_ in marks), default=0.0)
    for place, (name, x, colour, style) in enumerate(marks):
        line = axes.axvline(x, color=colour, linewidth=1.1, linestyle=style)
        if not is_wide(axes):
            line.set_label(name)
            continue
        words = f"{name}: {x:.3g}"
        # The words of the last line stand to its right, the others to the left of theirs, as far as there is room.
        need, share = _letters(words) / _width(axes), (x - low) / (high - low)
        right = share + need < 1 and (x == most or share < need)
        at, of = (x, 1.0), ("data", "axes fraction")
        if not right and share < need:  # no room on either side: they lie across the line, from an end of the axes
            right = share < 0.5
            at, of = (0.0 if right else 1.0, 1.0), ("axes fraction", "axes fraction")
        axes.annotate(
            words,
            at,
            xycoords=of,
            xytext=(3 if right else -3, -1 - _LINE * place),
            textcoords="offset points",
            ha="left" if right else "right",
            va="top",
            fontsize=7,
            color=colour,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
            zorder=4,
        )


def _letters(words: str) -> float:
    """About the width of words of 7 points, in inches."""
    return 0.062 * len(words) + 0.05


def percent(share: float) -> str:
    """A share in percent, such as `58 %` or `0.3 %`."""
    return f"{float(f'{100 * share:.2g}'):g} %" if share < 0.995 else f"{100 * share:.3g} %"


def number(value: float) -> str:
    """A measure with four places after the point, or in words if it is not defined."""
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def captions(series: Sequence[Series], sentences: Sequence[str]) -> str:
    """The sentences of all series one below the other, each with its model and group if there are several."""
    lines = []
    for each, sentence in zip(series, sentences, strict=True):
        name = f"{each.source} {each.group}".strip()
        note = f"; {each.note}" if each.note else ""
        lines.append(f"{f'{name}: ' if len(series) > 1 else ''}{sentence}{note}")
    return "\n".join(lines)


def with_interval(facts: dict[str, float], name: str) -> str:
    """A measure with its interval, such as `ece 0.0341 (95 % interval 0.0300 .. 0.0380)`."""
    low, high = (facts.get(f"{name}_{end}", math.nan) for end in ("low", "high"))
    interval = "" if math.isnan(low) else f" ({100 * facts['level']:g} % interval {number(low)} .. {number(high)})"
    return f"{name} {number(facts[name])}{interval}"


def band_label(facts: dict[str, float]) -> str:
    """The legend of the band."""
    level = facts.get("level", math.nan)
    return "if calibrated" if math.isnan(level) else f"{100 * level:g} % if calibrated"
