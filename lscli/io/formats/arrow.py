"""Arrow files and streams (`.arrow`, Feather): uncompressed values are read from their place in the file.

pyarrow reads a record batch at a time, and a file is often one batch. Measured on a file of 150,000 x 1,000 float32 in
one batch, reading all rows took 0.2 s and 61 MiB from their place in the file, and 3 to 5 s and 1,202 MiB batch by
batch (0.4 s and 85 MiB in batches of 2,000 rows). So the file is mapped for a moment, pyarrow locates the values of
each column, and rows are then read with `preadv` like those of any file: a mapped file that is cut off while it is read
would end the process with SIGBUS. Compressed batches are decoded one after another.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import mmap
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lscli.errors import InputError
from lscli.io.tables.arrow_table import ColumnRows, DecodedRows, choose, columns_of, explained, proved
from lscli.io.tables.columns import entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.array_request import ArrayRequest, Entry
    from lscli.io.files import RegularFile
    from lscli.io.stored import StoredArray
    from lscli.io.tables.arrow_table import Selection

_T = TypeVar("_T")
_CALLED = "Arrow file"
_MAGIC, _FEATHER_1 = b"ARROW1", b"FEA1"
_FILE_START = 8  # the magic, padded; a stream follows, and then a footer


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the requested columns.

    Raises:
        InputError: the columns are missing, ambiguous or of the wrong type, or the file is damaged.
    """
    return _mapped(file, lambda data: _array(file, data, request))


def contents(file: RegularFile) -> list[Entry]:
    """List the columns of a file."""
    return _mapped(file, lambda data: entries(columns_of(_reader(data).schema), sum(_batch_rows(data))))


def _mapped(file: RegularFile, use: Callable[[Any], _T]) -> _T:
    """The result of `use` on the mapped bytes of a file; it must not refer to these bytes."""
    import pyarrow as pa

    start = file.read(len(_MAGIC), 0)
    if not start:
        raise InputError("empty file", "write it again", where=file.name)
    if start.startswith(_FEATHER_1):
        hint = "write it again with pyarrow.feather.write_feather"
        raise InputError("a Feather file of version 1", hint, where=file.name)
    file.check_unchanged()
    with explained(file, _CALLED), open(file.path, "rb") as opened:
        mapped = mmap.mmap(opened.fileno(), file.size, access=mmap.ACCESS_READ)
        try:
            return use(pa.py_buffer(mapped))
        except Exception as error:
            # The frames of the traceback refer to the mapped bytes, and a caller may keep the error.
            traceback.clear_frames(error.__traceback__)
            raise
        finally:
            with contextlib.suppress(BufferError):
                mapped.close()


def _array(file: RegularFile, data: Any, request: ArrayRequest) -> StoredArray:
    rows = _batch_rows(data)
    reader = _reader(data)
    columns = choose(file, reader.schema, sum(rows), request)
    offsets = _locate(file, data, reader, columns, rows)
    if offsets is not None:
        return _RowsInPlace(file, columns, rows, offsets)
    fields = [reader.schema.names.index(name) for name in columns.names]
    return DecodedRows(file, columns, _Batches(file, rows, fields), _CALLED)


def _batch_rows(data: Any) -> list[int]:
    """The number of rows of each record batch, from its header: nothing is decoded.

    Args:
        data: all bytes of a file or stream, as a buffer of pyarrow.

    Raises:
        ValueError: the file or stream is damaged.
    """
    import pyarrow as pa

    source = pa.BufferReader(data.slice(_FILE_START) if _is_file(data) else data)
    reader, no_columns, rows = pa.ipc.MessageReader.open_stream(source), pa.schema([]), []
    while True:
        place = source.tell()
        try:
            message = reader.read_next_message()
        except StopIteration:
            # pyarrow accepts a stream that was cut off between two batches, though its end mark is missing.
            if source.tell() == place and not _is_file(data):
                raise ValueError("does not end as a stream does") from None
            break
        if message.type == "record batch":
            rows.append(pa.ipc.read_record_batch(message, no_columns).num_rows)
    if any(count < 0 for count in rows):
        raise ValueError("a batch has a negative number of rows")
    if _is_file(data) and _reader(data).num_record_batches != len(rows):
        raise ValueError("the footer lists a different number of batches than the file has")
    return rows


