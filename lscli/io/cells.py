"""Columns of one value per row: numbers, booleans, and labels of any kind, from text or from typed values.

A reader hands over the cells of a column block by block, so that only numbers are kept in memory. A cell
without a value is missing, not an error: whether that matters is for the caller to say.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.tables.text import number_of
from lscli.text import bounded, printable, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]
    # The text of the cells, values of Python (None is missing), or an array of numbers, booleans or strings.
    Block = list[Any] | NDArray[Any]

# A cell with one of these strings has no value as a number or a boolean; a label may be one of them.
_MISSING = frozenset({"", "nan", "na", "n/a", "none", "null"})
_TRUTHS = {"0": 0, "1": 1, "false": 0, "true": 1, "False": 0, "True": 1, "": -1}
_LABEL = (int, float, str, type(None))  # what a label may be
_LONGEST = 40  # characters of a cell in an error


class Cells:
    """Base class of columns that take their cells one block after another.

    Args:
        name: its name, for errors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._blocks: list[Array] = []

    def __len__(self) -> int:
        return sum(map(len, self._blocks))

    def add(self, cells: Block, where: str, first: int) -> None:
        """Take the next cells.

        Args:
            cells: [n].
            where: the file, for errors.
            first: the number in the file of the first of these rows.

        Raises:
            InputError: a cell is of another kind.
        """
        raise NotImplementedError

    def _place(self, row: int, cell: Any) -> str:
        return f"row {row}, column {shown(self._name)}: {printable(bounded(repr(cell), _LONGEST))}"


class Numbers(Cells):
    """Numbers as float64; nan where a cell has none."""

    def add(self, cells: Block, where: str, first: int) -> None:
        if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
            with np.errstate(invalid="ignore"):  # a signalling nan
                self._blocks.append(cells.astype(np.float64))
            return
        plain = _listed(cells)
        values = _plain_numbers(plain) if _is_text(plain) else None
        self._blocks.append(self._one_by_one(plain, where, first) if values is None else values)

    def values(self) -> NDArray[np.float64]:
        """All numbers, [N]."""
        return np.concatenate([np.empty(0), *self._blocks])

    def _one_by_one(self, cells: list[Any], where: str, first: int) -> Array:
        values = np.empty(len(cells))
        for place, cell in enumerate(cells):
            number = _number(cell)
            if number is None:
                percent = isinstance(cell, str) and number_of(cell.strip().removesuffix("%")) is not None
                hint = "write 87 % as 0.87" if percent else "give each row a number, or nothing if it has none"
                raise InputError(f"{self._place(first + place, cell)} is not a number", hint, where=where)
            values[place] = number
        return values


class Truths(Cells):
    """Booleans as int8: 1, 0, or -1 where a cell has none."""

    def add(self, cells: Block, where: str, first: int) -> None:
        if isinstance(cells, np.ndarray) and cells.dtype.kind in "bfiu" and ((cells == 0) | (cells == 1)).all():
            self._blocks.append(cells.astype(np.int8))
            return
        plain = _listed(cells)
        try:
            values: Array = np.fromiter(map(_TRUTHS.__getitem__, plain), np.int8, len(plain))
        except (KeyError, TypeError):
            values = self._one_by_one(plain, where, first)
        self._blocks.append(values)

    def values(self) -> NDArray[np.int8]:
        """All booleans, [N]."""
        return np.concatenate([np.empty(0, np.int8), *self._blocks])

    def _one_by_one(self, cells: list[Any], where: str, first: int) -> Array:
        values = np.empty(len(cells), np.int8)
        for place, cell in enumerate(cells):
            truth = _truth(cell)
            if truth is None:
                what = f"{self._place(first + place, cell)} is neither 0 nor 1, true nor false"
                hint = "write 1 or true for a right prediction, 0 or false for a wrong one"
                raise InputError(what, hint, where=where)
            values[place] = truth
        return values


