"""The candidates of `lscli explain` for a terminal: a line each, and below it how it is computed and by whom."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.text import Text

from lscli.render.terminal import table
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.listings import CandidateRow, Candidates
    from lscli.render.renderers import Screen

_KEY = (
    "H, U: mean hard and uniform loss of the N kept samples, h and u of one; P: that against the prior; K classes; "
    "M samples with those that are ignored; q': the smoothed targets; w: class weights"
)
# The recipe's name is no narrower than its words.
_NARROWEST = 20


def candidates(answer: Candidates, screen: Screen) -> Iterator[str]:
    """Each candidate with as many digits as the loss that it is to explain, then the conclusion."""
    decimals = _decimals(answer.value)
    cells = [_cells(row, decimals) for row in answer.rows]
    widths = [max(map(len, column)) for column in zip(answer.columns, *cells, strict=False)]
    parts: list[Any] = [Padding(table.titled(answer), (1, 0, 1, 1))]
    parts.append(Text(f"  {_joined(answer.columns[:4], widths)}  {answer.columns[4]}", style="bold cyan"))
    before = 2 + sum(widths) + 2 * len(widths)
    for line, row in zip(cells, answer.rows, strict=True):
        name = textwrap.fill(row.recipe, max(screen.width - before, _NARROWEST)).replace("\n", "\n" + " " * before)
        parts.append(Text(f"  {_joined(line, widths)}  {name}", style="bold"))
        parts.append(Padding(Text(f"{row.formula}\n", style="not bold").append(row.who, style="dim"), (0, 1, 0, 6)))
    if answer.rows:
        parts.append(Padding(Text(_KEY, style="dim"), (1, 1, 0, 1)))
    yield table.text_of([*parts, Padding(Text(printable(answer.conclusion)), (1, 1, 1, 1))], screen)


def _cells(row: CandidateRow, decimals: int) -> list[str]:
    difference = f"{row.difference:+.2g}" if row.difference else "0"
    return [difference, f"{row.loss:.{decimals}f}", f"{row.eps:g}", row.smoothing]


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    *numbers, word = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join([*numbers, word.lstrip().ljust(widths[-1])])


def _decimals(text: str) -> int:
    """As many as the value has, for the eye to compare; at least 4."""
    mantissa, exponent, _ = text.lower().partition("e")
    return 6 if exponent else min(max(4, len(mantissa.partition(".")[2])), 17)