def _locate(
    file: RegularFile, data: Any, reader: Any, columns: Selection, rows: Sequence[int]
) -> NDArray[np.int64] | None:
    """The offsets in the file, [batches, columns], at which the values begin; None if a batch is compressed."""
    itemsize = np.dtype(columns.element).itemsize
    offsets = np.zeros((len(rows), len(columns.names)), np.int64)
    first = 0
    for number, (batch, count) in enumerate(zip(_batches(reader), rows, strict=True)):
        if batch.num_rows != count:
            raise ValueError("a batch has a different number of rows than its header says")
        for place, name in enumerate(columns.names):
            values = proved(batch, name, columns.width, first, file.name)
            if not len(values):
                continue
            offset = values.buffers()[-1].address - data.address + values.offset * itemsize
            if not 0 <= offset <= data.size - len(values) * itemsize:  # outside of the file: it was decompressed
                return None
            offsets[number, place] = offset
        first += count
    return offsets


class _RowsInPlace(ColumnRows):
    """Rows [N, K] or [N] that are read from their place in the file, by any thread.

    Args:
        file: closed with the array.
        columns: the columns to read.
        rows: the number of rows of each batch.
        offsets: the offset at which the values of each column begin, [batches, columns]; the file has all of them.
    """

    def __init__(self, file: RegularFile, columns: Selection, rows: Sequence[int], offsets: NDArray[np.int64]) -> None:
        super().__init__(file, columns)
        self._rows = rows
        self._ends = list(itertools.accumulate(rows))
        self._offsets = offsets
        self._step = (columns.width or 1) * self.dtype.itemsize

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        done = start
        while done < stop:
            place = bisect.bisect_right(self._ends, done)
            skipped = done - (self._ends[place] - self._rows[place])
            end = min(stop, self._ends[place])
            self._fill(out[done - start : end - start], self._offsets[place] + skipped * self._step)
            done = end
        return out

    def _fill(self, out: NDArray[Any], offsets: NDArray[np.int64]) -> None:
        if len(offsets) == 1:
            self._source.read_into(out.reshape(-1).view(np.uint8), int(offsets[0]))
            return
        columns = np.empty(out.shape[::-1], self.dtype)
        for column, offset in zip(columns.view(np.uint8), offsets.tolist(), strict=True):
            self._source.read_into(column, offset)
        out[:] = columns.T


class _Batches:
    """A function of a row that iterates over the batches from that row on, each decoded on demand."""

    def __init__(self, file: RegularFile, rows: Sequence[int], fields: Sequence[int]) -> None:
        self._file = file
        self._ends = list(itertools.accumulate(rows))
        self._fields = list(fields)

    def __call__(self, row: int) -> tuple[int, Iterator[Any]]:
        import pyarrow as pa

        options = pa.ipc.IpcReadOptions(included_fields=self._fields, use_threads=False)
        stream = pa.PythonFile(self._file.stream(), mode="r")
        if self._file.read(len(_MAGIC), 0) != _MAGIC:
            return 0, _batches(pa.ipc.open_stream(stream, options=options))
        place = bisect.bisect_right(self._ends, row)
        return self._ends[place - 1] if place else 0, _batches(pa.ipc.open_file(stream, options=options), place)


def _is_file(data: Any) -> bool:
    """Whether these bytes are an Arrow file; otherwise they are a stream."""
    return bool(data.slice(0, len(_MAGIC)).to_pybytes() == _MAGIC)


def _reader(data: Any) -> Any:
    """pyarrow's reader of a file or stream; with `included_fields` it would copy the values."""
    import pyarrow as pa

    options = pa.ipc.IpcReadOptions(use_threads=False)
    return (pa.ipc.open_file if _is_file(data) else pa.ipc.open_stream)(pa.BufferReader(data), options=options)


def _batches(reader: Any, start: int = 0) -> Iterator[Any]:
    if hasattr(reader, "num_record_batches"):
        for place in range(start, reader.num_record_batches):
            yield reader.get_batch(place)
        return
    yield from reader
