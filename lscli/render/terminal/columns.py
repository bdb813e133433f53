"""Columns of a short table, some of which a narrow screen leaves out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from lscli.render.numbers import short
from lscli.render.terminal import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import JustifyMethod, RenderableType
    from rich.text import Text

    from lscli.render.renderers import Screen


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: its heading.
        cells: its texts.
        number: whether it is aligned on the right.
        spare: a narrow screen leaves out the columns with the highest numbers first, and never those with 0.
    """

    title: str
    cells: Sequence[Text]
    number: bool = True
    spare: int = 0

    @property
    def width(self) -> int:
        """The columns of the terminal that it takes, with the space before it."""
        return max(cell_len(self.title), *(cell.cell_len for cell in self.cells)) + 2

    @property
    def empty(self) -> bool:
        """Whether it says nothing."""
        return not any(cell.plain for cell in self.cells)


def laid_out(columns: Sequence[Column], screen: Screen) -> tuple[RenderableType, list[str]]:
    """A table of the columns that say something and fit, and the titles of those that do not fit."""
    there = {str(place): column for place, column in enumerate(columns) if not column.empty}
    goes = sorted((key for key, column in there.items() if column.spare), key=lambda key: -there[key].spare)
    shown = table.fitting({key: column.width for key, column in there.items()}, screen.width - 2, goes)
    laid = table.empty_table()
    for key in shown:
        column = there[key]
        # Where even these columns do not fit, rich breaks texts, and no number.
        justify: JustifyMethod = "right" if column.number else "left"
        laid.add_column(column.title, justify=justify, header_style="bold", no_wrap=column.number, overflow="fold")
    for place in range(len(columns[0].cells)):
        laid.add_row(*(there[key].cells[place] for key in shown))
    return laid, [column.title for key, column in there.items() if key not in shown]


def difference(number: float) -> str:
    """A difference with its sign, to four significant digits."""
    if math.isnan(number):
        return ""
    return f"+{short(number)}" if number > 0 else short(number)
