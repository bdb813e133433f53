"""Tables as pyarrow has them, from Parquet and Arrow files: their columns, proved before they are read."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError, LscliError
from lscli.io.array_request import ArrayRequest, Entry
from lscli.io.tables.columns import Column, entries, labels_among, matrix, single
from lscli.text import said, sized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile

_FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}
# Logits have no runs of equal values, labels may; what expands more was made to, or its length is damaged.
_MAX_RATIO, _MAX_LABELS_RATIO, _RATIO_FROM = 1000, 100_000, 64 << 20
# Beyond this multiple of its file, what is asked of memory is a damaged length.
_MOST = 1000


class Chosen(NamedTuple):
    """The columns of an array.

    Attributes:
        names: one of lists, or one a class, or one of single values.
        width: of the lists; None where values are single.
        shape: (N, K) or (N,).
        element: numpy's name of the type of their values.
        name: of the array, for errors.
    """

    names: list[str]
    width: int | None
    shape: tuple[int, ...]
    element: str
    name: str


def chosen(file: RegularFile, schema: Any, rows: int, request: ArrayRequest) -> Chosen:
    """The columns that are asked for.

    Raises:
        InputError: there are none, or none that can be used.
    """
    columns = columns_of(schema)
    if request.wants != "matrix":
        column = columns[single(file.name, columns, request)]
        return _sized(file, Chosen([column.name], None, (rows,), column.element, f"{file.name}[{column.name}]"))
    places = matrix(file.name, columns, request, labels_among(columns, request))
    first = columns[places[0]]
    names = [columns[place].name for place in places]
    if first.width is not None:
        name = f"{file.name}[{first.name}]"
        return _sized(file, Chosen(names, first.width, (rows, first.width), first.element, name))
    return _sized(file, Chosen(names, None, (rows, len(names)), first.element, file.name))


def described(schema: Any, rows: int) -> list[Entry]:
    """The arrays that a table holds."""
    return entries(columns_of(schema), rows)


def columns_of(schema: Any) -> list[Column]:
    """The columns of a schema; values of an extension type are seen where they are lists of one length."""
    index = _index_of(schema)
    return [_column(field.name, field.type, index=field.name in index) for field in schema]


def values_of(batch: Any, name: str, width: int | None, first: int, where: str) -> NDArray[Any]:
    """The values of a column [n], or of its lists [n, width].

    Args:
        batch: n rows.
        name: the column.
        width: see `Chosen`.
        first: the number of the batch's first row, for errors.
        where: the file, for errors.

    Raises:
        InputError: one of them is missing.
        ValueError: the column is damaged.
    """
    values = proved(batch, name, width, first, where)
    dtype = np.dtype(_element(values.type))
    # Not `to_numpy`, which imports pandas.
    data = values.buffers()[-1] if len(values) else b""
    flat = np.frombuffer(data, dtype, len(values), values.offset * dtype.itemsize if len(values) else 0)
    return flat if width is None else flat.reshape(batch.num_rows, width)


def proved(batch: Any, name: str, width: int | None, first: int, where: str) -> Any:
    """The values of a column as an array of pyarrow's, of lists those within; proved, for pyarrow may abort on others.

    Args, Raises: see `values_of`.
    """
    array, rows = storage(batch.column(name)), batch.num_rows
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


def storage(array: Any) -> Any:
    """The array within one of an extension type."""
    return getattr(array, "storage", array)


@contextlib.contextmanager
def explained(file: RegularFile, called: str) -> Iterator[None]:
    """Make one line of whatever pyarrow raises: of a damaged file that may be anything.

    Raises:
        InputError: instead of that.
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
    """Whether so much was asked for that the file cannot need it."""
    found = re.search(r"size (\d+)", str(error))
    return found is not None and int(found[1]) > (1 << 30) + _MOST * file.size


def _sized(file: RegularFile, columns: Chosen) -> Chosen:
    """The same columns, if the file may hold so many values."""
    if min(columns.shape) < 0:
        raise ValueError("fewer rows than none")
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
    # By hand: pyarrow's compute functions import pandas.
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    return int(bits[array.offset : array.offset + len(array)].argmin())


def _index_of(schema: Any) -> set[str]:
    """The columns that pandas says are the index of the data frame."""
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
