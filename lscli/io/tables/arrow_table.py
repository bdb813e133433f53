"""Tables of pyarrow, from Parquet and Arrow files: choose columns, check values, decode rows."""

from __future__ import annotations

import contextlib
import json
import math
import re
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError, LscliError
from lscli.io.stored import StoredArray
from lscli.io.tables.arrow_values import element_of, null_at, proved, values_of
from lscli.io.tables.columns import Column, Columns, labels_among, matrix, place_of, single
from lscli.io.texts import coded
from lscli.limits import ran_out
from lscli.text import printed, said, sized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.array_request import ArrayRequest
    from lscli.io.cells import Cells
    from lscli.io.files import RegularFile
    from lscli.io.texts import Texts

    Batches = Callable[[Sequence[int]], Iterable[Any]]

_TEXT = re.compile(r"(large_)?string(_view)?|dictionary<values=(large_)?string,.*>")
# The limit of decoded bytes per byte of the file. Labels may have long runs of equal values, logits have none. A file
# that expands further is malicious or damaged.
_MAX_RATIO, _MAX_LABELS_RATIO, _RATIO_FROM = 1000, 100_000, 64 << 20
_TEXT_SIZE = 64  # bytes that a string may take
# An allocation beyond this multiple of the file comes from a damaged length.
_MOST = 1000


class Selection(NamedTuple):
    """The chosen columns.

    Attributes:
        columns: one column of lists, one column per class, or one column of single values.
        shape: (N, K) or (N,).
        name: the name of the array, for errors.
    """

    columns: list[Column]
    shape: tuple[int, ...]
    name: str

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    @property
    def lists(self) -> bool:
        """Whether the values are lists, each of which is a row."""
        return self.columns[0].lists

    @property
    def element(self) -> str:
        """numpy's name of the type of the values; empty for strings."""
        return self.columns[0].element

    @property
    def row_size(self) -> int:
        """The bytes of a row; an estimate for strings."""
        return math.prod(self.shape[1:]) * (np.dtype(self.element).itemsize if self.element else _TEXT_SIZE)


def choose(
    file: RegularFile, columns: Columns, rows: int, request: ArrayRequest, width_of: Callable[[int], int]
) -> Selection:
    """Choose the requested columns of a table.

    Args:
        file: the file, for errors.
        columns: all columns.
        rows: N.
        request: what is wanted.
        width_of: a function of a position among the columns: the length of the first list of a column whose type says
            none, or 0 if there are no rows.

    Raises:
        InputError: the columns are missing, ambiguous or of the wrong type.
    """
    if request.wants != "matrix":
        column = columns[single(file.name, columns, request)]
        return _sized(file, Selection([column], (rows,), f"{file.name}[{printed(column.name)}]"))
    places = matrix(file.name, columns, request, labels_among(columns, request))
    chosen = [columns[place] for place in places]
    first = chosen[0]
    if first.lists:
        first = measured(first, places[0], width_of)
        name = f"{file.name}[{printed(first.name)}]"
        return _sized(file, Selection([first], (rows, first.width or 0), name))
    return _sized(file, Selection(chosen, (rows, len(chosen)), file.name))


def measured(column: Column, place: int, width_of: Callable[[int], int]) -> Column:
    """A column of lists, with the length of its lists."""
    return column if column.width is not None else column._replace(width=width_of(place))


def measured_lists(columns: Columns, width_of: Callable[[int], int]) -> Columns:
    """The columns, each with the length of its lists; a column whose first list cannot be used is left as it is."""
    found = []
    for place, column in enumerate(columns.typed):
        known = column
        if column.lists:
            with contextlib.suppress(InputError):  # opening it will report the error
                known = measured(column, place, width_of)
        found.append(known)
    return Columns.of(found)


def columns_of(schema: Any) -> Columns:
    """The columns of a schema; a tensor of one dimension is a list of fixed length."""
    index = _index_of(schema)
    return Columns.of([_column(field.name, field.type, index=field.name in index) for field in schema])


