"""What numbers in text may be instead of logits: row numbers, labels, names, or cells that something else separates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.tables.columns import index_refused
from lscli.io.tables.delimited_rows import is_number
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.array_request import ArrayRequest
    from lscli.io.tables.delimited_rows import Delimiter

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}
# From so many rows on, whole numbers in one column alone are no chance, written as such or with a point.
_FEW, _MANY = 2, 16
_COUNTING = 3  # rows that count themselves


def check_header(where: str, names: Sequence[str]) -> None:
    """Refuse a first line that has numbers among its names, but for class numbers.

    Raises:
        InputError: it has.
    """
    numbers = [name for name in names if is_number(name) and not name.isdigit()]
    if numbers and not all(map(is_number, names)):
        raise InputError(
            f"its first line is neither names nor numbers alone: {printable(numbers[0][:40])!r} is among others",
            "each cell of a row has a number, each of a header a name",
            where=where,
        )


def check_separated(where: str, line: str, delimiter: Delimiter) -> None:
    """Refuse a line of one cell that is several, separated by something else.

    Raises:
        InputError: it is.
    """
    for character, called in _SEPARATORS.items():
        cells = line.split(character if character != " " else None)
        if len(cells) > 1 and character != delimiter.character and all(is_number(_point(cell)) for cell in cells):
            raise InputError(
                f"has one column: {called} separate its numbers, not {_SEPARATORS[delimiter.character]}",
                delimiter.again,
                where=where,
            )


def _point(cell: str) -> str:
    return cell.strip().replace(",", ".")


class Doubts:
    """What the values [N, K] of a matrix tell, gathered block by block.

    Args:
        where: the file, for errors.
        names: of the columns.
        request: what they are asked for.
        named: whether the names stand in the file.
    """

    def __init__(self, where: str, names: Sequence[str], request: ArrayRequest, *, named: bool) -> None:
        self._where = where
        self._names = names
        self._request = request
        self._named = named
        self._rows = 0
        self._first: NDArray[Any] = np.zeros(len(names))
        self._written = np.zeros(len(names), bool)
        self._whole, self._equal, self._from_0, self._from_1 = (np.ones(len(names), bool) for _ in range(4))
        self._whole_later = np.ones(len(names), bool)

    def add(self, cells: Sequence[str], values: NDArray[np.float64]) -> None:
        """A block of rows [n, K], and the cells of its first."""
        whole = values == np.rint(values)
        with np.errstate(invalid="ignore"):
            count = self._rows + np.arange(len(values))[:, np.newaxis]
            if self._rows == 0:
                self._first = values[0]
                self._written = np.array([cell.strip().lstrip("+-").isdigit() for cell in cells])
            self._equal &= (values == self._first).all(axis=0)
            self._from_0 &= (values == count).all(axis=0)
            self._from_1 &= (values == count + 1).all(axis=0)
        self._whole &= whole.all(axis=0)
        self._whole_later &= whole[self._rows == 0 :].all(axis=0)
        self._rows += len(values)

    def check(self) -> None:
        """Refuse what all rows together show to be no logits.

        Raises:
            InputError: they do.
        """
        if self._request.role != "logits" or len(self._names) < 2 or not self._rows:
            return
        self._check_first_row()
        if self._request.key is not None:
            return
        counting = np.flatnonzero(self._from_0 | self._from_1)
        if len(counting) and self._rows >= _COUNTING:
            raise index_refused(self._where, self._names[counting[0]])
        if (self._written & self._whole).all():
            raise InputError(
                "has whole numbers alone: integer logits are refused",
                "save the raw scores, not predictions; scores that happen to be whole have a point: 2.0",
                where=self._where,
            )
        enough = (self._written & (self._rows >= _FEW)) | (self._rows >= _MANY)
        odd = np.flatnonzero(self._whole & ~self._equal & enough)
        if len(odd) and not self._whole.all():
            name = self._names[odd[0]]
            raise InputError(
                f"column {name!r} has whole numbers alone, as labels have",
                f"if it holds the labels, say --labels-column {printable(name)}; if it is a class, say "
                f"{self._request.option} '*'",
                where=self._where,
            )

    def _check_first_row(self) -> None:
        """Refuse the column numbers that pandas writes above an array without names."""
        counts = self._written.all() and np.array_equal(self._first, np.arange(len(self._names)))
        if counts and not self._named and not self._whole_later.all():
            raise InputError(
                f"its first line is the numbers of the columns, 0 to {len(self._names) - 1}",
                "save it without them: to_csv(path, index=False, header=False), or np.savetxt",
                where=self._where,
            )
