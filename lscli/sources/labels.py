"""Labels of shape [N]: class numbers from 0 to K-1, or the ignore index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.sources.memory import TensorArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.sources import StoredArray


class Labels:
    """The labels of all samples, in memory.

    Attributes:
        name: the path as typed, or the argument's name.
        values: [N] integers of any type, unchecked.

    Raises:
        InputError: the array is not one-dimensional, or holds no integers.
    """

    def __init__(self, array: StoredArray) -> None:
        self.name = array.name
        self.shape = array.shape
        self.values = self._integers(array)
        self.dtype = self.values.dtype.name
        self.size = self.values.nbytes
        array.check_unchanged()
        array.close()

    def checked(self, rows: int, num_classes: int, ignore_index: int, logits: str) -> tuple[NDArray[np.int32], int]:
        """The labels with every ignored one as -1, [N], and how many these are.

        Raises:
            InputError: another number of rows than `logits` has, a label outside of [0, K), or
                nothing but ignored labels.
        """
        values = self.values
        if len(values) != rows:
            raise InputError(
                f"rows differ: {logits} has {rows}, the labels have {len(values)}",
                "save both from the same run",
                where=self.name,
            )
        ignored = values == ignore_index
        outside = ((values < 0) | (values >= num_classes)) & ~ignored
        if outside.any():
            row = int(outside.argmax())
            raise InputError(
                f"label out of range at row {row} (value {values[row]}, {num_classes} classes)",
                "labels count from 0; --ignore-index leaves out the samples with one value",
                where=self.name,
            )
        count = int(np.count_nonzero(ignored))
        if count == rows:
            raise InputError(
                f"all {rows} samples are ignored (label {ignore_index})", "check --ignore-index", where=self.name
            )
        result = values.astype(np.int32)
        if count:
            result[ignored] = -1
        return result, count

    def _integers(self, array: StoredArray) -> NDArray[Any]:
        if len(self.shape) != 1:
            hint = "save the class numbers: labels.argmax(axis=1)"
            if len(self.shape) == 2 and 1 in self.shape:
                hint = "save them flat: labels.ravel()"
            raise InputError(f"need labels of shape (N,), got {self.shape}", hint, where=self.name)
        if array.element.lstrip("u").rstrip("0123456789") != "int":
            raise InputError(
                f"not integer labels ({array.element})", "save the class numbers as int64", where=self.name
            )
        values = _in_memory(array)
        if len(values) == 0:
            raise InputError("no rows", "save one label a sample", where=self.name)
        return values


def _in_memory(array: StoredArray) -> NDArray[Any]:
    if isinstance(array, TensorArray):
        return np.asarray(array.tensor.cpu())
    return array.read(0, array.shape[0], np.empty(array.shape, array.dtype.newbyteorder("=")))
