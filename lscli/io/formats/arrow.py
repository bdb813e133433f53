"""Arrow's own files and streams (`.arrow`, Feather): values that lie there as they are, are read where they lie.

A file is often one batch, so taking it batch by batch would take all of it into memory. It is mapped for a moment, to
learn from pyarrow where each column begins; rows are then read as from any file. Packed batches are decoded in turn.
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
from lscli.io.formats.arrow_messages import MAGIC, frames, is_file
from lscli.io.tables.arrow_rows import Batch, Decoded, InPlace
from lscli.io.tables.arrow_table import Chosen, chosen, described, explained, proved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lscli.io.array_request import ArrayRequest, Entry
    from lscli.io.files import RegularFile
    from lscli.io.formats.arrow_messages import Frame
    from lscli.io.stored import StoredArray

_T = TypeVar("_T")
_CALLED = "Arrow file"
_FEATHER_1 = b"FEA1"


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """The columns that are asked for.

    Raises:
        InputError: there are none, or none that can be used, or the file is damaged.
    """
    return _mapped(file, lambda data: _array(file, data, request))


def contents(file: RegularFile) -> list[Entry]:
    """The columns of a file."""
    return _mapped(file, lambda data: described(_reader(data).schema, sum(frame.rows for frame in frames(data))))


def _mapped(file: RegularFile, use: Callable[[Any], _T]) -> _T:
    """Whatever is learnt of the file's bytes while they are mapped; nobody may keep any of these."""
    import pyarrow as pa

    start = file.read(len(MAGIC), 0)
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
            # Whoever keeps the error would keep the mapping.
            traceback.clear_frames(error.__traceback__)
            raise
        finally:
            with contextlib.suppress(BufferError):
                mapped.close()


def _array(file: RegularFile, data: Any, request: ArrayRequest) -> StoredArray:
    found = list(frames(data))
    reader = _reader(data)
    if is_file(data) and reader.num_record_batches != len(found):
        raise ValueError("its footer lists another number of batches than there are")
    schema = reader.schema
    columns = chosen(file, schema, sum(frame.rows for frame in found), request)
    located = None if any(frame.packed for frame in found) else _locate(file, data, reader, columns, found)
    if located is not None:
        return InPlace(file, columns, located)
    places = [schema.names.index(name) for name in columns.names]
    return Decoded(file, columns, _Batches(file, [frame.rows for frame in found], places), _CALLED)


def _locate(file: RegularFile, data: Any, reader: Any, columns: Chosen, found: Sequence[Frame]) -> list[Batch] | None:
    """Where the values of all batches lie; None where they do not lie in the file as they are."""
    located, first = [], 0
    itemsize = np.dtype(columns.element).itemsize
    for batch, frame in zip(_batches(reader), found, strict=True):
        if batch.num_rows != frame.rows:
            raise ValueError("a batch of another number of rows than it declares")
        offsets = np.zeros(len(columns.names), np.int64)
        for place, name in enumerate(columns.names):
            values = proved(batch, name, columns.width, first, file.name)
            if not len(values):
                continue
            offsets[place] = values.buffers()[-1].address - data.address + values.offset * itemsize
            if not 0 <= offsets[place] <= data.size - len(values) * itemsize:
                return None
        located.append(Batch(batch.num_rows, offsets))
        first += batch.num_rows
    return located


class _Batches:
    """Batches from the one on that has a row, each decoded when it is asked for."""

    def __init__(self, file: RegularFile, rows: Sequence[int], places: Sequence[int]) -> None:
        self._file = file
        self._ends = list(itertools.accumulate(rows))
        self._places = list(places)

    def __call__(self, row: int) -> tuple[int, Iterator[Any]]:
        import pyarrow as pa

        options = pa.ipc.IpcReadOptions(included_fields=self._places, use_threads=False)
        stream = pa.PythonFile(self._file.stream(), mode="r")
        if self._file.read(len(MAGIC), 0) != MAGIC:
            return 0, _batches(pa.ipc.open_stream(stream, options=options))
        place = bisect.bisect_right(self._ends, row)
        return self._ends[place - 1] if place else 0, _batches(pa.ipc.open_file(stream, options=options), place)


def _batches(reader: Any, start: int = 0) -> Iterator[Any]:
    if hasattr(reader, "num_record_batches"):
        for place in range(start, reader.num_record_batches):
            yield reader.get_batch(place)
        return
    yield from reader


def _reader(data: Any) -> Any:
    import pyarrow as pa

    return (pa.ipc.open_file if is_file(data) else pa.ipc.open_stream)(pa.BufferReader(data))
