"""The values in a column of pyarrow, read from its buffers and checked: numbers, booleans, and lists of one length.

Most writers, among them pandas, polars, Spark, duckdb and Hugging Face datasets, write rows of logits as lists of any
length. They are read if all have the length of the first one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.tables.columns import Column

_FLOATS = {"halffloat": "float16", "float": "float32", "double": "float64"}
_ONE_LENGTH = "a row needs one number per class: leave such rows out of every input"


def values_of(array: Any, rows: int, column: Column, first: int, where: str) -> NDArray[Any]:
    """The values of a column, [n], or of its lists, [n, width].

    Args:
        array: the column in a record batch.
        rows: n, the number of rows of the batch.
        column: what the schema says of it.
        first: the number of the batch's first row, for errors.
        where: the file, for errors.

    Raises:
        InputError: a value is null, or a list has another length than the first.
        ValueError: the column is damaged.
    """
    values = proved(array, rows, column, first, where)
    dtype = np.dtype(element_of(values.type))
    if dtype.kind == "b":
        flat = (
            _bits(values.buffers()[-1], values.offset, len(values)).view(np.bool_) if len(values) else np.empty(0, bool)
        )
        return flat if column.width is None else flat.reshape(rows, column.width)
    # Not `to_numpy`, which imports pandas.
    data = values.buffers()[-1] if len(values) else b""
    flat = np.frombuffer(data, dtype, len(values), values.offset * dtype.itemsize if len(values) else 0)
    return flat if column.width is None else flat.reshape(rows, column.width)


def proved(array: Any, rows: int, column: Column, first: int, where: str) -> Any:
    """The values of a column, or those in its lists, as a checked array of pyarrow: it may abort on unchecked ones.

    Args and errors are those of `values_of`.
    """
    width = column.width
    array = _plain(array)
    if len(array) != rows:
        raise ValueError("a column of another length than its batch")
    null = _first_null(array)
    if null is None and width is not None:
        inside = array.values
        begin = array.offset * width if _fixed(array) else _begin(array, column, first, where)
        inside.validate()
        if len(inside) < begin + rows * width:
            raise ValueError("a column of fewer values than its rows have")
        array = inside.slice(begin, rows * width)
        if (place := _first_null(array)) is not None:
            null = place // width
    if null is not None:
        raise null_at(column, first + null, where)
    return array


def first_width(array: Any, column: Column, first: int, where: str) -> int:
    """The length of the first list of a column that has at least one row; args and errors are those of `values_of`."""
    array = _plain(array)
    if _first_null(array.slice(0, 1)) is not None:
        raise null_at(column, first, where)
    width = int(_lengths(array)[1][0])
    if width == 0:
        what = f"column {column.name!r} has an empty list at row {first}"
        raise InputError(what, _ONE_LENGTH, where=where)
    return width


def _begin(array: Any, column: Column, first: int, where: str) -> int:
    """Where the values of lists begin that follow one another, after it was checked that all have the same length."""
    if not len(array):
        return 0
    begin, lengths = _lengths(array)
    odd = lengths != column.width
    if odd.any():
        row = int(odd.argmax())
        if lengths[row] < 0:
            raise ValueError("a list of negative length")
        what = f"column {column.name!r} has lists of different lengths: {lengths[row]} at row {first + row}"
        raise InputError(f"{what}, {column.width} at row 0", _ONE_LENGTH, where=where)
    return begin


def _lengths(array: Any) -> tuple[int, NDArray[np.int64]]:
    """Where the values of the first list of an array begin, and the length of each list."""
    dtype = np.dtype(np.int64 if str(array.type).startswith("large") else np.int32)
    offsets = np.frombuffer(array.buffers()[1], dtype, len(array) + 1, array.offset * dtype.itemsize).astype(np.int64)
    return int(offsets[0]), offsets[1:] - offsets[:-1]


def _plain(array: Any) -> Any:
    """An array, or the one below an extension type, validated."""
    array = getattr(array, "storage", array)
    array.validate()
    return array


def _fixed(array: Any) -> bool:
    """Whether lists have a fixed length by their type."""
    return str(array.type).startswith("fixed")


def null_at(column: Column, row: int, where: str) -> InputError:
    """The error for a null in a column."""
    hint = "leave such rows out of every input"
    return InputError(f"column {column.name!r} has a null at row {row}", hint, where=where)


def element_of(kind: Any) -> str:
    """numpy's name of a type of numbers."""
    return _FLOATS.get(str(kind), str(kind))


def _first_null(array: Any) -> int | None:
    if not array.null_count:
        return None
    # Not with pyarrow's compute functions, which import pandas.
    return int(_bits(array.buffers()[0], array.offset, len(array)).argmin())


def _bits(buffer: Any, start: int, count: int) -> NDArray[np.uint8]:
    """Bits from a position on, as 0 and 1."""
    packed = np.frombuffer(buffer, np.uint8)[start // 8 : (start + count + 7) // 8]
    return np.unpackbits(packed, bitorder="little")[start % 8 :][:count]
