"""JSON lines (`.jsonl`, `.ndjson`): an object a line, with a list of logits, or a field per class, and a label.

The fields are the columns of a table, and are chosen as those of any table; what is in an inner object is called by its
path, such as `output.logits`. Objects are read one by one, and only the numbers are kept. One JSON array of such
objects is read, too.

NaN, Infinity and -Infinity are numbers, as Python's json writes them.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from array import array
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry
from lscli.io.formats.json_objects import JsonObjects, Stated, UnfitError
from lscli.io.memory import MemoryArray
from lscli.io.spool import Spool
from lscli.io.tables.columns import Column, Columns, entries, labels_among, matrix, place_of, single
from lscli.io.texts import coded
from lscli.text import printed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.cells import Cells
    from lscli.io.files import RegularFile
    from lscli.io.stored import StoredArray

    Path = tuple[str, ...]

_AGAIN = 'write one object a line: json.dumps({"logits": row.tolist(), "label": int(label)})'
_LOOKED_AT = 64  # objects, for the types of the fields
_DEEPEST = 8  # objects in objects
_BLOCK = 1 << 17  # numbers
_CELLS = 1 << 12  # objects whose values are taken at a time
_FLOATS = {float, Stated}
_NUMBERS = {int, float, Stated}


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Read a matrix [N, K], or one number of each object, [N].

    A matrix is float32 if each of its numbers is a float32 number, so that the results equal those of the array that
    was saved; otherwise float64.

    Raises:
        InputError: the fields are missing or ambiguous, or an object lacks one or has something else in it.
        ReadWriteError: the file cannot be read, or there is no room for the numbers in the temporary folder.
    """
    lines = file.parsed(_Lines)
    request = lines.dotted(request)
    if request.wants == "matrix":
        return lines.matrix(file, request)
    column = lines.columns[single(file.name, lines.columns, request)]
    if request.wants != "integers":
        return lines.numbers(file, column.name)
    if column.texts or column.element == "bool":
        return lines.labels(file, column)
    return lines.integers(file, column.name)


def contents(file: RegularFile) -> list[Entry]:
    """List the fields; those that look like the classes are one matrix."""
    lines = file.parsed(_Lines)
    return entries(lines.columns, sum(1 for _ in lines.objects(file)))


def columns_in(file: RegularFile) -> Columns:
    """All fields, from the first objects."""
    return file.parsed(_Lines).columns


def column_names(file: RegularFile) -> list[str]:
    """The names of all fields."""
    return list(columns_in(file).names)


def cells(file: RegularFile, name: str) -> Iterator[Any]:
    """The strings, numbers or booleans of a field, one by one; None for null.

    Raises:
        InputError: there is no such field, an object lacks it, or it holds something else.
        ReadWriteError: the file cannot be read.
    """
    lines = file.parsed(_Lines)
    return (value for (value,) in lines.rows(file, [lines.found(file.name, name)]))


def read_columns(file: RegularFile, wanted: Sequence[tuple[str, Cells]]) -> None:
    """Hand over the values of fields.

    Args:
        file: the file.
        wanted: the name of each field, and the object that takes its values.

    Raises:
        InputError: there is no such field, an object lacks it, or a value is refused.
        ReadWriteError: the file cannot be read.
    """
    lines = file.parsed(_Lines)
    names = [lines.found(file.name, name) for name, _ in wanted]
    rows, first = lines.rows(file, names), 0
    while block := list(itertools.islice(rows, _CELLS)):
        for values, (_, taker) in zip(zip(*block, strict=True), wanted, strict=True):
            taker.add(list(values), file.name, first)
        first += len(block)
    file.check_unchanged()


