"""Tables of pyarrow, from Parquet and Arrow files: columns are chosen, their values checked, rows decoded."""

from __future__ import annotations

import contextlib
import json
import math
import re
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError, LscliError
from lscli.io.array_request import ArrayRequest, Entry
from lscli.io.tables.columns import Column, entries, labels_among, matrix, single
from lscli.text import said, sized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile

_FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}
# How far a file may expand. Logits have no long runs of equal values, labels may have; a file that expands further was
# made to do harm, or its length is damaged.
_MAX_RATIO, _MAX_LABELS_RATIO, _RATIO_FROM = 1000, 100_000, 64 << 20
# An allocation beyond this multiple of the file comes from a damaged length.
_MOST = 1000


class Selection(NamedTuple):
    """The chosen columns.

    Attributes:
        names: one column of lists, one column per class, or one column of single values.
        width: the length of the lists; None for single values.
        shape: (N, K) or (N,).
        element: numpy's name of the value type.
        name: the name of the array, for errors.
    """

    names: list[str]
    width: int | None
    shape: tuple[int, ...]
    element: str
    name: str


def choose(file: RegularFile, schema: Any, rows: int, request: ArrayRequest) -> Selection:
    """Choose the requested columns of a table.

    Raises:
        InputError: the columns are missing, ambiguous or of the wrong type.
    """
    columns = columns_of(schema)
    if request.wants != "matrix":
        column = columns[single(file.name, columns, request)]
        return _sized(file, Selection([column.name], None, (rows,), column.element, f"{file.name}[{column.name}]"))
    places = matrix(file.name, columns, request, labels_among(columns, request))
    first = columns[places[0]]
    names = [columns[place].name for place in places]
    if first.width is not None:
        name = f"{file.name}[{first.name}]"
        return _sized(file, Selection(names, first.width, (rows, first.width), first.element, name))
    return _sized(file, Selection(names, None, (rows, len(names)), first.element, file.name))


def described(schema: Any, rows: int) -> list[Entry]:
    """List the arrays of a table."""
    return entries(columns_of(schema), rows)


def columns_of(schema: Any) -> list[Column]:
    """The columns of a schema; a tensor of one dimension is a list of fixed length."""
    index = _index_of(schema)
    return [_column(field.name, field.type, index=field.name in index) for field in schema]


def values_of(batch: Any, name: str, width: int | None, first: int, where: str) -> NDArray[Any]:
    """The values of a column, [n], or of its lists, [n, width].

    Args:
        batch: a record batch of n rows.
        name: the column.
        width: the length of its lists; None for single values.
        first: the number of the batch's first row, for errors.
        where: the file, for errors.

    Raises:
        InputError: a value is null.
        ValueError: the column is damaged.
    """
    values = proved(batch, name, width, first, where)
    dtype = np.dtype(_element(values.type))
    # Not `to_numpy`, which imports pandas.
    data = values.buffers()[-1] if len(values) else b""
    flat = np.frombuffer(data, dtype, len(values), values.offset * dtype.itemsize if len(values) else 0)
    return flat if width is None else flat.reshape(batch.num_rows, width)


def proved(batch: Any, name: str, width: int | None, first: int, where: str) -> Any:
    """The values of a column, or those in its lists, as a checked array of pyarrow: it may abort on unchecked ones.

    Args and errors are those of `values_of`.
    """
    array, rows = _storage(batch.column(name)), batch.num_rows
    array.validate()
    if len(array) != rows:
        raise ValueError("a column of another length than its batch")
    null = _first_null(array)
    if width is not None:
        inside, begin = array.values, array.offset * width
        inside.validate()
        if len(inside) < begin + rows * width:
            raise ValueError("a column of fewer values than its rows have")
        array = inside.slice(begin, rows * width)
        if null is None and (place := _first_null(array)) is not None:
            null = place // width
    if null is not None:
        raise InputError(
            f"column {name!r} has a null at row {first + null}",
            "leave such rows out when the table is written, of the labels too",
            where=where,
        )
    return array


def _storage(array: Any) -> Any:
    """The array that an array of an extension type consists of."""
    return getattr(array, "storage", array)


@contextlib.contextmanager
def explained(file: RegularFile, called: str) -> Iterator[None]:
    """Turn any exception of pyarrow into an error of one line: on a damaged file it raises many kinds.

    Raises:
        InputError: in place of the exception; an error of lscli, or memory that really ran out, passes.
    """
    try:
        yield
    except LscliError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) and not _absurd(file, error):
            raise
        file.check_unchanged()
        what = said(error)[:200] or type(error).__name__
        raise InputError(f"corrupt {called}: {what}", "write or copy it again", where=file.name) from error


def _absurd(file: RegularFile, error: MemoryError) -> bool:
    """Whether an allocation failed that no file of this size needs."""
    found = re.search(r"size (\d+)", str(error))
    return found is not None and int(found[1]) > (1 << 30) + _MOST * file.size


class ColumnRows:
    """The rows [N, K] or [N] of the chosen columns; the base of those that are decoded and those read in place.

    Args:
        file: closed with the array.
        columns: the columns to read.
    """

    def __init__(self, file: RegularFile, columns: Selection) -> None:
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
        """Nothing is left to check: Parquet compares the checksums of pages as it reads them, and Arrow has none."""

    def close(self) -> None:
        self._file.close()


class DecodedRows(ColumnRows):
    """Rows that are decoded batch by batch as they are read; reading backward starts again at an earlier batch.

    Args:
        file: closed with the array.
        columns: the columns to read.
        batches: for a row, the batches from one that has it or lies before it on, and the number of their first row.
        called: the name of the format, for errors.
    """

    sequential = True

    def __init__(
        self, file: RegularFile, columns: Selection, batches: Callable[[int], tuple[int, Iterator[Any]]], called: str
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
        self._values = []  # free them before the next batch is decoded
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


def _sized(file: RegularFile, columns: Selection) -> Selection:
    """Return `columns` if the file can hold as many values."""
    if min(columns.shape) < 0:
        raise ValueError("a negative number of rows")
    size = math.prod(columns.shape) * np.dtype(columns.element).itemsize
    ratio = _MAX_RATIO if len(columns.shape) == 2 else _MAX_LABELS_RATIO
    if size > max(_RATIO_FROM, ratio * file.size):
        raise InputError(
            f"declares {sized(size)}, {size // file.size} times the file",
            "write it again; files that expand so far are made to do harm",
            where=file.name,
        )
    return columns


def _first_null(array: Any) -> int | None:
    if not array.null_count:
        return None
    # Not with pyarrow's compute functions, which import pandas.
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    return int(bits[array.offset : array.offset + len(array)].argmin())


def _index_of(schema: Any) -> set[str]:
    """The columns that are the index of a data frame, from the metadata that pandas writes."""
    try:
        described = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))["index_columns"]
        return {name for name in described if isinstance(name, str)}
    except (ValueError, KeyError, TypeError, RecursionError):
        return set()


def _column(name: str, kind: Any, *, index: bool) -> Column:
    import pyarrow as pa

    inner, width = kind, None
    if isinstance(kind, pa.FixedShapeTensorType) and len(kind.shape) == 1:
        inner = kind.storage_type
    if pa.types.is_fixed_size_list(inner):
        inner, width = inner.value_type, inner.list_size
    number = pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_boolean(inner)
    element = _element(inner) if number else ""
    return Column(name, str(kind) if width is not None or not element else element, element, width, index)


def _element(kind: Any) -> str:
    """numpy's name of a type of numbers."""
    return _FLOATS.get(str(kind), str(kind))
