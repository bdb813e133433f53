"""Bytes read at a position, and arrays read by rows from them."""

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
        name: its name in errors.
        size: the number of bytes.
        sequential: whether only reading onward is fast.
    """

    name: str
    size: int
    sequential: bool

    def read_into(self, buffer: bytearray | memoryview | NDArray[Any], offset: int) -> None:
        """Fill `buffer` with the bytes from `offset` on; a short read is an error."""

    def read(self, count: int, offset: int) -> bytes:
        """At most `count` bytes from `offset` on, fewer only at the end."""

    def check_unchanged(self) -> None:
        """Raise InputError if the file was written, cut or extended since it was opened."""

    def verify(self) -> None:
        """After everything was read, raise InputError if a checksum does not match."""

    def close(self) -> None:
        """Close the file."""


MAX_DIMENSIONS = 64  # numpy's


def check_shape(shape: tuple[int, ...], itemsize: int, name: str) -> None:
    """Refuse a shape that numpy cannot represent, even one without elements.

    Raises:
        InputError: it has more than 64 dimensions, or 2^63 bytes or more.
    """
    if len(shape) > MAX_DIMENSIONS or math.prod(n for n in shape if n) * itemsize >= 1 << 63:
        raise InputError("shape too large", "save it in the shape that it has: no array is so large", where=name)


class StoredArray(Protocol):
    """An array that is read by rows.

    Attributes:
        name: its name in errors and reports.
        shape: (N, ...), known before a value is read.
        dtype: numpy's type of an element; uint16 for the bits of bfloat16.
        element: the name of the element type.
        sequential: whether rows should be read in order, by one reader at a time.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    element: str
    sequential: bool

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop` in the machine's byte order: a view, or `out` (C-contiguous) filled with them."""

    def reshaped(self, shape: tuple[int, ...]) -> StoredArray:
        """The same elements in another shape, in C order."""

    def check_unchanged(self) -> None:
        """Raise InputError if the file was written, cut or extended since it was opened."""

    def verify(self) -> None:
        """After everything was read, raise InputError if a checksum does not match."""

    def close(self) -> None:
        """Close the file."""


class RawArray:
    """An array whose elements lie one after another in a file, in C order.

    Args:
        file: closed with the array.
        name: its name in errors.
        offset: the position of the first element.
        shape: (N, ...); the file was checked to have as many elements.
        dtype: the type of the elements, in any byte order.
        element: the name of their type, if numpy lacks it.
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


def read_all(array: StoredArray) -> NDArray[Any]:
    """Read all of a small array, in the machine's byte order, and close it.

    Raises:
        InputError: the file changed meanwhile, or is damaged.
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
