"""Conformal sets for a terminal: a line for each quantile and for the test samples, then the conclusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding

from lscli.decisions.threshold import threshold_text
from lscli.render.numbers import interval, short
from lscli.render.terminal import table
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.decisions.conformal import Conformal, ConformalRow
    from lscli.render.renderers import Screen

_COLUMNS = ("samples", "group", "class", "n", "quantile", "coverage", "interval", "mean size", "empty")

# Four digits of a quantile from here on would be those of 1.
_NEAR_1 = 0.9995


def conformal(answer: Conformal, screen: Screen) -> Iterator[str]:
    """The rows without the columns that are empty in all of them."""
    calibration = len(answer.rows) if answer.tested is None else answer.rows.index(answer.tested)
    rows = [_cells(row, "calibration" if at < calibration else "test") for at, row in enumerate(answer.rows)]
    there = [at for at in range(len(_COLUMNS)) if any(row[at] for row in rows)]
    shown = table.wrapped([_COLUMNS[at] for at in there], ([row[at] for at in there] for row in rows))
    parts = [Padding(table.titled(answer, screen), (1, 0, 0, 1)), shown, *table.conclusion(answer)]
    yield table.text_of(parts, screen)


def _cells(row: ConformalRow, samples: str) -> tuple[str, ...]:
    return (
        samples,
        printable(row.group),
        "" if row.number is None else str(row.number),
        f"{row.n:,}",
        threshold_text(row.quantile) if _NEAR_1 <= row.quantile < 1 else short(row.quantile),
        short(row.coverage),
        interval(row.coverage_low, row.coverage_high),
        short(row.mean_size),
        short(row.empty),
    )
