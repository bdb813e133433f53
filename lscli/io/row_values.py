"""One value of any type per row beside the logits, such as its group or its document, from any format.

The values are read as codes, the numbers of the distinct values in the order in which they come, so that memory grows
with N whole numbers, however long the strings are.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.arrays import as_array, as_list, column_keys, is_tensor
from lscli.errors import InputError, UsageError
from lscli.io.argument import Argument
from lscli.io.array_request import ArrayRequest
from lscli.io.cells import Cells, fill, is_text
from lscli.io.format_table import (
    BY_SUFFIX,
    FORMATS,
    column_names,
    format_by_content,
    format_of_file,
    format_of_text,
)
from lscli.io.memory import check_unicode, read_all
from lscli.io.pickles import is_pickle, refused
from lscli.io.places import Places, places_in
from lscli.io.stdin import NAME as STDIN
from lscli.io.tables.columns import Columns, place_of
from lscli.io.tables.text import is_number
from lscli.text import listed, nearest, printed, said, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from lscli.io.cells import Block
    from lscli.io.files import RegularFile

    Array = NDArray[Any]

_TEXTS = ("csv", "tsv")
_ONE = "give one string or number per row"


class RowValues(NamedTuple):
    """One value per row, as codes.

    Attributes:
        name: the path as typed, with the column or the key, or the name of the argument.
        codes: of any shape; numbers from 0 on.
        values: the distinct values by their codes: whole numbers, or strings. A missing value is "".
        element: the name of their type.
        size: bytes of the file or of the array.
    """

    name: str
    codes: Array
    values: Sequence[str | int]
    element: str
    size: int


class RowFile:
    """A file with one value per row, or a table of several columns, one row per sample; closed as a context.

    Args:
        path: the path as typed, `-`, or a pattern of shards.
        role: its purpose, for errors; the column or array of this name is the default one.

    Raises:
        InputError: a file is missing, or a pickle.
        ReadWriteError: it cannot be read.
    """

    def __init__(self, path: str, role: str) -> None:
        self.name = path
        self._role = role
        with contextlib.ExitStack() as stack:
            self._files = Argument.of_files(path, stack, lambda file: _format(file, role)).files
            self._stack = stack.pop_all()

    def __enter__(self) -> RowFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def names(self) -> Collection[str]:
        """The names of the columns or arrays of the first file; empty if it is one array without a name."""
        return _names(*self._files[0])

    def values(self, column: str | None, lengths: Collection[int], option: str = "") -> RowValues:
        """Read a column or an array.

        Args:
            column: its name; None for the only one, or the one that is called like the role.
            lengths: the numbers of rows that fit. They tell whether the first line of a text of one column is a header.
            option: the option that names a column, for hints.

        Raises:
            InputError: the column is missing, or holds neither strings nor numbers; or the file cannot be used.
            UsageError: there are several columns, none of them is named, and an option could.
        """
        request = ArrayRequest(self._role, "numbers", column, option)
        parts = [_values(file, name, request, lengths) for file, name in self._files]
        if len(parts) == 1:
            return parts[0]
        places = Places()
        codes = np.concatenate([places.of(part.values).astype(np.intp)[part.codes.reshape(-1)] for part in parts])
        return parts[0]._replace(
            name=self.name, codes=codes, values=list(places), size=sum(part.size for part in parts)
        )


class RowTable:
    """A table in memory, a data frame or a dict of columns, one row per sample; as `RowFile`.

    Args:
        table: as `column_keys` takes it.
        role: its purpose, for errors; the column of this name is the default one.
    """

    def __init__(self, table: Any, role: str) -> None:
        self.name = role
        self._keys = column_keys(table)
        self._table = table

    def names(self) -> Collection[str]:
        """The names of the columns."""
        return self._keys

    def values(self, column: str | None, lengths: Collection[int], option: str = "") -> RowValues:
        """Read a column; `lengths` do not matter. Errors are those of `RowFile.values`."""
        own = _chosen(self.name, self._keys, ArrayRequest(self.name, "numbers", column, option))
        return of_given(self._table[self._keys[own]], f"{self.name}[{printed(own)}]")


def _values(file: RegularFile, format_name: str, request: ArrayRequest, lengths: Collection[int]) -> RowValues:
    reader = FORMATS[format_name].reader(file.name)
    if not FORMATS[format_name].table:
        with contextlib.closing(reader.open_array(file.another(), request)) as found:
            return of_array(read_all(found), found.name)
    names = _names(file, format_name)
    # A field inside an object of JSON lines is named by its path, which is not among the names of the fields.
    name = request.key if request.key and format_name not in _TEXTS else _chosen(file.name, names, request)
    column = Codes(f"{file.name}[{printed(name)}]")
    if format_name not in _TEXTS:
        fill([column], reader.blocks(file, [name]), file.name)
        return column.found("text", file.size)
    has_header = request.key is not None or len(names) > 1
    place = place_of(file.name, Columns(list(names)), name)
    fill([column], reader.table(file).blocks([place], first_line=not has_header), file.name)
    found = column.found("text", file.size)
    if has_header or is_number(name) or len(found.codes) in lengths:
        return found if has_header else found._replace(name=file.name)
    # A line more than there are samples: the first is a header.
    codes, values = places_in(found.codes[1:])
    return found._replace(codes=codes, values=[found.values[code] for code in values])


def _names(file: RegularFile, format_name: str) -> Collection[str]:
    reader = FORMATS[format_name].reader(file.name)
    if format_name in _TEXTS:
        names: list[str] = reader.table(file).names
        return names
    return column_names(file, format_name)


def _chosen(where: str, names: Collection[str], request: ArrayRequest) -> str:
    """The name of a column of a table: the requested one, the one that is called like the role, or the only one."""
    if request.key is not None:
        if request.key in names:
            return request.key
        hint = nearest(request.key, names) or f"it has {listed(names)}"
        raise InputError(f"has no column {request.key!r}", hint, where=where)
    if request.role in names:
        return request.role
    if len(names) == 1:
        return next(iter(names))
    if request.option:
        hint = f"name one with {request.option} COLUMN: {listed(names)}"
        raise UsageError("no column is named", hint, where=request.role)
    raise InputError(f"has {len(names)} columns", f"call one {request.role!r}: {listed(names)}", where=where)


class Codes(Cells):
    """Strings and numbers of any kind as codes."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._places = Places()

    def add(self, cells: Block, where: str, first: int) -> None:
        if isinstance(cells, np.ndarray) and cells.dtype.kind not in "SU":
            codes, distinct = places_in(cells)
            self._blocks.append(self._places.of(_text(value, self._name) for value in distinct)[codes])
            return
        plain = cells.tolist() if isinstance(cells, np.ndarray) else cells
        self._blocks.append(self._places.of(plain if is_text(plain) else (_text(cell, self._name) for cell in plain)))

    def found(self, element: str, size: int) -> RowValues:
        """The values so far; `element` and `size` as in `RowValues`."""
        codes = np.concatenate([np.empty(0, np.intp), *self._blocks])
        return RowValues(self._name, codes, list(self._places), element, size)


