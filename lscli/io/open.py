"""Open inputs: logits, labels and small arrays, from files of any format or from memory."""

from __future__ import annotations

import contextlib
import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.class_names import TEXT, ClassNames
from lscli.errors import InputError, UsageError
from lscli.io.argument import Argument, check_stdin_once
from lscli.io.array_request import ArrayRequest, Entry, Wants
from lscli.io.axes import Axes, Stored, check_dimensions, check_labels, class_axes, joined
from lscli.io.class_axis import rows_of
from lscli.io.ensemble_files import (
    check_alike,
    check_axis,
    check_same_labels,
    ensemble_name,
    is_ensemble,
    label_arguments,
    member_arguments,
    members_along,
)
from lscli.io.format_table import FORMATS
from lscli.io.labels import Labels
from lscli.io.logits import UNTYPED, UNTYPED_BYTES, Logits
from lscli.io.members import mean_of
from lscli.io.memory import read_all
from lscli.io.min_prob import with_min_prob
from lscli.io.named_labels import read_by_name
from lscli.io.odd_labels import indicators, not_one_per_sample, one_hot
from lscli.io.paths import alike, several_files
from lscli.io.pooling import check_not_repeated, check_one_model
from lscli.io.soft_labels import SoftLabels
from lscli.io.texts import Texts
from lscli.io.topk import refuse_soft_labels, topk_opener
from lscli.io.views import interpreted
from lscli.options import ReadingOptions
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.axes import Shape
    from lscli.io.files import RegularFile
    from lscli.io.stored import StoredArray
    from lscli.io.topk import OpenMatrix

_DEFAULTS = ReadingOptions()


def open_inputs(
    logits: Any, labels: Any = None, options: ReadingOptions = _DEFAULTS, names: ClassNames | None = None
) -> tuple[Logits, Labels]:
    """Open logits [N, K] and labels [N], each a path, a pattern of shards, `-`, a numpy array or a torch tensor.

    Without `labels`, both come from the one file that `logits` names, or from each of its shards. Labels that are
    strings must be names of the classes, or of the columns of the logits. With `topk_classes`, the logits are a `TopK`,
    unless every row has all K classes.

    Raises:
        InputError: an input cannot be used, or the two are in the wrong order.
        ReadWriteError: an input cannot be read.
        UsageError: an option does not fit the inputs.
    """
    return _opened(logits, labels, options, names, 1, topk_opener(options))


def open_soft_inputs(
    logits: Any, labels: Any = None, options: ReadingOptions = _DEFAULTS, names: ClassNames | None = None
) -> tuple[Logits, SoftLabels]:
    """Like `open_inputs`, with labels [N, K] that are distributions over the classes."""
    refuse_soft_labels(options)
    return _opened(logits, labels, options, names, 2)


def open_logits(logits: Any, options: ReadingOptions = _DEFAULTS) -> Logits:
    """Open logits [N, K] without labels, each as in `open_inputs`.

    Raises:
        InputError: they cannot be used.
        ReadWriteError: they cannot be read.
        UsageError: an option does not fit them.
    """
    several = is_ensemble(options)
    with contextlib.ExitStack() as stack:
        arguments = member_arguments(logits, stack, options)
        _check_options(arguments, [], options, 1)
        axes = Axes.of(options)
        members = [each.parts(_logits_request(options, shared=False), stack) for each in arguments]
        if options.ensemble_axis is not None:
            members = members_along(members[0], options.ensemble_axis)
            arguments *= len(members)
        check_alike(members)
        scores = members[0]
        shape, read_by = joined([part.shape for part in scores], axes, classes=not axes.binary)
        check_dimensions(Stored(arguments[0].pattern or scores[0].name, shape), axes)
        samples, entries = None, _entries([axes.samples(part.shape) for part in scores]) if axes.flatten else []
        if axes.flatten:
            class_axis, samples = None if axes.binary else axes.classes, read_by.samples(shape)
            members = [[rows_of(part, class_axis) for part in parts] for parts in members]
        make = topk_opener(options) or _matrix
        own = [
            make(argument.joined(parts), argument, options, samples, entries, stack)
            for argument, parts in zip(arguments, members, strict=True)
        ]
        matrix = own[0]
        if several:
            array = mean_of(own, ensemble_name(logits, arguments), options.ensemble_of, str(options.device))
            matrix = Logits(array, options.kind, matrix.samples, entries)
        stack.pop_all()
    return matrix


