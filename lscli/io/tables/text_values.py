"""One column of a text table: whole numbers, strings or numbers, one per row."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from lscli.errors import InputError
from lscli.io.memory import MemoryArray
from lscli.io.tables.columns import LABELS, Columns, place_of_single
from lscli.io.tables.text import COMMA, check_separated, counted, is_number, number_of
from lscli.io.tables.text_columns import TextTable
from lscli.io.texts import coded
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from lscli.io.array_request import ArrayRequest
    from lscli.io.files import RegularFile
    from lscli.io.tables.text import Delimiter

_ONE = "save one value per line"


def open_column(file: RegularFile, request: ArrayRequest, delimiter: Delimiter = COMMA) -> MemoryArray:
    """Read one column of integers (int64), or else strings, or of numbers (float64), as `request.wants` says.

    `place_of_single` chooses the column; the request may also give its position, from 0. A first line whose cell is not
    a number is the header; rows are counted after it. A string is no header if it is a name of a class or one of the
    labels below it, unless the request calls the column so.

    Raises:
        InputError: the choice is ambiguous, a row has another number of cells, or a cell is no such number.
    """
    table = TextTable(file, delimiter)
    first = table.names
    place = place_of_single(file.name, Columns(first), request, counted)
    label = table.first[place] if first == table.first else ""  # a line that starts with `#` is a header
    whole = is_number(label)

    def cells(*, first_line: bool) -> Iterator[str]:
        return (cell for (block,) in table.blocks([place], first_line=first_line) for cell in block)

    if request.wants != "integers":
        return MemoryArray(_numbers(cells(first_line=whole), file.name, delimiter), file.name)
    values = _integers(cells(first_line=whole))
    if values is not None:
        return MemoryArray(values, file.name)
    named = not label.strip() or label in {*LABELS, request.role, request.key, request.column}
    found = coded(cells(first_line=whole or (label in request.names and not named)), file.name)
    if found.words:
        check_separated(file.name, found.words[0], delimiter, _ONE)
    headless = not whole and not named and label in found.words and label not in request.names
    if headless:
        return coded(cells(first_line=True), file.name)
    found.header = "" if named or whole or label in request.names else label
    return found


def _integers(cells: Iterable[str]) -> NDArray[np.int64] | None:
    """The integers in cells; None if one of them is no integer."""
    values = array("q")
    for cell in cells:
        try:
            if "_" in cell or not cell.isascii():  # only Python reads this as an integer
                return None
            values.append(int(cell))
        except (ValueError, OverflowError):
            return None
    return np.frombuffer(values, np.int64) if values else np.empty(0, np.int64)


def _numbers(cells: Iterable[str], where: str, delimiter: Delimiter) -> NDArray[np.float64]:
    values = array("d")
    for number, cell in enumerate(cells):
        value = number_of(cell)
        if value is None:
            if not values:
                check_separated(where, cell, delimiter, _ONE)
            what = f"row {number}: {printable(cell[:40])!r} is not a number"
            raise InputError(what, _ONE, where=where)
        values.append(value)
    return np.frombuffer(values, np.float64) if values else np.empty(0)
