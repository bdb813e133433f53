"""The axes of logits and labels: which one holds the classes, and whether the others are the same samples.

Shapes are compared whole. As many labels as samples are not enough: labels (T, N) would be read in another order than
logits (N, T, K).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lscli.options import ReadingOptions

Shape = tuple[int, ...]

_LETTERS = {1: "(N,)", 2: "(N, T)", 3: "(N, H, W)", 4: "(N, D, H, W)"}
_SAME_RUN = "save both from the same run"


class Samples(NamedTuple):
    """The axes of the samples.

    Attributes:
        shape: (N,), or (N, T) and longer if they were flattened.
        entries: of samples with several axes, the entries of the first axis and the samples of each, file by file.
    """

    shape: Shape
    entries: Sequence[tuple[int, int]] = ()

    @classmethod
    def of(cls, shape: Shape, entries: Sequence[tuple[int, int]] = ()) -> Samples:
        """Samples of this shape; without `entries`, they are from one file."""
        return cls(shape, entries or ([(shape[0], math.prod(shape[1:]))] if len(shape) > 1 else ()))

    @property
    def entry_count(self) -> int:
        """The number of entries of the first axis, such as documents."""
        return sum(entries for entries, _ in self.entries) if self.entries else self.shape[0]

    @property
    def lengths(self) -> set[int]:
        """The numbers of values that fit: one per sample, or one per entry of the first axis."""
        return {math.prod(self.shape), self.entry_count}

    @property
    def dependent(self) -> bool:
        """Whether an entry of the first axis has several samples, such as the tokens of a document."""
        return any(each > 1 for _, each in self.entries)

    def first_axis(self) -> NDArray[np.intp]:
        """The entry of the first axis that each sample belongs to, [N]."""
        if not self.entries:
            return np.arange(self.entry_count)
        return np.repeat(np.arange(self.entry_count), np.repeat(*np.transpose(self.entries)[::-1]))

    def fitted(self, values: NDArray[Any], what: str, name: str) -> NDArray[Any]:
        """Values, one per sample or one per entry of the first axis, as one per sample, [N].

        Args:
            values: of any shape.
            what: the values in the plural, for errors.
            name: their name in errors.

        Raises:
            InputError: they have another shape.
        """
        if values.shape == (self.entry_count,) and not same_samples(values.shape, self.shape):
            return values[self.first_axis()]
        if self.entries and not same_samples(values.shape, self.shape):
            what = f"{what} {values.shape} do not fit the samples, which are {self.shape}"
            hint = f"give one value per sample, or one for each of the {self.entry_count} entries of the first axis"
            raise InputError(what, hint, where=name)
        check_samples(what, values.shape, self.shape, name)
        return values.reshape(-1)


class Stored(NamedTuple):
    """The name and the shape of an input, as it is stored."""

    name: str
    shape: Shape


class Axes(NamedTuple):
    """How logits of several dimensions are read.

    Attributes:
        flatten: whether all axes but that of the classes are samples.
        classes: the axis of the classes; negative numbers count from the end.
        binary: whether there is no axis of classes, but one value per sample.
        soft: whether labels are distributions, with an axis of classes.
        ensemble: whether an axis of the members of an ensemble was taken away.
    """

    flatten: bool
    classes: int = -1
    binary: bool = False
    soft: bool = False
    ensemble: bool = False

    @classmethod
    def of(cls, options: ReadingOptions, *, soft: bool = False) -> Axes:
        """The axes that the options declare.

        Raises:
            UsageError: a class axis of binary logits, which have none.
        """
        if options.binary and options.class_axis is not None:
            raise UsageError("binary logits have no axis of classes", "leave out --class-axis", where="class-axis")
        several = options.ensemble or options.ensemble_axis is not None
        if options.class_axis is None:
            return cls(options.flatten, binary=options.binary, soft=soft, ensemble=several)
        return cls(flatten=True, classes=options.class_axis, soft=soft, ensemble=several)

    def class_axis(self, shape: Shape) -> int:
        """The axis of the classes of logits of this shape, from 0 on.

        Raises:
            UsageError: they have no such axis.
        """
        if not -len(shape) <= self.classes < len(shape):
            what = f"logits of shape {shape} have no axis {shown(self.classes)}"
            raise UsageError(what, f"name an axis from 0 to {len(shape) - 1}", where="class-axis")
        return self.classes % len(shape)

    def samples(self, shape: Shape) -> Shape:
        """The shape of the samples of logits of this shape: all axes but that of the classes.

        Raises:
            UsageError: the logits have no such axis.
        """
        return shape if self.binary or len(shape) < 2 else without(shape, self.class_axis(shape))

    def label_axis(self, logits: Shape, labels: Shape) -> int:
        """The axis of the classes of soft labels: that of the logits if the shapes are the same, else the last, -1."""
        return self.classes if labels == logits else -1

    def fit(self, logits: Shape, labels: Shape) -> bool:
        """Whether labels of this shape have one entry per sample of the logits, in the same order."""
        if not self.soft:
            return same_samples(labels, self.samples(logits))
        return same_samples(without(labels, self.label_axis(logits, labels)), self.samples(logits))


def without(shape: Shape, axis: int) -> Shape:
    """The shape without one axis; negative numbers count from the end."""
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


def same_samples(shape: Shape, samples: Shape) -> bool:
    """Whether an array of this shape has one entry per sample, in the same order.

    Axes of length 1 do not change the order, and a flat array is in C order.
    """
    if 1 in (len(shape), len(samples)):
        return math.prod(shape) == math.prod(samples)
    return [n for n in shape if n != 1] == [n for n in samples if n != 1]


def joined(shapes: Sequence[Shape], axes: Axes, *, classes: bool) -> tuple[Shape, Axes]:
    """The shape of arrays one after another, and the axes by which it is read.

    Arrays that differ in more than their number of samples, such as batches of sequences of different lengths, are
    joined as rows: (N, K), or (N,).

    Args:
        shapes: at least one.
        axes: how each of them is read.
        classes: whether they have an axis of classes.
    """
    first = shapes[0]
    if len(shapes) == 1:
        return first, axes
    if not classes:
        rest = {shape[1:] for shape in shapes if shape}
        regular = len(rest) == 1 and len(first) > 0
        return ((sum(shape[0] for shape in shapes), *first[1:]) if regular else (sum(map(math.prod, shapes)),)), axes
    if min(map(len, shapes)) < 2:
        return first, axes
    axis = axes.class_axis(first)
    along = 1 if axis == 0 else 0
    if len({without(shape, along) for shape in shapes}) == 1:
        return (*first[:along], sum(shape[along] for shape in shapes), *first[along + 1 :]), axes
    rows = sum(math.prod(axes.samples(shape)) for shape in shapes)
    return (rows, first[axis]), axes._replace(classes=-1)


def class_axes(logits: Shape, labels: Shape, *, soft: bool = False) -> list[int]:
    """The axes of the logits that may hold the classes, given the shape of their labels; the most usual come first.

    The last axis is the most usual one, then axis 1, as in torch.
    """
    usual = sorted(range(len(logits)), key=lambda axis: (axis != len(logits) - 1, axis != 1, axis))
    return [axis for axis in usual if Axes(flatten=True, classes=axis, soft=soft).fit(logits, labels)]


def check_labels(logits: Stored, labels: Stored, axes: Axes, largest: Callable[[], float]) -> None:
    """Compare the shapes of logits and labels before either is read.

    What is wrong with the labels or logits alone, such as their number of dimensions, is left to those who read them.

    Args:
        logits, labels: as they are stored.
        axes: how they are read.
        largest: returns the largest label, or nan if that is unknown; called only if the shapes do not fit.

    Raises:
        InputError: the labels do not fit the logits.
        UsageError: the logits have no axis of this number.
    """
    x, y = logits.shape, labels.shape
    if len(x) < (1 if axes.binary else 2) or len(y) < (2 if axes.soft else 1) or 0 in (*x, *y):
        return
    flat = is_flat(x, binary=axes.binary)
    if flat and not axes.flatten and (len(y) > (2 if axes.soft else 1) or (x[-1] < 2 and not axes.binary)):
        return
    if (flat or axes.flatten) and axes.fit(x, y):
        return
    # With an axis given, another one is named; without, the last one needs --flatten alone.
    others = [] if axes.binary else class_axes(x, y, soft=axes.soft)
    if len(others) > 1 or (others and others[0] != len(x) - 1):
        top = largest()
        others = [axis for axis in others if not top >= x[axis]]
    if not axes.flatten and not flat:
        raise _of_several_dimensions(logits, labels, axes, others)
    if others:
        raise _other_axis(logits, labels, axes, others)
    raise _other_shape(logits, labels, axes)


def check_dimensions(logits: Stored, axes: Axes) -> None:
    """Check that logits without labels have one row per sample, or that the options say how they become such rows.

    Raises:
        InputError: they have more dimensions.
    """
    x = logits.shape
    if axes.flatten or len(x) < 3 or 0 in x:
        return
    hint = "if the classes are on the last axis, say --flatten; on another one, --class-axis AXIS"
    raise InputError(f"need logits of shape {'(N,)' if axes.binary else '(N, K)'}, got {x}", hint, where=logits.name)


def check_samples(what: str, shape: Shape, samples: Shape, name: str) -> None:
    """Check that an array beside the logits, such as weights, has one value per sample, in the same order.

    Args:
        what: its values, in the plural.
        shape: its shape.
        samples: the shape of the samples.
        name: its name in errors.

    Raises:
        InputError: it has another shape.
    """
    if len(samples) == 1 and len(shape) != 1:
        raise InputError(f"need {what} of shape (N,), got {shape}", "give one value per row", where=name)
    if not same_samples(shape, samples):
        if len(samples) == len(shape) == 1:
            what = f"rows differ: {samples[0]} logits, {shape[0]} {what}"
            raise InputError(what, "give one value per row", where=name)
        hint = f"save them in the shape of the labels, or flat: {math.prod(samples)} values"
        raise InputError(f"{what} {shape} do not fit the samples, which are {samples}", hint, where=name)


def is_flat(shape: Shape, *, binary: bool) -> bool:
    """Whether logits of this shape are one row per sample, [N, K]; with `binary`, [N] or [N, 1]."""
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1) if binary else len(shape) == 2


def _of_several_dimensions(logits: Stored, labels: Stored, axes: Axes, others: Sequence[int]) -> InputError:
    x, y = logits.shape, labels.shape
    if axes.binary:
        what = f"need one value per sample with --binary, got shape {x}"
        hint = "say --flatten" if same_samples(y, x) else "leave out --binary"
        if x[1:] == (2,) and len(y) == 1:
            hint = "leave out --binary; for the calibration of class 1, say --positive-class 1 to lscli eval"
        if not same_samples(y, x) and (swapped := _swapped(x, y, axes)):
            hint = f"the axes of the labels are swapped: {swapped}, and say --flatten"
        return InputError(what, _or_ensemble(hint, x, y, axes), where=logits.name)
    what = f"need logits of shape (N, K), got {x}"
    if not others:
        hint = "with --flatten the labels have all axes but the last; with --class-axis, all but the named one"
        if swapped := _swapped(x, y, axes):
            hint = f"the axes of the labels are swapped: {swapped}, and say --flatten"
        return InputError(f"{what}, which labels {y} do not fit", _or_ensemble(hint, x, y, axes), where=logits.name)
    if others[0] != len(x) - 1:
        what += f"; labels {y} show that the classes are axis {' or '.join(map(str, others))}"
    return InputError(what, _axis_hint(x, others, axes), where=logits.name)


def _other_axis(logits: Stored, labels: Stored, axes: Axes, others: Sequence[int]) -> InputError:
    x, y = logits.shape, labels.shape
    if len(x) == 2 and others[0] == 0:
        what = f"logits {x} are transposed: labels {y} are one per column"
        return InputError(what, "say --class-axis 0, or save logits.T", where=logits.name)
    what = f"labels {y} show that the classes of logits {x} are axis {' or '.join(map(str, others))}"
    return InputError(what, _axis_hint(x, others, axes, _swapped(x, y, axes)), where=logits.name)


def _axis_hint(x: Shape, others: Sequence[int], axes: Axes, swapped: str = "") -> str:
    """What to type for the axis that holds the classes, or for each that may."""
    last = len(x) - 1
    options = {axis: f"--class-axis {axis}" for axis in others}
    if last in options and not axes.flatten:
        options[last] = "--flatten"
    if [last] == others and (len(x) == 2 or not axes.flatten):
        return "leave out --class-axis" if len(x) == 2 else "for tokens of sequences, (N, T, K), say --flatten"
    if len(others) == 1 and not swapped:
        return f"say {options[others[0]]}"
    said = [f"if axis {axis} holds the classes, say {option}" for axis, option in options.items()]
    return "; ".join(said + ([f"if the axes of the labels are swapped, {swapped}"] if swapped else []))


def _other_shape(logits: Stored, labels: Stored, axes: Axes) -> InputError:
    x, y, samples = logits.shape, labels.shape, axes.samples(logits.shape)
    own = without(y, axes.label_axis(x, y)) if axes.soft else y
    if len(own) == 1 and is_flat(x, binary=axes.binary):
        what = f"rows differ: {logits.name} has {math.prod(samples)}, the labels have {own[0]}"
        return InputError(f"{what}; their shapes are {x} and {y}", _SAME_RUN, where=labels.name)
    called = _LETTERS.get(len(samples), "one per sample")
    given = "" if axes.classes == -1 else f"with --class-axis {axes.classes} "
    if axes.soft:
        what = f"soft labels {y} do not fit logits {x}; {given}they must be distributions for {called} = {samples}"
        return InputError(what, _SAME_RUN, where=labels.name)
    swapped = _swapped(x, y, axes)
    what = f"labels {y} do not fit logits {x}; {given}they must be {called} = {samples}"
    hint = swapped or _or_ensemble(_SAME_RUN, x, y, axes)
    return InputError(what + (": the axes are swapped" if swapped else ""), hint, where=labels.name)


def ensemble_axes(logits: Shape, labels: Shape, *, binary: bool = False, soft: bool = False) -> list[int]:
    """The axes of the logits that may hold the members of an ensemble, given the shape of their labels."""
    axes = Axes(flatten=True, binary=binary, soft=soft)
    places = range(len(logits) - (0 if binary else 1)) if len(logits) > (1 if binary else 2) else ()
    return [axis for axis in places if logits[axis] > 1 and axes.fit(without(logits, axis), labels)]


def _or_ensemble(hint: str, logits: Shape, labels: Shape, axes: Axes) -> str:
    """A hint, and what to say if an axis holds the members of an ensemble instead, where one can."""
    found = ensemble_axes(logits, labels, binary=axes.binary, soft=axes.soft)
    if axes.ensemble or axes.classes != -1 or not found:
        return hint
    flat = axes.flatten or is_flat(without(logits, found[0]), binary=axes.binary)
    said = f"say --ensemble-axis {found[0]}" if flat else f"say --flatten --ensemble-axis {found[0]}"
    return f"if axis {found[0]} holds the members of an ensemble, {said}; otherwise {hint}"


def _swapped(logits: Shape, labels: Shape, axes: Axes) -> str:
    """How to save labels whose axes are those of the samples in another order; empty if they are not."""
    samples = axes.samples(logits)
    if axes.soft or len(labels) != len(samples) or sorted(labels) != sorted(samples):
        return ""
    if len(set(labels)) < len(labels):
        return "save them with their axes in the order of the logits"
    order = tuple(map(labels.index, samples))
    return "save labels.T" if order == (1, 0) else f"save labels.transpose{order}"
