"""Arrays of any number of dimensions as rows: the axis of the classes comes last, all other axes are samples.

An axis of classes that is not the last, as in (N, K, H, W), is moved as the rows are read, so that memory stays flat.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.memory import MemoryArray, TensorArray
from lscli.io.stored import StoredArray
from lscli.text import sized

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The most bytes that are held at once where a source can only be read forwards.
_MOST = 1 << 30


def rows_of(array: StoredArray, axis: int | None) -> StoredArray:
    """The same elements as rows, in C order of the samples.

    Args:
        array: any number of dimensions; closed with the result.
        axis: the axis of the classes, for rows [N, K], which may be negative; None without one, for [N].

    Raises:
        InputError: the rows cannot be read with bounded memory.
    """
    shape = array.shape
    if axis is None or len(shape) < 2:
        return array if len(shape) < 2 else array.reshaped((math.prod(shape),))
    axis, classes = axis % len(shape), shape[axis]
    rows = (math.prod(shape[:axis] + shape[axis + 1 :]), classes)
    if axis == len(shape) - 1:
        return array if len(shape) == 2 else array.reshaped(rows)
    if isinstance(array, TensorArray):
        return TensorArray(array.tensor.movedim(axis, -1).reshape(rows), array.name)
    moved = array.with_last(axis) if isinstance(array, MemoryArray) else None
    return ClassesLast(array, axis) if moved is None else moved


class ClassesLast(StoredArray):
    """Rows [A * B, K] of an array of A blocks [K, B] in C order.

    Whole blocks are read at once. Of a block that a chunk divides, which may be as large as the file, each class is
    read on its own. A source that can only be read forwards, or by whole rows, is held block by block instead.

    Args:
        array: closed with this one.
        axis: the axis of the classes, not the last.

    Raises:
        InputError: a block that must be held is too large.
    """

    def __init__(self, array: StoredArray, axis: int) -> None:
        shape = array.shape
        self._before, self._classes, self._after = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
        self.name = array.name
        self.shape = (self._before * self._after, self._classes)
        self.dtype = array.dtype.newbyteorder("=")
        self.element = array.element
        self.sequential = array.sequential or array.rows_only
        self._source: StoredArray = array
        if not array.rows_only:
            self._blocks = array.reshaped((self._before, self._classes, self._after))
            self._elements = array.reshaped((math.prod(shape),))
        block = self._classes * self._after * self.dtype.itemsize
        if self.sequential and block > _MOST:
            again = "leave out --class-axis" if len(shape) == 2 else "say --flatten instead of --class-axis"
            hint = f"save it with the classes last: np.moveaxis(logits, {axis}, -1); then {again}"
            what = (
                f"with the classes on axis {axis}, a file that can only be read forwards takes {sized(block)} of memory"
            )
            raise InputError(what, hint, where=array.name)
        self._held: tuple[int, NDArray[Any]] | None = None

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        done = start
        while done < stop:
            block, first = divmod(done, self._after)
            whole = 0 if first or self._source.rows_only else (stop - done) // self._after
            end = done + whole * self._after if whole else min(stop, done - first + self._after)
            rows = out[done - start : end - start]
            if whole:
                buffer = np.empty((whole, self._classes, self._after), self.dtype)
                values = self._blocks.read(block, block + whole, buffer)
                rows.reshape(buffer.transpose(0, 2, 1).shape)[:] = values.transpose(0, 2, 1)
            elif self.sequential:
                rows[:] = self._block(block)[:, first : first + end - done].T
            else:
                buffer = np.empty(end - done, self.dtype)
                for k in range(self._classes):
                    place = (block * self._classes + k) * self._after + first
                    rows[:, k] = self._elements.read(place, place + end - done, buffer)
            done = end
        return out

    def _block(self, number: int) -> NDArray[Any]:
        """A block [K, B], held until another one is asked for; the caller reads in order, from one thread at a time."""
        if self._held is None or self._held[0] != number:
            self._held = None  # freed before the next block is allocated
            buffer = np.empty((1, self._classes, self._after), self.dtype)
            if self._source.rows_only:  # [K, B]: a table is one block
                self._held = number, self._source.read(0, self._classes, buffer[0])
            else:
                self._held = number, self._blocks.read(number, number + 1, buffer)[0]
        return self._held[1]
