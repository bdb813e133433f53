"""A report for a terminal: metrics by family, curves over eps, and the conclusion."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.padding import Padding
from rich.text import Text

from lscli.metrics.catalogue import FAMILIES, family_of, find
from lscli.render.numbers import error, interval, interval_title, remarks, short
from lscli.render.terminal import curve
from lscli.render.terminal.table import conclusion, elided, empty_table, group_title, not_shown, text_of, titled
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from lscli.render.renderers import Screen
    from lscli.report import Report, Row

# Screens of at least these widths have room for the gist of each metric: without and with a column of intervals.
_WIDE, _WIDER = 80, 104
# Fewer characters of a gist would not be understood.
_LEAST_GIST = 16


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """The metrics by family: value, standard error, interval and gist of each.

    Metrics over a range of eps are a matrix of their own.
    """
    intervals = any(not math.isnan(row.ci_low) for row in answer.rows)
    parts: list[RenderableType] = [Padding(titled(answer, screen), (1, 0, 0, 1))]
    blocks: dict[tuple[str, str], list[Row]] = {}
    for row in answer.rows:
        blocks.setdefault((row.source, row.group), []).append(row)
    sources = {source for source, _ in blocks}
    drawn = len(sources) > 1 or any(curve.curves(rows) for rows in blocks.values())
    for (source, group), rows in blocks.items():
        if len(sources) > 1 and not group:
            parts.append(Padding(Text(elided(printable(source), screen.width - 2), style="bold"), (1, 0, 0, 1)))
        if len(blocks) > len(sources):
            parts.append(Padding(group_title(group, rows[0].n), (1, 0, 0, 1)))
        parts.extend(curve.matrix(answer, rows, screen))
        left = curve.undrawn(rows) if drawn else rows
        if left:
            parts.extend(_metrics(left, screen, interval_title(answer) if intervals else ""))
        if drawn:
            parts.extend(curve.differences(answer, rows, screen))
        elif not group:
            parts.extend(conclusion(answer))
    if drawn or not blocks:
        parts.extend(conclusion(answer))
    yield text_of(parts, screen)


class _Numbers(NamedTuple):
    """A column of numbers: its heading, the columns of the CSV that it is of, and its cells."""

    heading: str
    fields: tuple[str, ...]
    cells: Sequence[str]
    style: str = "dim"

    @property
    def width(self) -> int:
        return max(map(cell_len, (self.heading, *self.cells)))


def _metrics(rows: Sequence[Row], screen: Screen, interval_column: str) -> list[RenderableType]:
    """The metrics by family, and a note on what a narrow screen leaves out."""
    numbers = [
        _Numbers("value", ("value",), [short(row.value) for row in rows], "bold"),
        _Numbers("± s.e.", ("stderr",), [error(row.stderr) for row in rows]),
    ]
    if interval_column:
        bounds = [interval(row.ci_low, row.ci_high) for row in rows]
        numbers.append(_Numbers(interval_column, ("ci_low", "ci_high"), bounds))
    shown = _that_fit(numbers, max(cell_len(row.metric) for row in rows) + 2, screen)
    names, gist = _names(rows, [number.width for number in shown], screen)
    table = empty_table()
    table.add_column("metric", header_style="dim", overflow="fold")
    for number in shown:
        table.add_column(number.heading, justify="right", no_wrap=True, min_width=number.width, header_style="dim")
    if gist:
        table.add_column("", no_wrap=True, overflow="ellipsis", max_width=gist)
    lines = zip(rows, names, *(number.cells for number in shown), strict=True)
    runs = [(family, list(run)) for family, run in itertools.groupby(lines, key=lambda line: family_of(line[0].metric))]
    for place, (family, run) in enumerate(runs):
        # In the user's order, the family may change at each row, and headings would only disturb.
        if 2 * len(runs) <= len(rows):
            if place:
                table.add_row()
            table.add_row(Text(FAMILIES[family].title, style="bold"))
        for row, name, *texts in run:
            cells = [Text(text, style=number.style) for text, number in zip(texts, shown, strict=True)]
            table.add_row(name, *cells, *[Text(_gist(row), style="dim")] * bool(gist))
    hidden = [field for number in numbers if number not in shown and any(number.cells) for field in number.fields]
    notes = [Padding(not_shown(hidden), (0, 1, 0, 2))] if hidden else []
    widths = [_widest(names), *(number.width for number in shown), gist]
    if gist and sum(widths) + 2 * len(widths) + 2 > screen.width:  # only without its edges does the table fit
        table.show_edge = table.pad_edge = False
        return [Padding(table, (1, 0, 1, 1)), *notes]
    return [table, *notes]


def _that_fit(numbers: Sequence[_Numbers], name: int, screen: Screen) -> list[_Numbers]:
    """The columns that fit beside a name of this width: the value, then the interval, then the standard error."""
    shown = list(numbers)
    *_, last = numbers
    if len(numbers) > 2 and screen.width < _WIDE:
        shown.remove(numbers[1])
    while len(shown) > 1 and name + sum(number.width for number in shown) + 2 * len(shown) + 4 > screen.width:
        shown.remove(numbers[1] if numbers[1] in shown else last)
    return shown


def _names(rows: Sequence[Row], widths: Sequence[int], screen: Screen) -> tuple[list[Text], int]:
    """The metrics with their params beside numbers of these widths, and the width of a column of gists or 0."""
    if screen.width >= (_WIDER if len(widths) > 2 else _WIDE):
        longest = max(len(_gist(row)) for row in rows)
        room = screen.width - sum(widths) - 2 * len(widths) - 3  # for the name and the gist, without edges
        names = [_name(row, room - longest) for row in rows]
        gist = min(longest, room - _widest(names))
        if gist >= _LEAST_GIST:
            return names, gist
    return [_name(row, screen.width - sum(widths) - 3 * len(widths) - 4) for row in rows], 0


def _gist(row: Row) -> str:
    metric = find(row.metric)
    return "" if metric is None else metric.gist


def _widest(names: Sequence[Text]) -> int:
    return max(cell_len(line) for name in names for line in name.plain.split("\n"))


def _name(row: Row, room: int) -> Text:
    """The metric with its params, each on a line of its own if they do not fit beside it."""
    params = remarks(row)
    name = Text(f"  {row.metric}")
    if params:
        beside = name.cell_len + 1 + len(" ".join(params)) <= room
        name.append(f" {' '.join(params)}" if beside else "".join(f"\n      {param}" for param in params), style="dim")
    return name