class _Lines:
    """The fields of the objects in a file, from the first ones, and what was read of the labels on the way.

    Attributes:
        columns: the fields, each with its type.
    """

    def __init__(self, file: RegularFile) -> None:
        paths: dict[str, Path] = {}
        columns: dict[str, Column] = {}
        for _, each in itertools.islice(self.objects(file), _LOOKED_AT):
            paths = paths or _paths(each)
            for name, path in paths.items():
                with contextlib.suppress(UnfitError):  # it is an error once this line is read
                    columns[name] = _column(name, _at(each, path, name), columns.get(name))
        if not columns:
            raise InputError("holds no objects with fields", _AGAIN, where=file.name)
        self._paths = paths
        self.columns = Columns.of([columns[name] for name in paths])
        self._labels: dict[str, array[int]] = {}

    @staticmethod
    def objects(file: RegularFile) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each object, with its number from 1."""
        return iter(JsonObjects(file, _AGAIN))

    def dotted(self, request: ArrayRequest) -> ArrayRequest:
        """The request with `a.b` for a field that was written `a/b`."""

        def named(key: str | None) -> str | None:
            return key if key is None or key in self.columns.first else ",".join(map(self._dotted, key.split(",")))

        return request._replace(key=named(request.key), column=named(request.column), labels=named(request.labels))

    def _dotted(self, name: str) -> str:
        return name if name in self.columns.first else name.replace("/", ".")

    def found(self, where: str, name: str) -> str:
        """The name of a field that was asked for.

        Raises:
            InputError: there is no such field.
        """
        return self.columns.names[place_of(where, self.columns, self._dotted(name))]

    def matrix(self, file: RegularFile, request: ArrayRequest) -> StoredArray:
        """Read the rows of the requested fields; and the labels, if they are to be read from the same file."""
        among = labels_among(self.columns, request)
        chosen = [self.columns[place] for place in matrix(file.name, self.columns, request, among)]
        names = [column.name for column in chosen]
        label = next((self.columns.names[place] for place in sorted(among)), None) if request.shared else None
        labels = None if label in (None, *names) else array("q")
        width = (chosen[0].width or 0) if chosen[0].lists else len(names)
        row_of = self._row_of(names, width, lists=chosen[0].lists)
        objects, spool, values = JsonObjects(file, _AGAIN), Spool(file.name), _Values(width)
        numbers = array("q")
        for number, each in objects:
            try:
                row = row_of(each)
                values.add(row, number)
            except UnfitError as error:
                raise objects.error(number, error) from error
            numbers.append(number)
            labels = _noted(labels, each, self._paths[label]) if labels is not None and label is not None else None
            if values.full:
                spool.add(values.taken(objects, numbers))
        spool.add(values.taken(objects, numbers))
        if labels is not None and label is not None:
            self._labels[label] = labels
        called = f"{file.name}[{printed(names[0])}]" if chosen[0].lists else file.name
        made = spool.array((len(numbers), width), called)
        made.columns = () if chosen[0].lists else names
        file.check_unchanged()
        return made

    def integers(self, file: RegularFile, name: str) -> MemoryArray:
        """Read one whole number of each object, int64."""
        values = self._labels.get(name)
        if values is None:
            values = array("q")
            self.each(file, name, lambda value: values.append(_integer(name, value)))
        return MemoryArray(np.frombuffer(values, np.int64), f"{file.name}[{printed(name)}]")

    def labels(self, file: RegularFile, column: Column) -> MemoryArray:
        """Read one string, or one boolean, of each object."""
        name, kind = column.name, str if column.texts else bool
        called = f"{file.name}[{printed(name)}]"

        def checked(value: Any) -> Any:
            if type(value) is not kind:
                what = f"has {shown(value)} in {shown(name)}, but the objects before it have {column.type}"
                raise UnfitError(what, "leave such rows out of every input")
            return value

        values = (value for (value,) in self.rows(file, [name], checked))
        return coded(values, called) if column.texts else MemoryArray(np.fromiter(values, np.bool_), called)

    def numbers(self, file: RegularFile, name: str) -> MemoryArray:
        """Read one number of each object, float64."""
        values = array("d")
        self.each(file, name, lambda value: values.append(_number(name, value)))
        return MemoryArray(np.frombuffer(values), f"{file.name}[{printed(name)}]")

    def each(self, file: RegularFile, name: str, add: Callable[[Any], None]) -> None:
        """Call a function with the value of a field of each object."""
        deque(self.rows(file, [name], add), maxlen=0)

    def rows(
        self, file: RegularFile, names: Sequence[str], check: Callable[[Any], Any] | None = None
    ) -> Iterator[list[Any]]:
        """The values of fields of each object, each after a check, which by default refuses lists and objects."""
        objects, fields = JsonObjects(file, _AGAIN), [(self._paths[name], name) for name in names]
        for number, each in objects:
            try:
                yield [(check or partial(_plain, name))(_at(each, path, name)) for path, name in fields]
            except UnfitError as error:
                raise objects.error(number, error) from error

    def _row_of(self, names: Sequence[str], width: int, *, lists: bool) -> Callable[[dict[str, Any]], list[Any]]:
        """A function that returns the numbers of an object's row."""
        name, path = names[0], self._paths[names[0]]
        paths = [(self._paths[each], each) for each in names]

        def listed(each: dict[str, Any]) -> list[Any]:
            row = _at(each, path, name)
            if not isinstance(row, list):
                raise UnfitError(f"has {shown(row)} in {shown(name)}, not a list of numbers")
            if len(row) != width:
                what = f"has {len(row)} numbers in {shown(name)}, but the first object has {width}"
                raise UnfitError(what, _ONE_LENGTH)
            if not {*map(type, row)} <= _NUMBERS:
                _refuse(name, row)
            return row

        def fields(each: dict[str, Any]) -> list[Any]:
            row = [_at(each, own, field) for own, field in paths]
            if not {*map(type, row)} <= _NUMBERS:
                for (_, field), value in zip(paths, row, strict=True):
                    _number(field, value)
            return row

        return listed if lists else fields


