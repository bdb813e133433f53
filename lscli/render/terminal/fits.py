"""Fitted maps for a terminal: their parameters, losses and certificates, or a table of all methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import error, interval, short
from lscli.render.terminal import table
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from lscli.recalibrators.fits import FitRow, Fits
    from lscli.render.renderers import Screen

_METRICS = ("loss_hard", "brier", "ece")
_SMALL = 1e-9
_WIDE = 104  # columns of a screen that has an interval of each of them


def fits(answer: Fits, screen: Screen) -> Iterator[str]:
    """One map line by line, a line for each group, or a line for each method; then the conclusion."""
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1))]
    if answer.method == "all":
        parts += [
            _measured(answer.rows, "method", screen),
            *_lines(f"{row.method} is not fitted: {row.name}" for row in _of(answer.rows, "refused")),
        ]
    elif answer.calibrator is not None and answer.calibrator.groups:
        parts.append(table.wrapped(("group", "parameters", "rows", "before", "after"), _by_group(answer.rows)))
    else:
        parts.append(table.wrapped(("method", answer.method), _of_map(answer)))
        if _of(answer.rows, "cross-fit"):
            parts.append(_measured(answer.rows, "cross-fitted", screen))
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


def _by_group(rows: Sequence[FitRow]) -> Iterator[tuple[str, ...]]:
    for group in dict.fromkeys(row.group for row in rows):
        own = [row for row in rows if row.group == group]
        parameters = ", ".join(f"{row.name} {_with_error(row)}" for row in _of(own, "parameter"))
        numbers = {row.name: row.value for row in _of(own, "fit")}
        losses = short(numbers["loss_before"]), short(numbers["loss_after"])
        yield printable(group), parameters, f"{numbers['rows']:,}", *losses


def _measured(rows: Sequence[FitRow], heading: str, screen: Screen) -> RenderableType:
    """The cross-fitted metrics of each method; a narrow screen has the interval of the loss only."""
    shown = _METRICS if screen.width >= _WIDE else _METRICS[:1]
    columns = [heading, *(word for name in _METRICS for word in ((name, "interval") if name in shown else (name,)))]
    found = []
    for method in dict.fromkeys(row.method for row in _of(rows, "cross-fit")):
        own = {row.name: row for row in _of(rows, "cross-fit") if row.method == method}
        cells = [word for name in _METRICS for word in _cells(own.get(name))[: 2 if name in shown else 1]]
        found.append((method, *cells))
    return table.wrapped(columns, found)


def _cells(row: FitRow | None) -> tuple[str, str]:
    return ("", "") if row is None else (short(row.value), interval(row.ci_low, row.ci_high))


def _of(rows: Sequence[FitRow], kind: str) -> list[FitRow]:
    return [row for row in rows if row.kind == kind]


def _with_error(row: FitRow) -> str:
    return short(row.value) + (f" (standard error {error(row.stderr)})" if error(row.stderr) else "")


def _number(value: int | float) -> str:
    """A count as it is, another number to four digits; one that is as good as 0 is mostly rounding."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"< {_SMALL:g}" if 0 < abs(value) < _SMALL else short(value)
