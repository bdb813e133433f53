"""Labels as class numbers from 0 to K-1. Any other label is an error, whose hint depends on the values of all labels.

A hint that leaves out samples is given only where one value looks like a mark for "no class". Labels that are merely
coded otherwise, such as 1 to K, get a hint that reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

# Values that mark samples without a class: those of torch, of most data sets, and of masks saved as images.
_MARKS = (-100, -1, 255, 65535, -999, -9999)


class ClassNumbers(NamedTuple):
    """Checked labels.

    Attributes:
        label: [N], from 0 to K-1, or -1 for an ignored sample.
        ignored: the number of ignored samples.
        note: a warning on how the labels are read, or an empty string.
    """

    label: NDArray[np.int32]
    ignored: int
    note: str = ""


def class_numbers(
    values: NDArray[Any],
    num_classes: int,
    ignore_index: int,
    labels_from: int = 0,
    name: str = "labels",
    located: Callable[[int], tuple[str, int]] | None = None,
) -> ClassNumbers:
    """The class numbers that labels stand for.

    With two classes, the labels -1 and 1 are read as 0 and 1.

    Args:
        values: [N] integers of any type.
        num_classes: K.
        ignore_index: samples with this value are ignored.
        labels_from: the value that stands for class 0; the next one stands for class 1, and so on.
        name: the name of the labels, for errors.
        located: a function of a row that returns its file, and its number there; None if there is one file.

    Raises:
        InputError: a value stands for no class and is not `ignore_index`.
    """
    ignored = values == ignore_index
    outside = ((values < labels_from) | (values >= labels_from + num_classes)) & ~ignored
    note = ""
    if outside.any():
        found = np.unique(values[~ignored]).tolist()
        if (found, num_classes, labels_from) != ([-1, 1], 2, 0):
            row = int(outside.argmax())
            where, own_row = (name, row) if located is None else located(row)
            what = f"label out of range at row {own_row} (value {values[row]}, {num_classes} classes)"
            seen = _Seen(values, found, num_classes, labels_from, bool(ignored.any()))
            raise _counted_otherwise(seen, name) or InputError(what, _hint(seen), where=where)
        values, note = values > 0, f"{name}: the labels are -1 and 1: -1 is read as class 0, 1 as class 1"
    label = (values.astype(np.int64) - labels_from if labels_from else values).astype(np.int32)
    count = int(np.count_nonzero(ignored))
    if count:
        label[ignored] = -1
    return ClassNumbers(label, count, note)


def check_counts_from_0(labels_from: int) -> None:
    """Raise UsageError if a first label is given for labels of one column per class."""
    if labels_from:
        what = "labels with one column per class do not count from a number"
        raise UsageError(what, "leave out --labels-from", where="labels-from")


class _Seen(NamedTuple):
    """What the labels hold.

    Attributes:
        values: [N], all labels.
        found: the different values that are not ignored, in ascending order.
        num_classes, labels_from: as for `class_numbers`.
        any_ignored: whether some samples are ignored.
    """

    values: NDArray[Any]
    found: Sequence[int]
    num_classes: int
    labels_from: int
    any_ignored: bool

    @property
    def outside(self) -> list[int]:
        """The values that stand for no class."""
        return [value for value in self.found if not 0 <= value - self.labels_from < self.num_classes]

    @property
    def mark(self) -> int | None:
        """The only value that stands for no class, if it may mark samples without one.

        It does not if it is the value after the last class, or if the others are a single class: 0 and 255 are the two
        classes of a mask.
        """
        if len(self.outside) != 1 or len(self.found) < 3 or self.outside[0] == self.labels_from + self.num_classes:
            return None
        return self.outside[0] if self.outside[0] in (*_MARKS, self.labels_from - 1) else None

    @property
    def first(self) -> int | None:
        """The value that seems to stand for class 0 instead of `labels_from`, or None."""
        k, own = self.num_classes, self.labels_from
        # K values in a row are all classes. Of two classes, -1 and 0 may as well be one class and a mark.
        if self.found[-1] - self.found[0] == k - 1 == len(self.found) - 1 and (k > 2 or self.found[0] > 0):
            return self.found[0]
        others = [value for value in self.found if value not in self.outside or value not in _MARKS or value == own + k]
        if others and own == 0 and others[0] > 0 and others[-1] == k:
            return 1
        return 0 if others and own and others[0] >= 0 and others[-1] < k else None


def _counted_otherwise(seen: _Seen, name: str) -> InputError | None:
    """The error for labels that seem to count from another number than `labels_from`; None if they do not."""
    if seen.first is None:
        return None
    last = seen.first + seen.num_classes - 1
    classes = [value for value in seen.found if seen.first <= value <= last]
    what = f"the labels are {classes[0]} to {classes[-1]} and seem to count from {seen.first}"
    hint = f"say --labels-from {seen.first}" if seen.first else "leave out --labels-from"
    if seen.first < 0:
        hint = f"if {seen.first} is a class, {hint}"
    return InputError(f"{what} ({seen.num_classes} classes)", hint, where=name)


def _hint(seen: _Seen) -> str:
    """A hint for labels of which some stand for no class."""
    k, found, mark = seen.num_classes, seen.found, seen.mark
    if mark is not None:
        count = np.count_nonzero(seen.values == mark)
        meant = f"{mark} occurs {count} times: if it marks samples without a class,"
        # There is only one ignore index: with another one, the samples that are ignored now would count again.
        return f"{meant} replace it by the ignore index" if seen.any_ignored else f"{meant} say --ignore-index {mark}"
    if len(found) == k:
        numbered = "np.unique(labels, return_inverse=True)[1]"
        return f"if these are the {k} classes in the order of the columns, number them from 0: {numbered}"
    span = f"the labels are {found[0]} to {found[-1]}" if len(found) > 1 else f"every label is {found[0]}"
    return f"{span}: a label is the position of its class among the {k} columns, counted from {seen.labels_from}"
