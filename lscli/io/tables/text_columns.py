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

    from lscli.io.cells import Cells
    from lscli.io.files import RegularFile
    from lscli.io.tables.text import Delimiter

_BLOCK = 1 << 18  # characters
_ROWS = 1 << 14  # of a block that is read row by row
_LONGEST = 64 << 20  # characters of a line


def read_columns(file: RegularFile, columns: Sequence[tuple[str, Cells]], delimiter: Delimiter) -> None:
    """Read columns by their names or positions; the cells are given to each column.

    The first line is a row if a column is named by its position and the cell there is a number, else a header.

    Raises:
        InputError: there is no such column, a row has another number of cells, or a cell is refused.
    """
    with text_of(file) as text:
        names, is_row = _first_line(file.name, text, [name for name, _ in columns], delimiter)
        table = Columns(names, numbered=is_row)
        chosen = [(counted(file.name, table, name), column) for name, column in columns]
        if is_row:
            for place, column in chosen:
                column.add([names[place]], file.name, 0)
        first = int(is_row)
        for cells, count in _blocks(file.name, text, len(names), first, delimiter):
            for place, column in chosen:
                column.add(cells[place :: len(names)], file.name, first)
            first += count
    file.check_unchanged()


def header(file: RegularFile, delimiter: Delimiter) -> list[str]:
    """The names of the columns; their positions if the first line has a number among its cells.

    Raises:
        InputError: the file is empty, or is no text of such lines.
    """
    with text_of(file) as text:
        names, _ = _first_line(file.name, text, [], delimiter)
    return [str(place) for place in range(len(names))] if any(map(is_number, names)) else names


def _first_line(where: str, text: TextIO, named: Sequence[str], delimiter: Delimiter) -> tuple[list[str], bool]:
    """The cells of the first line, and whether they are a row."""
    line = text.readline(_LONGEST)
    if len(line) == _LONGEST or "\0" in line:
        raise InputError(f"not a {delimiter.called} file", "save one row per line", where=where)
    written = next(rows_of(where, itertools.chain([line], _rest_of_header(line, text)), delimiter), None)
    if not written:
        raise InputError("its first line is empty" if line else "empty file", "save one row per line", where=where)
    names = names_of(written)
    places = [int(name) for name in named if name.isascii() and name.isdigit() and len(name) < 9]
    is_row = names == written and any(is_number(names[place]) for place in places if place < len(names))
    return names, is_row


def _rest_of_header(line: str, text: TextIO) -> Iterator[str]:
    """The further lines of a header with line feeds in quotes."""
    return iter(text.readline, "") if line.count('"') % 2 else iter(())


def _blocks(where: str, text: TextIO, width: int, first: int, delimiter: Delimiter) -> Iterator[tuple[list[str], int]]:
    """The cells of a block of rows, one after another, and the number of these rows."""
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
            count = 0
            for cells, some in _row_by_row(where, io.StringIO(lines), width, row, delimiter):
                yield cells, some
                count += some
        else:
            cells = lines.replace("\n", delimiter.character).split(delimiter.character)
            count = len(cells) // width
            yield cells, count
        row += count


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


def _row_by_row(
    where: str, lines: Iterator[str], width: int, first: int, delimiter: Delimiter
) -> Iterator[tuple[list[str], int]]:
    """The same for rows with quotes, or with an error among them."""
    rows = rows_of(where, lines, delimiter)
    while block := list(itertools.islice(rows, _ROWS)):
        for row, cells in enumerate(block, first):
            if len(cells) != width:
                raise _length(where, row, cells, width, delimiter)
        yield [cell for cells in block for cell in cells], len(block)
        first += len(block)


def _length(where: str, row: int, cells: Sequence[str], width: int, delimiter: Delimiter) -> InputError:
    what = f"row {row} has {len(cells)} cells, the first line has {width}" if cells else f"row {row} is a blank line"
    hint = "save one row per line, with the same number of cells"
    if len(cells) > width and delimiter is COMMA:
        hint = "put text with a comma in quotes, as csv.writer and pandas do"
    return InputError(what, hint, where=where)
