"""One integer column of a CSV file."""

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
    """The column of a CSV file that `column` names (or counts, from 0), or its only one.

    A first line whose cell is not a number is the header. Rows are counted from 0 after it.

    Raises:
        InputError: several columns and none named, a row without the column, or no integer.
    """
    rows = _rows(file)
    index, has_header = _locate(file.name, rows[0], column, option)
    values = np.empty(len(rows) - has_header, np.int64)
    for number, row in enumerate(rows[has_header:]):
        if index >= len(row):
            raise InputError(f"row {number} has no column {index}", "every line needs a label", where=file.name)
        try:
            if "_" in row[index]:  # an integer to Python, to nobody else
                raise ValueError(row[index])
            values[number] = int(row[index])
        except (ValueError, OverflowError) as error:
            raise InputError(
                f"row {number}: {printable(row[index][:40])!r} is not an integer label",
                "labels are class numbers from 0 on",
                where=file.name,
            ) from error
    return MemoryArray(values, file.name)


def _rows(file: RegularFile) -> list[list[str]]:
    data = file.read(file.size, 0)
    file.check_unchanged()
    text = io.StringIO(data.decode("utf-8-sig", errors="surrogateescape"), newline="")
    try:
        rows = list(csv.reader(text, strict=True))
    except csv.Error as error:
        raise InputError(f"not a CSV file: {error}", "save one label a line", where=file.name) from error
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise InputError("empty file", "save one label a line", where=file.name)
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
