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
import math
import mmap
import struct
import threading
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from lscli.errors import InputError
from lscli.io.tables.arrow_table import (
    ColumnRows,
    DecodedRows,
    cells_in,
    choose,
    columns_of,
    explained,
    fill,
    measured_lists,
    text_column,
)
from lscli.io.tables.arrow_values import first_width, proved
from lscli.io.tables.columns import Columns, entries, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.array_request import ArrayRequest, Entry
    from lscli.io.cells import Cells
    from lscli.io.files import RegularFile
    from lscli.io.stored import StoredArray
    from lscli.io.tables.arrow_table import Selection

_T = TypeVar("_T")
_CALLED = "Arrow file"
_MAGIC, _FEATHER_1 = b"ARROW1", b"FEA1"
_FILE_START = 8  # the magic, padded; a stream follows, and then a footer
_FILE_END = 10  # the length of the footer, and the magic
_DICTIONARIES, _BATCHES = 2, 3  # fields of the footer
_SPARE = 128  # no more bytes than these are the end mark of the messages, and pad what is before and after it


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the requested columns.

    Raises:
        InputError: the columns are missing, ambiguous or of the wrong type, or the file is damaged.
    """
    table = file.parsed(_table)
    with explained(file, _CALLED):
        columns = choose(file, table.columns, sum(table.rows), request, table.width)
        places = [table.columns.first[name] for name in columns.names]
        if not columns.element:
            return text_column(file, columns, _Batches(file, table.rows, places))
        offsets = _offsets([table.located[place] for place in places], len(table.rows))
    if offsets is not None:
        return _RowsInPlace(file, columns, table.rows, offsets)
    return DecodedRows(file, columns, _Batches(file, table.rows, places), _CALLED, threading.Lock())


def read_columns(file: RegularFile, wanted: Sequence[tuple[str, Cells]]) -> None:
    """Hand over the cells of columns; errors are those of `arrow_table.fill`."""
    table = file.parsed(_table)
    with explained(file, _CALLED):

        def batches(places: Sequence[int]) -> Iterator[Any]:
            return _Batches(file, table.rows, places)(0)[1]

        fill(file, table.columns, sum(table.rows), wanted, batches)
    file.check_unchanged()


def column_names(file: RegularFile) -> list[str]:
    """The names of all columns."""
    return list(file.parsed(_table).columns.names)


def contents(file: RegularFile) -> list[Entry]:
    """List the columns of a file."""
    table = file.parsed(_table)
    with explained(file, _CALLED):
        return entries(measured_lists(table.columns, table.width), sum(table.rows))


def columns_in(file: RegularFile) -> Columns:
    """All columns of a file."""
    return file.parsed(_table).columns


def cells(file: RegularFile, name: str) -> Iterator[Any]:
    """The strings or numbers of a column, one by one; None for a null.

    Raises:
        InputError: there is no such column, it holds something else, or the file is damaged.
    """
    table = file.parsed(_table)
    place = place_of(file.name, table.columns, name)
    with explained(file, _CALLED):
        _, batches = _Batches(file, table.rows, [place])(0)
    return cells_in(file, table.columns[place], sum(table.rows), batches, _CALLED)


# The offsets in the file, one per batch, at which the values of a column begin; None if a batch is compressed. A column
# that cannot be read is its error, which matters only if this column is asked for.
_Located = list[int] | None | Exception


class _Table(NamedTuple):
    """What all arrays of a file share: the file is mapped once, however many columns are opened one by one.

    Attributes:
        columns: all columns.
        rows: the number of rows of each record batch.
        located: where each column of numbers is, by its position among the columns.
        widths: the length of the first list of columns of lists whose type says none, by position.
    """

    columns: Columns
    rows: list[int]
    located: dict[int, _Located]
    widths: dict[int, int]

    def width(self, place: int) -> int:
        """The length of the first list of a column; 0 if there are no rows.

        Raises:
            InputError: the column cannot be used.
        """
        found = self.located[place]
        if place not in self.widths and isinstance(found, Exception):
            raise found
        return self.widths.get(place, 0)


def _table(file: RegularFile) -> _Table:
    def read(data: Any) -> _Table:
        rows = _batch_rows(data)
        reader = _reader(data)
        columns = columns_of(reader.schema)
        return _Table(columns, rows, *_locate(file, data, reader, columns, rows))

    return _mapped(file, read)


def _offsets(located: Sequence[_Located], batches: int) -> NDArray[np.int64] | None:
    """The offsets of the chosen columns, [batches, columns]; None if a batch is compressed."""
    for each in located:
        if isinstance(each, Exception):
            raise each
    known = [each for each in located if isinstance(each, list)]
    if len(known) < len(located):
        return None
    return np.array(known, np.int64).reshape(len(known), batches).T


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


def _batch_rows(data: Any) -> list[int]:
    """The number of rows of each record batch, from its header: nothing is decoded.

    Args:
        data: all bytes of a file or stream, as a buffer of pyarrow.

    Raises:
        ValueError: the file or stream is damaged, or another one was joined to it.
    """
    import pyarrow as pa

    no_columns = pa.schema([])
    messages = _messages_of_file(data) if _is_file(data) else _messages_of_stream(data)
    rows = [pa.ipc.read_record_batch(each, no_columns).num_rows for each in messages if each.type == "record batch"]
    if any(count < 0 for count in rows):
        raise ValueError("a batch has a negative number of rows")
    return rows


def _messages_of_stream(data: Any) -> Iterator[Any]:
    import pyarrow as pa

    source = pa.BufferReader(data)
    reader = pa.ipc.MessageReader.open_stream(source)
    while True:
        place = source.tell()
        try:
            yield reader.read_next_message()
        except StopIteration:
            # pyarrow accepts a stream that was cut off between two batches, though its end mark is missing.
            if source.tell() == place:
                raise ValueError("does not end as a stream does") from None
            break
    if source.tell() < data.size:
        raise ValueError(
            f"holds {data.size - source.tell()} bytes after its end: another file may have been joined to it"
        )


def _messages_of_file(data: Any) -> Iterator[Any]:
    """The record batches that the footer lists (Footer in File.fbs of the Arrow format, a table of FlatBuffers).

    pyarrow reads files that were joined end to end: the footer is that of the last, but its offsets lead into the
    first. So they have to reach from the start to the footer.
    """
    import pyarrow as pa

    if data.size < _FILE_START + _FILE_END:
        raise ValueError("is too short")
    tail = data.slice(data.size - _FILE_END).to_pybytes()
    size, magic = int.from_bytes(tail[:4], "little"), tail[4:]
    begin = data.size - _FILE_END - size
    if magic != _MAGIC or begin < _FILE_START:
        raise ValueError("does not end as an Arrow file does")
    footer = data.slice(begin, size).to_pybytes()
    try:
        blocks = [_blocks(footer, field) for field in (_DICTIONARIES, _BATCHES)]
    except struct.error as error:
        raise ValueError("its footer is damaged") from error
    ends = [offset + header + body for some in blocks for offset, header, body in some]
    if (
        min((part for some in blocks for block in some for part in block), default=0) < 0
        or max(ends, default=0) > begin
    ):
        raise ValueError("a batch lies outside of the file")
    if ends and begin - max(ends) > _SPARE:
        raise ValueError(f"holds {begin - max(ends)} bytes of no batch: another file may stand before it")
    for offset, header, body in blocks[1]:
        yield pa.ipc.read_message(data.slice(offset, header + body))


def _blocks(footer: bytes, field: int) -> list[tuple[int, int, int]]:
    """The offset, the length of the header and that of the body of each block in a field of the footer."""
    table = struct.unpack_from("<I", footer)[0]
    fields = table - struct.unpack_from("<i", footer, table)[0]
    place = 4 + 2 * field
    if place >= struct.unpack_from("<H", footer, fields)[0] or not struct.unpack_from("<H", footer, fields + place)[0]:
        return []
    start = table + struct.unpack_from("<H", footer, fields + place)[0]
    start += struct.unpack_from("<I", footer, start)[0]
    count = struct.unpack_from("<I", footer, start)[0]
    return list(struct.iter_unpack("<qi4xq", footer[start + 4 : start + 4 + 24 * count]))


def _locate(
    file: RegularFile, data: Any, reader: Any, columns: Columns, rows: Sequence[int]
) -> tuple[dict[int, _Located], dict[int, int]]:
    """Where each column of numbers is, and the lengths of the lists of those whose type says none."""
    located: dict[int, _Located] = {place: [] for place, column in enumerate(columns.typed) if column.element}
    widths: dict[int, int] = {}
    first = 0
    for batch, count in zip(_batches(reader), rows, strict=True):
        if batch.num_rows != count:
            raise ValueError("a batch has a different number of rows than its header says")
        for place, offsets in located.items():
            if isinstance(offsets, list):
                values, column = batch.column(place), columns[place]
                try:
                    if column.lists and column.width is None and count:
                        if place not in widths:
                            widths[place] = first_width(values, column, first, file.name)
                        column = column._replace(width=widths[place])
                    offset = _offset(data, proved(values, count, column, first, file.name)) if count else 0
                except MemoryError:
                    raise
                except Exception as error:  # of pyarrow, for a damaged column, or of lscli
                    located[place] = error.with_traceback(None)
                else:
                    located[place] = None if offset is None else [*offsets, offset]
        first += count
        if not any(isinstance(offsets, list) for offsets in located.values()):
            break  # no column can be read in place: do not decompress the other batches
    return located, widths


def _offset(data: Any, values: Any) -> int | None:
    """The offset in the file of the values of a column in a batch; None if they cannot be read in place."""
    size = values.type.bit_width // 8
    if not size:  # booleans are bits
        return None
    offset = int(values.buffers()[-1].address - data.address + values.offset * size)
    inside = 0 <= offset <= data.size - len(values) * size  # outside of the file, they were decompressed
    return offset if inside else None


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
        self._step = math.prod(columns.shape[1:2] if columns.lists else ()) * self.dtype.itemsize

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
