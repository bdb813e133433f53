"""CSV and TSV files: logits of one column per class, and single columns.

All numbers of a file are in memory, its text is not. Every line is checked to have all its cells before numpy parses a
block of lines: numpy rounds as Python does, refuses cells that are not numbers and needs no further import, whereas
pandas fills and skips cells unless told not to.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry
from lscli.io.memory import MemoryArray
from lscli.io.spool import is_float32
from lscli.io.tables.class_columns import labels_hint, naming_hint
from lscli.io.tables.columns import LABELS, Columns, index_refused, labels_among, matrix
from lscli.io.tables.text import (
    COMMA,
    TAB,
    Delimiter,
    check_separated,
    counted,
    is_number,
    names_of,
    number_of,
    open_column,
    rows_of,
    text_of,
)
from lscli.io.tables.text_columns import header, read_columns
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from numpy.typing import NDArray

    from lscli.io.cells import Cells
    from lscli.io.files import RegularFile

_BLOCK = 1 << 20  # characters
_LONGEST = 64 << 20  # characters of a line
_CELLS = 1 << 18  # of a block of rows with quotes
_COUNTED, _TAIL = 8 << 20, 1 << 10
# With at least this many rows, a column of whole numbers among others is unlikely to be a class: the first number holds
# if its first cell is written without a decimal point, the second if it is written with one.
_FEW, _MANY = 2, 16
_COUNTING = 3  # the least rows for which a column that counts the rows is taken for an index
_SAMPLE = 64  # rows that are looked at first to find columns of whole numbers


class Reader(NamedTuple):
    """The reader of files with this delimiter."""

    delimiter: Delimiter

    def open_array(self, file: RegularFile, request: ArrayRequest) -> MemoryArray:
        """Read a matrix [N, K] or a column [N].

        A matrix is float32 if each of its numbers is a float32 number, so that the results equal those of the array
        that was saved; otherwise float64.

        Raises:
            InputError: the columns are missing or ambiguous, or a cell is no number.
        """
        if request.wants != "matrix":
            return open_column(file, request, self.delimiter)
        with text_of(file) as text:
            matrix = _Matrix(file.name, text, request, self.delimiter)
            array = MemoryArray(matrix.values(), file.name)
        array.columns = matrix.columns
        file.check_unchanged()
        return array

    def read_columns(self, file: RegularFile, wanted: Sequence[tuple[str, Cells]]) -> None:
        """Hand over the cells of columns; errors are those of `text_columns.read_columns`."""
        read_columns(file, wanted, self.delimiter)

    def column_names(self, file: RegularFile) -> list[str]:
        """The names of all columns; their positions without a header."""
        return header(file, self.delimiter)

    def contents(self, file: RegularFile) -> list[Entry]:
        """List the columns: labels one by one, all others as one matrix."""
        with text_of(file) as text:
            first = next(rows_of(file.name, [text.readline(_LONGEST)], self.delimiter), None)
        if first is None:
            raise InputError("empty file", "save one row per line", where=file.name)
        names, is_header = _header(first)
        rows = max(0, _count_lines(file, self.delimiter) - is_header)
        if len(names) == 1:
            return [Entry(None, (rows,), "text")]
        labels = [name for name in names if name in LABELS]
        matrix = Entry(None, (rows, len(names) - len(labels)), "text")
        return [matrix, *(Entry(name, (rows,), "text") for name in labels)]


CSV, TSV = Reader(COMMA), Reader(TAB)


def _header(cells: list[str]) -> tuple[list[str], bool]:
    """The cells of the first line without a leading `#`, and whether they are names rather than numbers."""
    names = names_of(cells)
    return names, names != cells or not all(map(is_number, cells))


class _Matrix:
    """The numbers of the requested columns; they are read block by block, the first line at once."""

    def __init__(self, where: str, text: TextIO, request: ArrayRequest, delimiter: Delimiter) -> None:
        self._name = where
        self._text = text
        self._request = request
        self._delimiter = delimiter
        line = text.readline(_LONGEST)
        if len(line) == _LONGEST:
            raise InputError(f"not a {delimiter.called} file: it has no lines", delimiter.again, where=where)
        if "\0" in line:
            raise InputError(f"not a {delimiter.called} file: it has NUL bytes", delimiter.again, where=where)
        cells = next(rows_of(where, [line], delimiter), None)
        if cells is None:
            raise InputError("its first line is empty" if line else "empty file", delimiter.again, where=where)
        names, is_header = _header(cells)
        # The first line if it is a row of numbers; the columns are then called by their positions.
        self._row = [] if is_header else [line]
        self._names = names if is_header else [str(place) for place in range(len(cells))]
        if is_header:
            check_separated(where, line, delimiter)
            _check_header(where, names)
        columns = Columns(self._names, numbered=not is_header)
        left_out = labels_among(columns, request)
        if request.labels is not None and request.labels not in columns.first:
            left_out.add(counted(where, columns, request.labels))
        self._has_labels = bool(left_out)
        self._others = [name for place, name in enumerate(self._names) if place not in left_out]
        self._places = matrix(where, columns, request, left_out)

    @property
    def columns(self) -> list[str]:
        """The names of the requested columns; empty if the file has no header."""
        return [] if self._row else [self._names[place] for place in self._places]

    def values(self) -> NDArray[Any]:
        """All rows [N, K]: float32 if that represents every number, else float64."""
        blocks: list[NDArray[Any]] = []
        element: type[np.floating[Any]] = np.float32
        first: list[str] = []
        for cells, values in self._blocks():
            first = first or cells
            if element is np.float32 and not is_float32(values):
                element = np.float64  # and so is the whole matrix
            blocks.append(values.astype(element, copy=False))
        values = np.concatenate(blocks) if blocks else np.empty((0, len(self._places)), element)
        names = [self._names[place] for place in self._places]
        if self._request.role == "logits" and len(names) > 1 and len(values):
            named, has_labels = not self._row, self._has_labels
            _check_values(
                self._name, names, self._places, first, values, self._request, named=named, has_labels=has_labels
            )
        return values

    def _blocks(self) -> Iterator[tuple[list[str], NDArray[np.float64]]]:
        """Blocks of rows: the cells of the first row, and the values [n, K]."""
        row, blank = 0, False
        lines = self._row + self._text.readlines(_BLOCK)
        while lines:
            count = len(lines)
            while count and not lines[count - 1].strip(" \r\n"):
                count -= 1
            if blank and count:  # only the last lines may be blank
                raise self._length(row, [])
            blank = count < len(lines)
            if row == 0 and count and len(self._names) == 1:
                check_separated(self._name, lines[0], self._delimiter)
            if any('"' in line for line in lines):  # from here on, a row may span several lines
                yield from self._rest(itertools.chain(lines, self._text), row)
                return
            del lines[count:]
            if lines:
                yield self._chosen(lines[0].rstrip("\r\n").split(self._delimiter.character)), self._parsed(lines, row)
            row += len(lines)
            lines = self._text.readlines(_BLOCK)

    def _parsed(self, lines: list[str], first: int) -> NDArray[np.float64]:
        character, due = self._delimiter.character, len(self._names) - 1
        for row, line in enumerate(lines, first):
            if line.count(character) != due or (due == 0 and not line.strip()):
                raise self._length(row, line.rstrip("\r\n").split(character) if line.strip(" \r\n") else [])
        try:
            values = np.loadtxt(lines, comments=None, delimiter=character, usecols=self._places, ndmin=2)
        except ValueError as error:
            rows = (line.rstrip("\r\n").split(character) for line in lines)
            self._floats(list(rows), first)
            raise InputError(
                f"holds something other than numbers: {error}", self._delimiter.again, where=self._name
            ) from error
        for place in np.flatnonzero(np.isinf(values).any(axis=1)).tolist():
            self._floats([lines[place].rstrip("\r\n").split(character)], first + place)
        return values

    def _rest(self, lines: Iterator[str], first: int) -> Iterator[tuple[list[str], NDArray[np.float64]]]:
        """The same for rows with quotes."""
        rows = rows_of(self._name, lines, self._delimiter)
        size = max(1, _CELLS // len(self._names))
        while block := list(itertools.islice(rows, size)):
            yield self._chosen(block[0]), self._floats(block, first)
            first += len(block)

    def _floats(self, rows: list[list[str]], first: int) -> NDArray[np.float64]:
        """The numbers [n, K] of rows of cells, each of them checked."""
        values = np.empty((len(rows), len(self._places)))
        for number, row in enumerate(rows):
            if len(row) != len(self._names):
                raise self._length(first + number, row)
            for place, cell in enumerate(self._chosen(row)):
                value = number_of(cell)
                if value is None:
                    raise self._no_number(first, rows, number, self._places[place])
                values[number, place] = value
                if math.isinf(value) and "inf" not in cell.lower():
                    what = self._cell(first + number, self._places[place], cell)
                    hint = "the largest number of float64 is 1.8e308: look at the run that wrote it"
                    raise InputError(f"{what} is beyond float64", hint, where=self._name)
        return values

    def _chosen(self, row: list[str]) -> list[str]:
        return [row[place] for place in self._places if place < len(row)]

    def _length(self, row: int, cells: list[str]) -> InputError:
        due, found = len(self._names), len(cells)
        what = f"row {row} has {found} cells, the first line has {due}" if cells else f"row {row} is a blank line"
        commas = found > due and self._delimiter is COMMA
        hint = "a number with a comma in it is two cells" if commas else self._delimiter.again
        return InputError(what, hint, where=self._name)

    def _cell(self, row: int, place: int, cell: str) -> str:
        return f"row {row}, column {self._names[place]!r}: {printable(cell[:40])!r}"

    def _no_number(self, first: int, rows: list[list[str]], number: int, place: int) -> InputError:
        """The error for a cell that is no number; a column of numbers elsewhere may be a class that lacks a value."""
        cell = rows[number][place]
        numeric = {at for row in rows for at, own in enumerate(row[: len(self._names)]) if number_of(own) is not None}
        numbers = {self._names[at] for at in numeric - {place}}
        hint = naming_hint(self._others, [name for name in self._others if name in numbers], self._request)
        if is_number(cell):  # only Python reads it as one
            hint = self._delimiter.again
        elif first or place in numeric:
            hint = f"if this column is a class, leave such rows out, and out of the labels too; else {hint}"
        what = f"{self._cell(first + number, place, cell)} is not a number"
        return InputError(what, hint, where=self._name)


def _count_lines(file: RegularFile, delimiter: Delimiter) -> int:
    """The number of rows in a file without the blank lines at its end."""
    lines, start, tail = 0, 0, b""
    while block := file.read(_COUNTED, start):
        # With quotes a row may span several lines, and a lone CR ends a line, too.
        if b'"' in block or block.count(b"\r") != block.count(b"\r\n"):
            with text_of(file) as text:
                rows = enumerate(rows_of(file.name, text, delimiter), 1)
                return max((number for number, row in rows if len(row) > 1 or "".join(row).strip(" ")), default=0)
        lines += block.count(b"\n")
        start += len(block)
        tail = (tail + block)[-_TAIL:]
    ends = tail[len(tail.rstrip(b" \r\n")) :].count(b"\n")
    return lines - ends + 1


def _check_header(where: str, names: Sequence[str]) -> None:
    """Raise InputError if a header has numbers among its names; class numbers are names."""
    numbers = [name for name in names if is_number(name) and not name.isdigit()]
    if numbers and not all(map(is_number, names)):
        what = f"its first line has both names and numbers, such as {printable(numbers[0][:40])!r}"
        raise InputError(what, "a header has only names, any other row only numbers", where=where)


def _check_values(
    where: str,
    names: Sequence[str],
    places: Sequence[int],
    cells: Sequence[str],
    values: NDArray[Any],
    request: ArrayRequest,
    *,
    named: bool,
    has_labels: bool,
) -> None:
    """Raise InputError if a matrix holds something other than logits: column numbers, row numbers, labels, integers.

    Args:
        where: the file, for errors.
        names: the names of the columns, [K].
        places: their positions in the file, [K].
        cells: the first row as text, [K].
        values: all rows, [N, K].
        request: for the key, and for the option in hints.
        named: whether the file has a header.
        has_labels: whether the file has another column of labels.
    """
    rows = len(values)
    written = np.array([cell.strip().lstrip("+-").isdigit() for cell in cells])
    counts_columns = written.all() and np.array_equal(values[0], np.arange(len(names)))
    if counts_columns and not named and not _whole(values[1:]).all():  # what pandas writes above an array
        what = f"its first line holds the numbers of the columns, 0 to {len(names) - 1}"
        hint = "save it without them: to_csv(path, index=False, header=False), or np.savetxt"
        raise InputError(what, hint, where=where)
    if request.key is not None:
        return
    whole = _whole(values)
    for place in np.flatnonzero(whole).tolist() if rows >= _COUNTING else ():
        start = values[0, place]
        if start in (0, 1) and np.array_equal(values[:, place], np.arange(start, start + rows)):
            raise index_refused(where, names[place])
    if (written & whole).all():
        hint = "save the raw scores, not predictions; write scores that happen to be whole with a point: 2.0"
        raise InputError("has only whole numbers: integer logits are refused", hint, where=where)
    enough = (written & (rows >= _FEW)) | (rows >= _MANY)
    odd = [place for place in np.flatnonzero(whole & enough).tolist() if (values[:, place] != values[0, place]).any()]
    if odd and not whole.all():
        name = names[odd[0]]
        # A constant may be a class or not, and then no hint names the classes.
        constant = (whole & enough).sum() > len(odd)
        candidates = [] if constant else [name for place, name in enumerate(names) if place not in odd]
        hint = labels_hint(name, request, has_labels=has_labels, number=places[odd[0]])
        hint += naming_hint(names, candidates, request)
        raise InputError(f"column {name!r} has only whole numbers, as labels have", hint, where=where)


def _whole(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which columns of [N, K] hold only whole numbers, [K]; no temporary array has the size of the matrix."""
    sample = values[:_SAMPLE]
    whole: NDArray[np.bool_] = (sample == np.rint(sample)).all(axis=0)
    for place in np.flatnonzero(whole):
        column = values[:, place]
        whole[place] = (column == np.rint(column)).all()
    return whole
