"""Top-k log-probabilities [N, k] with their class numbers [N, k], as language model servers return them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import as_array
from lscli.errors import InputError, UsageError
from lscli.io.argument import Argument
from lscli.io.array_request import ArrayRequest
from lscli.io.axes import check_samples
from lscli.io.class_axis import rows_of
from lscli.io.format_table import FORMATS
from lscli.io.logits import Logits
from lscli.io.memory import TensorArray, open_array
from lscli.io.stored import StoredArray
from lscli.io.views import Computed, Floats, interpreted

if TYPE_CHECKING:
    from contextlib import ExitStack

    from numpy.typing import NDArray

    from lscli.io.array_request import Wants
    from lscli.io.axes import Shape
    from lscli.options import Kind, ReadingOptions

# Makes logits of the array that was opened for them, its argument, the options, the shape of the samples and the
# entries of their first axis.
Entries = Sequence[tuple[int, int]]
OpenMatrix = Callable[[StoredArray, Argument, "ReadingOptions", "Shape | None", Entries, "ExitStack"], Logits]

_SAVE = "save them in one file: np.savez('topk.npz', logits=log_probs, topk_classes=class_numbers, labels=labels)"


class TopK(Logits):
    """The k largest log-probabilities of each row, read by chunks of rows.

    Args:
        array: [N, k] log-probabilities, or probabilities with `--kind probs`.
        classes: [N, k] class numbers; -1 where a row keeps fewer than k.
        own: [N], the log-probability of each row's label, or None.
        options: `classes` is K, and `kind` what the values are.
        samples, entries: as for `Logits`.

    Attributes:
        shape: (N, K), with the number of all classes.
        kept: k.
        are_probabilities: whether the values are probabilities.
        has_own: whether there is a log-probability of each label.
        epsilon: the spacing of the stored numbers near 1, to which they are known.
        others: as for `Logits`.

    Raises:
        InputError: the array is not such a matrix, or k is larger than K.
    """

    def __init__(
        self,
        array: StoredArray,
        classes: StoredArray,
        own: StoredArray | None,
        options: ReadingOptions,
        samples: Shape | None,
        entries: Entries = (),
    ) -> None:
        super().__init__(array, "log-probs", samples, entries)
        self.kept = self.shape[1]
        self.shape = (self.shape[0], options.classes or 0)
        if self.kept > self.shape[1]:
            what = f"has {self.kept} log-probabilities in a row, more than the {self.shape[1]} classes"
            raise InputError(what, "--classes is the number of all classes, not of those in a row", where=self.name)
        self.are_probabilities = options.kind == "probs"
        self.has_own = own is not None
        self.epsilon = _EPSILON[self.stored]
        self._values = Floats(array)
        self._classes = classes
        self._own = own
        self._beside = [classes, *([] if own is None else [own])]

    @property
    def size(self) -> int:
        return self.shape[0] * self.kept * self.storage.itemsize

    def rows(self, start: int, stop: int) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64] | None]:
        """Log-probabilities [n, k], class numbers [n, k] and the labels' own log-probabilities [n] of some rows.

        Raises:
            InputError: a class number is not whole.
            ReadWriteError: they cannot be read.
        """
        start, stop = self.first + start, self.first + stop
        log_p = self._logarithms(self._values.floats(start, stop))
        classes = _whole_numbers(self._classes, start, stop)
        own = None if self._own is None else self._logarithms(Floats(self._own).floats(start, stop))
        return log_p, classes, own

    def _logarithms(self, values: NDArray[Any]) -> NDArray[np.float64]:
        values = values.astype(np.float64)
        if self.are_probabilities:
            with np.errstate(invalid="ignore", divide="ignore"):
                np.log(values, out=values)
        return values

    def check_unchanged(self) -> None:
        super().check_unchanged()
        for array in self._beside:
            array.check_unchanged()

    def verify(self) -> None:
        super().verify()
        for array in self._beside:
            array.verify()

    def close(self) -> None:
        super().close()
        for array in self._beside:
            array.close()

    def _matrix_shape(self, shape: tuple[int, ...]) -> tuple[int, int]:
        if len(shape) != 2 or 0 in shape:
            hint = "save one row per sample, with its k largest log-probabilities"
            raise InputError(f"need log-probabilities of shape (N, k), got {shape}", hint, where=self.name)
        return shape[0], shape[1]


class InClassOrder(Computed):
    """Log-probabilities, or probabilities, [N, K] of rows that name the class of each value.

    Args:
        array: [N, K]; closed with this one.
        classes: [N, K] class numbers, -1 where a row leaves out a class; closed with this one.
        empty: the value of a class that a row leaves out.
    """

    def __init__(self, array: StoredArray, classes: StoredArray, empty: float) -> None:
        super().__init__(array, array.shape)
        self._classes = classes
        self._empty = empty

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        values, classes = self.floats(start, stop), _whole_numbers(self._classes, start, stop)
        check_classes(classes, values, self._empty, self.shape[1], lambda row: self.located(start + row))
        out.fill(self._empty)
        there = classes >= 0
        rows = np.broadcast_to(np.arange(len(classes))[:, None], classes.shape)
        out[rows[there], classes[there]] = values[there]
        return out

    def check_unchanged(self) -> None:
        super().check_unchanged()
        self._classes.check_unchanged()

    def verify(self) -> None:
        super().verify()
        self._classes.verify()

    def close(self) -> None:
        super().close()
        self._classes.close()


# The spacing of numbers near 1 of each type.
_EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def topk_opener(options: ReadingOptions) -> OpenMatrix | None:
    """The function that opens top-k log-probabilities; None if the options name no class numbers.

    Raises:
        UsageError: options that belong to top-k log-probabilities are missing, are given without them, or cannot be
            combined with them.
    """
    if options.topk_classes is None:
        for name in ("classes", "label_log_probs"):
            if getattr(options, name) is not None:
                hint = "name the array of the class numbers with --topk-classes KEY"
                raise UsageError("needs --topk-classes", hint, where=name.replace("_", "-"))
        return None
    if options.classes is None:
        hint = "give the number of all classes with --classes, such as the size of the vocabulary"
        raise UsageError("the number of classes is not known", hint, where="topk-classes")
    for flag, allowed in _ALLOWED.items():
        if getattr(options, _name(flag)) not in allowed:
            raise UsageError(f"cannot be combined with {flag}", f"leave out {flag}", where="topk-classes")
    return _opened


# The values of other options that top-k log-probabilities allow.
_ALLOWED = {
    "--binary": (False,),
    "--class-axis": (None,),
    "--masked-classes": ("auto", "keep"),
    "--choice-score": ("sum",),
    "--min-prob": (None,),
    "--ensemble": (False,),
    "--ensemble-axis": (None,),
    "--device": ("auto", "cpu"),
    "--kernel": ("auto", "numpy"),
}


def _name(flag: str) -> str:
    """The name of the option of a flag."""
    return flag.removeprefix("--").replace("-", "_")


def refuse_soft_labels(options: ReadingOptions) -> None:
    """Raise UsageError if labels that are distributions come with top-k log-probabilities."""
    if options.topk_classes is not None:
        raise UsageError("cannot be combined with --soft-labels", "leave out --soft-labels", where="topk-classes")


def _opened(
    array: StoredArray,
    argument: Argument,
    options: ReadingOptions,
    samples: Shape | None,
    entries: Entries,
    stack: ExitStack,
) -> Logits:
    """The top k of each row; or ordinary logits if these are all classes, in the order of their numbers.

    Raises:
        InputError: the class numbers are not integers, or of another shape.
        UsageError: there is no file that may hold them.
    """
    array = _on_host(array)
    classes = _beside(argument, options, "--topk-classes", "matrix", stack)
    shape = classes.shape
    if options.flatten:
        classes = rows_of(classes, -1)
    if classes.shape != array.shape or (samples is not None and shape[:-1] not in (samples, classes.shape[:1])):
        what = (
            f"class numbers {shape} do not fit log-probabilities {(*(samples or array.shape[:1]), *array.shape[-1:])}"
        )
        raise InputError(what, "save one class number for each log-probability", where=classes.name)
    if classes.dtype.kind not in "iu" and classes.element not in ("float32", "float64"):
        raise InputError(f"class numbers are {classes.element}, not integers", "save them as int32", where=classes.name)
    own = None
    if options.label_log_probs is not None:
        own = _beside(argument, options, "--label-log-probs", "numbers", stack)
        check_samples("log-probabilities of the labels", own.shape, samples or array.shape[:1], own.name)
        own = rows_of(own, None)
    opened = TopK(array, classes, own, options, samples, entries)
    if opened.kept < opened.shape[1]:
        return opened
    if own is not None:
        what = f"is not needed, since every row has all {opened.kept} classes"
        raise UsageError(what, "leave out --label-log-probs", where="label-log-probs")
    ordered = InClassOrder(array, classes, 0.0 if options.kind == "probs" else -np.inf)
    kind: Kind = "probs" if options.kind == "probs" else "log-probs"
    return Logits(interpreted(ordered, kind, binary=False), kind, samples, entries)


def _beside(argument: Argument, options: ReadingOptions, flag: str, wants: Wants, stack: ExitStack) -> StoredArray:
    """An array beside the log-probabilities: in the same files under a key, or in memory."""
    name, where = _name(flag), flag.removeprefix("--")
    given = getattr(options, name)
    if not isinstance(given, str):
        if isinstance(given, bytes) or hasattr(given, "__fspath__"):
            raise UsageError("must be the key of an array in the same file, not a file", _SAVE, where=where)
        return _on_host(Argument.of(given, name, stack).opened(ArrayRequest(name), stack))
    if not argument.files:
        hint = f"give it as an array, too: {name}=..."
        raise UsageError("names an array of a file, but the log-probabilities are an array", hint, where=where)
    if not all(FORMATS[each].keyed for _, each in argument.files):
        what = "a file of one array holds no class numbers beside the log-probabilities"
        raise UsageError(what, _SAVE, where=where)
    request = ArrayRequest(name, wants, given, flag, allow_trailing=options.allow_trailing, dtype=options.dtype)
    return argument.again(stack).opened(request, stack)


def _on_host(array: StoredArray) -> StoredArray:
    """The array in the host's memory, if it lies on a device."""
    return open_array(as_array(array.tensor, array.name), array.name) if isinstance(array, TensorArray) else array


