"""Logits of one column a class in text: a whole file's numbers are in memory, its text is not.

Each line is proved to have all its cells before numpy parses a block of them: it rounds as Python does, refuses what
is no number, and needs no import, where pandas fills and skips unless it is told not to.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry
from lscli.io.memory import MemoryArray
from lscli.io.tables.column_names import Column
from lscli.io.tables.columns import labels_among, matrix
from lscli.io.tables.csv_column import counted, open_column, open_float_column
from lscli.io.tables.delimited_checks import Doubts, check_header, check_separated
from lscli.io.tables.delimited_rows import Delimiter, is_number, names_of, number_of, rows_of, text_of
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile

_BLOCK = 4 << 20  # characters
_LONGEST = 64 << 20  # of a line
_CELLS = 1 << 18  # of a block of rows with quotes
_COUNTED, _TAIL = 8 << 20, 1 << 10


def open_array(file: RegularFile, request: ArrayRequest, delimiter: Delimiter) -> MemoryArray:
    """The columns that are asked for.

    Numbers that are float32 numbers, all of them, are read as such: so a file gives the figures of what it was saved
    from.

    Raises:
        InputError: there are none, or a cell that is no such number.
    """
    if request.wants == "integers":
        return open_column(file, request, delimiter)
    if request.wants == "numbers":
        return open_float_column(file, request, delimiter)
    with text_of(file) as text:
        head = _Head(file, text, request, delimiter)
        values = _Numbers(file, head, request, delimiter).all(text)
    file.check_unchanged()
    return MemoryArray(values, file.name)


def contents(file: RegularFile, delimiter: Delimiter) -> list[Entry]:
    """The columns of a file: the labels, and all others as one array."""
    with text_of(file) as text:
        first = next(rows_of(file.name, [text.readline(_LONGEST)], delimiter), None)
    if first is None:
        raise InputError("empty file", "save one row a line", where=file.name)
    names = names_of(first)
    header = names != first or not all(map(is_number, names))
    rows = max(0, _count_lines(file, delimiter) - header)
    if len(names) == 1:
        return [Entry("", (rows,), "text")]
    labels = [names[place] for place in sorted(labels_among([Column(name) for name in names], ArrayRequest("logits")))]
    matrix = Entry("", (rows, len(names) - len(labels)), "text")
    return [matrix, *(Entry(name, (rows,), "text") for name in labels)]


class _Head:
    """The first line: the names of the columns, or the first row; and which columns are asked for.

    Attributes:
        names: of all columns; their numbers where the first line is a row.
        places: of those that are asked for.
        row: the line, if it is a row.
    """

    def __init__(self, file: RegularFile, text: TextIO, request: ArrayRequest, delimiter: Delimiter) -> None:
        line = text.readline(_LONGEST)
        if len(line) == _LONGEST:
            raise InputError(f"not a {delimiter.called} file: it has no lines", delimiter.again, where=file.name)
        if "\0" in line:
            raise InputError(f"not a {delimiter.called} file: it has NUL bytes", delimiter.again, where=file.name)
        cells = next(rows_of(file.name, [line], delimiter), None)
        if cells is None:
            what = "its first line is empty" if line else "empty file"
            raise InputError(what, delimiter.again, where=file.name)
        names = names_of(cells)
        header = names != cells or not all(map(is_number, cells))
        self.row = [] if header else [line]
        self.names = names if header else [str(place) for place in range(len(cells))]
        if header:
            check_separated(file.name, line, delimiter)
            check_header(file.name, self.names)
        columns = [Column(name) for name in self.names]
        left_out = labels_among(columns, request)
        if request.labels is not None and request.labels not in self.names:
            left_out.add(counted(file.name, self.names, request.labels))
        self.places = matrix(file.name, columns, request, left_out)


class _Numbers:
    """The numbers of the chosen columns, block by block."""

    def __init__(self, file: RegularFile, head: _Head, request: ArrayRequest, delimiter: Delimiter) -> None:
        self._name = file.name
        self._head = head
        self._request = request
        self._delimiter = delimiter
        self._doubts = Doubts(file.name, [head.names[place] for place in head.places], request, named=not head.row)

    def all(self, text: TextIO) -> NDArray[Any]:
        """All rows, [N, K]: float32 if that has every number, else float64."""
        blocks: list[NDArray[Any]] = []
        element: type[np.floating[Any]] = np.float32
        for cells, values in self._blocks(text):
            self._doubts.add(cells, values)
            if element is np.float32 and not _is_float32(values):
                element = np.float64  # and so is the whole
            blocks.append(values.astype(element, copy=False))
        self._doubts.check()
        return np.concatenate(blocks) if blocks else np.empty((0, len(self._head.places)), element)

    def _blocks(self, text: TextIO) -> Iterator[tuple[list[str], NDArray[np.float64]]]:
        """The first row's cells of each block, and its values."""
        row = 0
        blank: list[str] = []
        lines = self._head.row + text.readlines(_BLOCK)
        while lines:
            lines, blank = [*blank, *lines], []
            while lines and not lines[-1].strip(" \r\n"):
                blank.append(lines.pop())
            if row == 0 and lines and len(self._head.names) == 1:
                check_separated(self._name, lines[0], self._delimiter)
            if any('"' in line for line in lines):  # a row may have several lines from here on
                yield from self._rest(itertools.chain(lines, blank, text), row)
                return
            if lines:
                yield self._chosen(lines[0].rstrip("\r\n").split(self._delimiter.character)), self._parsed(lines, row)
            row += len(lines)
            lines = text.readlines(_BLOCK)

    def _parsed(self, lines: list[str], first: int) -> NDArray[np.float64]:
        character, due = self._delimiter.character, len(self._head.names) - 1
        for row, line in enumerate(lines, first):
            if line.count(character) != due or (due == 0 and not line.strip()):
                raise self._length(row, line.rstrip("\r\n").split(character) if line.strip(" \r\n") else [])
        try:
            values = np.loadtxt(
                lines, np.float64, comments=None, delimiter=character, usecols=self._head.places, ndmin=2
            )
        except ValueError as error:
            rows = (line.rstrip("\r\n").split(character) for line in lines)
            self._floats(list(rows), first)
            raise InputError(f"not numbers alone: {error}", self._delimiter.again, where=self._name) from error
        for place in np.flatnonzero(np.isinf(values).any(axis=1)).tolist():
            self._floats([lines[place].rstrip("\r\n").split(character)], first + place)
        return values

    def _rest(self, lines: Iterator[str], first: int) -> Iterator[tuple[list[str], NDArray[np.float64]]]:
        """The same of rows that have quotes."""
        rows = rows_of(self._name, lines, self._delimiter)
        size = max(1, _CELLS // len(self._head.names))
        while block := list(itertools.islice(rows, size)):
            yield self._chosen(block[0]), self._floats(block, first)
            first += len(block)

    def _floats(self, rows: list[list[str]], first: int) -> NDArray[np.float64]:
        """The numbers of rows of cells, each proved, [n, K]."""
        values = np.empty((len(rows), len(self._head.places)))
        for number, row in enumerate(rows):
            if len(row) != len(self._head.names):
                raise self._length(first + number, row)
            for place, cell in enumerate(self._chosen(row)):
                value = number_of(cell)
                if value is None:
                    raise self._no_number(first + number, place, cell, "is not a number")
                values[number, place] = value
                if math.isinf(value) and "inf" not in cell.lower():
                    raise self._no_number(first + number, place, cell, "is beyond float64")
        return values

    def _chosen(self, row: list[str]) -> list[str]:
        return [row[place] for place in self._head.places if place < len(row)]

    def _length(self, row: int, cells: list[str]) -> InputError:
        due, found = len(self._head.names), len(cells)
        what = f"row {row} has {found} cells, the first line has {due}" if cells else f"row {row} is a blank line"
        hint = "a number with a comma in it is two cells" if found > due else self._delimiter.again
        return InputError(what, hint, where=self._name)

    def _no_number(self, row: int, place: int, cell: str, why: str) -> InputError:
        column = self._head.names[self._head.places[place]]
        what = f"row {row}, column {column!r}: {printable(cell[:40])!r} {why}"
        hint = f"name the columns of the {self._request.role} with {self._request.option}, for example 'logit_*'"
        return InputError(what, self._delimiter.again if self._head.row else hint, where=self._name)


def _is_float32(values: NDArray[np.float64]) -> bool:
    with np.errstate(over="ignore"):
        return np.array_equal(values.astype(np.float32), values, equal_nan=True)


def _count_lines(file: RegularFile, delimiter: Delimiter) -> int:
    """How many rows a file has, blank lines at its end left out."""
    lines, start, tail = 0, 0, b""
    while block := file.read(_COUNTED, start):
        # Rows may have several lines, and lines may end as those of old Macs do.
        if b'"' in block or block.count(b"\r") != block.count(b"\r\n"):
            with text_of(file) as text:
                rows = enumerate(rows_of(file.name, text, delimiter), 1)
                return max((number for number, row in rows if len(row) > 1 or "".join(row).strip(" ")), default=0)
        lines += block.count(b"\n")
        start += len(block)
        tail = (tail + block)[-_TAIL:]
    ends = tail[len(tail.rstrip(b" \r\n")) :].count(b"\n")
    return lines - ends + 1
