"""Labels of shape [N]: class numbers from 0 to K-1, or the ignore index."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.memory import read_all

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray


class Labels:
    """The labels of all samples, in memory.

    Args:
        array: [N]; read at once, then closed.
        rows: N of the logits, for hints; None without logits.

    Attributes:
        name: the path as typed, or the argument's name.
        shards: the files that a pattern named, in order; empty for a single file.
        values: [N] integers of any type, unchecked.

    Raises:
        InputError: the array is not one-dimensional, or not of integers.
    """

    def __init__(self, array: StoredArray, rows: int | None = None) -> None:
        self.name = array.name
        self.shape = array.shape
        self.shards = array.shards
        self._array = array
        self.values = self._integers(array, rows)
        self.dtype = self.values.dtype.name
        self.size = self.values.nbytes

    def checked(self, num_classes: int, ignore_index: int) -> tuple[NDArray[np.int32], int]:
        """The labels [N] with -1 for every ignored one, and the number of ignored ones.

        Raises:
            InputError: a label is outside [0, K), or all labels are ignored.
        """
        values = self.values
        ignored = values == ignore_index
        outside = ((values < 0) | (values >= num_classes)) & ~ignored
        if outside.any():
            row = int(outside.argmax())
            name, own_row = self._array.located(row)
            what = f"label out of range at row {own_row} (value {values[row]}, {num_classes} classes)"
            hint = "labels count from 0; --ignore-index leaves out the samples with one value"
            raise InputError(what, hint, where=name)
        count = int(np.count_nonzero(ignored))
        if count == len(values):
            what = f"all {count} samples are ignored (label {ignore_index})"
            raise InputError(what, "check --ignore-index", where=self.name)
        result = values.astype(np.int32)
        if count:
            result[ignored] = -1
        return result, count

    def _integers(self, array: StoredArray, rows: int | None) -> NDArray[Any]:
        if len(self.shape) != 1:
            hint = "save the class numbers: labels.argmax(axis=1); for distributions say --soft-labels"
            if (len(self.shape) == 2 and 1 in self.shape) or math.prod(self.shape) == rows:
                hint = "save them flat: labels.ravel()"
            raise InputError(f"need labels of shape (N,), got {self.shape}", hint, where=self.name)
        if array.element.lstrip("u").rstrip("0123456789") != "int":
            what = f"not integer labels ({array.element})"
            raise InputError(what, "save the class numbers as int64", where=self.name)
        if self.shape[0] == 0:
            raise InputError("no rows", "save one label per sample", where=self.name)
        return read_all(array)
