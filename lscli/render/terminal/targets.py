"""Smoothed targets for a terminal: as many classes as fit, or those of one label from top to bottom."""

from __future__ import annotations

import itertools
import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lscli.listings import Listing
from lscli.render.numbers import short
from lscli.render.terminal import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.listings import OneLabel, SmoothedLabels
    from lscli.render.renderers import Screen

_FIRST = 1000  # rows that decide how many columns fit
_EACH = 12  # so many classes are shown one by one


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class _Shown(Listing):
    """What is shown of a listing: some of its columns, under a heading."""

    shown: Sequence[str]
    heading: str = ""

    @property
    def title(self) -> str:  # type: ignore[override]
        return self.heading

    @property
    def columns(self) -> Sequence[str]:
        return self.shown


def smoothed_labels(answer: SmoothedLabels, screen: Screen) -> Iterator[str]:
    rows = iter(answer.rows)
    first = list(itertools.islice(rows, _FIRST))
    fit = _fitting(answer.columns, first, screen.width - len(f"{_FIRST:,}") - 4)
    numbered = ((number, *row[:fit]) for number, row in enumerate(itertools.chain(first, rows)))
    # The title counts samples and classes, which a file of class numbers does not have.
    labels = {**answer.inputs[0], "shape": [answer.samples["rows"], len(answer.columns)]}
    provenance = {**answer.fields(), "inputs": [labels]}
    yield from table.listing(_Shown(rows=numbered, shown=["row", *answer.columns[:fit]], **provenance), screen)
    if fit < len(answer.columns):
        yield f"  Not shown here, but in -f csv: {answer.columns[fit]} to {answer.columns[-1]}\n"


def _fitting(columns: Sequence[str], rows: Sequence[Sequence[float]], room: int) -> int:
    """How many of the first columns fit, at least one."""
    for place, name in enumerate(columns):
        room -= 2 + max(len(name), *(len(short(row[place])) for row in rows))
        if room < 0:
            return max(1, place)
    return len(columns)


def one_label(answer: OneLabel, screen: Screen) -> Iterator[str]:
    (row,) = answer.rows
    label, targets, floor, gap = answer.label, list(row.targets), row.floor, row.optimal_gap
    lines: list[tuple[Any, ...]] = [
        (f"q{place}", f"{value:.6g}", "the label" if place == label else "")
        for place, value in enumerate(targets)
        if place == label or len(targets) <= _EACH
    ]
    if len(targets) > _EACH:
        lines.append(_others(targets[:label] + targets[label + 1 :]))
    lines.append(("", "", ""))
    if math.isnan(floor):
        lines.append(("floor", "none", "the targets are no distribution"))
    else:
        lines.append(("floor", short(floor), "nats: the entropy of the targets, which no loss against them goes below"))
        lines.append(("optimal gap", short(gap), "the label's logit above the mean of the others, where it is reached"))
    yield from table.listing(_Shown(rows=lines, shown=("", "value", ""), heading=answer.title), screen)
    if answer.conclusion:
        yield "\n" + textwrap.fill(answer.conclusion, screen.width, initial_indent=" ", subsequent_indent=" ") + "\n"


def _others(values: Sequence[float]) -> tuple[str, str, str]:
    low, high = f"{min(values):.6g}", f"{max(values):.6g}"
    return "others", low if low == high else f"{low} .. {high}", f"each of {len(values):,} classes"
