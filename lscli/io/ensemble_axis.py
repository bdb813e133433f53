"""The members of an ensemble that one array holds along an axis, such as logits [S, N, K]."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.io.axes import without
from lscli.io.memory import MemoryArray, TensorArray
from lscli.io.stored import StoredArray
from lscli.text import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.axes import Shape

# Blocks of at least this many bytes are read for each member on its own; smaller ones are read for all at once.
_LARGE = 1 << 20


def split(array: StoredArray, axis: int) -> list[StoredArray]:
    """The array of each member: the same array without the axis.

    Args:
        array: closed with each of the members.
        axis: the axis of the members; negative numbers count from the end.

    Raises:
        InputError: there are fewer than two members, or the array can only be read forwards.
        UsageError: the array has no such axis.
    """
    shape = array.shape
    if not -len(shape) <= axis < len(shape) or len(shape) < 2:
        what = f"{array.name} has shape {shape}, and no axis {shown(axis)} besides that of the samples"
        hint = f"name an axis from 0 to {len(shape) - 1}" if len(shape) > 1 else "save the members as (S, N, K)"
        raise UsageError(what, hint, where="ensemble-axis")
    axis %= len(shape)
    count = shape[axis]
    if count < 2:
        what = f"axis {axis} of shape {shape} has {'one member' if count else 'no member'}"
        raise InputError(what, "an ensemble has several: name the axis that holds them", where=array.name)
    names = [f"{array.name} (member {number})" for number in range(count)]
    if isinstance(array, TensorArray):
        return [TensorArray(array.tensor.select(axis, number), name) for number, name in enumerate(names)]
    if isinstance(array, MemoryArray):
        return [array.one_of(axis, number, name) for number, name in enumerate(names)]
    blocks = _Blocks(array, axis)
    return [_Member(blocks, number, without(shape, axis), name) for number, name in enumerate(names)]


class _Blocks:
    """An array as A blocks of S members with B elements each, in C order.

    The block range that a thread read last is kept, since it has the rows of all members.
    """

    def __init__(self, array: StoredArray, axis: int) -> None:
        shape = array.shape
        self.array = array
        self.before, self.members, self.after = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
        self.forwards = array.sequential or array.rows_only
        self._elements = None if array.rows_only else array.reshaped((math.prod(shape),))
        self._last = threading.local()

    def read(self, member: int, start: int, stop: int, out: NDArray[Any]) -> None:
        """Fill `out` with the elements of a member from `start` to `stop`, counted in C order of its own shape."""
        done = start
        while done < stop:
            block, offset = divmod(done, self.after)
            if self._elements is not None and not self.forwards and self.after * out.itemsize >= _LARGE:
                end = min(stop, done - offset + self.after)
                place = (block * self.members + member) * self.after + offset
                target = out[done - start : end - start]
                values = self._elements.read(place, place + end - done, target)
                if values is not target:
                    target[:] = values
            else:
                end, last = stop, -(-stop // self.after)
                values = self._whole(block, last, out.dtype)[:, member].reshape(-1)
                out[done - start :] = values[offset : offset + end - done]
            done = end

    def _whole(self, start: int, stop: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Blocks `start` to `stop` with all of their members, [A, S, B]."""
        held: tuple[int, int, NDArray[Any]] | None = getattr(self._last, "held", None)
        if held is None or held[:2] != (start, stop):
            shape, each = (stop - start, self.members, self.after), self.members * self.after
            if self._elements is None:
                values = self.array.read(start, stop, np.empty((stop - start, *self.array.shape[1:]), dtype))
            else:
                values = self._elements.read(start * each, stop * each, np.empty(math.prod(shape), dtype))
            held = self._last.held = start, stop, values.reshape(shape)
        return held[2]


class _Member(StoredArray):
    """One member of an ensemble.

    Args:
        blocks: the array of all members.
        number: the number of this one.
        shape: its shape, or another one with as many elements.
        name: its name in errors.
    """

    def __init__(self, blocks: _Blocks, number: int, shape: Shape, name: str) -> None:
        array = blocks.array
        self._blocks, self._number = blocks, number
        self._source = array
        self.name = name
        self.shape = shape
        self.dtype = array.dtype.newbyteorder("=")
        self.element = array.element
        self.sequential = array.sequential
        self.log_likelihoods = array.log_likelihoods
        self._row = math.prod(shape[1:])
        if blocks.forwards and self._row != blocks.after:
            raise _forwards_only(array)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        self._blocks.read(self._number, start * self._row, stop * self._row, out.reshape(-1))
        return out

    def reshaped(self, shape: Shape) -> _Member:
        return _Member(self._blocks, self._number, shape, self.name)


def _forwards_only(array: StoredArray) -> InputError:
    what = "can only be read forwards, and not one member after the other"
    hint = "save it with numpy.save, or each member in a file of its own, and say --ensemble"
    return InputError(what, hint, where=array.name)