class Vocabulary:
    """A number for each value of labels: equal numbers have one, however they are written, and so have equal strings.

    Attributes:
        values: the values by their numbers: an int, a float or a text.
        of_text: the number of each string, found once.
    """

    def __init__(self) -> None:
        self.values: list[int | float | str] = []
        self.of_text: dict[str, int] = _Texts(self)
        self._numbers: dict[int | float | str, int] = {}

    def code(self, value: bool | float | str | None) -> int:
        """The number of a value, -1 if it is missing."""
        if isinstance(value, str):
            return self.of_text[value]
        if value is None or value != value:
            return -1
        return self.number(int(value) if not isinstance(value, float) or value.is_integer() else value)

    def number(self, value: float | str) -> int:
        """The number of a value that is not missing."""
        if value not in self._numbers:
            self._numbers[value] = len(self.values)
            self.values.append(value)
        return self._numbers[value]


class _Texts(dict[str, int]):
    """The number of each string that was looked up: that of the number that it writes, or else its own."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def __missing__(self, cell: str) -> int:
        self[cell] = found = self._code(cell)
        return found

    def _code(self, cell: str) -> int:
        number = number_of(cell)
        if number is None or math.isinf(number):
            return self._vocabulary.number(cell) if cell.strip() else -1
        try:
            return self._vocabulary.number(int(cell))
        except ValueError:  # written with a point or an exponent, or nan
            return self._vocabulary.code(number)


class Values(Cells):
    """Labels of any kind as numbers of a vocabulary, int32; -1 where a cell has none."""

    def __init__(self, name: str, vocabulary: Vocabulary) -> None:
        super().__init__(name)
        self._vocabulary = vocabulary

    def add(self, cells: Block, where: str, first: int) -> None:
        code = self._vocabulary.code
        if isinstance(cells, np.ndarray) and cells.dtype.kind in "biufU":
            distinct, inverse = np.unique(cells, return_inverse=True)
            self._blocks.append(np.array([*map(code, distinct.tolist())], np.int32)[inverse.reshape(-1)])
            return
        plain = _listed(cells)
        find: Callable[[Any], int] = self._vocabulary.of_text.__getitem__
        if not _is_text(plain):
            odd = next((place for place, cell in enumerate(plain) if not isinstance(cell, _LABEL)), None)
            if odd is not None:
                what = f"{self._place(first + odd, plain[odd])} is not a label"
                raise InputError(what, "give whole numbers or text", where=where)
            find = code
        self._blocks.append(np.fromiter(map(find, plain), np.int32, len(plain)))

    def values(self) -> NDArray[np.int32]:
        """All numbers, [N]."""
        return np.concatenate([np.empty(0, np.int32), *self._blocks])


def _number(cell: Any) -> float | None:
    """The number of a cell, nan if it has none, or None if it is something else."""
    if isinstance(cell, str):
        return math.nan if cell.strip().lower() in _MISSING else number_of(cell)
    if cell is None:
        return math.nan
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def _truth(cell: Any) -> int | None:
    """The boolean of a cell, -1 if it has none, or None if it is something else."""
    if isinstance(cell, str) and cell.strip().lower() in ("true", "false"):
        return int(cell.strip().lower() == "true")
    number = int(cell) if isinstance(cell, bool) else _number(cell)
    if number is None:
        return None
    return -1 if number != number else int(number) if number in (0, 1) else None


def _plain_numbers(cells: list[str]) -> Array | None:
    """The numbers of cells that are all written plainly, else None."""
    text = "".join(cells)
    if not text.isascii() or "_" in text:  # only Python reads such numbers
        return None
    try:
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None


def _listed(cells: Block) -> list[Any]:
    return cells.tolist() if isinstance(cells, np.ndarray) else cells


def _is_text(cells: list[Any]) -> bool:
    """Whether all cells are text."""
    return set(map(type, cells)) <= {str}
