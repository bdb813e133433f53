"""Guess from names and values which columns of a table are confidences and right or wrong, for hints."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.cells import Numbers, Truths, Values, Vocabulary
from lscli.io.tables.class_columns import CONFIDENCES, PREDICTIONS, TRUTHS, families, normal
from lscli.io.tables.columns import LABELS
from lscli.text import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lscli.io.cells import Cells

    # A function that reads the column of a name and gives its cells to the second argument.
    Read = Callable[[str, Cells], None]

# Of several columns that may be the confidence, one of these names is meant.
_FIRST = ("confidence", "conf")
# A column of one of these names may have percentages, as language models state them.
_STATED = ("confidence", "conf", "certainty")
RATING = 10  # no column of percentages has a highest value this low: it has ratings, or a mistake
_CORRECT = ("correct", "is_correct", "correctness", "ok", "right", "is_right", "hit", "match", "is_match")
_SCORED = ("acc", "accuracy", "em", "exact_match", "tp", "true_positive")


class Guess(NamedTuple):
    """Columns that are clearly a confidence and the data that say whether the prediction is right.

    Attributes:
        confidence: its name.
        others: the names of the other columns by the flag that takes them: --correct, or --predicted and
            --labels-column.
        percent: whether the confidences are percentages.
    """

    confidence: str
    others: dict[str, str]
    percent: bool = False

    @property
    def words(self) -> list[str]:
        """The options, as they are typed."""
        scale = ["--confidence-scale 100"] if self.percent else []
        return [f"--confidence {typed(self.confidence)}", *scale, *self.others_typed]

    @property
    def others_typed(self) -> list[str]:
        """The options besides --confidence, as they are typed."""
        return [f"{flag} {typed(name)}" for flag, name in self.others.items()]


def guess(names: Sequence[str], read: Read, confidence: str | None = None) -> Guess | None:
    """The columns that are clearly confidences and right or wrong; None if there is any doubt.

    Args:
        names: all columns.
        read: reads a column; it raises InputError if a cell is of another kind.
        confidence: the column of confidences, if it is known.
    """
    percent = False
    if confidence is None:
        if any(len(family) > 1 for family in families(names).values()):  # they may be the classes
            return None
        found = _named(names, CONFIDENCES)
        of_name = [name for name in found if normal(name) in _FIRST] or found
        highest = _highest(of_name[0], read) if len(of_name) == 1 else None
        if highest is None:
            return None
        confidence = of_name[0]
        percent = normal(confidence) in _STATED and RATING < highest <= 100
        if highest > 1 and not percent:
            return None
    names = [name for name in names if name != confidence and typed(name)]
    correct = [name for name in _named(names, (*_CORRECT, *_SCORED)) if _are_truths(name, read)]
    if len(correct) == 1:
        return Guess(confidence, {"--correct": correct[0]}, percent)
    predicted, labels = _named(names, PREDICTIONS), _named(names, (*LABELS, *TRUTHS))
    if not correct and len(predicted) == len(labels) == 1 and _are_alike(predicted[0], labels[0], read):
        usual = labels[0] in LABELS
        others = {"--predicted": predicted[0]} | ({} if usual else {"--labels-column": labels[0]})
        return Guess(confidence, others, percent)
    return None


def _named(names: Sequence[str], known: Sequence[str]) -> list[str]:
    return [name for name in names if normal(name) in known and typed(name)]


def _highest(name: str, read: Read) -> float | None:
    """The largest of the values in a column; None if there are none, or one is missing, negative or no number."""
    cells = Numbers(name)
    with contextlib.suppress(InputError):
        read(name, cells)
        values = cells.values()
        return float(values.max()) if len(values) and (values >= 0).all() else None
    return None


def _are_truths(name: str, read: Read) -> bool:
    cells = Truths(name)
    with contextlib.suppress(InputError):
        read(name, cells)
        values = cells.values()
        return bool(len(values) and (values >= 0).all())
    return False


def _are_alike(predicted: str, label: str, read: Read) -> bool:
    """Whether two columns have a value in common in some row, and a value in each row."""
    vocabulary = Vocabulary()
    one, other = Values(predicted, vocabulary), Values(label, vocabulary)
    with contextlib.suppress(InputError):
        read(predicted, one)
        read(label, other)
        a, b = one.values(), other.values()
        return bool(len(a) and (a >= 0).all() and (b >= 0).all() and np.intersect1d(a, b).size)
    return False
