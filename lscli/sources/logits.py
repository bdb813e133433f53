"""Logits of shape [N, K] from wherever they are, known before a value is read."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.sources.memory import TensorArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.sources import StoredArray

# How the elements of each type lie in memory; numpy has no bfloat16, so its bits are held.
STORAGE: dict[str, type[np.generic]] = {
    "float16": np.float16,
    "bfloat16": np.uint16,
    "float32": np.float32,
    "float64": np.float64,
}


class Logits:
    """A matrix of logits that is handed out by chunks of rows.

    Attributes:
        name: the path as typed, or the argument's name.
        shape: (N, K), N >= 1 and K >= 2.
        dtype: `float16`, `bfloat16`, `float32` or `float64`.
        size: bytes of data, as stored.
        first: the number of the first row in the array; 0 unless this is a part of it.

    Raises:
        InputError: the array is no such matrix.
    """

    def __init__(self, array: StoredArray) -> None:
        self._array = array
        self.name = array.name
        self.dtype = _element_type(array)
        self.shape = self._matrix_shape(array.shape)
        self.storage = np.dtype(STORAGE[self.dtype])
        self.first = 0

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1] * self.storage.itemsize

    @property
    def tensor(self) -> Any:
        """The tensor on a device that holds the logits, or None where they are read by the host."""
        if not isinstance(self._array, TensorArray):
            return None
        return self._array.tensor[self.first : self.first + self.shape[0]]

    def part(self, start: int, stop: int) -> Logits:
        """Rows `start` to `stop` as logits of their own; the array is shared, and closed with the whole."""
        part = copy.copy(self)
        part.first = self.first + start
        part.shape = (stop - start, self.shape[1])
        return part

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop`, C-contiguous and of type `storage`: a view, or `out` filled."""
        if isinstance(self._array, TensorArray):
            raise TypeError("a device's tensor is not read by the host")
        return self._array.read(self.first + start, self.first + stop, out)

    def check_unchanged(self) -> None:
        """Raise InputError if the file changed while it was read."""
        self._array.check_unchanged()

    def close(self) -> None:
        self._array.close()

    def _matrix_shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        if len(shape) != 2:
            raise InputError(
                f"need logits of shape (N, K), got {shape}", "one row a sample, one column a class", where=self.name
            )
        rows, classes = shape
        if rows == 0:
            raise InputError("no rows", "save the logits of at least one sample", where=self.name)
        if classes < 2:
            raise InputError(
                f"need at least 2 classes, got shape {shape}",
                "for one logit z a sample, save np.stack([np.zeros_like(z), z], axis=1)",
                where=self.name,
            )
        return rows, classes


def _element_type(array: StoredArray) -> str:
    name = array.element
    if name in STORAGE:
        return name
    if name == "void16":
        raise InputError(
            "2-byte values of no type, as ml_dtypes saves bfloat16", "save them as float32", where=array.name
        )
    if name.lstrip("u").startswith("int"):
        raise InputError(
            f"{name} values are refused as logits", "save the raw scores as float32, not predictions", where=array.name
        )
    raise InputError(f"dtype {name} is not numeric logits", "save them as float32", where=array.name)
