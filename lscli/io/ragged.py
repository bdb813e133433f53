"""Rows with different numbers of classes, as one matrix that is padded as it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.stored import StoredArray

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RaggedRows(StoredArray):
    """Rows of log-likelihoods in memory, with -inf for the classes that a row does not have.

    Only the values themselves are kept: one wide row among many short ones would otherwise cost N x K values.

    Args:
        values: of all rows, one after another, [sum of counts].
        counts: the number of values of each row, [N].
        name: its name in errors and reports.
        classes: the least number of classes, K.
    """

    log_likelihoods = True

    def __init__(self, values: NDArray[np.float64], counts: NDArray[np.int64], name: str, classes: int = 0) -> None:
        self.name = name
        self.dtype = values.dtype
        self.element = "float64"
        self.shape = (len(counts), max(int(counts.max()), classes))
        self.ragged = bool((counts < self.shape[1]).any())
        self._values = values
        self._counts = counts
        self._starts = np.concatenate(([0], np.cumsum(counts)))

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        values = self._values[self._starts[start] : self._starts[stop]]
        if not self.ragged:
            return values.reshape(stop - start, self.shape[1])
        out.fill(-np.inf)
        out[np.arange(self.shape[1]) < self._counts[start:stop, np.newaxis]] = values
        return out

    def widened(self, classes: int) -> RaggedRows:
        return RaggedRows(self._values, self._counts, self.name, classes)

    def reshaped(self, shape: tuple[int, ...]) -> StoredArray:
        what = f"its shape {self.shape} is that of samples by choices"
        raise InputError(what, "leave out --flatten and --binary", where=self.name)