class _Values:
    """Numbers of rows that were not spooled yet, and the objects that they are of.

    The JSON reader turns a number beyond float64 into infinity, which is an error unless `Infinity` was written.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._numbers = array("d")
        self._stated: dict[int, int] = {}  # the number of infinities written in a row, by its place in the block
        self._rows = 0

    @property
    def full(self) -> bool:
        return len(self._numbers) >= _BLOCK

    def add(self, row: list[Any], number: int) -> None:
        """Add the numbers of a row."""
        try:
            self._numbers.extend(row)
        except OverflowError as error:
            raise UnfitError("has a number beyond float64", _BEYOND) from error
        if Stated in map(type, row):
            self._stated[self._rows] = sum(type(value) is Stated and math.isinf(value) for value in row)
        self._rows += 1

    def taken(self, objects: JsonObjects, numbers: Sequence[int]) -> NDArray[np.float64]:
        """All numbers, which are then forgotten; `numbers` are those of all objects so far."""
        values = np.frombuffer(self._numbers) if self._numbers else np.empty(0)
        counts = np.isinf(values).reshape(self._rows, self._width).sum(axis=1)
        for place in np.flatnonzero(counts).tolist():
            if counts[place] != self._stated.get(place, 0):
                error = UnfitError("has a number beyond float64", _BEYOND)
                raise objects.error(numbers[len(numbers) - self._rows + place], error)
        self._numbers, self._stated, self._rows = array("d"), {}, 0
        return values


_ONE_LENGTH = "a row needs one number per class: leave such rows out of every input"
_BEYOND = "the largest number of float64 is 1.8e308: look at the run that wrote it"
_ABSENT = "every object needs the same fields: leave out rows without one, in every input"


def _paths(first: dict[str, Any]) -> dict[str, Path]:
    """The path to each value in an object by its name; a field whose own name has dots comes before a path."""
    found: dict[str, Path] = {}
    inner: deque[tuple[Path, dict[str, Any]]] = deque([((), first)])
    while inner:
        folder, here = inner.popleft()
        for key, value in here.items():
            path = (*folder, key)
            if isinstance(value, dict) and len(path) < _DEEPEST:
                inner.append((path, value))
            else:
                found.setdefault(".".join(path), path)
    return found


def _column(name: str, value: Any, before: Column | None) -> Column:
    """A field, by its value in an object and what it is by those before: of floats if one of them is."""
    if before is not None and before.type != "null":
        floats = bool({*map(type, value)} & _FLOATS) if isinstance(value, list) else type(value) in _FLOATS
        if not floats or before.element != "int64" or isinstance(value, list) != before.lists:
            return before
        return before._replace(element="float64", type="list<float64>" if before.lists else "float64")
    if isinstance(value, list):
        kinds = {*map(type, value)}
        if value and kinds <= _NUMBERS:
            element = "float64" if kinds & _FLOATS else "int64"
            return Column(name, f"list<{element}>", element, True, len(value))
        return Column(name, f"list<{_kind(value[0]) if value else ''}>")
    if isinstance(value, bool):
        return Column(name, "bool", "bool")
    if isinstance(value, int | float):
        element = "float64" if isinstance(value, float) else "int64"
        return Column(name, element, element)
    return Column(name, _kind(value), texts=isinstance(value, str))


def _kind(value: Any) -> str:
    return {dict: "object", list: "list", str: "text", bool: "bool", type(None): "null"}.get(type(value), "number")


def _at(value: Any, path: Path, name: str) -> Any:
    """The value that a path leads to."""
    for key in path:
        if not isinstance(value, dict) or key not in value:
            raise UnfitError(f"has no {shown(name)}", _ABSENT)
        value = value[key]
    return value


def _noted(labels: array[int], each: dict[str, Any], path: Path) -> array[int] | None:
    """The labels with that of one more object; None if it has none, which is an error once they are asked for."""
    try:
        labels.append(_integer("", _at(each, path, "")))
    except UnfitError:
        return None
    return labels


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, list | dict):
        raise UnfitError(f"has no string or number in {shown(name)}", "give one string or number per row")
    return value


def _integer(name: str, value: Any) -> int:
    if type(value) is not int:
        raise UnfitError(f"has {shown(value)} in {shown(name)}, not an integer label", _hint(value))
    return value


def _number(name: str, value: Any) -> float:
    if type(value) not in _NUMBERS:
        raise UnfitError(f"has {shown(value)} in {shown(name)}, not a number", _ABSENT if value is None else "")
    return float(value)


def _refuse(name: str, row: Sequence[Any]) -> None:
    odd = next(value for value in row if type(value) not in _NUMBERS)
    what = f"has {shown(odd)} in {shown(name)}, not a number"
    raise UnfitError(what, "leave such rows out of every input" if odd is None else "")


def _hint(value: Any) -> str:
    """A hint for a label that is no integer."""
    if isinstance(value, bool):
        return "write false and true as the classes 0 and 1"
    if isinstance(value, str):
        return "replace each name by its class number, the position of its column in the logits"
    if isinstance(value, float) and value.is_integer():
        return "write class numbers without a decimal point"
    return "a label is a class number: leave a row without one out of every input"
