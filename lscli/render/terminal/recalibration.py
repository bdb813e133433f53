"""Metrics before and after a map, for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.padding import Padding

from lscli.render.numbers import interval, p_value, short
from lscli.render.terminal import table
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from lscli.recalibrators.before_after import BeforeAfter, BeforeAfterRow
    from lscli.render.renderers import Screen

_COLUMNS = ("metric", "before", "after", "difference", "interval", "p-value")


def recalibration(answer: BeforeAfter, screen: Screen) -> Iterator[str]:
    """A line for each metric, group by group; then the conclusion."""
    grouped = any(row.group for row in answer.rows)
    columns = ("group", *_COLUMNS) if grouped else _COLUMNS
    rows = [
        (*((printable(row.group) or "all",) if grouped else ()), *_cells(row, answer.several)) for row in answer.rows
    ]
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1)), table.wrapped(columns, rows)]
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _cells(row: BeforeAfterRow, several: bool) -> tuple[str, ...]:
    difference = "" if math.isnan(row.difference) else "0" if row.difference == 0 else f"{row.difference:+.3g}"
    name = f"{row.metric} {row.named}" if several else row.metric
    return (
        name,
        short(row.before),
        short(row.after),
        difference,
        interval(row.ci_low, row.ci_high),
        p_value(row.p_value),
    )
