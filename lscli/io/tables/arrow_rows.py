"""Rows of a table [N, K] or [N]: read where they lie in the file, or decoded onward."""

from __future__ import annotations

import bisect
import itertools
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.tables.arrow_table import explained, values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile
    from lscli.io.tables.arrow_table import Chosen


class _Rows:
    """What all rows of tables have; the file is closed with them."""

    def __init__(self, file: RegularFile, columns: Chosen) -> None:
        self.name = columns.name
        self.shape = columns.shape
        self.element = columns.element
        self.dtype = np.dtype(columns.element)
        self._file = file

    def reshaped(self, shape: tuple[int, ...]) -> Any:
        if shape != self.shape:
            raise InputError("the rows of a table are samples", "leave out --flatten", where=self.name)
        return self

    def check_unchanged(self) -> None:
        self._file.check_unchanged()

    def verify(self) -> None:
        """Pages of Parquet have their checksums compared as they are read; an Arrow file has none."""

    def close(self) -> None:
        self._file.close()


class Batch(NamedTuple):
    """Where a batch's rows are: the bytes of the file at which each column begins."""

    rows: int
    offsets: NDArray[np.int64]


class InPlace(_Rows):
    """Rows that are read where they lie, from any thread.

    Args:
        file: closed with the array.
        columns: see there.
        batches: in their order; that the file has all of their bytes was checked.
    """

    sequential = False

    def __init__(self, file: RegularFile, columns: Chosen, batches: Sequence[Batch]) -> None:
        super().__init__(file, columns)
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

    def _fill(self, out: NDArray[Any], offsets: NDArray[np.int64]) -> None:
        if len(offsets) == 1:
            self._file.read_into(out.reshape(-1).view(np.uint8), int(offsets[0]))
            return
        columns = np.empty(out.shape[::-1], self.dtype)
        for column, offset in zip(columns.view(np.uint8), offsets.tolist(), strict=True):
            self._file.read_into(column, offset)
        out[:] = columns.T


class Decoded(_Rows):
    """Rows that are decoded as they are asked for: onward at the cost of decoding, backward from a batch before.

    Args:
        file: closed with the array.
        columns: see there.
        batches: the batches from one on that has this row or stands before it, with the number of their first row.
        called: what errors call such a file.
    """

    sequential = True

    def __init__(
        self, file: RegularFile, columns: Chosen, batches: Callable[[int], tuple[int, Iterator[Any]]], called: str
    ) -> None:
        super().__init__(file, columns)
        self._columns = columns
        self._called = called
        self._batches = batches
        self._lock = threading.Lock()
        self._forget()

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        with self._lock, explained(self._file, self._called):
            self._go_to(start)
            done = start
            while done < stop:
                while done >= self._end:
                    self._next()
                end = min(stop, self._end)
                self._copy(done - self._begin, end - self._begin, out[done - start : end - start])
                done = end
        return out

    def close(self) -> None:
        self._forget()
        super().close()

    def _forget(self) -> None:
        self._begin = self._end = 0
        self._values: list[NDArray[Any]] = []
        self._iterator: Iterator[Any] | None = None

    def _go_to(self, row: int) -> None:
        if self._iterator is None or row < self._begin:
            self._forget()
            self._end, self._iterator = self._batches(row)
            self._begin = self._end

    def _next(self) -> None:
        self._values = []  # before the next are decoded
        batch = next(self._iterator, None) if self._iterator is not None else None
        if batch is None:
            self._forget()
            raise ValueError("holds fewer rows than it declares")
        self._begin, self._end = self._end, self._end + batch.num_rows
        names, width = self._columns.names, self._columns.width
        self._values = [values_of(batch, name, width, self._begin, self._file.name) for name in names]
        for values in self._values:
            if len(values) != batch.num_rows or values.dtype != self.dtype:
                raise ValueError("a column of another length or type than it declares")

    def _copy(self, start: int, stop: int, out: NDArray[Any]) -> None:
        if self._columns.width is not None or out.ndim == 1:
            out[:] = self._values[0][start:stop]
            return
        for place, values in enumerate(self._values):
            out[:, place] = values[start:stop]
