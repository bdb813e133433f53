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
        InputError: the file changed while it was read, or is damaged.
        ReadWriteError: the file cannot be read.
    """
    kind = array.element.rstrip("0123456789")
    if isinstance(array, TensorArray) or not array.shape or kind not in _NUMBERS:
        return None
    floats = kind in ("float", "bfloat")
    of_classes = floats and len(array.shape) == 2 and array.shape[1] > 1
    source = Floats(array) if floats else array
    width = math.prod(array.shape[1:])
    rows = array.shape[0] if width else 0  # as many rows of nothing as a header claims would take for ever
    step = max(1, _BLOCK // max(1, width))
    buffer = np.empty((min(step, rows), *array.shape[1:]), source.dtype.newbyteorder("="))
    low: Any = math.inf
    high: Any = -math.inf
    nan = posinf = neginf = sum_to_1 = 0
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        x = source.read(start, stop, buffer[: stop - start])
        if of_classes:
            sum_to_1 += _count_distributions(x)
        if x.size and not (np.isfinite(x.min()) and np.isfinite(x.max())):
            nan += int(np.count_nonzero(np.isnan(x)))
            posinf += int(np.count_nonzero(x == np.inf))
            neginf += int(np.count_nonzero(x == -np.inf))
            x = x[np.isfinite(x)]
        if x.size:
            low, high = min(low, x.min()), max(high, x.max())
        if progress is not None:
            progress(stop, rows)
    array.check_unchanged()
    array.verify()
    low, high = (np.asarray(end).item() if low <= high else math.nan for end in (low, high))
    return ValueSummary(low, high, nan, posinf, neginf, sum_to_1 / rows if of_classes and rows else math.nan)


_NUMBERS = ("float", "bfloat", "int", "uint", "bool")


def _count_distributions(x: NDArray[Any]) -> int:
    """The number of rows [n, K] that are probabilities."""
    if x.max() < 0:  # log probabilities, for example: no row is
        return 0
    with np.errstate(all="ignore"):
        near = np.abs(np.add.reduce(x, axis=1, dtype=np.float64) - 1) <= SUM
        return int(np.count_nonzero(near & (np.minimum.reduce(x, axis=1) >= 0)))