def _whole_numbers(array: StoredArray, start: int, stop: int) -> NDArray[np.int64]:
    values = array.read(start, stop, np.empty((stop - start, *array.shape[1:]), array.dtype.newbyteorder("=")))
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            whole = values == np.rint(values)
        bad = np.flatnonzero(~(whole & (np.abs(values) < 2.0**31)).all(axis=1))
        if len(bad):
            name, row = array.located(start + int(bad[0]))
            raise InputError(f"row {row} has a class number that is not whole", "save them as int32", where=name)
    return values.astype(np.int64)


def check_classes(
    classes: NDArray[np.int64],
    values: NDArray[Any],
    empty: float,
    num_classes: int,
    located: Callable[[int], tuple[str, int]],
) -> None:
    """Refuse class numbers [n, k] that are out of range or occur twice in a row; -1 is a place without a class.

    Args:
        classes: [n, k].
        values: [n, k].
        empty: their value where there is no class.
        num_classes: K.
        located: gives the name of the file and the number in it of a row, for errors.

    Raises:
        InputError: a row is refused; the message names the first one.
    """
    hint = f"class numbers count from 0 to {num_classes - 1}, and -1 fills a row with fewer than k classes"
    outside = ((classes < -1) | (classes >= num_classes)).any(axis=1)
    if outside.any():
        row = int(outside.argmax())
        wrong = classes[row][(classes[row] < -1) | (classes[row] >= num_classes)][0]
        name, number = located(row)
        raise InputError(f"row {number} has class {wrong}, but there are {num_classes} classes", hint, where=name)
    ordered = np.sort(classes, axis=1)
    twice = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)
    if twice.any():
        row = int(twice.argmax())
        same = ordered[row, 1:][(ordered[row, 1:] == ordered[row, :-1]) & (ordered[row, 1:] >= 0)][0]
        name, number = located(row)
        raise InputError(f"row {number} has class {same} twice", "save each class of a row once", where=name)
    filled = ((classes < 0) & (values != empty)).any(axis=1)
    if filled.any():
        name, number = located(int(filled.argmax()))
        what, fill = f"row {number} has a value other than {empty:g} for class -1", f"with class -1 and {empty:g}"
        raise InputError(what, f"fill rows that have fewer than k classes {fill}", where=name)
