"""Parquet, for data frames: needs pyarrow, which the extra `parquet` brings."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from lscli.errors import UsageError
from lscli.report import Row
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report

# Of a row group, which is what is in memory at a time: rows, and cells of wide ones.
_ROWS, _CELLS = 1 << 16, 1 << 22


def report(answer: Report, screen: Screen) -> Iterator[bytes]:
    """The rows of the report under the CSV's columns."""
    return _parquet(Row._fields, (row.cells() for row in answer.rows))


def listing(answer: Listing, screen: Screen) -> Iterator[bytes]:
    """The rows of the listing under its columns."""
    return _parquet(answer.columns, answer.cells())


def _parquet(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise UsageError(
            "Parquet needs pyarrow", "pip install 'lscli-calibration[parquet]', or write a .csv"
        ) from error
    remaining, sink, writer = iter(rows), _Sink(), None
    group = max(1, min(_ROWS, _CELLS // len(columns)))
    while batch := list(itertools.islice(remaining, group)):
        arrays = [pa.array([_cell(value) for value in column]) for column in zip(*batch, strict=True)]
        table = pa.table(dict(zip(columns, arrays, strict=True)), None if writer is None else writer.schema)
        if writer is None:
            writer = parquet.ParquetWriter(sink, table.schema)
        writer.write_table(table)
        yield sink.taken()
    if writer is None:
        parquet.write_table(pa.table({name: pa.array([], pa.string()) for name in columns}), sink)
    else:
        writer.close()
    yield sink.taken()


def _cell(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


class _Sink:
    """A file that hands on what is written to it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self.closed = False

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        self._size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data