def cells_in(file: RegularFile, column: Column, rows: int, batches: Iterator[Any], called: str) -> Iterator[Any]:
    """The values of a column of strings or numbers, one by one; None for a null.

    Args:
        file: for errors.
        column: what the schema says of it.
        rows: N, as the file declares it.
        batches: the record batches of the table, or of this column alone.
        called: the name of the format, for errors.

    Raises:
        InputError: the column holds something else, or the file is damaged.
    """
    _sized(file, Selection([column._replace(element="int64", width=None)], (rows,), file.name))
    with explained(file, called):
        for batch in batches:
            values = batch.column(column.name)
            _check_plain(values.type, column.name, file.name)
            values.validate(full=True)
            if len(values) != batch.num_rows:
                raise ValueError("a column of another length than its batch")
            yield from values.to_pylist()


def _check_plain(kind: Any, name: str, where: str) -> None:
    """Refuse values that are neither strings nor numbers; to convert those of time, pyarrow may import pandas."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    text = pa.types.is_string(inner) or pa.types.is_large_string(inner)
    number = pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_boolean(inner)
    if not text and not number:
        what = f"column {name!r} is {kind}, not strings or numbers"
        raise InputError(what, "save one string or number per row", where=where)


def text_column(file: RegularFile, columns: Selection, batches: Callable[[int], tuple[int, Iterator[Any]]]) -> Texts:
    """Read a column of strings or of categories.

    Args:
        file: the file.
        columns: the column.
        batches: as for `DecodedRows`.

    Raises:
        InputError: a value is null, or the different strings are too many for labels.
        ValueError: the column is damaged.
    """
    column = columns.columns[0]
    texts = coded(_cells(batches(0)[1], column, file.name), columns.name, column.type)
    if texts.shape != columns.shape:
        raise ValueError("holds fewer rows than it declares")
    file.check_unchanged()
    return texts


def _cells(batches: Iterator[Any], column: Column, where: str) -> Iterator[str]:
    first = 0
    for batch in batches:
        array = proved(batch.column(column.name), batch.num_rows, column, first, where)
        array.validate(full=True)  # UTF-8, and the places of categories
        if hasattr(array, "dictionary"):
            words = [None if word is None else str(word) for word in array.dictionary.to_pylist()]
            cells = [words[place] for place in array.indices.to_pylist()]
            if None in cells:
                raise null_at(column, first + cells.index(None), where)
            yield from cells
        else:
            yield from array.to_pylist()
        first += batch.num_rows


def fill(file: RegularFile, columns: Columns, rows: int, wanted: Sequence[tuple[str, Cells]], batches: Batches) -> None:
    """Hand over the cells of columns that have one value per row: numbers, booleans or text.

    Args:
        file: for errors.
        columns: all columns.
        rows: N.
        wanted: the name of each column, and the object that takes its cells.
        batches: a function of positions of columns that iterates over the batches.

    Raises:
        InputError: there is no such column, it has no single values, or a cell is refused.
        ValueError: the file is damaged.
    """
    places = [place_of(file.name, columns, name) for name, _ in wanted]
    for place in places:
        column = columns[place]
        if column.lists or not (column.element or _TEXT.fullmatch(column.type)):
            what = f"column {column.name!r} is {column.type}, not one value per row"
            raise InputError(what, "save one number or text per row", where=file.name)
        if column.element:
            _sized(file, Selection([column], (rows,), column.name))
    first = 0
    for batch in batches(sorted({*places})):
        for place, (_, cells) in zip(places, wanted, strict=True):
            cells.add(_values_in(batch.column(columns.names[place]), batch.num_rows, columns[place]), file.name, first)
        first += batch.num_rows
    if first != rows:
        raise ValueError("holds fewer rows than it declares")


def _values_in(array: Any, rows: int, column: Column) -> Any:
    """The cells of a column in a batch: an array of numbers or booleans if none is null, else values of Python."""
    array.validate(full=True)
    if len(array) != rows:
        raise ValueError("a column of another length than its batch")
    return array.to_pylist() if array.null_count or not column.element else values_of(array, rows, column, 0, "")


@contextlib.contextmanager
def explained(file: RegularFile, called: str) -> Iterator[None]:
    """Replace any exception of pyarrow, which raises many kinds for a damaged file, by an InputError of one line.

    An error of lscli passes unchanged. If memory ran out it is a MemoryError, unless a damaged length caused it.
    """
    try:
        yield
    except LscliError:
        raise
    except Exception as error:
        size = re.search(r"size (\d+)", str(error))
        damaged = size is not None and int(size[1]) > _RATIO_FROM + _MOST * file.size
        if ran_out(error) and not damaged:
            raise MemoryError(str(error)) from error
        file.check_unchanged()
        what = said(error)[:200] or type(error).__name__
        raise InputError(f"corrupt {called}: {what}", "save the array again", where=file.name) from error


class ColumnRows(StoredArray):
    """The rows [N, K] or [N] of the chosen columns; a base for decoded rows and for rows that are read in place."""

    rows_only = True

    def __init__(self, file: RegularFile, columns: Selection) -> None:
        self.name = columns.name
        self.shape = columns.shape
        self.columns = () if columns.lists else columns.names
        self.element = columns.element
        self.dtype = np.dtype(columns.element)
        # `verify` has nothing left to check: Parquet checks pages as it reads them, and Arrow has no checksums.
        self._source: RegularFile = file

    def reshaped(self, shape: tuple[int, ...]) -> StoredArray:
        if shape != self.shape:
            raise InputError("the rows of a table are samples", "leave out --flatten and --class-axis", where=self.name)
        return self


class DecodedRows(ColumnRows):
    """Rows that are decoded batch by batch as they are read; reading backward starts again at an earlier batch.

    Args:
        file: closed with the array.
        columns: the columns to read.
        batches: a function of a row that returns the number of an earlier row, or of this one, and an iterator of the
            batches from there on.
        called: the name of the format, for errors.
        lock: held while rows are read; shared by the arrays that share a reader of pyarrow.
    """

    sequential = True

    def __init__(
        self,
        file: RegularFile,
        columns: Selection,
        batches: Callable[[int], tuple[int, Iterator[Any]]],
        called: str,
        lock: threading.Lock,
    ) -> None:
        super().__init__(file, columns)
        self._columns = columns
        self._called = called
        self._batches = batches
        self._lock = lock
        self._values: list[NDArray[Any]] = []
        self._iterator: Iterator[Any] | None = None
        self._begin = self._end = 0

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        with self._lock, explained(self._source, self._called):
            if self._iterator is None or start < self._begin:
                self._forget()
                self._end, self._iterator = self._batches(start)
                self._begin = self._end
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
        self._values, self._iterator = [], None

    def _next(self) -> None:
        self._values = []  # free them before the next batch is decoded
        batch = next(self._iterator, None) if self._iterator is not None else None
        if batch is None:
            self._forget()
            raise ValueError("holds fewer rows than it declares")
        self._begin, self._end = self._end, self._end + batch.num_rows
        self._values = [
            values_of(batch.column(column.name), batch.num_rows, column, self._begin, self._source.name)
            for column in self._columns.columns
        ]
        for values in self._values:
            if len(values) != batch.num_rows or values.dtype != self.dtype:
                raise ValueError("a column differs in length or type from what the file declares")

    def _copy(self, start: int, stop: int, out: NDArray[Any]) -> None:
        if self._columns.lists or out.ndim == 1:
            out[:] = self._values[0][start:stop]
            return
        for place, values in enumerate(self._values):
            out[:, place] = values[start:stop]


def _sized(file: RegularFile, columns: Selection) -> Selection:
    """Return `columns`, or refuse them if a file of this size cannot hold that many values."""
    if min(columns.shape) < 0:
        raise ValueError("a negative number of rows")
    check_size(file, columns.shape[0] * columns.row_size, _MAX_RATIO if len(columns.shape) == 2 else _MAX_LABELS_RATIO)
    return columns


def check_size(file: RegularFile, size: int, ratio: int = _MAX_RATIO) -> None:
    """Raise InputError if a file declares so many bytes that one of its size cannot hold them."""
    if size > max(_RATIO_FROM, ratio * file.size):
        what = f"declares {sized(size)}, {size // file.size} times the file"
        raise InputError(what, "write it again; files that expand so far are malicious or damaged", where=file.name)


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
    elif pa.types.is_list(inner) or pa.types.is_large_list(inner):
        inner = inner.value_type
    number = pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_boolean(inner)
    element = element_of(inner) if number else ""
    lists = inner is not kind and number
    called = str(kind) if lists or not element else element
    return Column(name, called, element, lists, width, index, not lists and _are_texts(kind))


def _are_texts(kind: Any) -> bool:
    """Whether values are strings, or categories that are strings or integers."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return bool(pa.types.is_integer(kind.value_type)) or _are_texts(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
