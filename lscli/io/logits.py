"""Logits [N, K], of known shape and type before a value is read."""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.memory import TensorArray
from lscli.io.views import located, shards_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray
    from lscli.options import Kind

# numpy's type for the elements of each type; numpy has no bfloat16, so its bits are held in uint16.
STORAGE: dict[str, type[np.generic]] = {
    "float16": np.float16,
    "bfloat16": np.uint16,
    "float32": np.float32,
    "float64": np.float64,
}


class Logits:
    """A matrix of logits, read by chunks of rows.

    Args:
        array: [N, K]; closed with this object.
        kind: `logits`; or `log-probs` or `probs`, whose rows must sum to 1 and of which `array` holds the logarithms.

    Attributes:
        name: the path as typed, or the argument's name.
        shards: the files that a pattern named, in order; empty for a single file.
        shape: (N, K), N >= 1 and K >= 2.
        dtype: the type of the values as read: `float16`, `bfloat16`, `float32` or `float64`.
        stored: the type of the values in the file, which differs from `dtype` if they are computed.
        ragged: whether rows with fewer classes are padded with -inf.
        sequential: whether rows should be read in order, by one reader at a time.
        read_lock: held while the next rows are chosen and read; a lock only if `sequential`.
        size: bytes of data.
        first: the number in the array of the first row; not 0 for a part.

    Raises:
        InputError: the array is not such a matrix.
    """

    def __init__(self, array: StoredArray | TensorArray, kind: Kind = "logits") -> None:
        self._array = array
        self.name = array.name
        self.kind = kind
        self.shards = shards_of(array)
        self.dtype = _element_type(array)
        self.stored: str = getattr(array, "stored", self.dtype)
        self.sequential = array.sequential
        self.ragged: bool = getattr(array, "ragged", False)
        self.read_lock: AbstractContextManager[Any] = threading.Lock() if array.sequential else contextlib.nullcontext()
        self.shape = self._matrix_shape(array.shape)
        self.storage = np.dtype(STORAGE[self.dtype])
        self.first = 0

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1] * self.storage.itemsize

    @property
    def tensor(self) -> Any:
        """The tensor on a device that holds the logits, or None if the host reads them."""
        if not isinstance(self._array, TensorArray):
            return None
        return self._array.tensor[self.first : self.first + self.shape[0]]

    def located(self, row: int) -> tuple[str, int]:
        """The file that holds a row, and the row's number in it."""
        return located(self._array, self.first + row)

    def part(self, start: int, stop: int) -> Logits:
        """Rows `start` to `stop`; the array is shared and closed with the whole."""
        part = copy.copy(self)
        part.first = self.first + start
        part.shape = (stop - start, self.shape[1])
        return part

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop`, C-contiguous and of type `storage`: a view, or `out` filled."""
        if isinstance(self._array, TensorArray):
            raise TypeError("a tensor on a device is not read by the host")
        return self._array.read(self.first + start, self.first + stop, out)

    def check_unchanged(self) -> None:
        """Raise InputError if the file changed while it was read."""
        self._array.check_unchanged()

    def verify(self) -> None:
        """After everything was read, raise InputError if a checksum in the file does not match."""
        self._array.verify()

    def close(self) -> None:
        self._array.close()

    def _matrix_shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        if len(shape) != 2:
            raise InputError(
                f"need logits of shape (N, K), got {shape}", _SHAPES.get(len(shape), _USUAL), where=self.name
            )
        rows, classes = shape
        if rows == 0:
            raise InputError("no rows", "save the logits of at least one sample", where=self.name)
        if classes < 2:
            raise InputError(
                f"need at least 2 classes, got shape {shape}",
                "for one logit per sample, of two classes, say --binary",
                where=self.name,
            )
        return rows, classes


_USUAL = "one row per sample, one column per class"
_SHAPES = {
    1: "for one logit per sample, of two classes, say --binary",
    3: "for tokens of sequences, (N, T, K), say --flatten",
}


def _element_type(array: StoredArray | TensorArray) -> str:
    name = array.element
    if name in STORAGE:
        return name
    if name == "void16":
        raise InputError(
            "2-byte values of no type, as ml_dtypes saves bfloat16",
            "say --dtype bfloat16, or save them as float32",
            where=array.name,
        )
    if name.lstrip("u").startswith("int"):
        raise InputError(
            f"{name} values are refused as logits", "save the raw scores as float32, not predictions", where=array.name
        )
    raise InputError(f"dtype {name} is not numeric logits", "save them as float32", where=array.name)