def of_given(value: Any, name: str) -> RowValues:
    """The values that a caller gave: a list, an array, a column of a data frame or a tensor.

    Raises:
        InputError: it is no list of strings or numbers.
    """
    plain = is_tensor(value) or (isinstance(value, np.ndarray) and value.dtype != object)
    if plain and not isinstance(value, np.ma.MaskedArray):
        return of_array(as_array(value, name), name)
    several = isinstance(value, np.ndarray) and value.ndim > 1
    column = Codes(name)
    column.add(as_list(value.reshape(-1) if several else value, name), name, 0)
    found = column.found("text", 0)
    return found._replace(codes=found.codes.reshape(value.shape)) if several else found


def of_array(values: Array, name: str) -> RowValues:
    """The values of an array of strings or numbers, of any shape.

    Raises:
        InputError: its elements are neither.
    """
    if values.dtype.kind not in "biufSUMm":
        raise InputError(f"holds {values.dtype.name} values, not strings or numbers", _ONE, where=name)
    check_unicode(values, name)
    column = Codes(name)
    column.add(values.reshape(-1), name, 0)
    found = column.found("text" if values.dtype.kind in "SU" else values.dtype.name, values.nbytes)
    return found._replace(codes=found.codes.reshape(values.shape))


def _text(value: Any, name: str) -> str | int:
    """A value as a string, or a whole number; "" for one that is missing."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, int | np.integer) and abs(int(value)) < 1 << 63:
        return int(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    try:
        if value is None or bool(value != value):  # nan is not equal to itself
            return ""
        return str(value)
    except Exception as error:  # code of the value's type; pandas' NA has no truth value
        if type(value).__name__ == "NAType":
            return ""
        what = f"{shown(value)} cannot be written as text: {said(error)}"
        raise InputError(what, "give strings or numbers", where=name) from error


def _format(file: RegularFile, role: str) -> str:
    """The format of a file: by its suffix, or its first bytes. Text of any other suffix is CSV, if it has a name."""
    suffix = os.path.splitext(file.name)[1].lower()
    if BY_SUFFIX.get(suffix) != "pt" and is_pickle(file):
        raise refused(file.name, "save it as text")
    if suffix in BY_SUFFIX:
        found: str | None = format_of_file(file, role, None)
    else:
        found = format_by_content(file) or (format_of_text(file) if file.name == STDIN else None)
    # Samples of lm-evaluation-harness are objects with fields, too.
    return {None: "csv", "lm-eval": "jsonl"}.get(found, found or "")
