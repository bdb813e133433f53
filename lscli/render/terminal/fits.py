"""Fitted maps for a terminal: their parameters, losses and certificates, or a table of all methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import error, interval, interval_title, short
from lscli.render.terminal import table
from lscli.render.terminal.columns import Column, laid_out
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from lscli.recalibrators.fits import FitRow, Fits
    from lscli.render.renderers import Screen

_METRICS = ("loss_hard", "brier", "ece")
_SMALL = 1e-9


def fits(answer: Fits, screen: Screen) -> Iterator[str]:
    """One map line by line, a line for each group, or a line for each method; then the conclusion."""
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1))]
    if answer.method == "all":
        parts += [
            *_laid_out(_measured(answer, "method"), screen),
            *_lines(f"{row.method} is not fitted: {row.name}" for row in _of(answer.rows, "refused")),
        ]
    elif answer.calibrator is not None and answer.calibrator.groups:
        parts += _laid_out(_by_group(answer.rows), screen)
    else:
        parts.append(table.wrapped(("method", answer.method), _of_map(answer)))
        if _of(answer.rows, "cross-fit"):
            parts += _laid_out(_measured(answer, "cross-fitted"), screen)
    parts += _lines(f"{row.group or row.method}: {row.name}" for row in _of(answer.rows, "note"))
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _lines(texts: Iterable[str]) -> Iterator[RenderableType]:
    """Remarks below a table, one or more lines each."""
    return (Padding(Text(printable(text)), (0, 1, 0, 2)) for text in texts)


def _of_map(answer: Fits) -> Iterator[tuple[str, str]]:
    """What is known of one map, below one another."""
    for row in _of(answer.rows, "parameter"):
        yield row.name, _with_error(row)
    calibrator = answer.calibrator
    loss = "loss"
    if calibrator is not None:
        loss = calibrator.fit["loss"]
        for name, value in calibrator.parameters._asdict().items():
            if np.ndim(value):
                shape, low, high = " x ".join(map(str, np.shape(value))), float(np.min(value)), float(np.max(value))
                yield name, f"{shape} numbers from {short(low)} to {short(high)}"
    numbers = {row.name: row.value for row in _of(answer.rows, "fit")}
    yield loss, f"{short(numbers['loss_before'])} before, {short(numbers['loss_after'])} after"
    yield "rows", f"{numbers['rows']:,}"
    of_certificate = [row for row in _of(answer.rows, "certificate") if not row.name.startswith("bracket")]
    width = max(len(row.name) for row in of_certificate)
    for place, row in enumerate(of_certificate):
        yield "" if place else "certificate", f"{row.name:{width}}  {_number(row.value)}"


def _laid_out(columns: Sequence[Column], screen: Screen) -> list[RenderableType]:
    """The columns that fit, and a note on the others."""
    laid, hidden = laid_out(columns, screen)
    return [laid, *[Padding(table.not_shown(hidden), (0, 1, 1, 1))] * bool(hidden)]


def _by_group(rows: Sequence[FitRow]) -> list[Column]:
    """A line for each group: its parameters with their standard errors, its rows, and its loss before and after."""
    groups = list(dict.fromkeys(row.group for row in rows))
    found: dict[tuple[str, str, str], FitRow] = {(row.group, row.kind, row.name): row for row in rows}
    parameters = list(dict.fromkeys(row.name for row in _of(rows, "parameter")))

    def column(title: str, said: Callable[[FitRow], str], kind: str, name: str, spare: int = 0) -> Column:
        of_groups = (found.get((group, kind, name)) for group in groups)
        return Column(title, [Text("" if row is None else said(row)) for row in of_groups], spare=spare)

    columns = [Column("group", [Text(table.elided(printable(group), 20)) for group in groups], number=False)]
    for place, name in enumerate(parameters):
        spare = 3 * place
        columns.append(column(name, lambda row: short(row.value), "parameter", name, spare))
        columns.append(column(f"± {name}", lambda row: error(row.stderr), "parameter", name, spare + 3))
    return [
        *columns,
        column("rows", lambda row: f"{row.value:,}", "fit", "rows", 2),
        column("before", lambda row: short(row.value), "fit", "loss_before"),
        column("after", lambda row: short(row.value), "fit", "loss_after"),
    ]


def _measured(answer: Fits, heading: str) -> list[Column]:
    """The cross-fitted metrics of each method; a narrow screen has fewer intervals, that of the loss at last."""
    rows = _of(answer.rows, "cross-fit")
    found = {(row.method, row.name): row for row in rows}
    methods = list(dict.fromkeys(row.method for row in rows))
    level = interval_title(answer).removesuffix(" interval")
    columns = [Column(heading, [Text(method) for method in methods], number=False)]
    for place, name in enumerate(_METRICS):
        own = [found.get((method, name)) for method in methods]
        bounds = ["" if row is None else interval(row.ci_low, row.ci_high) for row in own]
        columns.append(Column(name, [Text("" if row is None else short(row.value)) for row in own]))
        columns.append(Column(f"{level} of {name}", [Text(text) for text in bounds], spare=1 + place))
    return columns


def _of(rows: Sequence[FitRow], kind: str) -> list[FitRow]:
    return [row for row in rows if row.kind == kind]


def _with_error(row: FitRow) -> str:
    return short(row.value) + (f" (standard error {error(row.stderr)})" if error(row.stderr) else "")


def _number(value: int | float) -> str:
    """A count as it is, another number to four digits; one that is as good as 0 is mostly rounding."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"< {_SMALL:g}" if 0 < abs(value) < _SMALL else short(value)
