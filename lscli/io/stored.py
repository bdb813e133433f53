"""What is read: bytes at a position, and the rows of an array that lie among them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lscli.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Bytes(Protocol):
    """Bytes that are read at a position: a file, or a member of an archive.

    Attributes:
        name: how errors call it.
        size: how many bytes there are.
        sequential: whether reading onward is all that it is quick at.
    """

    name: str
    size: int
    sequential: bool

    def read_into(self, buffer: bytearray | memoryview | NDArray[Any], offset: int) -> None:
        """Fill `buffer` with the bytes from `offset` on; fewer than that is an error."""

    def read(self, count: int, offset: int) -> bytes:
        """At most `count` bytes from `offset` on, fewer only at the end."""

    def check_unchanged(self) -> None:
        """Raise InputError if the file was written, cut or extended since it was opened."""

    def verify(self) -> None:
        """Raise InputError if, after everything was read, it was not what the checksum is of."""

    def close(self) -> None:
        """Give the file back."""


MAX_DIMENSIONS = 64  # numpy's


def check_shape(shape: tuple[int, ...], itemsize: int, name: str) -> None:
    """Refuse a shape that no array of numpy has, also where it has no elements.

    Raises:
        InputError: it has too many dimensions, or they are too long.
    """
    if len(shape) > MAX_DIMENSIONS or math.prod(n for n in shape if n) * itemsize >= 1 << 63:
        raise InputError("shape too large", "save it in the shape that it has: no array is so large", where=name)


class StoredArray(Protocol):
    """An array that is read by rows.

    Attributes:
        name: how errors and reports name it.
        shape: (N, ...), known before a value is read.
        dtype: how an element lies in memory; bfloat16 as its bits in uint16.
        element: the name of the elements' type.
        sequential: whether rows should be asked for in their order, by one reader at a time.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    element: str
    sequential: bool

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop` in the machine's byte order: a view of the array, or `out` (C-contiguous) filled."""

    def reshaped(self, shape: tuple[int, ...]) -> StoredArray:
        """The same elements in another shape, in C order."""

    def check_unchanged(self) -> None:
        """Raise InputError if the file was written, cut or extended since it was opened."""

    def verify(self) -> None:
        """Raise InputError if, after everything was read, it was not what the checksum is of."""

    def close(self) -> None:
        """Give the file back."""


class RawArray:
    """Elements that lie in a file one after another, in C order.

    Args:
        file: closed with the array.
        name: how errors name it.
        offset: where the first element begins.
        shape: (N, ...); that the file has so many elements was checked.
        dtype: how they lie there, in any byte order.
        element: the name of their type, where numpy has none.
    """

    def __init__(
        self,
        file: Bytes,
        name: str,
        offset: int,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        element: str = "",
    ) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.element = element or dtype.name
        self.sequential = file.sequential
        self._file = file
        self._offset = offset
        self._row = math.prod(shape[1:]) * dtype.itemsize

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        self._file.read_into(out.reshape(-1).view(np.uint8), self._offset + start * self._row)
        if not self.dtype.isnative:
            out.byteswap(inplace=True)
        return out

    def reshaped(self, shape: tuple[int, ...]) -> RawArray:
        return RawArray(self._file, self.name, self._offset, shape, self.dtype, self.element)

    def check_unchanged(self) -> None:
        self._file.check_unchanged()

    def verify(self) -> None:
        self._file.verify()

    def close(self) -> None:
        self._file.close()


def whole(array: StoredArray) -> NDArray[Any]:
    """All of a small array, in the machine's byte order; it is closed.

    Raises:
        InputError: it changed meanwhile, or is damaged.
        ReadWriteError: it cannot be read.
    """
    try:
        out = np.empty(array.shape, array.dtype.newbyteorder("="))
        values = array.read(0, array.shape[0], out) if array.shape else array.read(0, 1, out.reshape(1))
        array.check_unchanged()
        array.verify()
    finally:
        array.close()
    return values.reshape(array.shape)
