"""Which columns of a table look like logits or probabilities and their labels, by their names and values: for hints."""

from __future__ import annotations

import contextlib
import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.class_names import ClassNames, classes_by_name
from lscli.errors import LscliError
from lscli.io.cells import Cells
from lscli.io.tables.class_columns import DIGITS, PREDICTIONS, TRUTHS, class_columns, is_beside, normal
from lscli.io.tables.columns import LABELS
from lscli.io.tables.text import number_of
from lscli.text import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from lscli.io.cells import Block

_ROWS = 4096  # that are looked at
_MOST_COLUMNS = 4096
_MOST_WORDS = 1024  # different strings of a column
_MOST_CLASSES = 1 << 31
_LEAST_SHARE = 0.99  # of rows that sum to 1, for probabilities
# Names that labels have elsewhere, after those of LABELS; in lower case and with `_` between words.
_GOLD = (
    *TRUTHS,
    "gold",
    "gold_label",
    "gold_answer",
    "answer_key",
    "correct_answer",
    "actual",
    "y",
    "class",
    "species",
)
# Words that the name of a column with one score per row often contains.
_SCORES = ("prob", "score", "logit", "conf")
# Pairs of class names; the first is class 0.
_PAIRS = (
    *(("no", "yes"), ("n", "y"), ("f", "t"), ("negative", "positive"), ("neg", "pos"), ("ham", "spam")),
    *(("benign", "malignant"), ("control", "case"), ("fail", "pass"), ("off", "on"), ("bad", "good")),
)


class EnoughError(Exception):
    """The rows that are looked at have been read."""


class Look(Cells):
    """The first values of a column.

    Args:
        name: its name.
        last: whether reading may stop once this column has enough rows.

    Attributes:
        words: the different values that are no numbers, in the order of their first rows.
    """

    def __init__(self, name: str, *, last: bool = False) -> None:
        super().__init__(name)
        self._last = last
        self._rows = 0
        self._numbers: list[float] = []
        self.words: dict[str, None] = {}

    def __len__(self) -> int:
        return self._rows

    def add(self, cells: Block, where: str, first: int) -> None:
        """Take the next cells; raise EnoughError if no more are needed."""
        some = cells[: _ROWS - self._rows]
        for cell in some.tolist() if isinstance(some, np.ndarray) else some:
            number = _number(cell)
            if number is not None:
                self._numbers.append(number)
            elif len(self.words) < _MOST_WORDS:
                self.words[str(cell)] = None
        self._rows += len(some)
        if self._last and self._rows == _ROWS:
            raise EnoughError

    @property
    def numbers(self) -> NDArray[np.float64] | None:
        """The values, [n]; None if there are none, or some are not finite numbers."""
        values = np.array(self._numbers)
        return values if len(values) == self._rows > 0 and np.isfinite(values).all() else None

    @property
    def distinct(self) -> list[float]:
        """The different numbers, ascending."""
        return sorted({*self._numbers})


def _number(cell: Any) -> float | None:
    """The number of a cell, or None if it has none."""
    if isinstance(cell, str):
        return number_of(cell)
    with contextlib.suppress(OverflowError):  # an integer beyond float64
        return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else None
    return math.inf


class Reading(NamedTuple):
    """How `lscli eval` reads a table: which columns hold what.

    Attributes:
        condition: what must be true of the table.
        logits: the value of --logits-key; empty if it is not needed.
        label: the column of the labels.
        others: further options, by their flags.
    """

    condition: str
    logits: str
    label: str
    others: dict[str, str]

    @property
    def words(self) -> list[str]:
        """The options, as they are typed."""
        columns = {"--logits-key": self.logits, "--labels-column": "" if self.label in LABELS else self.label}
        return [*self.options, *(f"{flag} {typed(name)}" for flag, name in columns.items() if name)]

    @property
    def options(self) -> list[str]:
        """The options besides the names of the columns."""
        return [f"{flag} {typed(value)}" if value else flag for flag, value in self.others.items()]


