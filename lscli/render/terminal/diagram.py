"""A reliability diagram: accuracy as a bar, mean confidence as a mark, and the gap between them filled."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import short
from lscli.render.terminal.table import conclusion, text_of, titled
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from lscli.listings import Bin, Bins
    from lscli.render.renderers import Screen

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEGEND = (
    ("█", "", "accuracy"),
    ("░", "red", "confidence above it"),
    ("▓", "magenta", "accuracy above confidence"),
    ("│", "bold", "mean confidence"),
)
# Widths: of the text beside a bar, and of the longest bar.
_LABELS, _LONGEST = 50, 60


def bins(answer: Bins, screen: Screen) -> Iterator[str]:
    """A diagram for each group with a bar for each bin, without the empty bins at either end."""
    yield text_of([Padding(titled(answer, screen), (1, 0, 0, 1)), *_reliability(answer, screen)], screen)


def _reliability(answer: Bins, screen: Screen) -> list[RenderableType]:
    length = max(10, min(_LONGEST, screen.width - _LABELS))
    parts: list[RenderableType] = []
    for group, rows in itertools.groupby(answer.rows, key=lambda row: row.group):
        bins = list(rows)
        if group:
            parts.append(Text(f"\n {printable(group)}", style="bold"))
        parts.append(_heading(length))
        full = [place for place, one in enumerate(bins) if one.size]
        parts.extend(_line(one, length) for one in bins[full[0] : full[-1] + 1])
    meaning = [Text(), *conclusion(answer)] if answer.conclusion else []
    return [*parts, Text("\n").append_text(_legend(screen.width)), *meaning]


def _legend(width: int) -> Text:
    """What the marks mean, as many on a line as fit."""
    legend, used = Text(), 0
    for mark, style, meaning in _LEGEND:
        entry = Text.assemble("  ", (mark, style), (f" {meaning}", "dim"))
        if used + entry.cell_len > width:
            legend.append("\n")
            used = 0
        legend.append_text(entry)
        used += entry.cell_len
    return legend


def _heading(length: int) -> Text:
    scale = "0" + "1".rjust(length - 1)
    return Text(f"\n  {'bin':>17} {'count':>9}  {scale}  accuracy      gap", style="dim")


def _line(one: Bin, length: int) -> Text:
    line = Text(f"  {one.low:8.4f} {one.high:8.4f} {_count(one.size):>9}  ", style="")
    if not one.size:
        return line.append("·" * length, style="dim")
    accuracy, confidence = one.accuracy, one.confidence
    line.append_text(_bar(accuracy, confidence, length))
    line.append(f"  {accuracy:8.4f}", style="bold")
    return line.append(f" {one.gap:+8.4f}", style="red" if one.gap > 0 else "magenta")


def _bar(accuracy: float, confidence: float, length: int) -> Text:
    """A bar up to the smaller of accuracy and confidence, then their gap, with a mark at the confidence."""
    bar = Text()
    mark = min(length - 1, int(confidence * length))
    for place in range(length):
        reach = accuracy * length - place
        if place == mark:
            bar.append("│", style="bold")
        elif reach >= 1:
            over = place > mark
            bar.append("▓" if over else "█", style="magenta" if over else "")
        elif reach > 0 and place < mark:
            bar.append("░" if reach < 1 / 8 else _EIGHTHS[int(reach * 8)])
        elif reach > 0:
            bar.append(_EIGHTHS[int(reach * 8)], style="magenta")
        else:
            bar.append("░" if place < mark else " ", style="red")
    return bar


def _count(count: float) -> str:
    return f"{count:,}" if isinstance(count, int) else short(count)
