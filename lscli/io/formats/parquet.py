"""Parquet files, by pyarrow: a column of lists of one length, or one column per class, read in batches of a few MiB.

Of every column that is read, a page and a dictionary are in memory, about 3 MiB: a column of lists takes less memory
than one column per class.
"""

from __future__ import annotations

import bisect
import io
import itertools
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.files import Stream
from lscli.io.formats.parquet_footer import checked_footer
from lscli.io.tables.arrow_table import (
    DecodedRows,
    Selection,
    cells_in,
    check_size,
    choose,
    columns_of,
    explained,
    fill,
    measured_lists,
    text_column,
)
from lscli.io.tables.arrow_values import first_width
from lscli.io.tables.columns import entries, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.io.array_request import ArrayRequest, Entry
    from lscli.io.cells import Cells
    from lscli.io.files import RegularFile
    from lscli.io.stored import StoredArray
    from lscli.io.tables.columns import Column, Columns

_CALLED = "Parquet file"
# Bytes of a batch. With one column per class a batch has at least _ROWS rows in up to _MOST bytes, since each column
# costs the same however few rows are read.
_BATCH, _MOST, _ROWS = 2 << 20, 8 << 20, 2048
_CELLS = 1 << 16  # rows of a batch of single columns
_BUFFERS, _LEAST_BUFFER = 8 << 20, 1 << 14


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the requested columns.

    Raises:
        InputError: the columns are missing, ambiguous or of the wrong type, or the file is damaged.
    """
    with explained(file, _CALLED):
        table = file.parsed(_Table)
        columns = choose(file, table.columns, table.rows, request, partial(table.width, file))
        if not columns.element:
            return text_column(file, columns, _Batches(file, table, columns))
        return DecodedRows(file, columns, _Batches(file, table, columns), _CALLED, table.lock)


def read_columns(file: RegularFile, wanted: Sequence[tuple[str, Cells]]) -> None:
    """Hand over the cells of columns; errors are those of `arrow_table.fill`."""
    with explained(file, _CALLED):
        table = file.parsed(_Table)
        groups = list(range(table.metadata.num_row_groups))

        def batches(places: Sequence[int]) -> Iterator[Any]:
            return table.batches(file, _CELLS, groups, [table.columns.names[place] for place in places])

        fill(file, table.columns, table.rows, wanted, batches)
    file.check_unchanged()


def column_names(file: RegularFile) -> list[str]:
    """The names of all columns."""
    with explained(file, _CALLED):
        return list(file.parsed(_Table).columns.names)


def contents(file: RegularFile) -> list[Entry]:
    """List the columns of a file, from its footer."""
    with explained(file, _CALLED):
        table = file.parsed(_Table)
        return entries(measured_lists(table.columns, partial(table.width, file)), table.rows)


def columns_in(file: RegularFile) -> Columns:
    """All columns of a file, from its footer."""
    with explained(file, _CALLED):
        return file.parsed(_Table).columns


def cells(file: RegularFile, name: str) -> Iterator[Any]:
    """The strings or numbers of a column, one by one; None for a null.

    Raises:
        InputError: there is no such column, it holds something else, or the file is damaged.
    """
    columns = columns_in(file)
    table = file.parsed(_Table)
    column = columns[place_of(file.name, columns, name)]
    groups = list(range(table.metadata.num_row_groups))
    return cells_in(file, column, table.rows, table.batches(file, _CELLS, groups, [name]), _CALLED)


class _Table:
    """The table in a file, which all arrays of this file share; each of them reads through its own open file.

    Attributes:
        metadata: pyarrow's view of the footer.
        columns: all columns.
        rows: N.
        lock: held while rows are read.

    Raises:
        InputError: the file is empty or encrypted, or another file stands before it.
    """

    def __init__(self, file: RegularFile) -> None:
        from pyarrow import parquet

        if file.size == 0:
            raise InputError("empty file", "write it again", where=file.name)
        self._counts = checked_footer(file)
        self.metadata = parquet.read_metadata(file.stream())
        self.columns = columns_of(self.metadata.schema.to_arrow_schema())
        self.rows = self.metadata.num_rows
        self.lock = threading.Lock()
        self._readers: dict[int, tuple[Stream, Any]] = {}
        self._widths: dict[int, int] = {}

    def width(self, file: RegularFile, place: int) -> int:
        """The length of the first list of a column, which only its values tell; 0 if the table has no rows.

        Raises:
            InputError: it is null or empty, or its row group declares more numbers than a file of this size has.
        """
        if place not in self._widths:
            self._widths[place] = self._first_width(file, self.columns[place])
        return self._widths[place]

    def _first_width(self, file: RegularFile, column: Column) -> int:
        groups = (group for group in range(self.metadata.num_row_groups) if self.metadata.row_group(group).num_rows)
        group = next(groups, None)
        if group is None:
            return 0
        check_size(file, self._numbers(column.name) * np.dtype(column.element).itemsize)
        with self.lock:
            batch = next(self.batches(file, 1, [group], [column.name]))
        return first_width(batch.column(column.name), column, 0, file.name)

    def _numbers(self, name: str) -> int:
        """How many numbers the footer says are in the lists of a column.

        pyarrow would end the process if it were asked for this of a damaged footer.
        """
        paths = [self.metadata.schema.column(place).path for place in range(self.metadata.num_columns)]
        each = zip(paths, self._counts, strict=bool(self._counts))
        return sum(count for path, count in each if path.startswith(f"{name}."))

    def batches(self, file: RegularFile, rows: int, groups: list[int], names: list[str]) -> Iterator[Any]:
        """Batches of so many rows of these row groups and columns."""
        stream, reader = self._reader(file, len(names))
        # Decoded in this thread alone: the others compute meanwhile.
        batches = reader.iter_batches(rows, groups, names, use_threads=False)
        while True:
            stream.file = file
            batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _reader(self, file: RegularFile, columns: int) -> tuple[Stream, Any]:
        """pyarrow's reader for so many columns; opening one takes a time that grows with all columns of the file.

        It reads through `RegularFile`, not from a mapping: a mapped file that is cut off raises SIGBUS.
        """
        import pyarrow as pa
        from pyarrow import parquet

        # With a buffer, pyarrow reads pages one after another; without one, whole columns.
        size = max(_LEAST_BUFFER, min(1 << 20, _BUFFERS // columns))
        if size not in self._readers:
            stream = Stream(file)
            source = pa.PythonFile(io.BufferedReader(stream), mode="r")
            options = {"buffer_size": size, "pre_buffer": False, "page_checksum_verification": True}
            self._readers[size] = stream, parquet.ParquetFile(source, metadata=self.metadata, **options)
        return self._readers[size]


class _Batches:
    """A function of a row that iterates over the batches from the row group with that row on."""

    def __init__(self, file: RegularFile, table: _Table, columns: Selection) -> None:
        self._file = file
        self._table = table
        self._names = columns.names
        row = max(1, columns.row_size)
        self._rows = max(1, _BATCH // row, min(_ROWS, _MOST // row) if len(columns.names) > 1 else 1)

    def __call__(self, row: int) -> tuple[int, Iterator[Any]]:
        metadata = self._table.metadata
        groups = range(metadata.num_row_groups)
        ends = list(itertools.accumulate(metadata.row_group(group).num_rows for group in groups))
        if (ends or [0])[-1] != metadata.num_rows:
            raise ValueError("the row groups have a different number of rows than the file")
        group = bisect.bisect_right(ends, row)
        begin = ends[group - 1] if group else 0
        return begin, self._table.batches(self._file, self._rows, list(groups[group:]), self._names)
