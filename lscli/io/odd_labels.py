"""Errors for labels that are not one integer per sample: their hints say what the values seem to be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.memory import TensorArray, read_all
from lscli.io.views import SUM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray

_BLOCK = 1 << 18  # elements
ONE_BY_ONE = "measure each class on its own: --binary with logits[:, k] and labels[:, k]"
_SOFT = "say --soft-labels to lscli eval"
_ONE_BY_ONE_FLAT = "measure each class on its own: --binary and --flatten with its logits and its labels"


def multi_label(row: int, classes: int, num_classes: int, where: str, *, flattened: bool = False) -> InputError:
    """The error for rows of 0 and 1 that do not sum to 1; `classes` is the sum of this row."""
    what = f"multi-label rows of 0 and 1: row {row} has {classes} of {num_classes} classes, not one"
    return InputError(what, _ONE_BY_ONE_FLAT if flattened else ONE_BY_ONE, where=where)


def not_one_per_sample(
    array: StoredArray, logits: tuple[int, ...], stored: tuple[int, ...] = (), axis: int = 1
) -> InputError:
    """The error for labels that have an axis of classes, or another shape than [N].

    Args:
        array: the labels, [N, K] if they have an axis of classes.
        logits: the shape of the logits in the same form; empty without logits.
        stored: the shape of labels of more dimensions, before they became rows.
        axis: the axis of the classes in that shape.

    Raises:
        InputError: the labels are multi-label, or damaged.
        ReadWriteError: they cannot be read.
    """
    shape = array.shape
    what, hint = f"need labels of shape (N,), got {shape}", "save one class number per sample"
    if len(stored) > 2:
        what = f"need one label per sample, got labels {stored} with an axis of classes"
    if shape != logits and ((len(shape) == 2 and 1 in shape) or (logits and math.prod(shape) == logits[0])):
        hint = "save them flat: labels.ravel()"
    elif len(shape) == 2 and 0 not in shape:
        rows = _Rows.of(array)
        if rows.of_0_and_1 and rows.first is not None:
            name, row = array.located(rows.first)
            raise multi_label(row, rows.classes, shape[1], name, flattened=len(stored) > 2)
        if rows.of_0_and_1:
            hint = f"save the class numbers of these one-hot rows: labels.argmax(axis={axis}); or {_SOFT}"
        elif rows.distributions and array.element != "bfloat16":
            hint = f"for labels that are distributions, {_SOFT}"
        elif rows.floats and shape == logits and not rows.counts:
            what = f"{what}, like logits"
            hint = "the labels come last; to compare models, say lscli compare LOGITS LOGITS LABELS"
    return InputError(what, hint, where=array.name)


def indicators(array: StoredArray) -> bool:
    """Whether labels are rows [N, K] of 0 and 1 for at least 3 classes; two such columns may be labels and a split."""
    return array.shape[1] > 2 and of_0_and_1(array)


def of_0_and_1(array: StoredArray) -> bool:
    """Whether labels are rows [N, K] that hold only 0 and 1; errors are those of `one_hot`."""
    return len(array.shape) == 2 and 0 not in array.shape and _Rows.of(array).of_0_and_1


def one_hot(array: StoredArray) -> bool:
    """Whether each row [N, K] has a single 1 among zeros.

    Raises:
        InputError: they are damaged.
        ReadWriteError: they cannot be read.
    """
    rows = _Rows.of(array)
    return rows.of_0_and_1 and rows.first is None


def not_integers(array: StoredArray) -> InputError:
    """The error for labels [N] that are not integers.

    Raises:
        InputError: they are damaged.
        ReadWriteError: they cannot be read.
    """
    what, hint = f"not integer labels ({array.element})", "save the class numbers as int64"
    if array.element.startswith(("float", "bfloat")):
        hint = 'save the class numbers as integers: labels.astype("int64")'
        if array.element in ("float16", "float32", "float64"):
            values = read_all(array)
            odd = np.flatnonzero(~(values == np.rint(values)))
            if len(odd):
                name, row = array.located(int(odd[0]))
                what = f"{what}: row {row} holds {values[odd[0]]:g}"
                return InputError(what, "a label is a class number, not a score or a probability", where=name)
    return InputError(what, hint, where=array.name)


class _Rows(NamedTuple):
    """What the rows [N, K] of labels hold.

    Attributes:
        floats: whether they are stored as floats.
        of_0_and_1: whether every value is 0 or 1.
        distributions: whether no value is below 0, and every row sums to 1.
        first: the first row that does not sum to 1, or None.
        classes: the sum of that row, which is its number of classes if the values are 0 and 1.
        counts: whether all values that were read are whole numbers of at least 0.
    """

    floats: bool
    of_0_and_1: bool = False
    distributions: bool = False
    first: int | None = None
    classes: int = 0
    counts: bool = False

    @classmethod
    def of(cls, array: StoredArray) -> _Rows:
        """Read the rows until it is clear that they hold neither 0 and 1 nor distributions."""
        floats = array.element.startswith(("float", "bfloat"))
        if not array.element.startswith(("float", "int", "uint", "bool")):
            return cls(floats)
        of_0_and_1, positive, whole, first, classes = True, True, True, None, 0
        for start, x in _blocks(array):
            with np.errstate(all="ignore"):
                sums = np.add.reduce(x, axis=1, dtype=np.float64)
            of_0_and_1 = of_0_and_1 and bool(((x == 0) | (x == 1)).all())
            positive = positive and bool((x >= 0).all())
            whole = whole and bool((x == np.rint(x)).all())
            wrong = np.flatnonzero(~(np.abs(sums - 1) <= SUM))
            if first is None and len(wrong):
                first, classes = start + int(wrong[0]), sums[wrong[0]]
            if not of_0_and_1 and (first is not None or not positive):
                return cls(floats, counts=positive and whole)
        return cls(floats, of_0_and_1, positive and first is None, first, int(classes), positive and whole)


def _blocks(array: StoredArray) -> Iterator[tuple[int, NDArray[Any]]]:
    """The number of the first row of each block, and its values."""
    if isinstance(array, TensorArray):
        yield 0, read_all(array)
        return
    step = max(1, _BLOCK // array.shape[1])
    buffer = np.empty((min(step, array.shape[0]), array.shape[1]), array.dtype.newbyteorder("="))
    for start in range(0, array.shape[0], step):
        stop = min(start + step, array.shape[0])
        yield start, array.read(start, stop, buffer[: stop - start])