def reading_of(
    names: Sequence[str],
    looks: Mapping[str, Look],
    widths: Mapping[str, int],
    numbered: Mapping[str, int],
    key: str | None,
    label: str | None,
) -> Reading | None:
    """How a table is plainly read; None if it is not plain.

    Args:
        names: all columns.
        looks: the first values of those that have one value per row.
        widths: the lengths of the lists in those that have lists of floats.
        numbered: the same for lists of whole numbers.
        key, label: what the user named, or None.
    """
    if len(names) > _MOST_COLUMNS or (label is not None and label not in looks):
        return None
    numbers = {name: own for name, look in looks.items() if (own := look.numbers) is not None}
    floats = [name for name, own in numbers.items() if (own != np.round(own)).any()]
    if key is not None and key not in (*widths, *floats):
        chosen = key.split(",") if "," in key else [name for name in names if fnmatchcase(name, key)]
        matrices = {key: chosen} if len(chosen) > 1 and all(name in numbers for name in chosen) else {}
    else:
        matrices = {} if key is not None else class_columns([*looks], floats)
    lists = [name for name in widths if key in (None, name)]
    beside = [name for name, width in numbered.items() if len(lists) == 1 and width == widths[lists[0]]]
    if len(beside) == 1 and not matrices:
        return _of_top_k(lists[0], beside[0], looks, numbers, label)
    if len(lists) == 1 and not matrices:
        return _with_labels(lists[0], widths[lists[0]], (), looks, lists, label, {})
    if len(matrices) == 1 and not lists:
        (found, columns), *_ = matrices.items()
        sums = np.sum([numbers[name] for name in columns], axis=0)
        low = min(float(numbers[name].min()) for name in columns)
        probs = low >= 0 and float(np.mean(np.abs(sums - 1) < 1e-3)) >= _LEAST_SHARE
        others = {"--kind": "probs"} if probs else {}
        read = _with_labels(found, len(columns), columns, looks, columns, label, others)
        counted = all(name[-1:] in DIGITS for name in columns)
        if read is not None and (key is not None or probs or counted or _are_named(looks[read.label], columns)):
            return read
    return _binary(looks, numbers, [key] if key in floats else floats, label)


def _with_labels(
    key: str,
    classes: int,
    columns: Sequence[str],
    looks: Mapping[str, Look],
    taken: Sequence[str],
    label: str | None,
    others: dict[str, str],
) -> Reading | None:
    """The reading of a matrix, if one column plainly has its labels."""
    fitting = {
        name: fit
        for name, look in looks.items()
        if name not in taken and (fit := _fit(look, classes, columns)) is not None
    }
    chosen = _chosen(fitting, label)
    if chosen is None or not typed(key):
        return None
    names = fitting[chosen]
    condition = f"{typed(chosen)} holds the labels"
    if "--class-names" in names:
        named = names["--class-names"]
        condition += ", and FILE the names of the classes" if named == "FILE" else f" and the classes are {named}"
        condition += " in the order of the logits"
    return Reading(condition, "" if key == "logits" else key, chosen, others | names)


def _binary(
    looks: Mapping[str, Look], numbers: Mapping[str, NDArray[Any]], floats: Sequence[str], label: str | None
) -> Reading | None:
    """The reading of one score per row, if there are plainly two classes."""
    scores = [name for name in floats if any(part in normal(name) for part in _SCORES)]
    usual = scores if len(floats) > 1 else floats
    if len(usual) != 1 or not typed(usual[0]):
        return None
    score = usual[0]
    fitting = {
        name: fit for name, look in looks.items() if name != score and (fit := _fit(look, 2, (), score)) is not None
    }
    chosen = _chosen(fitting, label)
    low, high = float(numbers[score].min()), float(numbers[score].max())
    if chosen is None or not ((low >= 0 and high <= 1) or low < 0 < high):
        return None
    probs = low >= 0
    others = {"--binary": ""} | ({"--kind": "probs"} if probs else {}) | fitting[chosen]
    positive = fitting[chosen].get("--class-names", "").rpartition(",")[2] or "class 1"
    if positive == "FILE":
        positive = "the second class in FILE"
    what = f"{typed(score)} is the {'probability' if probs else 'logit'} of {positive}"
    return Reading(f"{typed(chosen)} holds the labels and {what}", score, chosen, others)


