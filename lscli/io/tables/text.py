"""Text tables (CSV, TSV): rows of cells, and single columns.

Reading is strict: a misplaced cell would silently become a wrong number.
"""

from __future__ import annotations

import csv
import io
import itertools
from array import array
from typing import TYPE_CHECKING, NamedTuple, TextIO

import numpy as np

from lscli.errors import InputError
from lscli.io.memory import MemoryArray
from lscli.io.pickles import is_pickle, refused
from lscli.io.tables.columns import LABELS, Columns, place_of, place_of_single
from lscli.io.texts import Texts, coded
from lscli.text import listed, nearest, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from lscli.io.array_request import ArrayRequest
    from lscli.io.files import RegularFile

# A column takes 100 to 400 bytes of memory, many times as much as its cell in a line of the file.
_MOST_COLUMNS = 1 << 20
_LONGEST = 64 << 20  # characters of a first line
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}
_ONE = "save one value per line"
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
        raise refused(file.name, "save it as text")
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
        hint = "close every quote, and write a quote inside of a cell twice"
        raise InputError(f"not a {delimiter.called} file: {error}", hint, where=where) from error


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


def check_separated(where: str, line: str, delimiter: Delimiter, again: str = "") -> None:
    """Raise InputError if another character separates the numbers of a line, which is therefore one cell.

    Args:
        where: the file, for errors.
        line: a line of numbers.
        delimiter: what should separate them.
        again: a hint on how to save the file again; empty for logits.
    """
    for character, called in _SEPARATORS.items():
        cells = line.split(character if character != " " else None)
        numbers = all(is_number(cell.strip().replace(",", ".")) for cell in cells)
        if len(cells) > 1 and character != delimiter.character and numbers:
            what = f"has one column: {called} separate its numbers, not {_SEPARATORS[delimiter.character]}"
            own = next((each for each in (COMMA, TAB) if each.character == character), None)
            hint = (
                again or f'{delimiter.again}, or a data frame with to_csv(path, sep="{delimiter.written}", index=False)'
            )
            if own is not None:
                hint = f"if it is a {own.called} file, give it the suffix .{own.called.lower()}"
            raise InputError(what, hint, where=where)


def open_column(file: RegularFile, request: ArrayRequest, delimiter: Delimiter = COMMA) -> MemoryArray:
    """Read one column of integers (int64), or else strings, or of numbers (float64), as `request.wants` says.

    `place_of_single` chooses the column; the request may also give its position, from 0. A first line whose cell is not
    a number is the header; rows are counted after it. A string is no header if it is a name of a class or one of the
    labels below it, unless the request calls the column so.

    Raises:
        InputError: the choice is ambiguous, a row lacks the column, or a cell is no such number.
    """
    rows = rows_of(file.name, text_of(file), delimiter)
    written = _first(file, rows)
    first = names_of(written)
    place = place_of_single(file.name, Columns(first), request, counted)
    # A line that starts with `#` is a header even if its cell is a number.
    whole = [first[place]] if first == written and is_number(first[place]) else []
    cells = itertools.chain(whole, _cells(file, rows, place, len(whole)))
    if request.wants != "integers":
        return MemoryArray(_numbers(cells, file.name, delimiter), file.name)
    values = _integers(cells)
    if values is not None:
        return MemoryArray(values, file.name)

    def texts(start: int) -> Texts:
        lines = rows_of(file.name, text_of(file), delimiter)
        return coded(_cells(file, itertools.islice(lines, start, None), place), file.name)

    label = first[place] if first == written else ""
    named = not label.strip() or label in {*LABELS, request.role, request.key, request.column}
    found = texts(0 if whole or (label in request.names and not named) else 1)
    if found.words:
        check_separated(file.name, found.words[0], delimiter, _ONE)
    headless = not whole and not named and label in found.words and label not in request.names
    if headless:
        return texts(0)
    found.header = "" if named or whole or label in request.names else label
    return found


def first_row(file: RegularFile, delimiter: Delimiter) -> list[str]:
    """The cells of the first line, which are the names of the columns if it is a header.

    Raises:
        InputError: the file is empty, or no text.
    """
    with text_of(file) as text:
        return names_of(_first(file, rows_of(file.name, [text.readline(_LONGEST)], delimiter)))


def cells_of(file: RegularFile, place: int, delimiter: Delimiter, *, header: bool) -> Iterator[str]:
    """The cells of a column of any text, one by one; `header` is whether the first line is left out.

    Raises:
        InputError: a row lacks the column.
    """
    rows = rows_of(file.name, text_of(file), delimiter)
    if header:
        next(rows, None)
    return _cells(file, rows, place)


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
        raise InputError("empty file", _ONE, where=file.name)
    return first or [""]


def _cells(file: RegularFile, rows: Iterator[list[str]], place: int, start: int = 0) -> Iterator[str]:
    for number, row in enumerate(rows, start):
        if place >= len(row):
            raise InputError(f"row {number} has no column {place}", "every line needs a value", where=file.name)
        yield row[place]
    file.check_unchanged()


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
