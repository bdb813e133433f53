"""Fitted maps for a terminal: their parameters, losses and certificates, or a table of all methods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import error, interval, short
from lscli.render.terminal import table
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from lscli.recalibrators.fits import FitRow, Fits
    from lscli.render.renderers import Screen

_METRICS = ("loss_hard", "brier", "ece")


def fits(answer: Fits, screen: Screen) -> Iterator[str]:
    """One map line by line, a line for each group, or a line for each method; then the conclusion."""
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1))]
    groups = dict.fromkeys(row.group for row in answer.rows)
    if answer.method == "all":
        columns = ["method", *(word for name in _METRICS for word in (name, "interval"))]
        parts.append(table.wrapped(columns, _measured(answer.rows)))
        parts += [Text(f"  {row.method}: not fitted: {printable(row.name)}") for row in _of(answer.rows, "refused")]
    elif any(groups):
        parts.append(table.wrapped(("group", "parameters", "rows", "loss before", "after"), _by_group(answer.rows)))
    else:
        parts.append(table.wrapped(("method", answer.method), _lines(answer)))
        measured = _measured(answer.rows)
        if measured:
            columns = ["cross-fitted", *(word for name in _METRICS for word in (name, "interval"))]
            parts.append(table.wrapped(columns, measured))
    parts += [Text(f"  {_before(row)}{printable(row.name)}") for row in _of(answer.rows, "note")]
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _lines(answer: Fits) -> Iterator[tuple[str, str]]:
    """What is known of one map, below one another."""
    for row in _of(answer.rows, "parameter"):
        yield row.name, _with_error(row)
    numbers = {row.name: row.value for row in _of(answer.rows, "fit")}
    yield "loss", f"{short(numbers['loss_before'])} before, {short(numbers['loss_after'])} after"
    yield "rows", f"{numbers['rows']:,}"
    for row in _of(answer.rows, "certificate"):
        yield f"certificate: {row.name}", "" if math.isnan(row.value) else _number(row.value)


def _by_group(rows: Sequence[FitRow]) -> Iterator[tuple[str, ...]]:
    for group in dict.fromkeys(row.group for row in rows):
        own = [row for row in rows if row.group == group]
        parameters = ", ".join(f"{row.name} {_with_error(row)}" for row in _of(own, "parameter"))
        numbers = {row.name: row.value for row in _of(own, "fit")}
        losses = short(numbers["loss_before"]), short(numbers["loss_after"])
        yield printable(group), parameters, f"{numbers['rows']:,}", *losses


def _measured(rows: Sequence[FitRow]) -> list[tuple[str, ...]]:
    """The cross-fitted metrics of each method."""
    found = []
    for method in dict.fromkeys(row.method for row in _of(rows, "cross-fit")):
        own = {row.name: row for row in _of(rows, "cross-fit") if row.method == method}
        cells = [
            word
            for name in _METRICS
            for word in ((short(own[name].value), interval(*own[name][-2:])) if name in own else ("", ""))
        ]
        found.append((method, *cells))
    return found


def _of(rows: Sequence[FitRow], kind: str) -> list[FitRow]:
    return [row for row in rows if row.kind == kind]


def _before(row: FitRow) -> str:
    return f"{printable(row.group)}: " if row.group else ""


def _with_error(row: FitRow) -> str:
    return short(row.value) + (f" (standard error {error(row.stderr)})" if error(row.stderr) else "")


def _number(value: int | float) -> str:
    """A count as it is, another number to four digits."""
    return f"{value:,}" if isinstance(value, int) else short(value)
