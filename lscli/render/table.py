"""A table for a terminal: grouped, titled, with one sentence under it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lscli.metrics import FAMILIES, family_of, find
from lscli.render.numbers import error, short
from lscli.text import printable

if TYPE_CHECKING:
    from lscli.render import Screen
    from lscli.report import Listing, Report, Row


# From this width on there is room for a few words on each metric.
_WIDE = 80


def report(answer: Report, screen: Screen) -> str:
    """The metrics by family: value, standard error, and what each is in a few words."""
    table = _empty_table()
    table.add_column("metric", no_wrap=True, header_style="dim")
    table.add_column("value", justify="right", no_wrap=True, header_style="dim")
    table.add_column("± s.e.", justify="right", no_wrap=True, header_style="dim")
    if screen.width >= _WIDE:
        table.add_column("")
    family = ""
    for row in answer.rows:
        if family_of(row.metric) != family:
            if family:
                table.add_row()
            family = family_of(row.metric)
            table.add_row(Text(FAMILIES[family].title, style="bold cyan"))
        table.add_row(*_cells(row)[: len(table.columns)])
    parts: list[Any] = [Padding(_title(answer), (1, 0, 0, 1)), table]
    if answer.conclusion:
        parts.append(Padding(Text(printable(answer.conclusion)), (0, 1, 1, 1)))
    return _text(parts, screen)


def listing(answer: Listing, screen: Screen) -> str:
    """The listing, its first two columns unbroken."""
    table = _empty_table()
    for place, name in enumerate(answer.columns):
        table.add_column(name, no_wrap=place < 2, header_style="bold cyan")
    for row in answer.rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    return _text([Padding(Text(answer.title, style="bold"), (1, 0, 0, 1)), table], screen)


def _empty_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=True, collapse_padding=True, expand=False)


def _title(answer: Report) -> Text:
    title = Text("lscli", style="bold")
    for entry in answer.inputs[:1]:
        rows, classes = entry["shape"]
        title.append(f"  {printable(str(entry['path']))}")
        title.append(f"  {rows:,} samples x {classes:,} classes, {entry['dtype']}", style="not bold dim")
    left_out = [f"{answer.samples[key]:,} {key}" for key in ("ignored", "skipped") if answer.samples.get(key)]
    if left_out:
        title.append(f", {' and '.join(left_out)}", style="not bold yellow")
    return title


def _cells(row: Row) -> tuple[Text, ...]:
    metric = find(row.metric)
    name = Text(f"  {row.metric}")
    if row.params and metric is not None and metric.parameter:
        name.append(f" {row.params}", style="dim")
    gist = metric.gist if metric is not None else ""
    return name, Text(short(row.value), style="bold"), Text(error(row.stderr), style="dim"), Text(gist, style="dim")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return short(value) if isinstance(value, float) else printable(str(value))


def _text(parts: list[Any], screen: Screen) -> str:
    text = io.StringIO()
    console = Console(
        file=text,
        width=max(40, screen.width),
        force_terminal=screen.color,
        color_system="standard" if screen.color else None,
        no_color=not screen.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(*parts, sep="\n")
    lines = (line.rstrip() for line in text.getvalue().split("\n"))
    return "\n".join(lines).rstrip("\n") + "\n"
