"""A table for a terminal: grouped, titled, with one sentence under it."""

from __future__ import annotations

import io
import itertools
import math
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lscli.metrics.catalogue import FAMILIES, family_of, find
from lscli.render.numbers import error, interval, interval_title, short
from lscli.render.terminal import curve
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report, Row


# From these widths on there is room for a few words on each metric, without and with an interval.
_WIDE, _WIDER = 80, 104
# Rows that a listing's columns are laid out by.
_PIECE = 1000


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """The metrics by family: value, standard error and interval, and what each is in a few words.

    Those over a range of eps are a matrix of their own.
    """
    intervals = any(not math.isnan(row.ci_low) for row in answer.rows)
    parts: list[Any] = [Padding(titled(answer), (1, 0, 0, 1))]
    blocks: dict[tuple[str, str], list[Row]] = {}
    for row in answer.rows:
        blocks.setdefault((row.source, row.group), []).append(row)
    sources = dict.fromkeys(source for source, _ in blocks)
    drawn = len(sources) > 1 or any(curve.curves(rows) for rows in blocks.values())
    conclusion = [Padding(Text(printable(answer.conclusion)), (0, 1, 1, 1))] if answer.conclusion else []
    for (source, group), rows in blocks.items():
        if len(sources) > 1 and not group:
            parts.append(Padding(Text(printable(source), style="bold"), (1, 0, 0, 1)))
        if len(blocks) > len(sources):
            parts.append(Padding(_group_title(group, rows[0].n), (1, 0, 0, 1)))
        parts.extend(curve.matrix(answer, rows, screen))
        left = curve.beside(rows) if drawn else rows
        if left:
            parts.append(_metrics(left, screen, interval_title(answer) if intervals else ""))
        parts.extend(curve.paired(answer, rows, screen) if drawn else ())
        if not group and not drawn:
            parts.extend(conclusion)
    if drawn or not blocks:
        parts.extend(conclusion)
    yield text_of(parts, screen)


