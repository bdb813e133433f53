"""Bytes read at a position, and arrays read by rows from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lscli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# numpy's type for the elements of each type; numpy has no bfloat16, so its bits are held in uint16.
STORAGE: dict[str, type[np.generic]] = {
    "float16": np.float16,
    "bfloat16": np.uint16,
    "float32": np.float32,
    "float64": np.float64,
}
MAX_DIMENSIONS = 64  # numpy's
# The most elements of an array, counted without the dimensions of 0: numpy refuses 2^63 bytes, and an element that is
# computed from one of the file has up to 16.
_MOST_ELEMENTS = 1 << 59


class Bytes(Protocol):
    """Bytes that are read at a position: a file, or a member of an archive.

    Attributes:
        name: its name in errors.
        size: the number of bytes.
        sequential: whether reading is fast only from front to back.
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


class Checked:
    """Base of everything that reads from a source, such as a file or an array: the source is checked and closed."""

    _source: Checked | Bytes | None = None  # None for memory, which needs neither

    def check_unchanged(self) -> None:
        """Raise InputError if the file was written, cut or extended since it was opened."""
        if self._source is not None:
            self._source.check_unchanged()

    def verify(self) -> None:
        """After everything was read, raise InputError if a checksum does not match."""
        if self._source is not None:
            self._source.verify()

    def close(self) -> None:
        if self._source is not None:
            self._source.close()


def check_shape(shape: tuple[int, ...], itemsize: int, name: str) -> None:
    """Refuse a shape that numpy cannot represent, even one without elements.

    Raises:
        InputError: it has more than 64 dimensions, or 2^63 bytes or more.
    """
    elements = math.prod(n for n in shape if n)
    if len(shape) > MAX_DIMENSIONS or elements >= _MOST_ELEMENTS or elements * itemsize >= 1 << 63:
        raise InputError("shape too large", "save it in its true shape: no array is so large", where=name)


class StoredArray(Checked):
    """An array that is read by rows.

    Attributes:
        name: its name in errors and reports.
        shape: (N, ...), known before a value is read.
        dtype: numpy's type of an element; uint16 for the bits of bfloat16.
        element: the name of the element type.
        sequential: whether rows should be read in order, by one reader at a time.
        rows_only: whether it can only be read by whole rows, so that it cannot be reshaped.
        ragged: whether rows with fewer classes are padded with -inf.
        log_likelihoods: whether the format says that the values are log-likelihoods, whatever they look like.
        shards: the files that a pattern named, in order; empty for a single file.
        columns: the names of the columns of a table, one for each class; empty if they have none.
        member_names: the members of an ensemble, in order; empty for other arrays.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    element: str
    sequential: bool = False
    rows_only: bool = False
    ragged: bool = False
    log_likelihoods: bool = False
    shards: Sequence[str] = ()
    columns: Sequence[str] = ()
    member_names: Sequence[str] = ()

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop` in the machine's byte order: a view, or `out` (C-contiguous) filled with them."""
        raise NotImplementedError

    def reshaped(self, shape: tuple[int, ...]) -> StoredArray:
        """The same elements in another shape, in C order."""
        raise NotImplementedError

    def widened(self, classes: int) -> StoredArray:
        """The same rows, with -inf for further classes if rows may have different numbers of them; else this array."""
        return self

    def given(self, row: int) -> NDArray[Any] | None:
        """The values that a row is computed from, [V]; None if it is not computed."""
        return None

    def located(self, row: int) -> tuple[str, int]:
        """The name of the file that holds a row, and the row's number in it."""
        return self.name, row


class RawArray(StoredArray):
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
        self, file: Bytes, name: str, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any], element: str = ""
    ) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.element = element or dtype.name
        self.sequential = file.sequential
        self._source: Bytes = file
        self._offset = offset
        self._row = math.prod(shape[1:]) * dtype.itemsize

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        self._source.read_into(out.reshape(-1).view(np.uint8), self._offset + start * self._row)
        if not self.dtype.isnative:
            out.byteswap(inplace=True)
        return out

    def reshaped(self, shape: tuple[int, ...]) -> RawArray:
        return RawArray(self._source, self.name, self._offset, shape, self.dtype, self.element)
