"""Several columns of a text table, read in one pass.

A block of lines is cut into all its cells at once, and numpy checks that each separator is where it should be, so that
a row costs no more than its cells. Blocks that are not so plain, such as those with quotes, are read row by row.
"""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

import numpy as np

from lscli.errors import InputError
from lscli.io.tables.columns import Columns
from lscli.io.tables.text import COMMA, counted, is_number, names_of, rows_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from lscli.io.files import RegularFile
    from lscli.io.tables.text import Delimiter

_BLOCK = 1 << 18  # characters
_CELLS = 1 << 18  # of a block that is read row by row
_LONGEST = 64 << 20  # characters of a line


class TextTable:
    """A text with one row per line, whose first line may be a row or name the columns.

    Attributes:
        first: the cells of the first line.
        names: the same as names of columns, without the `#` that `np.savetxt` puts before them.

    Raises:
        InputError: the file is empty, or is no text of such lines.
    """

    def __init__(self, file: RegularFile, delimiter: Delimiter) -> None:
        self._file = file
        self._delimiter = delimiter
        with text_of(file) as text:
            self.first = self._first_line(text)
            if self.first == [""] and not any(map(str.strip, text)):
                raise InputError("empty file", "save one row per line", where=file.name)
        self.names = names_of(self.first)

    def names_or_positions(self) -> list[str]:
        """The names of the columns; their positions if the first line has a number among its cells."""
        return [str(place) for place in range(len(self.names))] if any(map(is_number, self.names)) else self.names

    def chosen(self, names: Sequence[str]) -> Iterator[list[list[str]]]:
        """The blocks of columns that are given by their names or positions.

        The first line is a row if a column is given by its position and the cell there is a number, else a header.

        Raises:
            InputError: there is no such column, or as for `blocks`.
        """
        if self.first == [""]:
            raise InputError("its first line is empty", "save one row per line", where=self._file.name)
        places = [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 9]
        width = len(self.names)
        is_row = self.names == self.first and any(is_number(self.names[place]) for place in places if place < width)
        columns = Columns(self.names, numbered=is_row)
        return self.blocks([counted(self._file.name, columns, name) for name in names], first_line=is_row)

    def blocks(self, places: Sequence[int], *, first_line: bool) -> Iterator[list[list[str]]]:
        """The cells of the columns at these positions, block by block of rows; `first_line` says whether it is a row.

        Raises:
            InputError: a row has another number of cells than the first line, or the file changes.
        """
        if first_line:
            yield [[self.first[place]] for place in places]
        width = len(self.first)
        with text_of(self._file) as text:
            self._first_line(text)
            for cells in _blocks(self._file.name, text, width, int(first_line), self._delimiter):
                yield [cells[place::width] for place in places]
        self._file.check_unchanged()

    def _first_line(self, text: TextIO) -> list[str]:
        line, called, where = text.readline(_LONGEST), self._delimiter.called, self._file.name
        if len(line) == _LONGEST or "\0" in line:
            raise InputError(f"not a {called} file", "save one row per line", where=where)
        lines = itertools.chain([line], _rest_of_header(line, text))
        return next(rows_of(where, lines, self._delimiter), [""])


def _rest_of_header(line: str, text: TextIO) -> Iterator[str]:
    """The further lines of a header with line feeds in quotes."""
    return iter(text.readline, "") if line.count('"') % 2 else iter(())


def _blocks(where: str, text: TextIO, width: int, first: int, delimiter: Delimiter) -> Iterator[list[str]]:
    """The cells of a block of rows, one after another."""
    row, blank = first, False
    while block := text.read(_BLOCK) + text.readline(_LONGEST):
        if '"' in block:  # from here on, a row may span several lines
            yield from _row_by_row(where, itertools.chain(io.StringIO(block, newline=""), text), width, row, delimiter)
            return
        if "\r" in block:
            block = block.replace("\r\n", "\n").replace("\r", "\n")
        lines = block.rstrip("\n")
        if blank and lines:  # only the last lines may be blank
            raise _length(where, row, [], width, delimiter)
        blank = blank or len(block) - len(lines) > 1
        if not lines:
            continue
        if not _is_plain(lines, width, delimiter):
            for cells in _row_by_row(where, io.StringIO(lines), width, row, delimiter):
                yield cells
                row += len(cells) // width
        else:
            yield (cells := lines.replace("\n", delimiter.character).split(delimiter.character))
            row += len(cells) // width


def _is_plain(lines: str, width: int, delimiter: Delimiter) -> bool:
    """Whether each line has so many cells, and none is blank."""
    if width == 1 and "\n\n" in f"\n{lines}":
        return False
    characters = np.frombuffer(f"{lines}\n".encode("utf-8", "surrogatepass"), np.uint8)
    separator = ord(delimiter.character)
    ends = characters[(characters == separator) | (characters == ord("\n"))]
    if len(ends) % width:
        return False
    ends = ends.reshape(-1, width)
    return bool((ends[:, -1] == ord("\n")).all() and (ends[:, :-1] == separator).all())


def _row_by_row(where: str, lines: Iterator[str], width: int, first: int, delimiter: Delimiter) -> Iterator[list[str]]:
    """The same for rows with quotes, or with an error among them."""
    rows, size = rows_of(where, lines, delimiter), max(1, _CELLS // width)
    while block := list(itertools.islice(rows, size)):
        for row, cells in enumerate(block, first):
            if len(cells) != width:
                raise _length(where, row, cells, width, delimiter)
        yield [cell for cells in block for cell in cells]
        first += len(block)


def _length(where: str, row: int, cells: Sequence[str], width: int, delimiter: Delimiter) -> InputError:
    what = f"row {row} has {len(cells)} cells, the first line has {width}" if cells else f"row {row} is a blank line"
    hint = "save one row per line, with the same number of cells"
    if len(cells) > width and delimiter is COMMA:
        hint = "put text with a comma in quotes, as csv.writer and pandas do"
    return InputError(what, hint, where=where)