def _opened(
    logits: Any,
    labels: Any,
    options: ReadingOptions,
    names: ClassNames | None,
    dimensions: int,
    matrix_of: OpenMatrix | None = None,
) -> tuple[Logits, Any]:
    """Open logits, and labels of one or two dimensions.

    `matrix_of` makes the logits of the array that is joined from their files; it may open further arrays of these.
    """
    shared = labels is None
    check_stdin_once(logits, labels)
    several = is_ensemble(options)
    # After an error no file stays open, even if a caller keeps the traceback.
    with contextlib.ExitStack() as stack:
        arguments = member_arguments(logits, stack, options)
        label_sets = label_arguments(labels, arguments, logits, stack, options)
        _check_options(arguments, label_sets, options, dimensions)
        axes = Axes.of(options, soft=dimensions == 2)
        members = [each.parts(_logits_request(options, shared=shared), stack) for each in arguments]
        wants: Wants = "integers" if dimensions == 1 else "matrix"
        truths = [
            _label_parts(each, _labels_request(options, wants, names, shared=shared), stack) for each in label_sets
        ]
        if options.ensemble_axis is not None:
            check_axis(members[0][0], options.ensemble_axis, truths[0][0], axes)
            members = members_along(members[0], options.ensemble_axis)
            arguments *= len(members)
        check_alike(members)
        of_logits, of_labels = arguments[0], label_sets[0]
        truth = truths[0] if len(truths) == 1 else check_same_labels(label_sets, truths, members)
        columns = _columns(logits, members[0])
        rows = _fitted(of_logits, members, of_labels, truth, axes)
        make = matrix_of or _matrix
        own = [
            make(argument.joined(parts), argument, options, rows.samples, rows.entries, stack)
            for argument, parts in zip(arguments, rows.members, strict=True)
        ]
        matrix = own[0]
        if several:
            array = mean_of(own, ensemble_name(logits, arguments), options.ensemble_of, str(options.device))
            matrix = Logits(array, options.kind, matrix.samples, rows.entries)
        if names is not None:
            names.check_count(matrix.shape[1])
        opened: Labels | SoftLabels
        if dimensions == 1:
            named = read_by_name(rows.truth, matrix.shape[1], names, columns, options.ignore_index, options.labels_from)
            opened = Labels(of_labels.joined(named.parts), matrix, named)
        else:
            opened = SoftLabels(of_labels.joined(rows.truth), flattened=len(matrix.samples) > 1)
        if not options.pool:
            values = opened.values if isinstance(opened, Labels) else None
            check_one_model(rows.truth, of_logits, of_labels, values)
        stack.pop_all()
    return matrix, opened


def _check_options(
    arguments: Sequence[Argument], label_sets: Sequence[Argument], options: ReadingOptions, dimensions: int
) -> None:
    """Raise UsageError if an option does not fit the files."""
    if dimensions == 2 and len(label_sets) > 1:
        what = "an ensemble needs one file of soft labels"
        raise UsageError(what, "name one file of labels after the logits", where=arguments[0].names[0])
    if options.choice_score != "sum" and {name for each in arguments for _, name in each.files} != {"lm-eval"}:
        what = "--choice-score is for the choices in samples of lm-evaluation-harness"
        raise UsageError(what, "leave out --choice-score")


class _Rows(NamedTuple):
    """Logits and labels with one row per sample.

    Attributes:
        members: the logits of each member, file by file.
        truth: the labels, file by file.
        samples: the shape of all samples if they were flattened, else None.
        entries: the entries of the first axis of each file and the samples of each; empty unless they were flattened.
    """

    members: Sequence[Sequence[StoredArray]]
    truth: Sequence[StoredArray]
    samples: Shape | None = None
    entries: Sequence[tuple[int, int]] = ()


