"""Arrays in memory: numpy arrays, lists, torch tensors."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import BFLOAT16, as_array, is_tensor, plain_tensor, tensor_values, widened
from lscli.errors import InputError
from lscli.io.stored import StoredArray

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


class MemoryArray(StoredArray):
    """A numpy array, read by rows; not copied if its rows are contiguous and in the machine's byte order.

    Args:
        array: of any shape and type.
        name: its name in errors and reports.
        bfloat16: whether its uint16 values are the bits of bfloat16 numbers.
    """

    def __init__(self, array: NDArray[Any], name: str, *, bfloat16: bool = False) -> None:
        self.name = name
        self.shape = array.shape
        self.dtype = array.dtype
        self.element = BFLOAT16 if bfloat16 else array.dtype.name
        self._array = array if array.ndim else array.reshape(1)  # a number is read as its only row
        self._direct = array.dtype.isnative and array.flags.c_contiguous and array.flags.aligned

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        if self._direct:
            return self._array[start:stop]
        np.copyto(out, self._array[start:stop])
        return out

    def reshaped(self, shape: tuple[int, ...]) -> MemoryArray:
        return MemoryArray(self._array.reshape(shape), self.name, bfloat16=self.element == BFLOAT16)

    def one_of(self, axis: int, place: int, name: str) -> MemoryArray:
        """The elements at one place along an axis, without the axis."""
        part = self._array[(slice(None),) * axis + (place,)]
        return MemoryArray(part, name, bfloat16=self.element == BFLOAT16)

    def with_last(self, axis: int) -> MemoryArray | None:
        """The same elements as rows [N, K] with one axis last; None if they would have to be copied."""
        moved = np.moveaxis(self._array, axis, -1)
        if moved.ndim > 2 and not moved.flags.c_contiguous:
            return None
        return MemoryArray(
            moved.reshape(math.prod(moved.shape[:-1]), moved.shape[-1]), self.name, bfloat16=self.element == BFLOAT16
        )


class TensorArray(StoredArray):
    """A torch tensor on a device, whose rows stay there: `read` is not available.

    `dtype` tells no more than the size of an element.

    Args:
        tensor: of any shape and type.
        name: its name in errors and reports.
        stated: the tensor that it was computed from, if it was.
        stored: the type that the values were given in; the tensor's own by default.
    """

    def __init__(
        self, tensor: torch.Tensor, name: str, stated: torch.Tensor | None = None, stored: str | None = None
    ) -> None:
        self.name = name
        self.shape = tuple(tensor.shape)
        self.dtype = np.dtype(f"V{tensor.element_size()}")
        self.element = str(tensor.dtype).removeprefix("torch.")
        self.tensor = tensor
        self.stated = stated
        self.stored = stored or self.element

    def reshaped(self, shape: tuple[int, ...]) -> TensorArray:
        return TensorArray(self.tensor.reshape(shape), self.name)


def open_array(value: Any, name: str) -> MemoryArray | TensorArray:
    """Open a numpy array, nested list or torch tensor.

    Raises:
        InputError: it is no array of numbers or strings, or values of it are masked.
    """
    if is_tensor(value):
        return open_tensor(value, name)
    if isinstance(value, np.ndarray) and value.dtype.name == BFLOAT16:  # a type of ml_dtypes, as jax has
        return MemoryArray(value.view(np.uint16), name, bfloat16=True)
    opened = MemoryArray(as_array(value, name), name)
    opened.columns = _columns_of(value, opened.shape)
    return opened


def _columns_of(value: Any, shape: tuple[int, ...]) -> list[str]:
    """The names of the columns of a data frame [N, K]; empty if some are no strings, and for other values."""
    columns = getattr(value, "columns", ())
    if len(shape) != 2 or not isinstance(columns, Iterable):
        return []
    names = list(columns)
    return names if len(names) == shape[1] and all(isinstance(each, str) for each in names) else []


def open_tensor(tensor: torch.Tensor, name: str) -> MemoryArray | TensorArray:
    """Open a torch tensor, on the CPU or on its device.

    Raises:
        InputError: it does not hold one value for each place, or numpy lacks its type.
    """
    import torch

    tensor = plain_tensor(tensor, name)
    if tensor.device.type != "cpu":
        return TensorArray(tensor, name)
    if tensor.dtype == torch.bfloat16:  # numpy lacks this type: take its bits
        return MemoryArray(tensor_values(tensor.contiguous().view(torch.uint16), name), name, bfloat16=True)
    return MemoryArray(tensor_values(tensor, name), name)


def check_unicode(texts: NDArray[Any], name: str) -> None:
    """Refuse characters of an array of strings that no text has: numpy would fail in C as soon as one is used.

    Raises:
        InputError: it has some.
    """
    if texts.dtype.kind != "U" or not texts.nbytes:
        return
    if (np.ascontiguousarray(texts).reshape(-1).view(np.uint32) > sys.maxunicode).any():
        raise InputError("holds text that is not Unicode", "save the array again", where=name)


def read_all(array: StoredArray) -> NDArray[Any]:
    """Read all of a small array into the host's memory, in the machine's byte order, and close it.

    Whatever reads numbers other than the logits reads them here, so that every type of floats is read alike: bfloat16
    becomes float32.

    Raises:
        InputError: the file changed while it was read, or is damaged.
        ReadWriteError: the file cannot be read.
    """
    if isinstance(array, TensorArray):
        return as_array(array.tensor, array.name)
    try:
        out = np.empty(array.shape, array.dtype.newbyteorder("="))
        values = array.read(0, array.shape[0], out) if array.shape else array.read(0, 1, out.reshape(1))
        array.check_unchanged()
        array.verify()
    finally:
        array.close()
    return widened(values.reshape(array.shape), array.element)
