"""Metrics against their limits, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import interval, interval_title, short
from lscli.render.terminal import table
from lscli.render.terminal.columns import Column, difference, laid_out
from lscli.text import printable, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.decisions.checked import Bound, Checked, CheckRow
    from lscli.render.renderers import Screen

_SIGNS: dict[Bound, str] = {"max": "<= {}", "min": ">= {}", "max-rise": "rise <= {}", "max-drop": "drop <= {}"}


def checked(answer: Checked, screen: Screen) -> Iterator[str]:
    """A line for each limit, as they were given, group by group; then the conclusion."""
    rows = answer.rows
    groups = [printable(row.group) or "all" for row in rows] if any(row.group for row in rows) else []
    columns = [
        *([Column("group", [Text(table.elided(group, 20)) for group in groups], number=False)] if groups else []),
        Column("metric", [Text(printable(row.metric)) for row in rows], number=False),
        Column("value", [Text("missing" if row.value != row.value else short(row.value)) for row in rows]),
        Column("baseline", [Text(short(row.baseline)) for row in rows], spare=2),
        Column("difference", [Text(difference(row.difference)) for row in rows]),
        Column(interval_title(answer), [Text(interval(row.ci_low, row.ci_high)) for row in rows], spare=1),
        Column("limit", [Text(_SIGNS[row.bound].format(rounded(row.limit, 6))) for row in rows], number=False),
        Column("verdict", [_verdict(row) for row in rows], number=False),
    ]
    laid, hidden = laid_out(columns, screen)
    parts = [Padding(table.titled(answer, screen), (1, 0, 0, 1)), laid]
    if hidden:
        parts.append(Padding(table.not_shown(hidden), (0, 1, 1, 1)))
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _verdict(row: CheckRow) -> Text:
    return Text(row.verdict, style="green" if row.passed else "bold red")