def _of_top_k(
    values: str, classes: str, looks: Mapping[str, Look], numbers: Mapping[str, NDArray[Any]], label: str | None
) -> Reading | None:
    """The reading of the k largest log-probabilities with their class numbers, if one column plainly has the labels."""
    whole = {name: look for name, look in looks.items() if not look.words and _fit(look, _MOST_CLASSES, ()) == {}}
    chosen = _chosen(whole, label)
    own = [name for name, of_name in numbers.items() if "log" in normal(name) and "prob" in normal(name)]
    own = [name for name in own if numbers[name].max() <= 0 and typed(name)]
    if chosen is None or not (typed(values) and typed(classes)):
        return None
    others = {"--topk-classes": classes, "--classes": "K"} | ({"--label-log-probs": own[0]} if len(own) == 1 else {})
    condition = f"{typed(classes)} has the class of each of {typed(values)}, and K is the number of classes"
    return Reading(condition, "" if values == "logits" else values, chosen, others)


def _chosen(fitting: Mapping[str, object], label: str | None) -> str | None:
    """The column of the labels: the one that the user names, or the only one of a usual name, or the only one."""
    if label is not None:
        return label if label in fitting else None
    plain = [name for name in fitting if normal(name) not in PREDICTIONS and not is_beside(name, labels=False)]
    named = [[name for name in plain if normal(name) in known] for known in (LABELS, _GOLD)]
    best = next((group for group in (*named, plain) if group), [])
    return best[0] if len(best) == 1 and typed(best[0]) else None


def _fit(look: Look, classes: int, columns: Sequence[str], score: str = "") -> dict[str, str] | None:
    """The options that labels of this many classes need, by their flags; None if they are no such labels.

    Args:
        look: the values.
        classes: K.
        columns: the names of the columns of the logits, if there is one for each class.
        score: the name of the score of class 1, if that is all there is.
    """
    if not look.words:
        values = look.numbers
        if values is None or (values != np.round(values)).any() or len(look.distinct) < 2:
            return None
        inside = [value for value in look.distinct if value != -100]
        if inside[0] >= 0 and inside[-1] < classes:
            return {}
        return {"--labels-from": "1"} if inside[0] == 1 and inside[-1] == classes else None
    words = [word.strip() for word in look.words]
    if look.distinct or not all(words):
        return None
    truths = {word.lower() for word in words} <= {"true", "false"}
    if columns and _are_named(look, columns):
        return {}
    if len(words) != classes or truths:
        return {} if truths and classes == 2 else None
    order = _in_order(words, score)
    names = ",".join(order)
    return {"--class-names": names if order and "," not in "".join(order) and typed(names) else "FILE"}


def _in_order(words: Sequence[str], score: str) -> list[str]:
    """The names of classes in their usual order; empty if they have none."""
    by_case = {word.lower(): word for word in words}
    for pair in _PAIRS:
        if {*by_case} == {*pair}:
            return [by_case[word] for word in pair]
    letters = sorted(words)
    if all(len(word) == 1 and word.isalpha() for word in letters):
        first = ord(letters[0])
        in_row = [ord(word) for word in letters] == [*range(first, first + len(letters))]
        return letters if in_row and letters[0] in "Aa" else []
    if len(words) == 2 and score:  # churned and stayed, of which the score is called churn_score
        of_name = [word for word in words if normal(word) in normal(score) or normal(score).startswith(normal(word))]
        return [*(word for word in words if word not in of_name), *of_name] if len(of_name) == 1 else []
    return []


def _are_named(look: Look, columns: Sequence[str]) -> bool:
    """Whether the columns of the logits are called as the labels are."""
    if not look.words:
        return False
    with contextlib.suppress(LscliError):
        given = ClassNames("", columns)
        classes_by_name([*look.words], len(columns), None, given, -100, lambda _: ("", 0), "text")
        return True
    return False


def looks_of(names: Sequence[str], read: Callable[[Sequence[tuple[str, Cells]]], None]) -> dict[str, Look]:
    """The first values of columns; `read` gives them their cells.

    Raises:
        InputError: a cell cannot be read.
    """
    looks = {name: Look(name, last=name == names[-1]) for name in names}
    with contextlib.suppress(EnoughError):
        read([*looks.items()])
    return looks
