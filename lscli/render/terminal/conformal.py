"""Conformal sets for a terminal: a line for each quantile and for the test samples, then the conclusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.decisions.threshold import threshold_text
from lscli.render.numbers import interval, short
from lscli.render.terminal import table
from lscli.render.terminal.columns import Column, laid_out
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from lscli.decisions.conformal import Conformal, ConformalRow
    from lscli.render.renderers import Screen


# Four digits of a quantile from here on would be those of 1.
_NEAR_1 = 0.9995
# The most columns of the terminal that the name of a group takes.
_LONGEST = 20


def conformal(answer: Conformal, screen: Screen) -> Iterator[str]:
    """The rows without the columns that are empty in all of them, or that a narrow screen has no room for."""
    calibration = len(answer.rows) if answer.tested is None else answer.rows.index(answer.tested)
    columns = [each for each in _columns(answer.rows, calibration) if any(text.plain for text in each.cells)]
    laid, hidden = laid_out(columns, screen)
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1)), laid]
    if hidden:
        parts.append(Padding(table.not_shown(hidden), (0, 1, 1, 1)))
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _columns(rows: Sequence[ConformalRow], calibration: int) -> list[Column]:
    """The columns of the rows, of which the first are those of calibration."""

    def column(name: str, texts: Sequence[str], spare: int = 0, *, number: bool = True) -> Column:
        return Column(name, [Text(text) for text in texts], number, spare)

    samples = ["calibration" if at < calibration else "test" for at in range(len(rows))]
    return [
        column("samples", samples, number=False),
        column("group", [table.elided(printable(row.group), _LONGEST) for row in rows], number=False),
        column("class", ["" if row.number is None else str(row.number) for row in rows]),
        column("n", [f"{row.n:,}" for row in rows], spare=3),
        column("quantile", [_quantile(row.quantile) for row in rows], spare=4),
        column("coverage", [short(row.coverage) for row in rows]),
        column("interval", [interval(row.coverage_low, row.coverage_high) for row in rows], spare=2),
        column("mean size", [short(row.mean_size) for row in rows]),
        column("empty", [short(row.empty) for row in rows], spare=1),
    ]


def _quantile(number: float) -> str:
    return threshold_text(number) if _NEAR_1 <= number < 1 else short(number)
