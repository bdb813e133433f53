"""Labels that are strings: which class each of them names.

The names come from the user, in the order of the classes, or else from the columns of a table of logits. They never
come from alphabetical order or from the order of categories. Names are compared without white space around them, in the
normal form NFC of Unicode.
"""

from __future__ import annotations

import unicodedata
from os.path import commonprefix
from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import InputError, UsageError
from lscli.text import listed, nearest, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LONGEST = 200  # characters of a column's name that labels are compared with
_COMPARED = 16  # different labels by which the names in the columns are found
_SHOWN = 40  # characters of a label in an error
_LARGEST = 1 << 63

IGNORED = -1
TEXT = "text"


class ClassNames(NamedTuple):
    """The names of the classes, in order.

    Attributes:
        source: the file, or `class_names`, for errors and reports.
        names: [K], without white space around them.
    """

    source: str
    names: Sequence[str]

    def check_count(self, num_classes: int) -> None:
        """Raise InputError unless there is one name for each of K classes."""
        if len(self.names) != num_classes:
            what = f"{len(self.names)} names for {num_classes} classes"
            raise InputError(what, "give one name per class, in the order of the columns", where=self.source)


class ByName(NamedTuple):
    """Labels that are read by name.

    Attributes:
        classes: the class number of each different label; -1 for the ignore index.
        source: where the names come from, for reports.
        names: [K], the name of each class.
    """

    classes: Mapping[str, int]
    source: str
    names: Sequence[str]


def integer_of(text: str) -> int | None:
    """The 64-bit integer that a string writes, or None. Unlike `int`, it refuses underscores and non-ASCII digits."""
    try:
        number = int(text) if "_" not in text and text.isascii() else None
    except ValueError:  # also for more digits than Python reads
        return None
    return number if number is not None and -_LARGEST <= number < _LARGEST else None


def class_number_hint(cell: str, *, first: bool) -> str:
    """A hint for a label that is not an integer; empty if it may be a name.

    Args:
        cell: the label.
        first: whether no label before it is an integer.
    """
    try:
        value = float(cell) if "_" not in cell and cell.isascii() else None
    except ValueError:
        value = None
    if value is not None and value - value == 0:  # finite
        whole = value == round(value) and not cell.strip().lstrip("+-").isdigit()
        return "write class numbers without a decimal point" if whole else "a label is a class number, not a score"
    if cell.strip() and value is None and first:
        return ""
    return "every line needs a class number: leave a row without one out, and out of the logits too"


def numbers_are_names(found: Sequence[int], num_classes: int, given: ClassNames, labels_from: int, name: str) -> bool:
    """Whether integers are names of classes, rather than class numbers.

    They are if one of them is a name and no class number, or if all are names and both readings agree.

    Args:
        found: the different labels that are not ignored.
        num_classes: K.
        given: the names of the classes.
        labels_from: the label of the first class; if it is not 0, the labels are numbers.
        name: the name of the labels, for errors.

    Raises:
        InputError: both readings are possible, and they differ.
    """
    numbers = {number: k for k, each in enumerate(given.names) if (number := integer_of(each)) is not None}
    if labels_from:
        return False
    outside = [number for number in found if not 0 <= number < num_classes]
    if outside or not found or not all(number in numbers for number in found):
        return any(number in numbers for number in outside)
    differ = next((number for number in found if numbers[number] != number), None)
    if differ is None:
        return True
    first = integer_of(given.names[0])
    in_order = first is not None and [integer_of(each) for each in given.names] == [*range(first, first + num_classes)]
    hint = f"say --labels-from {first}" if in_order else "put a letter before each of them, in the labels too"
    called = f"the class {numbers[differ]} of this name in {printable(given.source)}"
    what = f"label {differ} may be class {differ}, or {called}"
    hint = f"if they are class numbers, leave out --class-names; if they are names, {hint}"
    raise InputError(what, hint, where=name)


def check_no_first_label(labels_from: int) -> None:
    """Raise UsageError if a first label is given for labels that are names."""
    if labels_from:
        raise UsageError("is only for labels that are numbers", "leave it out", where="labels-from")


