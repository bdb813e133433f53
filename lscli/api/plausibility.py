"""Say if predictions and labels do not seem to belong together, and what would make them agree.

Rows in another order, or classes counted from 1, give numbers that look like those of a bad model. The predictions and
labels of the table show it: their agreement is that of chance, and it is far better under one of a few mistakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.intervals.wilson import wilson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

COLUMNS = frozenset({"label", "predicted"})

_LEVEL = 0.999
# Rows that are compared, evenly spaced: more would make this last longer and no surer.
_ROWS = 1 << 17
# A mistake is named if it explains at least this many times the accuracy.
_TIMES = 2
# Accuracy is said to be chance if it is surely within this share of the way from chance to 1, and a mistake is named if
# what agrees without it is surely beyond.
_NEAR = 0.2

_QUESTION = "are the rows of logits and labels in the same order? do the labels count from 1?"


class Mistake(NamedTuple):
    """A possible mistake: the share of labels that agree with it undone, and how to undo it."""

    accuracy: float
    undone: str
    remedy: str


def plausibility_notes(name: str, table: SampleTable) -> list[str]:
    """A sentence if the accuracy is that of chance, or far better with other labels; else none.

    Chance is the accuracy of predictions and labels of the same frequencies that do not depend on each other: for
    balanced classes 1/K. Nothing is said of so few samples that the accuracy might be far above it (Wilson's interval,
    Wilson 1927, at 99.9 %).

    Args:
        name: the name of the logits.
        table: all samples, with the columns `label` and `predicted`; rows of weight 0 are left out.
    """
    label, predicted, counts = table["label"], table["predicted"], table.columns.get("class_count")
    if table.weight is not None and not (table.weight > 0).all():
        kept = table.weight > 0
        label, predicted, counts = label[kept], predicted[kept], None if counts is None else counts[kept]
    n, classes = len(label), table.num_classes
    if not n or classes is None:
        return []
    accuracy = np.count_nonzero(label == predicted) / n
    rows = np.arange(0, n, -(-n // _ROWS))
    some, own = label[rows], predicted[rows]
    chance = float(_shares(some, classes) @ _shares(own, classes))
    if counts is not None:
        chance = max(chance, float(np.mean(1.0 / counts[rows])))
    near = chance + _NEAR * (1 - chance)
    low, high = wilson(accuracy, n, _LEVEL)
    mistake = max(_mistakes(label, predicted, rows, classes)) if accuracy * _TIMES <= 1 else None
    better = mistake is not None and wilson(mistake.accuracy, len(rows), _LEVEL)[0] > max(near, high)
    if mistake is not None and better and mistake.accuracy >= _TIMES * accuracy:
        said = f"accuracy is {accuracy:.3g}, and {mistake.accuracy:.3g} {mistake.undone}"
        return [f"{name}: {said}: {mistake.remedy}"]
    # A constant prediction agrees equally well with any order of the labels.
    if low > chance or high > near or own.min() == own.max():
        return []
    relation = "below" if high < chance else "no better than"
    sorted_labels = bool((some[1:] >= some[:-1]).all()) and not bool((own[1:] >= own[:-1]).all())
    cause = "the labels are sorted and the predictions are not; " if sorted_labels else ""
    return [f"{name}: accuracy {accuracy:.3g} is {relation} chance ({chance:.3g}): {cause}{_QUESTION}"]


def _mistakes(label: Array, predicted: Array, rows: Array, classes: int) -> Iterator[Mistake]:
    """The likely mistakes; agreement is that of these rows."""
    n, some, own = len(label), label[rows], predicted[rows]
    # How often each class number is predicted that many classes above the label, modulo K.
    counts = np.bincount(own - some + classes, minlength=2 * classes)
    by_offset = counts[:classes] + counts[classes : 2 * classes]
    by_offset[0] = 0
    offset = int(by_offset.argmax())
    agreeing = float(by_offset[offset]) / len(rows)
    if classes == 2:
        remedy = "are the columns in the order of the classes, or is the logit that of class 0?"
        yield Mistake(agreeing, "with the two classes exchanged", remedy)
    else:
        signed = offset if offset <= classes // 2 else offset - classes
        remedy = "do logits and labels number the classes alike?"
        if signed == -1:
            remedy = "do the labels count from 1?" + (" then say --labels-from 1" if some.min() > 0 else "")
        yield Mistake(agreeing, f"with labels {'+-'[signed < 0]} {abs(signed)}", remedy)
    yield Mistake(_share(own, label[n - 1 - rows]), "with the labels in reversed order", "reverse one of the two")
    for step, direction in ((1, "up"), (-1, "down")):
        moved = rows[(rows + step >= 0) & (rows + step < n)]
        if len(moved):
            share = _share(predicted[moved], label[moved + step])
            undone = f"with the labels moved {direction} by one row"
            yield Mistake(share, undone, "does one of the two begin a row later?")


def _share(one: Array, other: Array) -> float:
    return float(np.count_nonzero(one == other)) / len(one)


def _shares(values: Array, classes: int) -> Array:
    return np.bincount(values, minlength=classes) / len(values)
