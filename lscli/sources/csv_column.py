"""One column of a CSV file: labels, weights, the names of groups."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from lscli.errors import InputError
from lscli.sources.memory import MemoryArray
from lscli.text import nearest, printable

if TYPE_CHECKING:
    from lscli.sources.files import RegularFile


def open_column(file: RegularFile, column: str | None, option: str) -> MemoryArray:
    """The column of integers that `column` names (or counts, from 0), or the only one.

    A first line whose cell is not a number is the header. Rows are counted from 0 after it.

    Raises:
        InputError: several columns and none named, a row without the column, or no integer.
    """
    cells = column_of(file, column, option)
    values = np.empty(len(cells), np.int64)
    for number, cell in enumerate(cells):
        try:
            if "_" in cell:  # an integer to Python, to nobody else
                raise ValueError(cell)
            values[number] = int(cell)
        except (ValueError, OverflowError) as error:
            raise InputError(
                f"row {number}: {printable(cell[:40])!r} is not an integer label",
                "labels are class numbers from 0 on",
                where=file.name,
            ) from error
    return MemoryArray(values, file.name)


def open_float_column(file: RegularFile, column: str | None, option: str) -> MemoryArray:
    """The same for a column of any numbers."""
    cells = column_of(file, column, option)
    values = np.empty(len(cells), np.float64)
    for number, cell in enumerate(cells):
        try:
            values[number] = float(cell)
        except ValueError as error:
            what = f"row {number}: {printable(cell[:40])!r} is not a number"
            raise InputError(what, "one number a line", where=file.name) from error
    return MemoryArray(values, file.name)


def column_of(file: RegularFile, column: str | None, option: str, *, header: bool | None = None) -> list[str]:
    """The cells of a column; whether the first line is a header is seen from its cell unless it is said.

    Raises:
        InputError: several columns and none named, no such column, or a row without it.
    """
    rows = _rows(file)
    index, has_header = _locate(file.name, rows[0], column, option)
    if header and column is not None and column not in rows[0]:
        names = ", ".join(map(printable, rows[0][:12]))
        raise InputError(f"has no column {column!r}", nearest(column, rows[0]) or f"it has {names}", where=file.name)
    cells = []
    for number, row in enumerate(rows[(has_header if header is None else header) :]):
        if index >= len(row):
            raise InputError(f"row {number} has no column {index}", "every line needs a value", where=file.name)
        cells.append(row[index])
    return cells


def has_columns(file: RegularFile) -> int:
    """How many columns the first line has."""
    return len(_rows(file)[0])


def _rows(file: RegularFile) -> list[list[str]]:
    data = file.read(file.size, 0)
    file.check_unchanged()
    text = io.StringIO(data.decode("utf-8-sig", errors="surrogateescape"), newline="")
    try:
        rows = list(csv.reader(text, strict=True))
    except csv.Error as error:
        raise InputError(f"not a CSV file: {error}", "save one value a line", where=file.name) from error
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise InputError("empty file", "save one value a line", where=file.name)
    return rows


def _locate(name: str, first: list[str], column: str | None, option: str) -> tuple[int, bool]:
    if column is None:
        if len(first) > 1:
            names = ", ".join(map(printable, first[:12]))
            raise InputError(f"has {len(first)} columns", f"name one with {option}: {names}", where=name)
        return 0, not _is_number(first[0] if first else "")
    if column in first and not _is_number(column):
        return first.index(column), True
    if column.isascii() and column.isdigit() and len(column) < 9 and int(column) < len(first):
        return int(column), not _is_number(first[int(column)])
    names = ", ".join(map(printable, first[:12]))
    raise InputError(f"has no column {column!r}", nearest(column, first) or f"it has {names}", where=name)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
