"""Parquet, for data frames; pyarrow writes it."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

from lscli.extras import needed
from lscli.report import Row
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report

# One row group is in memory at a time: at most this many rows, and fewer of wide rows to bound the cells.
_ROWS, _CELLS = 1 << 16, 1 << 22


def report(answer: Report, screen: Screen) -> Iterator[bytes]:
    """The rows of the report under the columns of the CSV."""
    return _parquet(Row._fields, (row.cells() for row in answer.rows))


def listing(answer: Listing, screen: Screen) -> Iterator[bytes]:
    """The rows of the listing under its columns."""
    return _parquet(answer.columns, answer.cells(), answer.whole)


def _parquet(columns: Sequence[str], rows: Iterable[Sequence[object]], whole: Collection[str] = ()) -> Iterator[bytes]:
    """Write row groups; the first one decides the types of the columns, except of those of whole numbers.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise needed("pyarrow", "Parquet", instead="write a .csv") from error
    remaining, sink, writer = iter(rows), io.BytesIO(), None
    group = max(1, min(_ROWS, _CELLS // len(columns)))
    while batch := list(itertools.islice(remaining, group)):
        arrays = [
            pa.array([_cell(value) for value in column], pa.int64() if name in whole else None)
            for name, column in zip(columns, zip(*batch, strict=True), strict=True)
        ]
        table = pa.table(dict(zip(columns, arrays, strict=True)), None if writer is None else writer.schema)
        if writer is None:
            writer = parquet.ParquetWriter(sink, table.schema)
        writer.write_table(table)
        yield _drained(sink)
    if writer is None:
        parquet.write_table(pa.table({name: pa.array([], pa.string()) for name in columns}), sink)
    else:
        writer.close()
    yield _drained(sink)


def _drained(sink: io.BytesIO) -> bytes:
    """Take what was written out of the buffer. pyarrow counts the position in the file itself."""
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data


def _cell(value: object) -> object:
    return printable(value) if isinstance(value, str) else value
