"""The columns of a table: find the requested ones, and check that their names are those of classes.

All table formats share this. One column too many is one class too many and makes every result wrong, so a column that
may not hold logits is refused rather than left out; one option names the columns.
"""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import InputError
from lscli.io.array_request import Entry
from lscli.text import nearest, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from lscli.io.array_request import ArrayRequest

LABELS = ("labels", "label")
_MOST_NAMES = 12
_INDEX = re.compile(r"__index_level_\d+__|Unnamed: \d+|")
_FLOATS = ("float16", "float32", "float64")
# Names of columns that stand beside logits and are not classes, in lower case and with `_` between words.
_TRUTHS = ("target", "targets", "truth", "ground_truth", "gt", "y_true", "true_label", "true_class", "label_id")
_BESIDE = {
    *("id", "ids", "uid", "uuid", "idx", "index", "row", "row_id", "sample_id", "image_id", "example_id", "class_id"),
    *("fold", "split", "epoch", "timestamp", "weight", "weights", "temperature"),
    *_TRUTHS,
    *("prediction", "predictions", "predicted", "pred", "preds", "y_pred", "y_hat", "yhat", "argmax", "top1", "top_1"),
    *("predicted_label", "predicted_class", "pred_label", "pred_class"),
    *("loss", "losses", "nll", "ce", "cross_entropy", "crossentropy", "log_loss", "logloss", "perplexity", "brier"),
    *("confidence", "conf", "certainty", "uncertainty", "entropy", "variance", "energy", "score", "scores", "margin"),
    *("msp", "max_prob", "maxprob", "max_probability", "max_softmax", "max_logit", "prob", "probability", "log_prob"),
    *("logprob", "label_prob", "true_prob", "accuracy", "ece"),
}
_DIGITS = "0123456789"
_LONGEST = 9  # digits of a class number; names such as those of ImageNet have more


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: any text.
        type: the name of its type, for errors; empty in text tables.
        element: numpy's name of the type of its numbers; empty if it has no numbers, and in text tables.
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
        request: its key names the columns, with commas or with `*` as a wildcard. Without a key: the column of lists
            named like the role, the only column of lists, or every column that is not left out.
        left_out: positions of columns that are used only if named exactly.

    Raises:
        InputError: there are no such columns, or one of them is not, or may not be, part of the matrix.
    """
    others = [place for place in range(len(columns)) if place not in left_out]
    choose = _default if request.key is None else _named
    places = choose(where, columns, request, others)
    for place in places:
        _check_index(where, columns[place])
        _check_type(where, columns[place], columns[places[0]], request, columns, left_out)
    if len(places) > 1:
        _check_names(
            where, [columns[place].name for place in places], request, [columns[other].name for other in others]
        )
    return places


def single(where: str, columns: Sequence[Column], request: ArrayRequest) -> int:
    """The position of a column of one number per row: labels, weights, a prior, or binary logits.

    Raises:
        InputError: the column is missing, ambiguous or of the wrong type.
    """
    place, integers = place_of_single(where, [column.name for column in columns], request), request.wants == "integers"
    column = columns[place]
    _check_index(where, column)
    if column.width is not None:
        what = f"column {column.name!r} is {column.type}, not one number per row"
        raise InputError(what, "save one class number per row" if integers else "save one number per row", where=where)
    if integers and not column.element.startswith(("int", "uint")):
        what = f"column {column.name!r} is {column.type}, not integer labels"
        hint = "save the class numbers as int64"
        if not column.element:
            hint = "replace each name by its class number, the position of its column in the logits"
        elif column.element == "bool":
            hint = 'save True and False as classes 1 and 0: frame[column].astype("int64")'
        raise InputError(what, hint, where=where)
    if not column.element or column.element == "bool":
        raise InputError(
            f"column {column.name!r} is {column.type}, not numbers", "save one number per row", where=where
        )
    return place


def place_of_single(
    where: str,
    names: Sequence[str],
    request: ArrayRequest,
    find: Callable[[str, Sequence[str], str], int] | None = None,
) -> int:
    """The position of a column of one value per row, by the names alone.

    This is the named column, which `find` looks up (None for `place_of`); the one called `labels` or `label` (for
    integers) or like the role; or the only one.

    Raises:
        InputError: the column is missing or ambiguous.
    """
    integers = request.wants == "integers"
    named = request.key
    if named is None and (integers or len(names) > 1):
        named = request.column
    if named is not None:
        return (find or place_of)(where, names, named)
    for usual in (*LABELS, request.role) if integers else (request.role,):
        if usual in names:
            return place_of(where, names, usual)
    if integers and request.shared:
        raise _no_labels(where, names)
    left_out = (*LABELS, request.labels) if request.role == "logits" else ()
    others = [place for place, name in enumerate(names) if name not in left_out]
    if len(others) == 1:
        return others[0]
    option = "--labels-column" if integers else request.option
    raise InputError(f"has {len(names)} columns", f"name one with {option}: {listed(names)}", where=where)


def place_of(where: str, names: Sequence[str], name: str) -> int:
    """The position of the column with this name.

    Raises:
        InputError: no column has this name, or two have it.
    """
    if name not in names:
        hint = nearest(name, names) or f"it has {listed(names)}"
        raise InputError(f"has no column {name!r}", hint, where=where)
    if names.count(name) > 1:
        raise InputError(f"has two columns {name!r}", "give each column its own name", where=where)
    return names.index(name)


def listed(names: Sequence[str]) -> str:
    """The first names as a list for a hint."""
    return ", ".join(map(printable, names[:_MOST_NAMES])) + (", ..." if len(names) > _MOST_NAMES else "")


def _no_labels(where: str, names: Sequence[str]) -> InputError:
    """The error for a table of logits without labels."""
    hint = "name the file of the labels after the logits, or their column with --labels-column"
    return InputError("has no column 'labels' or 'label'", f"{hint}: it has {listed(names)}", where=where)


def index_refused(where: str, name: str) -> InputError:
    """The error for a column of row numbers."""
    called = f"column {name!r}" if name else "a column without a name"
    hint = "save the table without it: to_csv(path, index=False), to_parquet(path, index=False)"
    return InputError(f"{called} is an index, not a class", hint, where=where)


def _named(where: str, columns: Sequence[Column], request: ArrayRequest, others: Sequence[int]) -> list[int]:
    names, key = [column.name for column in columns], request.key or ""
    if key in names or not any(character in key for character in "*?[,"):
        return [place_of(where, names, key)]
    if "," in key:
        return [place_of(where, names, name) for name in key.split(",")]
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
        raise _no_labels(where, names)
    if not others:
        raise InputError(f"has no column of {request.role}", f"it has {listed(names) or 'none'}", where=where)
    # A column named like the role but of the wrong type is the error to report, whatever other columns there are.
    spoilt = [place for place in others if names[place] == request.role and columns[place].type and len(others) > 1]
    return spoilt or list(others)


def _check_index(where: str, column: Column) -> None:
    if column.of_index or _INDEX.fullmatch(column.name):
        raise index_refused(where, column.name)


def _check_type(
    where: str,
    column: Column,
    first: Column,
    request: ArrayRequest,
    columns: Sequence[Column],
    left_out: Collection[int],
) -> None:
    if not column.type:  # text: known once it is read
        return
    others, has_labels = [own for place, own in enumerate(columns) if place not in left_out], bool(left_out)
    floats = [other.name for other in others if other.element in _FLOATS and other.width is None]
    naming = naming_hint([other.name for other in others], floats, request)
    if "list" in column.type and column.width is None:
        what = f"column {column.name!r} has lists of any length ({column.type})"
        hint = "save lists of one length: pa.FixedSizeListArray.from_arrays(logits.ravel(), K)"
        raise InputError(what, hint, where=where)
    whole = column.element.startswith(("int", "uint", "bool"))
    if whole and request.role == "logits":
        what = f"column {column.name!r} is {column.element}: integer logits are refused"
        raise InputError(what, labels_hint(column.name, request, has_labels=has_labels) + naming, where=where)
    if not whole and column.element not in _FLOATS:
        raise InputError(f"column {column.name!r} is {column.type}, not numbers", naming, where=where)
    if column.width != first.width:
        raise InputError(f"columns {first.name!r} and {column.name!r} differ in shape", naming, where=where)
    if column.element != first.element:
        what = f"column {column.name!r} is {column.element}, {first.name!r} is {first.element}"
        raise InputError(what, "save all classes as one type", where=where)


def naming_hint(names: Sequence[str], candidates: Sequence[str], request: ArrayRequest) -> str:
    """A hint that names the columns of the classes: by a pattern if one takes in exactly these, else with commas.

    Args:
        names: the columns that a pattern could take in.
        candidates: those of them that hold numbers as logits do.
        request: for the option.
    """
    all_families = {prefix: family for prefix, family in _families(candidates).items() if len(family) > 1}
    families = {prefix: family for prefix, family in all_families.items() if _counts_classes(prefix, family)}
    most = max(map(len, families.values()), default=0)
    numbered = {name for family in families.values() for name in family}
    plain = [name for name in candidates if name not in numbered and not _is_beside(name)]
    chosen = [family for family in families.values() if len(family) == most] if most > max(1, len(plain)) else [plain]
    ways = [way for family in chosen if (way := _way(names, family, numbered=chosen != [plain]))]
    if not ways or (all_families and chosen == [plain]):
        return f"name the columns of the classes with {request.option}, separated by commas"
    return f"name the columns of the classes: {request.option} {' or '.join(ways)}"


def labels_hint(name: str, request: ArrayRequest, *, has_labels: bool) -> str:
    """The beginning of a hint on a column of whole numbers: it may hold the labels if no other column does."""
    if not request.shared or has_labels or (_is_beside(name) and _normal(name) not in _TRUTHS):
        return ""
    return f"if it holds the labels, say --labels-column {shlex.quote(printable(name))}; else "


def _way(names: Sequence[str], family: Sequence[str], *, numbered: bool) -> str:
    """What to type for exactly these columns; empty if they are too many to list."""
    prefix = family[0].rstrip(_DIGITS) if numbered else ""
    pattern = "".join(f"[{character}]" if character in "*?[" else character for character in prefix) + "[0-9]*"
    if numbered and [name for name in names if fnmatchcase(name, pattern)] == [*family]:
        return shlex.quote(printable(pattern))
    if not 1 < len(family) <= _MOST_NAMES or any("," in name or not name.isprintable() for name in family):
        return ""
    return shlex.quote(",".join(family))


def _is_beside(name: str) -> bool:
    """Whether a column stands beside the classes, by its name."""
    return _normal(name) in _BESIDE


def _normal(name: str) -> str:
    return re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")


def _check_names(where: str, names: Sequence[str], request: ArrayRequest, others: Sequence[str]) -> None:
    """Raise InputError if one of the names [K] occurs twice, may not be that of a class, or is out of order.

    `others` are all names of which these are chosen.
    """
    if len(set(names)) < len(names):
        doubled = next(name for name in names if names.count(name) > 1)
        raise InputError(f"has two columns {doubled!r}", "give each column its own name", where=where)
    prefix, family = max(_families(names).items(), key=lambda each: len(each[1]), default=("", []))
    numbered = len(family) > 1
    members = set(family)
    odd = [name for name in names if (numbered and name not in members) or _is_beside(name)]
    typed = "," in (request.key or "")
    if odd and not typed and request.key != "*":
        hint = naming_hint(others, names, request)
        raise InputError(f"column {odd[0]!r} may not be a class", hint, where=where)
    if numbered and not odd and not typed:
        _check_order(where, prefix, names)


def entries(columns: Sequence[Column], rows: int) -> list[Entry]:
    """List the arrays of a table; numbered columns are one matrix."""
    found = []
    families = _families(
        [column.name for column in columns if column.width is None and column.element.startswith("float")]
    )
    whole = {name: prefix for prefix, family in families.items() if len(family) > 1 for name in family}
    for column in columns:
        if column.name not in whole:
            shape = (rows,) if column.width is None else (rows, column.width)
            found.append(Entry(column.name, shape, column.element or column.type))
        elif families[whole[column.name]][0] == column.name:
            prefix = whole[column.name]
            found.append(Entry(f"{prefix}[0-9]*", (rows, len(families[prefix])), column.element))
    return found


def _families(names: Sequence[str]) -> dict[str, list[str]]:
    """The names that end in digits, by the text before the digits."""
    families: dict[str, list[str]] = {}
    for name in names:
        prefix = name.rstrip(_DIGITS)
        if prefix != name:
            families.setdefault(prefix, []).append(name)
    return families


def _counts_classes(prefix: str, names: Sequence[str]) -> bool:
    """Whether the numbers at the end of these names count from 0 or 1, or are long ones, as of n01440764."""
    digits = [name[len(prefix) :] for name in names]
    if not all(map(str.isascii, digits)):
        return False
    numbers = [int(digit) for digit in digits if len(digit) < _LONGEST]
    if [str(number) for number in numbers] != digits:
        return len({len(digit) for digit in digits}) == 1
    return numbers == [*range(numbers[0], numbers[0] + len(numbers))] and numbers[0] in (0, 1)


def _check_order(where: str, prefix: str, names: Sequence[str]) -> None:
    digits = [name[len(prefix) :] for name in names]
    numbers = [int(digit) for digit in digits if len(digit) < _LONGEST and digit.isascii()]
    # Names such as n01440764 are not class numbers.
    if [str(number) for number in numbers] != digits or min(numbers) > 1:
        return
    for name, number, due in zip(names, numbers, range(min(numbers), min(numbers) + len(names)), strict=True):
        if number != due:
            what = f"column {name!r} is in the place of {prefix + str(due)!r}"
            raise InputError(what, "the columns of the classes must be in order and complete", where=where)
