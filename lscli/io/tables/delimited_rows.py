"""Text as rows of cells, with commas or tabs between them; strict, for a cell astray is a wrong number."""

from __future__ import annotations

import csv
import io
import itertools
from typing import TYPE_CHECKING, NamedTuple, TextIO

from lscli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lscli.io.files import RegularFile

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Delimiter(NamedTuple):
    """What separates cells.

    Attributes:
        character: it.
        called: what errors call a file with it.
        written: how it is written in Python, for hints.
    """

    character: str
    called: str
    written: str

    @property
    def again(self) -> str:
        """How logits are saved with it, for hints."""
        return f'save them with np.savetxt(path, logits, delimiter="{self.written}")'


COMMA, TAB = Delimiter(",", "CSV", ","), Delimiter("\t", "TSV", r"\t")


def text_of(file: RegularFile) -> TextIO:
    """A file's text from its start; bytes that are no UTF-8 become lone surrogates, which no number has.

    Raises:
        InputError: it is UTF-16.
        ReadWriteError: it cannot be read.
    """
    if file.read(2, 0) in _UTF16:
        raise InputError("UTF-16 text, not UTF-8", "save it as UTF-8", where=file.name)
    return io.TextIOWrapper(file.stream(), encoding="utf-8-sig", errors="surrogateescape", newline="")


def rows_of(where: str, lines: Iterable[str], delimiter: Delimiter) -> Iterator[list[str]]:
    """The cells of each row, [] of a blank line; blank lines at the end are left out.

    Raises:
        InputError: quotes that are not as in a CSV file.
    """
    blank = 0
    try:
        for row in _rows(iter(lines), delimiter):
            if not row:
                blank += 1
                continue
            yield from itertools.repeat([], blank)
            blank = 0
            yield row
    except csv.Error as error:
        raise InputError(f"not a {delimiter.called} file: {error}", "save one row a line", where=where) from error


def names_of(first: list[str]) -> list[str]:
    """The cells of a first line without the `#` that `np.savetxt` puts before its header."""
    return [first[0][1:].lstrip(), *first[1:]] if first and first[0].startswith("#") else first


def is_number(cell: str) -> bool:
    """Whether a cell is meant as a number, and so is no name."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def number_of(cell: str) -> float | None:
    """The number that a cell is by the grammar that all tools share; None where it is none."""
    return float(cell) if is_number(cell) and "_" not in cell and cell.isascii() else None


def _rows(lines: Iterator[str], delimiter: Delimiter) -> Iterator[list[str]]:
    for line in lines:
        if '"' in line:  # a row may have several lines from here on
            yield from csv.reader(itertools.chain((line,), lines), delimiter=delimiter.character, strict=True)
            return
        line = line.rstrip("\r\n")
        yield line.split(delimiter.character) if line else []
