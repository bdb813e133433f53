"""One column of a CSV file: labels, weights, the names of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli.errors import InputError
from lscli.io.memory import MemoryArray
from lscli.io.tables.columns import LABELS, listed, no_labels, only
from lscli.io.tables.delimited_rows import COMMA, Delimiter, is_number, names_of, number_of, rows_of, text_of
from lscli.text import nearest, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.io.array_request import ArrayRequest
    from lscli.io.files import RegularFile

_EMPTY = "save one value a line"


def open_column(file: RegularFile, request: ArrayRequest, delimiter: Delimiter = COMMA) -> MemoryArray:
    """The column of integers that is named (or counted, from 0), the one called `labels` or `label`, or the only one.

    A first line whose cell is not a number is the header. Rows are counted from 0 after it.

    Raises:
        InputError: several columns and none named, a row without the column, or no integer.
    """
    cells = _asked(file, request, delimiter)
    values = np.empty(len(cells), np.int64)
    for number, cell in enumerate(cells):
        try:
            if "_" in cell or not cell.isascii():  # an integer to Python, to nobody else
                raise ValueError(cell)
            values[number] = int(cell)
        except (ValueError, OverflowError) as error:
            raise InputError(
                f"row {number}: {printable(cell[:40])!r} is not an integer label",
                "labels are class numbers from 0 on",
                where=file.name,
            ) from error
    return MemoryArray(values, file.name)


def open_float_column(file: RegularFile, request: ArrayRequest, delimiter: Delimiter = COMMA) -> MemoryArray:
    """The same for a column of any numbers."""
    cells = _asked(file, request, delimiter)
    values = np.empty(len(cells), np.float64)
    for number, cell in enumerate(cells):
        value = number_of(cell)
        if value is None:
            what = f"row {number}: {printable(cell[:40])!r} is not a number"
            raise InputError(what, "one number a line", where=file.name)
        values[number] = value
    return MemoryArray(values, file.name)


def column_of(file: RegularFile, column: str, *, delimiter: Delimiter = COMMA) -> list[str]:
    """The cells of a column, of text too, below a header that has its name.

    Raises:
        InputError: no such column, or a row without it.
    """
    rows = rows_of(file.name, text_of(file), delimiter)
    return _cells(file, rows, only(file.name, names_of(_first(file, rows)), column))


def _asked(file: RegularFile, request: ArrayRequest, delimiter: Delimiter) -> list[str]:
    rows = rows_of(file.name, text_of(file), delimiter)
    written = _first(file, rows)
    first = names_of(written)
    place = _place(file.name, first, request)
    # What `#` stands before is a header, also where that is a number.
    cells = [first[place]] if first == written and is_number(first[place]) else []
    return cells + _cells(file, rows, place, len(cells))


def _first(file: RegularFile, rows: Iterator[list[str]]) -> list[str]:
    first = next(rows, None)
    if first is None:
        raise InputError("empty file", _EMPTY, where=file.name)
    return first or [""]


def _cells(file: RegularFile, rows: Iterator[list[str]], place: int, start: int = 0) -> list[str]:
    cells = []
    for number, row in enumerate(rows, start):
        if place >= len(row):
            raise InputError(f"row {number} has no column {place}", "every line needs a value", where=file.name)
        cells.append(row[place])
    file.check_unchanged()
    return cells


def _place(name: str, first: list[str], request: ArrayRequest) -> int:
    """Which column is asked for."""
    integers = request.wants == "integers"
    named = request.key if request.key is not None else request.column if integers or len(first) > 1 else None
    if named is not None:
        return counted(name, first, named)
    for usual in LABELS if integers else (request.role,):
        if usual in first:
            return only(name, first, usual)
    if integers and request.shared:
        raise no_labels(name, first)
    left_out = (*LABELS, request.labels) if request.role == "logits" else ()
    others = [place for place, cell in enumerate(first) if cell not in left_out]
    if len(others) == 1:
        return others[0]
    option = "--labels-column" if integers else request.option
    raise InputError(f"has {len(first)} columns", f"name one with {option}: {listed(first)}", where=name)


def counted(name: str, first: list[str], column: str) -> int:
    """The place of a column that is named in the first line, or counted from 0.

    Raises:
        InputError: there is none.
    """
    if column in first and not is_number(column):
        return only(name, first, column)
    if column.isascii() and column.isdigit() and len(column) < 9 and int(column) < len(first):
        return int(column)
    raise InputError(f"has no column {column!r}", nearest(column, first) or f"it has {listed(first)}", where=name)
