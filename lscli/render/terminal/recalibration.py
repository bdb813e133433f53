"""Metrics before and after a map, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import interval, interval_title, p_value, short
from lscli.render.terminal import table
from lscli.render.terminal.columns import Column, difference, laid_out
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from lscli.recalibrators.before_after import BeforeAfter
    from lscli.render.renderers import Screen


def recalibration(answer: BeforeAfter, screen: Screen) -> Iterator[str]:
    """A line for each metric, group by group; then the conclusion."""
    laid, hidden = laid_out(_columns(answer), screen)
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1)), laid]
    if hidden:
        parts.append(Padding(table.not_shown(hidden), (0, 1, 1, 1)))
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _columns(answer: BeforeAfter) -> list[Column]:
    rows = answer.rows
    groups = [printable(row.group) or "all" for row in rows] if any(row.group for row in rows) else []
    names = [f"{row.metric} {row.named}" if answer.several else row.metric for row in rows]
    return [
        *([Column("group", [Text(table.elided(group, 20)) for group in groups], number=False)] if groups else []),
        Column("metric", [Text(name) for name in names], number=False),
        Column("before", [Text(short(row.before)) for row in rows]),
        Column("after", [Text(short(row.after)) for row in rows]),
        Column("difference", [Text(difference(row.difference)) for row in rows], spare=1),
        Column(interval_title(answer), [Text(interval(row.ci_low, row.ci_high)) for row in rows], spare=3),
        Column("p-value", [Text(p_value(row.p_value)) for row in rows], spare=2),
    ]
