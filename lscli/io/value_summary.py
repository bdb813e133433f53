"""Summarise the values of an array in one pass: range, non-finite values, rows that sum to 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.io.memory import TensorArray
from lscli.io.views import SUM, Floats

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray

_BLOCK = 1 << 20  # elements


class ValueSummary(NamedTuple):
    """A summary of the values of an array.

    Attributes:
        low, high: the smallest and largest finite value; nan if there is none.
        nan, posinf, neginf: the number of such values.
        sum_to_1: the share of rows [N, K] that are probabilities; nan for an array of another shape.
    """

    low: int | float
    high: int | float
    nan: int
    posinf: int
    neginf: int
    sum_to_1: float


def summarise(array: StoredArray, progress: Callable[[int, int], None] | None = None) -> ValueSummary | None:
    """Read all values once and summarise them; None if they are not numbers or lie on a device.

    Args:
        array: any shape; read by blocks of rows.
        progress: called with the number of rows done and of all rows.

    Raises:
        InputError: the file changed meanwhile, or is damaged.
        ReadWriteError: it cannot be read.
    """
    if isinstance(array, TensorArray) or not array.shape or array.element.rstrip("0123456789") not in _NUMBERS:
        return None
    floats = array.element.rstrip("0123456789") in ("float", "bfloat")
    source = Floats(array) if floats else array
    rows, width = array.shape[0], math.prod(array.shape[1:])
    step = max(1, _BLOCK // max(1, width))
    buffer = np.empty((min(step, rows), *array.shape[1:]), source.dtype.newbyteorder("="))
    seen = _Seen(rows_of_classes=floats and len(array.shape) == 2 and width > 1)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        seen.add(source.read(start, stop, buffer[: stop - start]))
        if progress is not None:
            progress(stop, rows)
    array.check_unchanged()
    array.verify()
    return seen.found(rows)


_NUMBERS = ("float", "bfloat", "int", "uint", "bool")


class _Seen:
    def __init__(self, *, rows_of_classes: bool) -> None:
        self._low, self._high = math.inf, -math.inf
        self._odd = np.zeros(3, np.int64)
        self._sum_to_1 = 0
        self._rows_of_classes = rows_of_classes

    def add(self, x: NDArray[Any]) -> None:
        if not x.size:
            return
        low, high = x.min(), x.max()
        if self._rows_of_classes and not high < 0:
            with np.errstate(all="ignore"):
                near = np.abs(np.add.reduce(x, axis=1, dtype=np.float64) - 1) <= SUM
                self._sum_to_1 += int(np.count_nonzero(near & (np.minimum.reduce(x, axis=1) >= 0)))
        if not (np.isfinite(low) and np.isfinite(high)):
            self._odd += [np.count_nonzero(np.isnan(x)), np.count_nonzero(x == np.inf), np.count_nonzero(x == -np.inf)]
            x = x[np.isfinite(x)]
            if not x.size:
                return
            low, high = x.min(), x.max()
        self._low, self._high = min(self._low, low), max(self._high, high)

    def found(self, rows: int) -> ValueSummary:
        some = self._low <= self._high
        share = self._sum_to_1 / rows if self._rows_of_classes and rows else math.nan
        low, high = (np.asarray(end).item() if some else math.nan for end in (self._low, self._high))
        nan, posinf, neginf = self._odd.tolist()
        return ValueSummary(low, high, nan, posinf, neginf, share)
