"""Text tables (CSV, TSV): rows of cells, and single columns.

Reading is strict: a misplaced cell would silently become a wrong number.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from array import array
from typing import TYPE_CHECKING, NamedTuple, TextIO

import numpy as np

from lscli.errors import InputError
from lscli.io.memory import MemoryArray
from lscli.io.odd_labels import multi_label
from lscli.io.pickles import is_pickle, refused
from lscli.io.tables.columns import Columns, place_of, place_of_single
from lscli.text import listed, nearest, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from lscli.io.array_request import ArrayRequest
    from lscli.io.files import RegularFile

_LOOKED_AT = 64  # rows
# A column takes 100 to 400 bytes of memory, many times as much as its cell in a line of the file.
_MOST_COLUMNS = 1 << 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Delimiter(NamedTuple):
    """The character between two cells.

    Attributes:
        character: `,` or a tab.
        called: the name of the format, for errors.
        written: the character in Python source, for hints.
    """

    character: str
    called: str
    written: str

    @property
    def again(self) -> str:
        """A hint on how to save logits in this format."""
        return f'save them with np.savetxt(path, logits, delimiter="{self.written}")'


COMMA, TAB = Delimiter(",", "CSV", ","), Delimiter("\t", "TSV", r"\t")


def text_of(file: RegularFile) -> TextIO:
    """The text of a file; bytes that are not UTF-8 become lone surrogates, which no number contains.

    Raises:
        InputError: it is UTF-16, or a pickle.
        ReadWriteError: it cannot be read.
    """
    if is_pickle(file):
        raise refused(file.name)
    if file.read(2, 0) in _UTF16:
        raise InputError("UTF-16 text, not UTF-8", "save it as UTF-8", where=file.name)
    return io.TextIOWrapper(file.stream(), encoding="utf-8-sig", errors="surrogateescape", newline="")


def rows_of(where: str, lines: Iterable[str], delimiter: Delimiter) -> Iterator[list[str]]:
    """The cells of each row; [] for a blank line, except at the end of the file.

    Raises:
        InputError: quotes that break the rules of CSV.
    """
    blank = 0
    try:
        for row in _rows(_narrow(where, lines, delimiter), delimiter):
            if not row:
                blank += 1
                continue
            yield from itertools.repeat([], blank)
            blank = 0
            yield row
    except csv.Error as error:
        raise InputError(f"not a {delimiter.called} file: {error}", "save one row per line", where=where) from error


def names_of(first: list[str]) -> list[str]:
    """The cells of a first line, without the `#` that `np.savetxt` puts before a header."""
    return [first[0][1:].lstrip(), *first[1:]] if first and first[0].startswith("#") else first


def is_number(cell: str) -> bool:
    """Whether a cell reads as a number, so that it is not a column name."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def number_of(cell: str) -> float | None:
    """The number in a cell, or None; only Python accepts underscores and digits that are not ASCII."""
    return float(cell) if is_number(cell) and "_" not in cell and cell.isascii() else None


def open_column(file: RegularFile, request: ArrayRequest, delimiter: Delimiter = COMMA) -> MemoryArray:
    """Read one column of integers (int64) or of numbers (float64), as `request.wants` says.

    `place_of_single` chooses the column; the request may also give its position, from 0. A first line whose cell is not
    a number is the header; rows are counted after it.

    Raises:
        InputError: the choice is ambiguous, a row lacks the column, or a cell is no such number.
    """
    rows = rows_of(file.name, text_of(file), delimiter)
    written = _first(file, rows)
    first = names_of(written)
    try:
        place = place_of_single(file.name, Columns(first), request, counted)
    except InputError:
        if (request.wants, request.key, request.column) == ("integers", None, None):
            _check_indicators(file.name, first, rows)
        raise
    # A line that starts with `#` is a header even if its cell is a number.
    whole = [first[place]] if first == written and is_number(first[place]) else []
    cells = itertools.chain(whole, _cells(file, rows, place, len(whole)))
    convert = _integers if request.wants == "integers" else _numbers
    return MemoryArray(convert(cells, file.name), file.name)


def column_of(file: RegularFile, column: str) -> list[str]:
    """The cells of a column of any text in a CSV file, by the name in its header.

    Raises:
        InputError: there is no such column, or a row lacks it.
    """
    rows = rows_of(file.name, text_of(file), COMMA)
    return list(_cells(file, rows, place_of(file.name, Columns(names_of(_first(file, rows))), column)))


