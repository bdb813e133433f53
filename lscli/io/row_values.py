"""One value of any type per row beside the logits, such as its group or its document, from any format.

The values are read as codes, the numbers of the distinct values in the order in which they come, so that memory grows
with N whole numbers, however long the strings are.
"""

from __future__ import annotations

import contextlib
import os
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.arrays import as_array, as_list, is_tensor
from lscli.errors import InputError, UsageError
from lscli.io.argument import is_stdin
from lscli.io.array_request import ArrayRequest
from lscli.io.files import RegularFile
from lscli.io.format_table import BY_SUFFIX, FORMATS, format_by_content, format_of_file, format_of_text
from lscli.io.formats.json_objects import JsonObjects, UnfitError
from lscli.io.memory import read_all
from lscli.io.paths import expanded
from lscli.io.pickles import is_pickle, refused
from lscli.io.shards import check_distinct
from lscli.io.stdin import NAME as STDIN
from lscli.io.stdin import open_stdin
from lscli.io.tables.columns import Columns, place_of
from lscli.io.tables.text import COMMA, TAB, cells_of, first_row, is_number
from lscli.text import listed, nearest, printed, said, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.tables.text import Delimiter

    Array = NDArray[Any]

_DELIMITERS: dict[str, Delimiter] = {"csv": COMMA, "tsv": TAB}
_COLUMNAR = ("parquet", "arrow", "jsonl")
_JSON = "lm-eval"
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
        self._files: list[tuple[RegularFile, str]] = []
        with contextlib.ExitStack() as stack:
            names = None if is_stdin(path) else expanded(path)
            for name in names or [path]:
                file = stack.enter_context(contextlib.closing(open_stdin() if is_stdin(name) else RegularFile(name)))
                self._files.append((file, _format(file, role)))
            check_distinct([file for file, _ in self._files])
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
        codes = _Codes()
        joined = [codes.of(part.values)[part.codes.reshape(-1)] for part in parts]
        return parts[0]._replace(
            name=self.name, codes=np.concatenate(joined), values=codes.values, size=sum(part.size for part in parts)
        )


def _values(file: RegularFile, format_name: str, request: ArrayRequest, lengths: Collection[int]) -> RowValues:
    reader = FORMATS[format_name].reader(file.name)
    if format_name not in (*_DELIMITERS, *_COLUMNAR, _JSON):
        with contextlib.closing(reader.open_array(file.another(), request)) as found:
            return of_array(read_all(found), found.name)
    if format_name in _COLUMNAR:
        own = request.key or _chosen(file.name, _names(file, format_name), request)
        return _coded(reader.cells(file, own), f"{file.name}[{printed(own)}]", file.size)
    names = _names(file, format_name)
    name = _chosen(file.name, names, request)
    called = f"{file.name}[{printed(name)}]"
    if format_name == _JSON:
        return _coded(_of_json(file, name), called, file.size)
    place = place_of(file.name, Columns(list(names)), name)
    has_header = request.key is not None or len(names) > 1
    found = _coded(cells_of(file, place, _DELIMITERS[format_name], header=has_header), called, file.size)
    if has_header or is_number(name) or len(found.codes) in lengths:
        return found if has_header else found._replace(name=file.name)
    # A line more than there are samples: the first is a header.
    return _coded((found.values[code] for code in found.codes[1:].tolist()), called, file.size)


def _names(file: RegularFile, format_name: str) -> Collection[str]:
    if format_name in _DELIMITERS:
        return first_row(file, _DELIMITERS[format_name])
    reader = FORMATS[format_name].reader(file.name)
    if format_name in _COLUMNAR:
        return list(reader.columns_in(file).names)
    if format_name == _JSON:
        _, first = next(iter(JsonObjects(file, _ONE)), (0, {}))
        return list(first)
    return [entry.key for entry in reader.contents(file) if entry.key is not None]


def _of_json(file: RegularFile, name: str) -> Iterator[Any]:
    objects = JsonObjects(file, _ONE)
    for number, each in objects:
        if name not in each:
            raise objects.error(number, UnfitError(f"has no field {shown(name)}", "every row needs a value"))
        if isinstance(each[name], list | dict):
            raise objects.error(number, UnfitError(f"has no text or number under {shown(name)}", _ONE))
        yield each[name]


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


class _Codes:
    """Numbers of values in the order in which they come.

    Attributes:
        values: the distinct values so far.
    """

    def __init__(self) -> None:
        self._places: dict[str | int, int] = {}

    @property
    def values(self) -> list[str | int]:
        return list(self._places)

    def of(self, values: Iterable[str | int]) -> Array:
        """The code of each value, [n]."""
        places = self._places
        codes = array("q", (places.setdefault(value, len(places)) for value in values))
        return np.frombuffer(codes, np.int64).astype(np.intp, copy=False) if codes else np.empty(0, np.intp)


def of_given(value: Any, name: str) -> RowValues:
    """The values that a caller gave: a list, an array, a column of a data frame or a tensor.

    Raises:
        InputError: it is no list of strings or numbers.
    """
    plain = is_tensor(value) or (isinstance(value, np.ndarray) and value.dtype != object)
    if plain and not isinstance(value, np.ma.MaskedArray):
        return of_array(as_array(value, name), name)
    several = isinstance(value, np.ndarray) and value.ndim > 1
    found = _coded(as_list(value.reshape(-1) if several else value, name), name, 0)
    return found._replace(codes=found.codes.reshape(value.shape)) if several else found


def of_array(values: Array, name: str) -> RowValues:
    """The values of an array of strings or numbers, of any shape.

    Raises:
        InputError: its elements are neither.
    """
    if values.dtype.kind not in "biufSUMm":
        raise InputError(f"holds {values.dtype.name} values, not strings or numbers", _ONE, where=name)
    if values.dtype.kind in "SU":
        found = _coded(values.reshape(-1).tolist(), name, values.nbytes)
        return found._replace(codes=found.codes.reshape(values.shape))
    distinct, first, codes = np.unique(values.reshape(-1), return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.intp)
    place[order] = np.arange(len(order))
    texts = [_text(value, name) for value in distinct[order].tolist()]
    return RowValues(name, place[codes].reshape(values.shape), texts, values.dtype.name, values.nbytes)


def _coded(cells: Iterable[Any], name: str, size: int) -> RowValues:
    """The codes [n] of strings and numbers, one by one."""
    codes = _Codes()
    found = codes.of(_text(cell, name) for cell in cells)
    return RowValues(name, found, codes.values, "text", size)


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
        return format_of_file(file, role, None)
    return format_by_content(file) or (format_of_text(file) if file.name == STDIN else None) or "csv"