def _fitted(
    of_logits: Argument,
    members: Sequence[Sequence[StoredArray]],
    of_labels: Argument,
    truth: Sequence[StoredArray],
    axes: Axes,
) -> _Rows:
    """Compare logits with their labels, and make each sample a row.

    Raises:
        InputError: they do not fit each other.
    """
    scores = members[0]
    _check_order(scores[0], truth[0], axes)
    _check_first_line(scores, truth)
    check_not_repeated(scores, truth, of_logits, of_labels)
    samples, label_axes = _checked_shapes(of_logits, scores, of_labels, truth, axes)
    if not axes.flatten:
        return _Rows(members, truth)
    entries = _entries([axes.samples(part.shape) for part in scores])
    entries = entries or ([] if axes.soft else _entries([part.shape for part in truth]))
    class_axis = None if axes.binary else axes.classes
    return _Rows(
        [[rows_of(part, class_axis) for part in parts] for parts in members],
        [rows_of(part, axis) for part, axis in zip(truth, label_axes, strict=True)],
        samples,
        entries,
    )


def _columns(logits: Any, scores: Sequence[StoredArray]) -> ClassNames | None:
    """The names of the columns of a table of logits, in files or in memory; None if it has none, or shards differ."""
    found = [*scores[0].columns]
    if any([*part.columns] != found for part in scores):
        return None
    called = logits if isinstance(logits, str) else scores[0].name
    same = len(scores[0].shape) == 2 and len(found) == scores[0].shape[1]
    return ClassNames(f"the columns of {called}", found) if found and same else None


def _matrix(
    array: StoredArray,
    argument: Argument,
    options: ReadingOptions,
    samples: Shape | None,
    entries: Sequence[tuple[int, int]],
    stack: contextlib.ExitStack,
) -> Logits:
    """The logits that an array [N, K] represents."""
    device = str(options.device)
    array = interpreted(array, options.kind, binary=options.binary, device=device)
    return Logits(with_min_prob(array, options, device), options.kind, samples, entries)


def _logits_request(options: ReadingOptions, *, shared: bool) -> ArrayRequest:
    """The array of logits to read; `shared` if the labels are in the same file."""
    wants: Wants = "numbers" if options.binary and options.ensemble_axis is None else "matrix"
    labels, trailing = options.labels_column or options.labels_key, options.allow_trailing
    request = ArrayRequest("logits", wants, options.logits_key, "--logits-key", labels, trailing, options.dtype, shared)
    return request._replace(choice_score=options.choice_score)


def _labels_request(
    options: ReadingOptions, wants: Wants, names: ClassNames | None, *, shared: bool = False
) -> ArrayRequest:
    """The array of labels to read; `shared` if the logits are in the same file."""
    key, column, trailing = options.labels_key, options.labels_column, options.allow_trailing
    request = ArrayRequest("labels", wants, key, "--labels-key", None, trailing, shared=shared, column=column)
    return request if names is None else request._replace(names=names.names)


def _label_parts(
    argument: Argument, request: ArrayRequest, stack: contextlib.ExitStack, *, rows: bool = False
) -> list[StoredArray]:
    """Open the labels of each file; `rows` says whether rows [N, K] of 0 and 1 are accepted as labels, too.

    Raises:
        InputError: a file lacks them. Its hint does not ask for one column of a table whose columns are classes.
        ReadWriteError: a file cannot be read.
        UsageError: the package for the format is missing.
    """
    try:
        return argument.parts(request, stack)
    except InputError:
        found = []
        if (request.wants, request.key, request.column) == ("integers", None, None):
            with contextlib.suppress(InputError):
                found = argument.parts(request._replace(wants="matrix"), stack)
        if not found or not all(map(indicators, found)):
            raise
    if rows:
        return found
    raise not_one_per_sample(found[0], ())