def counted(name: str, columns: Columns, column: str) -> int:
    """The position of a column that is given by its name in the first line, or by its position from 0.

    Raises:
        InputError: there is no such column.
    """
    names = columns.names
    if column in columns.first and not is_number(column):
        return place_of(name, columns, column)
    if column.isascii() and column.isdigit() and len(column) < 9 and int(column) < len(names):
        return int(column)
    raise InputError(f"has no column {column!r}", nearest(column, names) or f"it has {listed(names)}", where=name)


def _narrow(where: str, lines: Iterable[str], delimiter: Delimiter) -> Iterator[str]:
    """The same lines, each checked before it is cut into cells."""
    for line in lines:
        if len(line) >= _MOST_COLUMNS and (count := line.count(delimiter.character) + 1) > _MOST_COLUMNS:
            hint = "save so many classes as .npy: np.save(path, logits)"
            raise InputError(f"has {count} columns; at most {_MOST_COLUMNS} are read", hint, where=where)
        yield line


def _rows(lines: Iterator[str], delimiter: Delimiter) -> Iterator[list[str]]:
    for line in lines:
        if '"' in line:  # from here on, a row may span several lines
            yield from csv.reader(itertools.chain((line,), lines), delimiter=delimiter.character, strict=True)
            return
        line = line.rstrip("\r\n")
        yield line.split(delimiter.character) if line else []


def _first(file: RegularFile, rows: Iterator[list[str]]) -> list[str]:
    first = next(rows, None)
    if first is None:
        raise InputError("empty file", "save one value per line", where=file.name)
    return first or [""]


def _cells(file: RegularFile, rows: Iterator[list[str]], place: int, start: int = 0) -> Iterator[str]:
    for number, row in enumerate(rows, start):
        if place >= len(row):
            raise InputError(f"row {number} has no column {place}", "every line needs a value", where=file.name)
        yield row[place]
    file.check_unchanged()


def _check_indicators(where: str, first: list[str], rows: Iterator[list[str]]) -> None:
    """Raise InputError if the first rows of several columns hold only 0 and 1: none of the columns is the labels."""
    looked_at = [*([first] if all(map(is_number, first)) else []), *itertools.islice(rows, _LOOKED_AT)]
    values = [[number_of(cell) for cell in row] for row in looked_at]
    if len(first) < 3 or not values or any({*row} - {0.0, 1.0} or len(row) != len(first) for row in values):
        return
    sums = [int(sum(cell or 0 for cell in row)) for row in values]
    odd = next((row for row, total in enumerate(sums) if total != 1), None)
    if odd is not None:
        raise multi_label(odd, sums[odd], len(first), where)
    what, hint = (
        f"has {len(first)} columns of 0 and 1",
        "if its rows are one-hot, save the class numbers: labels.argmax(axis=1)",
    )
    raise InputError(what, hint, where=where)


def _integers(cells: Iterable[str], where: str) -> NDArray[np.int64]:
    values = array("q")
    for number, cell in enumerate(cells):
        try:
            if "_" in cell or not cell.isascii():  # only Python reads this as an integer
                raise ValueError(cell)
            values.append(int(cell))
        except (ValueError, OverflowError) as error:
            what = f"row {number}: {printable(cell[:40])!r} is not an integer label"
            raise InputError(what, _as_number(cell), where=where) from error
    return np.frombuffer(values, np.int64) if values else np.empty(0, np.int64)


def _as_number(cell: str) -> str:
    """A hint for a label that is not an integer."""
    value = number_of(cell)
    if value is not None and math.isfinite(value):
        whole = value == round(value)
        return "write class numbers without a decimal point" if whole else "a label is a class number, not a score"
    if cell.strip().lower() in ("true", "false"):
        return "write False and True as the classes 0 and 1"
    if cell.strip() and value is None:
        return "replace each name by its class number, the position of its column in the logits"
    return "every line needs a class number"


def _numbers(cells: Iterable[str], where: str) -> NDArray[np.float64]:
    values = array("d")
    for number, cell in enumerate(cells):
        value = number_of(cell)
        if value is None:
            what = f"row {number}: {printable(cell[:40])!r} is not a number"
            raise InputError(what, "one number per line", where=where)
        values.append(value)
    return np.frombuffer(values, np.float64) if values else np.empty(0)
