"""The columns of a table: which of them were requested, and what their names tell.

All table formats share this. One column too many is one class too many and makes every figure wrong, so a column that
may not be logits is refused rather than left out; one option names the columns.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import InputError
from lscli.io.array_request import Entry
from lscli.text import nearest, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lscli.io.array_request import ArrayRequest

LABELS = ("labels", "label")
_MOST_NAMES = 12
_INDEX = re.compile(r"__index_level_\d+__|Unnamed: \d+|")
_FLOATS = ("float16", "float32", "float64")
# Names of columns beside logits in tables that are not classes.
_BESIDE = {"weight", "weights", "loss", "confidence", "target", "targets", "prediction", "predictions", "pred", "id"}
_DIGITS = "0123456789"
_LONGEST = 9  # digits of a class number; names such as those of ImageNet have more


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: any text.
        type: the name of its type, for errors; empty in text tables.
        element: numpy's name of the type of its numbers; empty if they are none, and in text tables.
        width: the length of its lists; None for single values.
        of_index: whether it is the index of a data frame of pandas.
    """

    name: str
    type: str = ""
    element: str = ""
    width: int | None = None
    of_index: bool = False


def labels_among(columns: Sequence[Column], request: ArrayRequest) -> set[int]:
    """The positions of label columns, which are not part of a matrix."""
    return {place for place, column in enumerate(columns) if column.name in (*LABELS, request.labels)}


def matrix(where: str, columns: Sequence[Column], request: ArrayRequest, left_out: Collection[int]) -> list[int]:
    """The positions of the columns of a matrix [N, K]: one column of lists, or one column per class.

    Args:
        where: the file, for errors.
        columns: all columns of the file.
        request: its key names the columns, `*` as a wildcard. Without a key: the column of lists named like the role,
            the only column of lists, or every column that is not left out.
        left_out: positions of columns that are used only if named exactly.

    Raises:
        InputError: there are no such columns, or one of them is not, or may not be, part of the matrix.
    """
    others = [place for place in range(len(columns)) if place not in left_out]
    places = (
        _default(where, columns, request, others) if request.key is None else _named(where, columns, request, others)
    )
    for place in places:
        _check_index(where, columns[place])
        _check_type(where, columns[place], columns[places[0]], request)
    if len(places) > 1:
        _check_names(where, [columns[place].name for place in places], request)
    return places


def single(where: str, columns: Sequence[Column], request: ArrayRequest) -> int:
    """The position of a column of one number per row: labels, weights, a prior, or binary logits.

    Raises:
        InputError: the column is missing, ambiguous or of the wrong type.
    """
    named = request.key if request.key is not None else request.column
    names = [column.name for column in columns]
    integers = request.wants == "integers"
    option = "--labels-column" if integers else request.option
    others = sorted(set(range(len(columns))) - (labels_among(columns, request) if request.role == "logits" else set()))
    usual = [name for name in LABELS if integers and name in names] or [name for name in names if name == request.role]
    if named is not None and (integers or request.key is not None or len(columns) > 1):
        place = place_of(where, names, named)
    elif usual:
        place = place_of(where, names, usual[0])
    elif integers and request.shared:
        raise no_labels(where, names)
    elif len(others) == 1:
        place = others[0]
    else:
        raise InputError(f"has {len(columns)} columns", f"name one with {option}: {listed(names)}", where=where)
    column = columns[place]
    _check_index(where, column)
    if column.width is not None:
        what = f"column {column.name!r} is {column.type}, not one number per row"
        hint = "save the class numbers: labels.argmax(axis=1); for distributions say --soft-labels"
        raise InputError(what, hint if integers else "save one number per row", where=where)
    if integers and not column.element.startswith(("int", "uint")):
        what = f"column {column.name!r} is {column.type}, not integer labels"
        raise InputError(what, "save the class numbers as int64", where=where)
    if not column.element or column.element == "bool":
        raise InputError(
            f"column {column.name!r} is {column.type}, not numbers", "save one number per row", where=where
        )
    return place


def place_of(where: str, names: Sequence[str], name: str) -> int:
    """The position of the column with this name.

    Raises:
        InputError: no column has this name, or two have it.
    """
    if name not in names:
        hint = nearest(name, names) or f"it has {listed(names)}"
        raise InputError(f"has no column {name!r}", hint, where=where)
    if names.count(name) > 1:
        raise InputError(f"has two columns {name!r}", "give each column a name of its own", where=where)
    return names.index(name)


def listed(names: Sequence[str]) -> str:
    """The first names as a list for a hint."""
    return ", ".join(map(printable, names[:_MOST_NAMES])) + (", ..." if len(names) > _MOST_NAMES else "")


def no_labels(where: str, names: Sequence[str]) -> InputError:
    """The error that a table of logits has no labels."""
    hint = "name the file of the labels after the logits, or their column with --labels-column"
    return InputError("has no column 'labels' or 'label'", f"{hint}: it has {listed(names)}", where=where)


def index_refused(where: str, name: str) -> InputError:
    """The error that a column contains row numbers."""
    called = f"column {name!r}" if name else "a column without a name"
    return InputError(
        f"{called} is an index, and no class",
        "save the table without it: to_csv(path, index=False), to_parquet(path, index=False)",
        where=where,
    )