def classes_by_name(
    words: Sequence[str],
    num_classes: int,
    given: ClassNames | None,
    columns: ClassNames | None,
    ignore_index: int,
    located: Callable[[str], tuple[str, int]],
    stored: str,
) -> ByName:
    """The class that each label names. Without names, False and True are the classes 0 and 1 of two.

    Args:
        words: the different labels, in the order of their first rows.
        num_classes: K; 0 if it is not known.
        given: the names that the user gives; they take the place of `columns`.
        columns: the columns of the table of logits, [K].
        ignore_index: samples with this label are left out, unless it is a name.
        located: a function of a label that returns its file and its first row there.
        stored: the type in which the labels are stored; `text` for a text file.

    Raises:
        InputError: a label names no class, two classes have one name, or the names are not known.
    """
    keys, mark = {word: _key(word) for word in words}, str(ignore_index)
    folded = {key.casefold() for key in keys.values() if key != mark} <= {"true", "false"}
    if folded:  # True is true in any case: numpy, pandas, SQL and JSON write it differently
        keys = {word: key.casefold() for word, key in keys.items()}
    known = given or columns
    names = [_key(name) for name in known.names] if known else []
    if folded and len({name.casefold() for name in names}) == len(names):
        names = [name.casefold() for name in names]
    found: Mapping[str, int] = {}
    if given is not None:
        found = _of_names(names, given)
    elif columns is not None:
        found = _of_columns([key for key in keys.values() if key != mark], names, columns)
    place = {mark: IGNORED, **found}
    if known is not None and found and all(key in place for key in keys.values()):
        called = known.names if given else [*found]
        return ByName({word: place[key] for word, key in keys.items()}, known.source, called)
    if folded and num_classes in (0, 2):
        place = {mark: IGNORED, "false": 0, "true": 1}
        return ByName({word: place[key] for word, key in keys.items()}, "False and True", ("False", "True"))
    if known is None or not found:
        raise _without_names(words, num_classes, mark, located, stored, folded=folded)
    word = next(word for word, key in keys.items() if key not in place)
    hint = nearest(keys[word], found) or f"the names are {listed(found)}"
    if not keys[word]:
        hint = "every line needs a class"
    hint += f"{' ' if hint.endswith('?') else '; '}to leave a sample out, write {mark}, the ignore index, as its label"
    where, row = located(word)
    raise InputError(
        f"row {row}: {_quoted(word)} is not the name of a class in {printable(known.source)}", hint, where=where
    )


def _key(text: str) -> str:
    """What is compared of a label or a name."""
    return unicodedata.normalize("NFC", text.strip())


def _quoted(word: str) -> str:
    return repr(printable(word[:_SHOWN]))


def _of_names(names: Sequence[str], given: ClassNames) -> dict[str, int]:
    """The class of each name; a class whose name is empty has none.

    Raises:
        InputError: two classes have one name.
    """
    place: dict[str, int] = {}
    for k, name in enumerate(names):
        if name and place.setdefault(name, k) != k:
            what = f"classes {place[name]} and {k} are both called {_quoted(name)}"
            raise InputError(what, "labels are read by these names: give each class its own", where=given.source)
    return place


def _of_columns(labels: Sequence[str], names: Sequence[str], columns: ClassNames) -> dict[str, int]:
    """The class of each column's name without a prefix and a suffix that all columns share.

    Args:
        labels: the different labels.
        names: the names of the columns.
        columns: the same with their source, for errors.

    Returns:
        The class of each name. It is empty if most labels are no such names.

    Raises:
        InputError: the labels are names of classes in two ways that differ.
    """
    whole = {name: k for k, name in enumerate(names)}
    shortest, longest = min(map(len, names)), max(map(len, names))
    begin, end = _shared(names) if longest <= _LONGEST else ("", "")
    cuts = {
        (before, after)
        for label in labels[:_COMPARED]
        for before in range(len(begin) + 1)
        for after in range(min(len(end), shortest - before - 1) + 1)  # no name is left empty
        if 0 < len(label) <= longest and begin[:before] + label + end[len(end) - after :] in whole
    }

    def matched(cut: tuple[int, int]) -> list[int | None]:
        """The class of each label if the prefix and the suffix have these numbers of characters."""
        return [whole.get(begin[: cut[0]] + label + end[len(end) - cut[1] :]) for label in labels]

    read = {cut: matched(cut) for cut in sorted(cuts)}
    complete = {cut: classes for cut, classes in read.items() if None not in classes}
    if len({tuple(classes) for classes in complete.values()}) > 1:
        what = "the labels fit the names of the columns in more than one way"
        hint = "give the names of the classes, in the order of the columns: --class-names FILE"
        raise InputError(what, hint, where=columns.source)
    best = min(complete or read, key=lambda cut: read[cut].count(None), default=None)
    if best is None or 2 * read[best].count(None) > len(labels):
        return {}
    return {name[best[0] : len(name) - best[1]]: k for name, k in whole.items()}


def _shared(names: Sequence[str]) -> tuple[str, str]:
    """The common prefix and the common suffix of all names."""
    return commonprefix(names), commonprefix([name[::-1] for name in names])[::-1]  # noqa: RUF071  # of characters


def _without_names(
    words: Sequence[str],
    num_classes: int,
    mark: str,
    located: Callable[[str], tuple[str, int]],
    stored: str,
    *,
    folded: bool,
) -> InputError:
    """The error for labels whose names are not known."""
    first = next(place for place, word in enumerate(words) if integer_of(word) is None)
    found = _quoted(words[first])
    where, row = located(words[first])
    hint = class_number_hint(words[first], first=not first)
    different = len([word for word in words if _key(word) != mark])
    if folded and not hint:
        hint = f"False and True are two classes, and the logits have {num_classes}: save class numbers"
    elif not hint and different > num_classes > 0:
        hint = f"there are {different} different labels for {num_classes} classes: is this the column of the labels?"
    elif not hint:
        hint = "give the names of the classes, one per line in the order of the columns of the logits: "
        hint += "--class-names FILE"
    what = f"row {row}: {found} is not an integer label"
    if folded or stored != TEXT:
        what = "not integer labels (bool)" if folded else f"not integer labels ({stored}): row {row} holds {found}"
    return InputError(what, hint, where=where)
