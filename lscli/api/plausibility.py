"""Say if predictions and labels do not seem to belong together, and what would make them agree.

Rows in another order, or classes counted from 1, give numbers that look like those of a bad model. The predictions and
labels of the table show it: their agreement is that of chance, and it is far better under one of a few mistakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.intervals.shares import wilson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

COLUMNS = frozenset({"label", "predicted"})

_Z = 3.2905  # normal quantile of a two-sided level of 99.9 %
# The most rows that are compared, evenly spaced: more would take longer and make no conclusion surer.
_ROWS = 1 << 17
# A mistake is named only if undoing it gives at least this many times the accuracy.
_TIMES = 2
# Of the way from chance to the largest accuracy that predictions of these frequencies can have, this share counts as
# near chance. An accuracy is called chance if it surely lies there, and a mistake is named if undoing it surely leads
# beyond.
_NEAR = 0.2

_QUESTION = "are the rows of logits and labels in the same order? do the labels count from 1?"
_ORDER = "are the names of the classes in the order of the columns?"
_NAMED_QUESTION = f"are the rows of logits and labels in the same order? {_ORDER}"


class Mistake(NamedTuple):
    """A possible mistake.

    Attributes:
        accuracy: the share of labels that equal the predictions once the mistake is undone.
        chance: the share that would be equal if predictions and labels were unrelated.
        undone: how the labels were changed to undo it, such as "with labels - 1".
        remedy: what the user may check or do.
    """

    accuracy: float
    chance: float
    undone: str
    remedy: str


def plausibility_notes(name: str, table: SampleTable, *, named: bool = False) -> list[str]:
    """A sentence if the accuracy is that of chance, or far better with other labels; else none.

    Chance is the accuracy of predictions and labels of the same frequencies that do not depend on each other: for
    balanced classes 1/K. There is no sentence for so few samples that the accuracy may be far above chance, by its
    interval of 99.9 % (Wilson 1927).

    Args:
        name: the name of the logits.
        table: all samples, with the columns `label` and `predicted`; rows of weight 0 are left out.
        named: whether the labels were read by the names of the classes.
    """
    label, predicted, counts = table["label"], table["predicted"], table.columns.get("class_count")
    called = "accuracy" if table.weight is None else "accuracy without weights"
    if table.weight is not None and not (table.weight > 0).all():
        kept = table.weight > 0
        label, predicted, counts = label[kept], predicted[kept], None if counts is None else counts[kept]
    n, classes = len(label), table.num_classes
    if not n or classes is None:
        return []
    accuracy = np.count_nonzero(label == predicted) / n
    rows = np.arange(0, n, -(-n // _ROWS))
    some_labels, some_predictions = label[rows], predicted[rows]
    of_labels, of_predictions = _shares(some_labels, classes), _shares(some_predictions, classes)
    chance = float(of_labels @ of_predictions)
    if counts is not None:
        chance = max(chance, float(np.mean(1.0 / counts[rows])))
    low, high = wilson(accuracy, n, _Z)
    if accuracy * _TIMES <= 1:
        offset = _best_offset(some_labels, some_predictions, of_labels, of_predictions, named=named)
        best = max([offset, *_other_orders(label, predicted, rows, chance)])
        surely = wilson(best.accuracy, len(rows), _Z)[0]
        if best.accuracy >= _TIMES * accuracy and surely > max(high, _near(best.chance)):
            said = f"{called} is {accuracy:.3g}, and would be {best.accuracy:.3g} {best.undone}"
            return [f"{name}: {said}: {best.remedy}"]
    # Where all labels, or all predictions, are one class, any order of the rows gives the same accuracy. Where nearly
    # all are, as the predictions of a calibrated model with rare classes, accuracy can hardly differ from chance.
    if max(of_labels.max(), of_predictions.max()) == 1:
        return []
    most = 1.0 - float(np.abs(of_predictions - of_labels).max())
    if low > chance or high > _near(chance, most):
        return []
    relation = "below" if high < chance else "no better than"
    only_labels_sorted = _is_sorted(some_labels) and not _is_sorted(some_predictions)
    cause = "the labels are sorted and the predictions are not; " if only_labels_sorted else ""
    question = _NAMED_QUESTION if named else _QUESTION
    return [f"{name}: {called} {accuracy:.3g} is {relation} chance ({chance:.3g}): {cause}{question}"]


def _near(chance: float, most: float = 1.0) -> float:
    """The largest accuracy that counts as near chance, where `most` is the largest possible one."""
    return chance + _NEAR * (most - chance)


def _best_offset(label: Array, predicted: Array, of_labels: Array, of_predictions: Array, *, named: bool) -> Mistake:
    """The number that, added to the labels modulo K, makes most of them equal the predictions."""
    classes = len(of_labels)
    counts = np.bincount(predicted - label + classes, minlength=2 * classes)
    by_offset = counts[:classes] + counts[classes : 2 * classes]
    by_offset[0] = 0
    offset = int(by_offset.argmax())
    accuracy = float(by_offset[offset]) / len(label)
    chance = float(np.roll(of_labels, offset) @ of_predictions)
    if classes == 2:
        remedy = "are the columns in the order of the classes, or is the logit that of class 0?"
        return Mistake(accuracy, chance, "with the two classes exchanged", remedy)
    signed = offset if offset <= classes // 2 else offset - classes
    remedy = _ORDER if named else "do logits and labels number the classes in the same way?"
    if signed == -1 and not named:
        remedy = "do the labels count from 1?" + (" then say --labels-from 1" if label.min() > 0 else "")
    return Mistake(accuracy, chance, f"with labels {'+-'[signed < 0]} {abs(signed)}", remedy)


def _other_orders(label: Array, predicted: Array, rows: Array, chance: float) -> Iterator[Mistake]:
    """The labels in reversed order, and moved up and down by one row; only these rows are compared."""
    n = len(label)
    backwards = _share(predicted[rows], label[n - 1 - rows])
    yield Mistake(backwards, chance, "with the labels in reversed order", "reverse the rows of one of the two")
    for step, direction in ((1, "up"), (-1, "down")):
        moved = rows[(rows + step >= 0) & (rows + step < n)]
        if len(moved):
            share = _share(predicted[moved], label[moved + step])
            undone = f"with the labels moved {direction} by one row"
            yield Mistake(share, chance, undone, "does one of the two begin a row later?")


def _is_sorted(values: Array) -> bool:
    return bool((values[1:] >= values[:-1]).all())


def _share(one: Array, other: Array) -> float:
    """The share of places at which two arrays are equal."""
    return float(np.count_nonzero(one == other)) / len(one)


def _shares(values: Array, classes: int) -> Array:
    """The share of each class among class numbers, [K]."""
    return np.bincount(values, minlength=classes) / len(values)