def open_labels(
    labels: Any, options: ReadingOptions, names: ClassNames | None = None, classes: int | None = None
) -> Labels | SoftLabels:
    """Open labels without logits: class numbers or names [N], or [N, K] sets of classes or distributions.

    Args:
        labels: as in `open_inputs`.
        options: how to read them.
        names: the names of the classes.
        classes: K; None for the number of names, or of columns.

    Raises:
        InputError: they cannot be used.
        ReadWriteError: they cannot be read.
        UsageError: an option does not fit them.
    """
    with contextlib.ExitStack() as stack:
        argument = Argument.of(labels, "labels", stack, options.input_format)
        parts = _label_parts(argument, _labels_request(options, "integers", names), stack, rows=True)
        # [N, 1] holds class numbers that were saved as a column, which `Labels` refuses with a hint.
        if len(parts[0].shape) == 2 and parts[0].shape[1] != 1:
            opened: Labels | SoftLabels = SoftLabels(argument.joined(parts))
            classes = opened.shape[1]
        else:
            classes = classes or (len(names.names) if names else 0)
            named = read_by_name(parts, classes, names, None, options.ignore_index, options.labels_from)
            opened = Labels(argument.joined(named.parts), named=named)
        if names is not None:
            names.check_count(classes)
        stack.pop_all()
    return opened


class Numbers(NamedTuple):
    """A small array that was read whole.

    Attributes:
        name: the path as typed, or the name of the argument.
        values: of any shape and type.
        element: the name of their type as stored.
    """

    name: str
    values: NDArray[Any]
    element: str


def open_numbers(value: Any, role: str, column: str) -> Numbers:
    """Read a small array, such as weights.

    Args:
        value: a path, an array or a tensor.
        role: the name of the array in errors, and its key in an archive.
        column: the column to read, if a table has several.

    Raises:
        InputError: it cannot be used, or its elements have no type.
        ReadWriteError: it cannot be read.
    """
    with contextlib.ExitStack() as stack:
        request = ArrayRequest(role, "numbers", column=column)
        array = Argument.of(value, role, stack).opened(request, stack)
        if array.element == UNTYPED:
            raise InputError(UNTYPED_BYTES, "save them as float32", where=array.name)
        return Numbers(array.name, read_all(array), array.element)


def contents_of(path: str, input_format: str | None) -> list[tuple[RegularFile, str, list[Entry]]]:
    """Open the files that a path or pattern names; return each with its format and the arrays in it.

    Raises:
        InputError: a file cannot be used.
        ReadWriteError: a file cannot be read.
        UsageError: the format of standard input is not recognised, or its package is missing.
    """
    with contextlib.ExitStack() as stack:
        files = Argument.of(path, "logits or labels", stack, input_format).files
        found = [(file, name, FORMATS[name].reader(file.name).contents(file)) for file, name in files]
        stack.pop_all()
    return found


def is_whole(element: str) -> bool:
    """Whether elements of a type are integers."""
    return element.lstrip("u").startswith("int")


def opened_entry(file: RegularFile, format_name: str, entry: Entry) -> StoredArray:
    """Open one array of a file in any role; closing it leaves the file open.

    Raises:
        InputError: it cannot be used.
        ReadWriteError: it cannot be read.
    """
    if len(entry.shape or ()) != 1:
        return _opened_as("matrix", file, format_name, entry)
    if entry.element.startswith(("float", "bfloat", "void")):
        return _opened_as("numbers", file, format_name, entry)
    found = _opened_as("integers", file, format_name, entry)
    if isinstance(found, Texts) and entry.element == TEXT:  # of a text file, where numbers are strings, too
        with contextlib.suppress(InputError):
            return _opened_as("numbers", file, format_name, entry)
    return found


def _opened_as(wants: Wants, file: RegularFile, format_name: str, entry: Entry) -> StoredArray:
    # Lists of whole numbers in a table are no logits, but class numbers or votes.
    role = "labels" if is_whole(entry.element) else "logits"
    request = ArrayRequest(role, wants, entry.key, allow_trailing=True)
    with contextlib.ExitStack() as stack:
        another = file.another()
        stack.callback(another.close)
        opened: StoredArray = FORMATS[format_name].reader(file.name).open_array(another, request)
        stack.pop_all()
    return opened