def _named(where: str, columns: Sequence[Column], request: ArrayRequest, others: Sequence[int]) -> list[int]:
    names, key = [column.name for column in columns], request.key or ""
    if key in names or not any(character in key for character in "*?["):
        return [place_of(where, names, key)]
    places = [place for place in others if fnmatchcase(names[place], key)]
    if not places:
        raise InputError(f"has no column that {key!r} matches", f"it has {listed(names)}", where=where)
    return places


def _default(where: str, columns: Sequence[Column], request: ArrayRequest, others: Sequence[int]) -> list[int]:
    names = [column.name for column in columns]
    of_role = [place for place, name in enumerate(names) if name == request.role and columns[place].width is not None]
    lists = [place for place in others if columns[place].width is not None]
    if of_role or (lists and not (request.shared and request.role == "labels")):
        if len(of_role or lists) == 1:
            return of_role or lists
        hint = f"name one with {request.option}: {listed([names[place] for place in of_role or lists])}"
        raise InputError(f"has several columns of lists and none is called {request.role}", hint, where=where)
    if request.shared and request.role == "labels":
        raise no_labels(where, names)
    if not others:
        raise InputError(f"has no column of {request.role}", f"it has {listed(names) or 'none'}", where=where)
    # A column named like the role but of the wrong type is the error to report, whatever other columns there are.
    spoilt = [place for place in others if names[place] == request.role and columns[place].type and len(others) > 1]
    return spoilt or list(others)


def _check_index(where: str, column: Column) -> None:
    if column.of_index or _INDEX.fullmatch(column.name):
        raise index_refused(where, column.name)


def _check_type(where: str, column: Column, first: Column, request: ArrayRequest) -> None:
    if not column.type:  # text: known once it is read
        return
    naming = f"name the columns of the {request.role} with {request.option}, for example 'logit_*'"
    if "list" in column.type and column.width is None:
        raise InputError(
            f"column {column.name!r} has lists of any length ({column.type})",
            "save lists of one length: pa.FixedSizeListArray.from_arrays(logits.ravel(), K)",
            where=where,
        )
    whole = column.element.startswith(("int", "uint", "bool"))
    if whole and request.role == "logits":
        raise InputError(
            f"column {column.name!r} is {column.element}: integer logits are refused",
            f"if it holds the labels, say --labels-column {printable(column.name)}; else {naming}",
            where=where,
        )
    if not whole and column.element not in _FLOATS:
        raise InputError(f"column {column.name!r} is {column.type}, no numbers", naming, where=where)
    if column.width != first.width:
        raise InputError(f"columns {first.name!r} and {column.name!r} have other shapes", naming, where=where)
    if column.element != first.element:
        raise InputError(
            f"column {column.name!r} is {column.element}, {first.name!r} is {first.element}",
            "save all classes as one type",
            where=where,
        )


def _check_names(where: str, names: Sequence[str], request: ArrayRequest) -> None:
    """Refuse columns [K] of which one may not be a class, and numbered columns out of order.

    Raises:
        InputError: a name occurs twice, may not be a class, or is out of order.
    """
    doubled = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if doubled is not None:
        raise InputError(f"has two columns {doubled!r}", "give each column a name of its own", where=where)
    prefix, family = max(_families(names).items(), key=lambda each: len(each[1]), default=("", []))
    numbered = len(family) > 1
    odd = [name for name in names if (numbered and name not in family) or name.lower() in _BESIDE]
    if odd and request.key != "*":
        pattern = f"{printable(prefix)}[0-9]*" if numbered else "logit_*"
        raise InputError(
            f"column {odd[0]!r} may be no class",
            f"name those of the classes with {request.option} '{pattern}'; '*' is all of them",
            where=where,
        )
    if numbered and not odd:
        _check_order(where, prefix, names)


def entries(columns: Sequence[Column], rows: int) -> list[Entry]:
    """List the arrays of a table; numbered columns are one matrix."""
    found = []
    families = _families([column.name for column in columns if column.width is None and _is_float(column)])
    whole = {name: prefix for prefix, family in families.items() if len(family) > 1 for name in family}
    for column in columns:
        if column.name not in whole:
            shape = (rows,) if column.width is None else (rows, column.width)
            found.append(Entry(column.name, shape, column.element or column.type))
        elif families[whole[column.name]][0] == column.name:
            prefix = whole[column.name]
            found.append(Entry(f"{prefix}[0-9]*", (rows, len(families[prefix])), column.element))
    return found


def _is_float(column: Column) -> bool:
    return column.element.startswith("float")


def _families(names: Sequence[str]) -> dict[str, list[str]]:
    """The names that end in digits, by the text before the digits."""
    families: dict[str, list[str]] = {}
    for name in names:
        prefix = name.rstrip(_DIGITS)
        if prefix != name:
            families.setdefault(prefix, []).append(name)
    return families


def _check_order(where: str, prefix: str, names: Sequence[str]) -> None:
    digits = [name[len(prefix) :] for name in names]
    numbers = [int(digit) for digit in digits if len(digit) < _LONGEST and digit.isascii()]
    # Names such as n01440764 are not class numbers.
    if [str(number) for number in numbers] != digits or min(numbers) > 1:
        return
    for name, number, due in zip(names, numbers, range(min(numbers), min(numbers) + len(names)), strict=True):
        if number != due:
            raise InputError(
                f"column {name!r} stands where {prefix + str(due)!r} is due",
                "the columns of the classes have to stand in their order, with none left out",
                where=where,
            )
