"""Smoothed targets for a terminal: as many classes as fit, or all targets of one label from top to bottom."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import short
from lscli.render.terminal import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.listings import LogitArray, OneLabel, SmoothedLabels
    from lscli.render.renderers import Screen

# Up to this many classes are shown one by one.
_EACH = 12


def smoothed_labels(answer: SmoothedLabels | LogitArray, screen: Screen) -> Iterator[str]:
    """A numbered row for each sample, with the first classes."""
    columns, rows = answer.columns, iter(answer.rows)
    first = list(itertools.islice(rows, table.FIRST))
    fit = _fitting(columns, first, screen.width - len(f"{table.FIRST:,}") - 4)
    numbered = ((number, *row[:fit]) for number, row in enumerate(itertools.chain(first, rows)))
    # A file of class numbers has no second dimension.
    yield table.text_of(
        [Padding(table.titled(answer, screen, (answer.samples["rows"], len(columns))), (1, 0, 1, 1))], screen
    )
    yield "\n"
    yield from table.aligned(["row", *columns[:fit]], numbered, screen)
    if fit < len(columns):
        hidden = len(columns) - fit
        names = columns[fit] if hidden == 1 else f"{columns[fit]} to {columns[-1]}"
        yield f"  not shown for lack of width: {names}; -f csv has all\n"


def _fitting(columns: Sequence[str], rows: Sequence[Sequence[float]], room: int) -> int:
    """How many of the first columns fit: at least one."""
    for place, name in enumerate(columns):
        room -= 2 + max(len(name), *(len(short(row[place])) for row in rows))
        if room < 0:
            return max(1, place)
    return len(columns)


def one_label(answer: OneLabel, screen: Screen) -> Iterator[str]:
    """One row per class, or one row for all other classes if there are many; then the floor and the optimal gap."""
    (row,) = answer.rows
    label, targets = answer.label, list(row.targets)
    lines = [
        (f"q{place}", f"{value:.6g}", "the label" if place == label else "")
        for place, value in enumerate(targets)
        if place == label or len(targets) <= _EACH
    ]
    if len(targets) > _EACH:
        lines.append(_others(targets[:label] + targets[label + 1 :]))
    lines.append(("", "", ""))
    if math.isnan(row.floor):
        lines.append(("floor", "none", "the targets are no distribution"))
    else:
        entropy = "nats: the entropy of the targets, which no loss against them goes below"
        gap = "the label's logit above the mean of the others, where it is reached"
        lines.append(("floor", short(row.floor), entropy))
        lines.append(("optimal gap", short(row.optimal_gap), gap))
    title = Padding(Text(answer.title, style="bold"), (1, 0, 0, 1))
    parts = [title, table.wrapped(("", "value", ""), lines), *table.conclusion(answer)]
    yield table.text_of(parts, screen)


def _others(values: Sequence[float]) -> tuple[str, str, str]:
    low, high = f"{min(values):.6g}", f"{max(values):.6g}"
    return "others", low if low == high else f"{low} .. {high}", f"each of {len(values):,} classes"