def _check_order(scores: StoredArray, truth: StoredArray, axes: Axes) -> None:
    x, y = scores.shape, truth.shape
    swapped = len(y) == len(x) + 1 and (len(x) == 1 or bool(class_axes(y, x)))
    if swapped and not axes.binary and not axes.soft:
        what = f"the two inputs are swapped: this one has shape {x}, {truth.name} {y}"
        raise InputError(what, "the logits come first, then the labels", where=scores.name)
    if x == y and (len(x) > 2 or (len(x) == 2 and axes.flatten)) and 0 not in x and not (axes.binary or axes.soft):
        usual = [axes.class_axis(x)] if axes.classes != -1 else [len(x) - 1, 1]
        axis = next((axis for axis in usual if one_hot(rows_of(truth, axis))), usual[0] if len(x) < 4 else None)
        if axis is not None:
            raise not_one_per_sample(rows_of(truth, axis), rows_of(scores, axis).shape, y, axis)
    if len(x) == len(y) == 2 and not axes.flatten and not axes.soft and alike(scores.name, truth.name):
        what = f"is a shard of logits, like {scores.name}, and does not hold labels"
        raise UsageError(what, several_files([scores.name, truth.name]), where=truth.name)


def _check_first_line(scores: Sequence[StoredArray], truth: Sequence[StoredArray]) -> None:
    """Raise InputError if the first line of a file of strings is taken for a header, and one label is missing."""
    header = truth[0].header if isinstance(truth[0], Texts) else ""
    if header and len(scores) == len(truth) == 1 and truth[0].shape[0] == scores[0].shape[0] - 1:
        what = (
            f"its first line, {printable(header[:40])!r}, is taken for the name of the column, and one label is missing"
        )
        raise InputError(what, "if it is a label, write a line above it: label", where=truth[0].name)


def _checked_shapes(
    logits: Argument, scores: Sequence[StoredArray], labels: Argument, truth: Sequence[StoredArray], axes: Axes
) -> tuple[Shape, list[int | None]]:
    """The shape of all samples, and the axis of the classes of each part of soft labels.

    Raises:
        InputError: the labels do not fit the logits.
    """
    if None not in (logits.pattern, labels.pattern):
        for one, other in zip(scores, truth, strict=True):
            check_labels(Stored(one.name, one.shape), Stored(other.name, other.shape), axes, partial(_largest, [other]))
    shape, read_by = joined([part.shape for part in scores], axes, classes=not axes.binary)
    own, _ = joined([part.shape for part in truth], axes._replace(classes=-1), classes=axes.soft)
    of_logits = Stored(logits.pattern or scores[0].name, shape)
    check_labels(of_logits, Stored(labels.pattern or truth[0].name, own), read_by, partial(_largest, truth))
    if not axes.soft:
        return read_by.samples(shape), [None] * len(truth)
    if len(scores) == len(truth):
        return read_by.samples(shape), [
            axes.label_axis(*each) for each in zip(map(_shape, scores), map(_shape, truth), strict=True)
        ]
    return read_by.samples(shape), [read_by.label_axis(shape, own)] * len(truth)


def _entries(samples: Sequence[Shape]) -> list[tuple[int, int]]:
    """The entries of the first axis of the samples of each part, and the samples of each; empty if no part has more."""
    return [(shape[0], math.prod(shape[1:])) for shape in samples] if any(len(shape) > 1 for shape in samples) else []


def _shape(part: StoredArray) -> Shape:
    return part.shape


def _largest(labels: Sequence[StoredArray]) -> float:
    """The largest label, or nan if the labels are not integers; reading closes them."""
    if not all(part.element.lstrip("u").startswith("int") for part in labels):
        return math.nan
    return max(float(read_all(part).max()) for part in labels)
