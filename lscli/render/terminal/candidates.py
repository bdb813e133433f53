"""The candidates of `lscli explain` for a terminal: a line, the formula, and the frameworks that use it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.render.terminal import table
from lscli.text import printable, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from lscli.listings import CandidateRow, Candidates
    from lscli.render.renderers import Screen

_KEY = (
    "H, U, P: mean hard loss, uniform loss and loss against the prior, of the N kept samples; h, u: losses of one "
    "sample; K: number of classes; M: number of samples with the ignored ones; q': smoothed targets; w: class weights"
)
# The name of a recipe has at least this width.
_NARROWEST = 20


def candidates(answer: Candidates, screen: Screen) -> Iterator[str]:
    """The candidates, their losses with as many decimals as the printed loss, and the conclusion."""
    decimals = _decimals(answer.value)
    cells = [_cells(row, decimals) for row in answer.rows]
    widths = [max(map(len, column)) for column in zip(answer.columns[:4], *cells, strict=True)]
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 1, 1))]
    parts.append(Text(f"  {_joined(answer.columns[:4], widths)}  {answer.columns[4]}", style="bold"))
    before = 2 + sum(widths) + 2 * len(widths)
    for line, row in zip(cells, answer.rows, strict=True):
        name = textwrap.fill(row.recipe, max(screen.width - before, _NARROWEST)).replace("\n", "\n" + " " * before)
        parts.append(Text(f"  {_joined(line, widths)}  {name}", style="bold"))
        parts.append(Padding(Text(f"{row.formula}\n", style="not bold").append(row.who, style="dim"), (0, 1, 0, 6)))
    if answer.rows:
        parts.append(Padding(Text(_KEY, style="dim"), (1, 1, 0, 1)))
    yield table.text_of([*parts, Padding(Text(printable(answer.conclusion)), (1, 1, 1, 1))], screen)


def _cells(row: CandidateRow, decimals: int) -> list[str]:
    difference = rounded(row.difference, 2, signed=True) if row.difference else "0"
    return [difference, f"{row.loss:.{decimals}f}", f"{row.eps:g}", row.smoothing]


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    *numbers, word = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join([*numbers, word.lstrip().ljust(widths[-1])])


def _decimals(text: str) -> int:
    """The number of decimals of a loss as it was printed: from 4 to 17, and 6 for one with an exponent."""
    mantissa, exponent, _ = text.lower().partition("e")
    return 6 if exponent else min(max(4, len(mantissa.partition(".")[2])), 17)
