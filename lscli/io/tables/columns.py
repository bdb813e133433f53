"""The columns of a table: find the requested ones, and check that their names are those of classes.

All table formats share this. One column too many is one class too many and makes every result wrong, so a column that
may not hold logits is refused rather than left out; one option names the columns.
"""

from __future__ import annotations

import re
from collections import Counter
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import InputError
from lscli.io.array_request import Entry
from lscli.io.tables.class_columns import LONGEST, class_columns, families, is_beside, labels_hint, naming_hint
from lscli.text import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from lscli.io.array_request import ArrayRequest

LABELS = ("labels", "label")
_INDEX = re.compile(r"__index_level_\d+__|Unnamed: \d+|")
_FLOATS = ("float16", "float32", "float64")


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: any text.
        type: the name of its type, for errors; empty in text tables.
        element: numpy's name of the type of its numbers; empty if it has no numbers, and in text tables.
        lists: whether its values are lists of numbers.
        width: the length of its lists; None for single values, and for lists of which the file says no length.
        of_index: whether it is the index of a data frame of pandas.
        texts: whether its values are strings, or categories that are strings.
    """

    name: str
    type: str = ""
    element: str = ""
    lists: bool = False
    width: int | None = None
    of_index: bool = False
    texts: bool = False


class Columns:
    """The columns of a table in order, found by name in a time that does not depend on their number.

    Attributes:
        names: their names.
        typed: the columns; empty for text, whose types are known once it is read. A text of many columns would take
            several times the memory with them.
        numbered: whether the names are no more than the positions, in a text without a header.
    """

    def __init__(self, names: Sequence[str], typed: Sequence[Column] = (), *, numbered: bool = False) -> None:
        self.names = names
        self.typed = typed
        self.numbered = numbered

    @classmethod
    def of(cls, typed: Sequence[Column]) -> Columns:
        return cls([column.name for column in typed], typed)

    def __getitem__(self, place: int) -> Column:
        return self.typed[place] if self.typed else Column(self.names[place])

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def first(self) -> dict[str, int]:
        """The position of the first column of each name."""
        return dict(zip(reversed(self.names), range(len(self.names) - 1, -1, -1), strict=True))

    @cached_property
    def doubled(self) -> set[str]:
        """The names that several columns have."""
        return set() if len(self.first) == len(self.names) else {n for n, c in Counter(self.names).items() if c > 1}

    @cached_property
    def lists(self) -> list[int]:
        """The positions of the columns of lists."""
        return [place for place, column in enumerate(self.typed) if column.lists]


def labels_among(columns: Columns, request: ArrayRequest) -> set[int]:
    """The positions of label columns, which are not part of a matrix."""
    wanted = {*LABELS, request.labels}
    return {place for place, name in enumerate(columns.names) if name in wanted}


def matrix(where: str, columns: Columns, request: ArrayRequest, left_out: Collection[int]) -> list[int]:
    """The positions of the columns of a matrix [N, K]: one column of lists, or one column per class.

    Args:
        where: the file, for errors.
        columns: all columns of the file.
        request: its key names the columns, with commas or with `*` as a wildcard. Without a key: the column of lists
            named like the role, the only column of lists, or every column that is not left out.
        left_out: positions of columns that are used only if named exactly.

    Raises:
        InputError: there are no such columns, or one of them is not, or may not be, part of the matrix.
    """
    others = [place for place in range(len(columns)) if place not in left_out]
    choose = _default if request.key is None else _named
    places = choose(where, columns, request, others)

    def naming(place: int) -> str:
        names = [columns.names[other] for other in others]
        floats = [name for name, other in zip(names, others, strict=True) if _may_be_class(columns[other])]
        if not floats:
            return "save the raw scores of the classes as float32"
        begin = (
            labels_hint(columns[place].name, request, has_labels=bool(left_out)) if _is_whole(columns[place]) else ""
        )
        return begin + naming_hint(names, floats, request)

    for place in places:
        _check_index(where, columns[place])
        if columns.typed:
            _check_type(where, columns[place], columns[places[0]], request, partial(naming, place))
    if len(places) > 1 and not columns.numbered:
        _check_names(where, [columns.names[place] for place in places], request, partial(naming, places[0]))
    return places


def single(where: str, columns: Columns, request: ArrayRequest) -> int:
    """The position of a column of one number per row: labels, weights, a prior, or binary logits.

    Raises:
        InputError: the column is missing, ambiguous or of the wrong type.
    """
    place, integers = place_of_single(where, columns, request), request.wants == "integers"
    column = columns[place]
    if column.of_index:
        hint = "make it a column: frame.reset_index().to_parquet(path, index=False)"
        raise InputError(f"column {column.name!r} is the index of a data frame", hint, where=where)
    _check_index(where, column)
    if column.lists:
        what = f"column {column.name!r} is {column.type}, not one number per row"
        raise InputError(what, "save one class number per row" if integers else "save one number per row", where=where)
    if integers and not column.element and not column.texts:
        what = f"column {column.name!r} is {column.type}, not class numbers or names"
        raise InputError(what, "save one class number per row", where=where)
    if not integers and column.element in ("", "bool"):  # labels of such types are refused after a look at their values
        what = f"column {column.name!r} is {column.type}, not numbers"
        raise InputError(what, "save one number per row", where=where)
    return place


def place_of_single(
    where: str,
    columns: Columns,
    request: ArrayRequest,
    find: Callable[[str, Columns, str], int] | None = None,
) -> int:
    """The position of a column of one value per row, by the names alone.

    This is the named column, which `find` looks up (None for `place_of`); the one called `labels` or `label` (for
    integers); the one that the request prefers, or that is called like the role; or the only one.

    Raises:
        InputError: the column is missing or ambiguous.
    """
    integers = request.wants == "integers"
    named = request.key
    by_role = request.column not in columns.first and request.role in columns.first
    if named is None and (integers or (len(columns) > 1 and not by_role)):
        named = request.column
    if named is not None:
        return (find or place_of)(where, columns, named)
    for usual in (*LABELS, request.role) if integers else (request.role,):
        if usual in columns.first:
            return place_of(where, columns, usual)
    if integers and request.shared:
        raise _no_labels(where, columns)
    left_out = labels_among(columns, request) if request.role == "logits" else ()
    others = [place for place in range(len(columns)) if place not in left_out]
    if len(others) == 1:
        return others[0]
    option = "--labels-column" if integers else request.option
    names = listed([columns.names[place] for place in others] or columns.names)
    hint = f"name one with {option}: {names}" if option else f"call one {request.role!r}: {names}"
    raise InputError(f"has {len(others) or len(columns)} columns", hint, where=where)


def place_of(where: str, columns: Columns, name: str) -> int:
    """The position of the column with this name.

    Raises:
        InputError: no column has this name, or two have it.
    """
    if name not in columns.first:
        hint = nearest(name, columns.names) or f"it has {listed(columns.names)}"
        raise InputError(f"has no column {name!r}", hint, where=where)
    if name in columns.doubled:
        raise InputError(f"has two columns {name!r}", "give each column its own name", where=where)
    return columns.first[name]


def _no_labels(where: str, columns: Columns) -> InputError:
    """The error for a table of logits without labels."""
    hint = "name the file of the labels after the logits, or their column with --labels-column"
    return InputError("has no column 'labels' or 'label'", f"{hint}: it has {listed(columns.names)}", where=where)


def index_refused(where: str, name: str) -> InputError:
    """The error for a column of row numbers."""
    called = f"column {name!r}" if name else "a column without a name"
    hint = "save the table without it: to_csv(path, index=False), to_parquet(path, index=False)"
    return InputError(f"{called} is an index, not a class", hint, where=where)


def _named(where: str, columns: Columns, request: ArrayRequest, others: Sequence[int]) -> list[int]:
    names, key = columns.names, request.key or ""
    if key in columns.first or not any(character in key for character in "*?[,"):
        return [place_of(where, columns, key)]
    if "," in key:
        named = key.split(",")
        if len(set(named)) < len(named):
            twice = Counter(named).most_common(1)[0][0]
            raise InputError(f"{request.option} names column {twice!r} twice", "name each column once", where=where)
        return [place_of(where, columns, name) for name in named]
    places = [place for place in others if fnmatchcase(names[place], key)]
    if not places:
        raise InputError(f"has no column that {key!r} matches", f"it has {listed(names)}", where=where)
    return places


def _default(where: str, columns: Columns, request: ArrayRequest, others: Sequence[int]) -> list[int]:
    names = columns.names
    of_role = [place for place in columns.lists if names[place] == request.role]
    inside = set(others)
    lists = [place for place in columns.lists if place in inside]
    if of_role or (lists and not (request.shared and request.role == "labels")):
        if len(of_role or lists) == 1:
            return of_role or lists
        hint = f"name one with {request.option}: {listed([names[place] for place in of_role or lists])}"
        raise InputError(f"has several columns of lists and none is called {request.role}", hint, where=where)
    if request.shared and request.role == "labels":
        raise _no_labels(where, columns)
    if not others:
        raise InputError(f"has no column of {request.role}", f"it has {listed(names) or 'none'}", where=where)
    # A column named like the role but of the wrong type is the error to report, whatever other columns there are.
    spoilt = [place for place in others if names[place] == request.role and columns.typed and len(others) > 1]
    return spoilt or list(others)


def _check_index(where: str, column: Column) -> None:
    if column.of_index or _INDEX.fullmatch(column.name):
        raise index_refused(where, column.name)


def _check_type(
    where: str,
    column: Column,
    first: Column,
    request: ArrayRequest,
    naming: Callable[[], str],
) -> None:
    outer, _, inner = column.type.partition("<")
    if "list" in outer and "list" in inner.partition("<")[0]:
        what = f"column {column.name!r} has lists of lists ({column.type})"
        hint = "save one list of K numbers per row, or an array [N, T, K] as .npy: np.save(path, logits)"
        raise InputError(what, hint, where=where)
    whole = _is_whole(column)
    if whole and request.role == "logits":
        what = f"column {column.name!r} is {column.element}: integer logits are refused"
        raise InputError(what, naming(), where=where)
    if not whole and column.element not in _FLOATS:
        raise InputError(f"column {column.name!r} is {column.type}, not numbers", naming(), where=where)
    if column.lists != first.lists:
        raise InputError(f"columns {first.name!r} and {column.name!r} differ in shape", naming(), where=where)
    if column.lists and column is not first:
        what = f"columns {first.name!r} and {column.name!r} both have lists"
        raise InputError(what, f"name one with {request.option}", where=where)
    if column.element != first.element:
        what = f"column {column.name!r} is {column.element}, {first.name!r} is {first.element}"
        beside = is_beside(column.name) or is_beside(first.name)
        raise InputError(what, naming() if beside else "save all classes as one type", where=where)


def _may_be_class(column: Column) -> bool:
    """Whether a column may hold the logits of a class, by its type; that of text is not known."""
    return not column.type or (column.element in _FLOATS and not column.lists)


def _is_whole(column: Column) -> bool:
    return column.element.startswith(("int", "uint", "bool"))


def _check_names(where: str, names: Sequence[str], request: ArrayRequest, naming: Callable[[], str]) -> None:
    """Raise InputError if one of the names [K] occurs twice, may not be that of a class, or is out of order."""
    if len(set(names)) < len(names):
        doubled, _ = Counter(names).most_common(1)[0]
        raise InputError(f"has two columns {doubled!r}", "give each column its own name", where=where)
    prefix, family = max(families(names).items(), key=lambda each: len(each[1]), default=("", []))
    numbered = len(family) > 1
    members = set(family)
    odd = [name for name in names if (numbered and name not in members) or is_beside(name)]
    typed = "," in (request.key or "")
    if odd and not typed and request.key != "*":
        raise InputError(f"column {odd[0]!r} may not be a class", naming(), where=where)
    if numbered and not odd and not typed:
        _check_order(where, prefix, names)


def entries(columns: Columns, rows: int) -> list[Entry]:
    """List the arrays of a table; columns that look like those of the classes are one matrix."""
    others = [column for column in columns.typed if column.name not in LABELS]
    names = [column.name for column in others]
    floats = [column.name for column in others if not column.lists and column.element in _FLOATS]
    place = {column.name: column for column in columns.typed}
    matrices = class_columns(names, floats)
    if floats == names and not families(names) and not any(map(is_beside, names)):
        matrices = {"": floats}  # what is read without a key
    one_type = {key: own for key, own in matrices.items() if len({place[name].element for name in own}) == 1 < len(own)}
    firsts = {own[0]: Entry(key or None, (rows, len(own)), place[own[0]].element) for key, own in one_type.items()}
    inside = {name for own in one_type.values() for name in own}
    found = []
    for column in columns.typed:
        if column.name in firsts:
            found.append(firsts[column.name])
        elif column.name not in inside:
            shape = (rows,) if not column.lists else None if column.width is None else (rows, column.width)
            found.append(Entry(column.name, shape, column.element or column.type))
    return found


def _check_order(where: str, prefix: str, names: Sequence[str]) -> None:
    digits = [name[len(prefix) :] for name in names]
    numbers = [int(digit) for digit in digits if len(digit) < LONGEST and digit.isascii()]
    # Names such as n01440764 are not class numbers.
    if [str(number) for number in numbers] != digits or min(numbers) > 1:
        return
    for name, number, due in zip(names, numbers, range(min(numbers), min(numbers) + len(names)), strict=True):
        if number != due:
            what = f"column {name!r} is in the place of {prefix + str(due)!r}"
            raise InputError(what, "the columns of the classes must be in order and complete", where=where)