def _metrics(rows: Sequence[Row], screen: Screen, interval_column: str) -> Table:
    # Numbers stay whole: where it is narrow the interval says what the standard error does, and names wrap.
    spread = not (interval_column and screen.width < _WIDE)
    columns = ["value", *["± s.e."] * spread, *[interval_column] * bool(interval_column)]
    cells = [_cells(row, spread=spread, with_interval=bool(interval_column)) for row in rows]
    widths = [max(len(name), *(line[n].cell_len for line in cells)) for n, name in enumerate(columns)]
    room = screen.width - sum(widths) - 3 * len(widths) - 4  # spaces between columns and at the edges
    table = _empty_table()
    table.add_column("metric", header_style="dim", overflow="fold")
    for name, width in zip(columns, widths, strict=True):
        table.add_column(name, justify="right", no_wrap=True, min_width=width, header_style="dim")
    if screen.width >= (_WIDER if interval_column else _WIDE):
        table.add_column("")
    family = ""
    for row, line in zip(rows, cells, strict=True):
        if family_of(row.metric) != family:
            if family:
                table.add_row()
            family = family_of(row.metric)
            table.add_row(Text(FAMILIES[family].title, style="bold cyan"))
        table.add_row(_named(row, room), *line[: len(table.columns) - 1])
    return table


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """A listing as columns; one that comes of no input is short, and its long cells are wrapped."""
    if not answer.inputs:
        yield text_of([Padding(Text(answer.title, style="bold"), (1, 0, 0, 1)), _whole(answer)], screen)
        return
    rows = iter(answer.cells())
    first = list(itertools.islice(rows, _PIECE))
    shown = _shown(answer, first, screen)
    widths = [max(cell_len(_cell(row[place])) for row in [answer.columns, *first]) for place in shown]
    heading = "  ".join(answer.columns[place].rjust(width) for place, width in zip(shown, widths, strict=True))
    rule = "─" * (sum(widths) + 2 * len(widths))
    yield text_of(
        [Padding(titled(answer), (1, 0, 1, 1)), Text(f"  {heading}", style="bold cyan"), Text(f" {rule}")], screen
    )
    # As they come, and laid out here: the widths are known, and rich would measure every cell.
    for row in itertools.chain(first, rows):
        cells = (_cell(row[place]) for place in shown)
        padded = (" " * (width - cell_len(cell)) + cell for cell, width in zip(cells, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip() + "\n"
    hidden = [name for place, name in enumerate(answer.columns) if place not in shown and place > 1]
    if hidden:
        note = Text(f"Not shown here, but in -f csv: {', '.join(hidden)}", style="dim")
        yield text_of([Padding(note, (0, 1, 0, 2))], screen)
    if answer.conclusion:
        yield text_of([Padding(Text(printable(answer.conclusion)), (1, 1, 1, 1))], screen)


def _whole(answer: Listing) -> Table:
    """All rows, wrapped where they are long, the first two columns unbroken."""
    table = _empty_table()
    for place, name in enumerate(answer.columns):
        table.add_column(name, no_wrap=place < 2, header_style="bold cyan")
    for row in answer.cells():
        table.add_row(*(Text(_cell(value)) for value in row))
    return table


def _shown(answer: Listing, rows: Sequence[Sequence[Any]], screen: Screen) -> list[int]:
    """The columns that fit, without those that say the same in every row: the title names the source."""
    places = list(range(len(answer.columns)))
    if answer.columns[:2] != ("source", "group"):
        return places
    blank = [place for place in places if all(row[place] == "" for row in rows)]
    places = [place for place in places if place > 0 and place not in blank]
    widths = {place: max(len(_cell(row[place])) for row in [answer.columns, *rows]) + 2 for place in places}
    for name in _FIRST_TO_GO:
        if sum(widths[place] for place in places) > screen.width - 2:
            places = [place for place in places if answer.columns[place] != name]
    key = _sorted_by(answer)
    while len(places) > 1 and sum(widths[place] for place in places) > screen.width - 2:
        places.remove([place for place in places if answer.columns[place] != key][-1])
    return places


def _sorted_by(answer: Listing) -> str:
    """The column that the rows are sorted by, which is always shown."""
    settings = {name: setting.value for name, setting in answer.settings.items()}
    if settings.get("worst") is not None:
        return "loss_hard" if settings["by"] == "loss" else "confidence"
    return str(settings.get("sort", ""))


# What a narrow screen does without: nearly said by another column.
_FIRST_TO_GO = ("one_minus_confidence", "weight", "loss_uniform", "correct", "base_rate", "brier", "label_prob")


def _empty_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, collapse_padding=True, expand=False)


def _group_title(group: str, n: float) -> Text:
    title = Text(printable(group) or "All samples", style="bold")
    return title.append(f"  {n:,} samples", style="not bold dim")


def titled(answer: Report | Listing) -> Text:
    """What the answer is of: the logits, and what was left out of them."""
    title = Text("lscli", style="bold")
    for entry in answer.inputs[:1]:
        rows, classes = entry["shape"]
        title.append(f"  {printable(str(entry['path']))}")
        title.append(f"  {rows:,} samples x {classes:,} classes, {entry['dtype']}", style="not bold dim")
    left_out = [f"{answer.samples[key]:,} {key}" for key in ("ignored", "skipped") if answer.samples.get(key)]
    if left_out:
        title.append(f", {' and '.join(left_out)}", style="not bold yellow")
    if any(entry["role"] == "weights" for entry in answer.inputs):
        title.append(", weighted", style="not bold yellow")
    return title


def _named(row: Row, room: int) -> Text:
    """The metric with its parameters, these on lines of their own where there is no room beside it."""
    told = [setting for setting in row.settings if setting not in _USUAL]
    name = Text(f"  {row.metric}")
    if told:
        beside = name.cell_len + 1 + len(" ".join(told)) <= room
        name.append(f" {' '.join(told)}" if beside else "".join(f"\n      {param}" for param in told), style="dim")
    return name


def _cells(row: Row, *, spread: bool, with_interval: bool) -> list[Text]:
    """The cells beside the metric's name."""
    line = [Text(short(row.value), style="bold")]
    if spread:
        line.append(Text(error(row.stderr), style="dim"))
    if with_interval:
        line.append(Text(interval(row.ci_low, row.ci_high), style="dim"))
    metric = find(row.metric)
    return [*line, Text(metric.gist if metric is not None else "", style="dim")]


# Parameters as they are unless told otherwise: the definition says them.
_USUAL = ("bins=15", "score=msp")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return short(value) if isinstance(value, float) else printable(str(value))


def text_of(parts: list[Any], screen: Screen) -> str:
    """Parts that rich lays out, as text for the screen."""
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
