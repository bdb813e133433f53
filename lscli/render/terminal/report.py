"""A report for a terminal: metrics by family, curves over eps, and the conclusion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.metrics.catalogue import FAMILIES, family_of, find
from lscli.render.numbers import error, interval, interval_title, short
from lscli.render.terminal import curve
from lscli.render.terminal.table import conclusion, empty_table, text_of, titled
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from lscli.render.renderers import Screen
    from lscli.report import Report, Row

# Screens of at least these widths have room for the gist of each metric: without and with a column of intervals.
_WIDE, _WIDER = 80, 104
# Params that are not shown, since the definition of the metric names these defaults.
_DEFAULT_PARAMS = ("bins=15", "score=msp")
_BOUNDS = {"bound=lower": "at least", "bound=upper": "at most"}


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """The metrics by family: value, standard error, interval and gist of each.

    Metrics over a range of eps are a matrix of their own.
    """
    intervals = any(not math.isnan(row.ci_low) for row in answer.rows)
    parts: list[RenderableType] = [Padding(titled(answer), (1, 0, 0, 1))]
    blocks: dict[tuple[str, str], list[Row]] = {}
    for row in answer.rows:
        blocks.setdefault((row.source, row.group), []).append(row)
    sources = {source for source, _ in blocks}
    drawn = len(sources) > 1 or any(curve.curves(rows) for rows in blocks.values())
    for (source, group), rows in blocks.items():
        if len(sources) > 1 and not group:
            parts.append(Padding(Text(printable(source), style="bold"), (1, 0, 0, 1)))
        if len(blocks) > len(sources):
            parts.append(Padding(_group_title(group, rows[0].n), (1, 0, 0, 1)))
        parts.extend(curve.matrix(answer, rows, screen))
        left = curve.undrawn(rows) if drawn else rows
        if left:
            parts.append(_metrics(left, screen, interval_title(answer) if intervals else ""))
        if drawn:
            parts.extend(curve.differences(answer, rows, screen))
        elif not group:
            parts.extend(conclusion(answer))
    if drawn or not blocks:
        parts.extend(conclusion(answer))
    yield text_of(parts, screen)


def _metrics(rows: Sequence[Row], screen: Screen, interval_column: str) -> Table:
    # Numbers are never broken. A narrow screen shows the interval without the standard error, and wraps names.
    spread = not (interval_column and screen.width < _WIDE)
    columns = ["value", *["± s.e."] * spread, *[interval_column] * bool(interval_column)]
    cells = [_cells(row, spread=spread, with_interval=bool(interval_column)) for row in rows]
    widths = [max(len(name), *(line[n].cell_len for line in cells)) for n, name in enumerate(columns)]
    room = screen.width - sum(widths) - 3 * len(widths) - 4  # spaces between columns and at the edges
    table = empty_table()
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
        table.add_row(_name(row, room), *line[: len(table.columns) - 1])
    return table


def _group_title(group: str, n: float) -> Text:
    title = Text(printable(group) or "All samples", style="bold")
    return title.append(f"  {n:,} samples", style="not bold dim")


def _name(row: Row, room: int) -> Text:
    """The metric with its params, each on a line of its own if they do not fit beside it."""
    params = [_BOUNDS.get(param, param) for param in row.settings if param not in _DEFAULT_PARAMS]
    name = Text(f"  {row.metric}")
    if params:
        beside = name.cell_len + 1 + len(" ".join(params)) <= room
        name.append(f" {' '.join(params)}" if beside else "".join(f"\n      {param}" for param in params), style="dim")
    return name


def _cells(row: Row, *, spread: bool, with_interval: bool) -> list[Text]:
    """The cells after the name of the metric: value, standard error, interval, gist."""
    line = [Text(short(row.value), style="bold")]
    if spread:
        line.append(Text(error(row.stderr), style="dim"))
    if with_interval:
        line.append(Text(interval(row.ci_low, row.ci_high), style="dim"))
    metric = find(row.metric)
    return [*line, Text(metric.gist if metric is not None else "", style="dim")]
