"""A table's values that lie in a file as they are: by batches of rows, and in each by columns."""

from __future__ import annotations

import bisect
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.sources.arrow_table import Chosen
    from lscli.sources.files import RegularFile


class Batch(NamedTuple):
    """Where a batch's rows are: the bytes of the file at which each column begins."""

    rows: int
    offsets: NDArray[np.int64]


class Located:
    """Rows that are read where they lie, from any thread.

    Args:
        file: closed with the array.
        columns: see there.
        batches: in their order; that the file has all of their bytes was checked.
    """

    sequential = False

    def __init__(self, file: RegularFile, columns: Chosen, batches: Sequence[Batch]) -> None:
        self.name = columns.name
        self.shape = columns.shape
        self.element = columns.element
        self.dtype = np.dtype(columns.element)
        self._file = file
        self._batches = batches
        self._ends = list(itertools.accumulate(batch.rows for batch in batches))
        self._step = (columns.width or 1) * self.dtype.itemsize

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        done = start
        while done < stop:
            place = bisect.bisect_right(self._ends, done)
            batch = self._batches[place]
            skipped = done - (self._ends[place] - batch.rows)
            end = min(stop, self._ends[place])
            self._fill(out[done - start : end - start], batch.offsets + skipped * self._step)
            done = end
        return out

    def reshaped(self, shape: tuple[int, ...]) -> Located:
        if shape != self.shape:
            raise InputError("the rows of a table are samples", "leave out --flatten", where=self.name)
        return self

    def check_unchanged(self) -> None:
        self._file.check_unchanged()

    def verify(self) -> None:
        """An Arrow file has no checksum."""

    def close(self) -> None:
        self._file.close()

    def _fill(self, out: NDArray[Any], offsets: NDArray[np.int64]) -> None:
        if len(offsets) == 1:
            self._file.read_into(out.reshape(-1).view(np.uint8), int(offsets[0]))
            return
        columns = np.empty(out.shape[::-1], self.dtype)
        for column, offset in zip(columns.view(np.uint8), offsets.tolist(), strict=True):
            self._file.read_into(column, offset)
        out[:] = columns.T
