"""Parquet files, by pyarrow: a column of lists of fixed length, or one column per class, read in batches of a few MiB.

Of every column that is read, a page and a dictionary are in memory, about 3 MiB: a column of lists takes less memory
than one column per class.
"""

from __future__ import annotations

import bisect
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.tables.arrow_table import DecodedRows, Selection, choose, columns_of, explained
from lscli.io.tables.columns import entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.io.array_request import ArrayRequest, Entry
    from lscli.io.files import RegularFile

_CALLED = "Parquet file"
# Bytes of a batch. With one column per class a batch has at least _ROWS rows in up to _MOST bytes, since each column
# costs the same however few rows are read.
_BATCH, _MOST, _ROWS = 2 << 20, 8 << 20, 2048
_BUFFERS, _LEAST_BUFFER = 8 << 20, 1 << 14


def open_array(file: RegularFile, request: ArrayRequest) -> DecodedRows:
    """Open the requested columns.

    Raises:
        InputError: the columns are missing, ambiguous or of the wrong type, or the file is damaged.
    """
    with explained(file, _CALLED):
        table = _opened(file, 1)
        columns = choose(file, table.schema_arrow, table.metadata.num_rows, request)
        return DecodedRows(file, columns, _Batches(file, columns), _CALLED)


def contents(file: RegularFile) -> list[Entry]:
    """List the columns of a file, from its footer."""
    with explained(file, _CALLED):
        table = _opened(file, 1)
        return entries(columns_of(table.schema_arrow), table.metadata.num_rows)


class _Batches:
    """A function of a row that iterates over the batches from the row group with that row on."""

    def __init__(self, file: RegularFile, columns: Selection) -> None:
        self._file = file
        self._names = columns.names
        row = max(1, math.prod(columns.shape[1:]) * np.dtype(columns.element).itemsize)
        self._rows = max(1, _BATCH // row, min(_ROWS, _MOST // row) if len(columns.names) > 1 else 1)

    def __call__(self, row: int) -> tuple[int, Iterator[Any]]:
        table = _opened(self._file, len(self._names))
        metadata = table.metadata
        groups = range(metadata.num_row_groups)
        ends = list(itertools.accumulate(metadata.row_group(group).num_rows for group in groups))
        if (ends or [0])[-1] != metadata.num_rows:
            raise ValueError("the row groups have a different number of rows than the file")
        group = bisect.bisect_right(ends, row)
        begin = ends[group - 1] if group else 0
        # Decode in this thread alone: the others compute meanwhile.
        return begin, table.iter_batches(self._rows, list(groups[group:]), self._names, use_threads=False)


def _opened(file: RegularFile, columns: int) -> Any:
    """pyarrow's view of the file, read through `RegularFile`: reading a mapped file that is cut off raises SIGBUS."""
    import pyarrow as pa
    from pyarrow import parquet

    if file.size == 0:
        raise InputError("empty file", "write it again", where=file.name)
    # With a buffer, pyarrow reads pages one after another; without one, whole columns.
    buffer = max(_LEAST_BUFFER, min(1 << 20, _BUFFERS // columns))
    source = pa.PythonFile(file.stream(), mode="r")
    return parquet.ParquetFile(source, buffer_size=buffer, pre_buffer=False, page_checksum_verification=True)
