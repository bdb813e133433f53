"""Notice columns that hold labels, row numbers or other whole numbers among the columns of the classes.

An array [N, K] may hold more than logits: some tools save `[logits, label, dataset]`. One column too many is one class
too many and makes every result wrong, though no value is odd by itself. A column is suspect as long as all of its
values are whole. The first rows of real logits clear all columns, and then later rows cost nothing.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Whole numbers of at least this size prove nothing: the type has no halves between them.
_NO_HALVES = {"float16": 2.0**10, "bfloat16": 2.0**7, "float32": 2.0**23, "float64": 2.0**52}

# A small logit is a whole number by accident with a probability of 2^-4, a larger one with 1/2: logits were often
# computed in bfloat16 or float16, whatever type they are saved in, with few bits behind the point. From 128 or 1024 on
# they have none, so a whole number that fits into 8 or 11 bits proves nothing. That any column is whole by
# accident must be less likely than 2^-20; with logits that were rounded to one decimal this takes six rows.
_SMALL, _BITS, _ODDS, _ROWS = 16, 4, 20, 6
_ENOUGH = 64  # bits; with so many, the evidence is complete
_COARSE = ((2.0**7, 8), (2.0**10, 11))
# With fewer rows, a column may count the rows or equal the labels by accident.
_FEW = 3


class OddColumns(NamedTuple):
    """Columns that hold something other than logits, by number.

    Attributes:
        labels: columns that equal the labels plus a constant, with the constant.
        counting: columns that count the rows.
        whole: further columns that hold only whole numbers.
    """

    labels: dict[int, int]
    counting: list[int]
    whole: list[int]

    @property
    def all(self) -> list[int]:
        """All of these columns, in order."""
        return sorted([*self.labels, *self.counting, *self.whole])


class WholeColumns:
    """Tracks the columns of whole numbers; chunks come from any thread, in any order.

    Args:
        num_classes: K.
        dtype: the type of the values as they were read.
    """

    def __init__(self, num_classes: int, dtype: str) -> None:
        self._limit = _NO_HALVES[dtype]
        self._lock = threading.Lock()
        self._rows = 0
        self._labels = (num_classes, -1)  # the smallest and the largest one
        self._whole = np.ones(num_classes, np.bool_)
        self._bits = np.zeros(num_classes, np.int64)  # how unlikely it is that a column is whole by accident
        # Which columns are constant, or differ by a constant from the labels, or from the row numbers; and these
        # constants.
        self._constant = np.ones((3, num_classes), np.bool_)
        self._value = np.full((3, num_classes), np.nan)

    @property
    def open(self) -> bool:
        """Whether any column may still hold only whole numbers."""
        return bool(self._whole.any())

    def add(self, x: NDArray[Any], label: NDArray[np.int32], row: NDArray[np.intp]) -> None:
        """Look at rows [n, K] with their labels [n] and their numbers [n]."""
        # numpy first counts what is true, and then lists it: another thread must not change it in between.
        with self._lock:
            whole_so_far = self._whole.copy()
        suspects = np.flatnonzero(whole_so_far)
        part = x if len(suspects) == x.shape[1] else x[:, suspects]
        size = np.abs(part)
        whole = ((size < self._limit) & (part == np.rint(part))).all(axis=0)
        bits = np.zeros(len(suspects), np.int64)
        unproved = whole & (self._bits[suspects] < _ENOUGH)
        if unproved.any():
            bits[unproved] = _bits(size[:, unproved]).sum(axis=0)
        with self._lock:
            self._rows += len(x)
            self._labels = min(self._labels[0], int(label.min())), max(self._labels[1], int(label.max()))
            self._whole[suspects] &= whole
            self._bits[suspects] += bits
        references: tuple[NDArray[Any], ...] = (np.zeros(len(x)), label, row)
        for kind, reference in enumerate(references):
            places = np.flatnonzero(self._whole & self._constant[kind])
            if len(places):
                self._compare(kind, places, x[:, places] - reference[:, None])

    def _compare(self, kind: int, places: NDArray[np.intp], difference: NDArray[Any]) -> None:
        same, value = (difference == difference[0]).all(axis=0), difference[0]
        with self._lock:
            known = self._value[kind, places]
            self._value[kind, places] = np.where(np.isnan(known), value, known)
            self._constant[kind, places] &= same & (np.isnan(known) | (known == value))

    def found(self) -> OddColumns:
        """The columns that hold something other than logits; none if all columns hold whole numbers."""
        classes, (smallest, largest) = len(self._whole), self._labels
        if self._whole.all() or self._rows < _FEW:
            return OddColumns({}, [], [])
        constant, as_label, as_index = self._whole & self._constant
        as_label &= ~constant & (smallest < largest)
        as_index &= ~constant & ~as_label
        labels = {place: int(self._value[1, place]) for place in np.flatnonzero(as_label).tolist()}
        index = np.flatnonzero(as_index).tolist()
        proved = (self._rows >= _ROWS) & (self._bits >= _ODDS + math.log2(classes))
        others = np.flatnonzero(self._whole & ~constant & ~as_label & ~as_index & proved).tolist()
        left = classes - len(labels) - len(index) - len(others)
        # There are fewer such columns than classes, and without them each label still has its class.
        if len(others) >= left or left <= largest:
            left, others = left + len(others), []
        if labels or index or others:  # a constant column is odd, too, if no label names it
            unlabelled = [place for place in np.flatnonzero(constant).tolist() if place > largest]
            others = sorted([*others, *unlabelled]) if left - len(unlabelled) > largest else others
        else:  # constants after the column of the largest label; one of 0 may be the logit of a reference class
            last = [place for place in range(largest + 1, classes) if constant[place] and self._value[0, place] > 0]
            sure = self._rows >= _ROWS and smallest < largest
            others = last if sure and largest + 1 + len(last) == classes else []
        return OddColumns(labels, index, others)


def _bits(size: NDArray[Any]) -> NDArray[np.int64]:
    """How many bits of a logit of each size [n, K] must be 0 by accident for the logit to be whole."""
    bits = np.where(size < _SMALL, _BITS, 1)
    for least, digits in _COARSE:
        if (size >= least).any():
            mantissa = np.ldexp(np.frexp(size)[0], digits)
            bits[(size >= least) & (mantissa == np.rint(mantissa))] = 0
    return bits
