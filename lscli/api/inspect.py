"""The arrays of a file, their roles in `lscli eval`, and the command to type next."""

from __future__ import annotations

import math
import os
import shlex
from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli._version import __version__
from lscli.api.inspect_calibrator import calibrator_contents
from lscli.api.keywords import of_file
from lscli.api.settings import settings_of
from lscli.class_names import ClassNames, classes_by_name, integer_of
from lscli.errors import LscliError, UsageError
from lscli.io.argument import is_path
from lscli.io.axes import class_axes, ensemble_axes, is_flat, same_samples
from lscli.io.class_axis import rows_of
from lscli.io.confidences import guess_of_file
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS
from lscli.io.labels import Labels
from lscli.io.logits import Logits
from lscli.io.open import contents_of, is_whole, opened_entry
from lscli.io.own_files import own_kind
from lscli.io.path_roles import stored_shape
from lscli.io.paths import STDIN, files_of
from lscli.io.table_reading import reading_of_file
from lscli.io.tables.class_columns import is_beside
from lscli.io.tables.columns import LABELS
from lscli.io.texts import texts_of
from lscli.io.value_summary import ValueSummary, summarise
from lscli.io.views import interpreted
from lscli.listings import ArrayRow, Contents
from lscli.options import InspectOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lscli.api.keywords import Path
    from lscli.io.array_request import Entry
    from lscli.io.axes import Shape
    from lscli.io.tables.confidence_columns import Guess
    from lscli.io.tables.logit_columns import Reading

    _ShapeOf = Callable[[str, str | None, str], tuple[int, ...] | None]


@of_file(InspectOptions)
def inspect(path: Path, options: InspectOptions) -> Contents:
    """List the arrays of a file: shape, type, range of values, and role in `lscli.evaluate`.

    All values are read, one block at a time.

    Args:
        path: a file of any input format, a pattern of shards, or `-`.

    Returns:
        A listing, one row per array. `min` and `max` are over the finite values, `sum_to_1` is the share of rows that
        sum to 1, `command` is the command to type next.

    Raises:
        InputError: the file cannot be used.
        ReadWriteError: the file cannot be read.
        UsageError: an unknown format.

    Example:
        >>> import lscli
        >>> contents = lscli.inspect("sample_data/logits.npy")
        >>> [(row.shape, row.dtype, row.taken_for) for row in contents.rows]
        [('5000x10', 'float32', 'logits')]
    """
    if not is_path(path):
        what = f"must be a path, got {type(path).__name__}"
        raise UsageError(what, "numpy.save writes an array to a file", where="path")
    input_format, progress = options.input_format, options.progress
    name = os.fsdecode(path)
    own_contents = _of_own_file(name, options)
    if own_contents is not None:
        return own_contents
    found: list[_Found] = []
    for file, format_name, entries in contents_of(name, input_format):
        own = []
        for entry in entries:
            array = None
            try:
                array = opened_entry(file, format_name, entry)
                own.append(_Found.of(file.name, format_name, entry, array, summarise(array, progress)))
            except LscliError as error:
                shape = () if entry.shape is None else entry.shape
                own.append(
                    _Found(file.name, format_name, entry.key, shape, entry.element, 0, None, "", [], error.message)
                )
            finally:
                if array is not None:
                    array.close()
        own = _as_confidences(guess_of_file(file, format_name), own)
        found += own if "confidences" in {array.role for array in own} else _as_table(file, format_name, own)
        file.close()
    found = _with_class_numbers([_by_name(array, found) for array in found])
    partners = _partners(found)
    shape_of = cache(stored_shape)  # a file next to this one is looked at once, not once for each array
    rows = [_row(name, array, *_next(name, partners[array.file], array, input_format, shape_of)) for array in found]
    return Contents(
        rows=rows,
        conclusion=_conclusion(found, rows),
        inputs=[{"role": "file", "path": name, "size": sum(array.size for array in found)}],
        settings=settings_of(options),
        versions={"lscli": __version__},
    )


def _of_own_file(name: str, options: InspectOptions) -> Contents | None:
    """What a calibrator or a threshold holds; None if the file is something else, standard input, or a pattern."""
    if not os.path.isfile(name):
        return None
    file = RegularFile(name)
    try:
        kind = own_kind(file)
    finally:
        file.close()
    if kind == "calibrator":
        from lscli.recalibrators.calibrator import Calibrator  # imported only for these

        return calibrator_contents(name, Calibrator.load(name), options)
    if kind == "saved-threshold":
        from lscli.api.inspect_threshold import threshold_contents

        return threshold_contents(name, options)
    return None


class _Found(NamedTuple):
    """An array, and its role in `lscli eval`.

    Attributes:
        file, format, key, shape, element, size: where the array is, its shape, type and bytes.
        look: the summary of its values; None if they are not numbers.
        role: `logits`, `labels`, `class numbers` of top-k log-probabilities, or empty.
        options: the options that `lscli eval` needs to read it in this role, except for its axes.
        why: why it has no role.
        words: the different labels, if they are strings or booleans.
        columns: the names of the columns of a matrix in a table.
        reading: how its table is read, if the columns have other names than those that are looked for.
    """

    file: str
    format: str
    key: str | None
    shape: tuple[int, ...]
    element: str
    size: int
    look: ValueSummary | None
    role: str
    options: list[str]
    why: str
    words: Sequence[str] = ()
    columns: Sequence[str] = ()
    reading: Reading | None = None

    @classmethod
    def of(cls, file: str, format_name: str, entry: Entry, array: Any, seen: ValueSummary | None) -> _Found:
        key = entry.key
        size = math.prod(array.shape) * array.dtype.itemsize
        texts = texts_of(array) if len(array.shape) == 1 else None
        if texts is not None:
            return cls(file, format_name, key, array.shape, texts.stored, size, seen, "labels", [], "", texts.words)
        # Lists of whole numbers in JSON lines are read as floats.
        element = entry.element if is_whole(entry.element) else array.element
        role, options, why = _taken_for(array, element, seen)
        named = role == "logits" or len(array.shape) == 1  # lists of whole numbers may be called ids
        if format_name in _TABLES and named and is_beside(key or "", labels=False):
            role, options, why = "", [], f"column {key!r} may not be a class"
        columns = array.columns
        return cls(file, format_name, key, array.shape, element, size, seen, role, options, why, (), columns)


def _by_name(array: _Found, found: Sequence[_Found]) -> _Found:
    """Labels that are strings, with the option that `lscli eval` needs to read them; other arrays as they are."""
    if array.reading is not None or all(integer_of(word) is not None for word in array.words):
        return array
    others = [other for other in found if other.file == array.file]
    if array.key not in (None, *LABELS) and len(others) > 1:
        return array._replace(role="", why="text that is not called label or labels")
    matrix = next((other for other in others if other.role == "logits" and len(other.shape) == 2), None)
    truths = array.element == "bool"
    try:
        if matrix is not None:
            columns = ClassNames(array.file, matrix.columns) if matrix.columns else None
            classes_by_name(array.words, matrix.shape[1], None, columns, -100, lambda _: ("", 0), array.element)
    except LscliError as error:
        return array._replace(role="", why=error.message) if truths else array._replace(options=[_NAMES])
    return array if truths or matrix is not None else array._replace(options=[_NAMES])


_NAMES = "--class-names FILE"


def _as_table(file: RegularFile, format_name: str, found: list[_Found]) -> list[_Found]:
    """The arrays of a table whose columns have other names than those that are looked for, but are plain."""
    try:
        reading = reading_of_file(file, format_name)
    except LscliError:
        return found
    if reading is None or not reading.words:
        return found
    complete = {"logits", "labels"} <= {array.role for array in found} and not any(array.words for array in found)
    if complete and "--topk-classes" not in reading.others:
        return found
    made = []
    for array in found:
        if array.key in (None, reading.logits, reading.logits or "logits"):
            array = array._replace(role="logits", options=reading.options, why="", reading=reading)
        elif array.key == reading.label:
            array = array._replace(role="labels", options=[], why="", reading=reading)
        elif array.key == reading.others.get("--topk-classes"):
            array = array._replace(role="class numbers", why="", reading=reading)
        elif array.key is not None and array.key == reading.others.get("--label-log-probs"):
            array = array._replace(role="log-probabilities of the labels", options=[], reading=reading)
        elif array.role:
            array = array._replace(role="", options=[], why="not the logits, and not the labels")
        made.append(array)
    return made


def _as_confidences(columns: Guess | None, found: list[_Found]) -> list[_Found]:
    """The arrays of a file, in the roles that they have if it has confidences instead of logits."""
    if columns is None:
        return found
    roles = {columns.confidence: "confidences"} | {name: _OTHERS[flag] for flag, name in columns.others.items()}
    named = [each._replace(role=roles.get(each.key or columns.confidence, "")) for each in found]
    return [
        each._replace(options=columns.words if each.role == "confidences" else [], why=each.why or "not a confidence")
        for each in named
    ]


# The roles of columns beside confidences, by the options that name them.
_OTHERS = {"--correct": "right or wrong", "--predicted": "predictions", "--labels-column": "labels of the predictions"}


def _taken_for(array: Any, element: str, seen: ValueSummary | None) -> tuple[str, list[str], str]:
    """The role of an array with elements of this type, the options that it needs, and why it has no role."""
    whole = is_whole(element)
    if whole and len(array.shape) == 1:
        return "labels", [], ""
    if whole and len(array.shape) > 1 and array.shape[1:] != (1,):
        hot = len(array.shape) == 2 and seen is not None and seen.low == 0 and seen.high == 1
        return "labels", ["--soft-labels"] if hot else [], ""
    options = []
    if array.element == "void16":
        options.append("--dtype bfloat16")
    binary = is_flat(array.shape, binary=True)
    if len(array.shape) > 2:
        array = rows_of(array, -1)
    if seen is not None and (seen.sum_to_1 > 0.99 or (binary and seen.low >= 0 and seen.high <= 1)):
        options.append("--kind probs")
    if binary:
        options.append("--binary")
    if seen is not None and (seen.nan or seen.posinf):
        options.append("--nonfinite skip")
    try:
        if array.element != "void16":
            Logits(interpreted(array, "logits", binary=binary))
    except LscliError as error:
        return "", [], _why_no_labels(array) if whole else error.message
    return "logits", options, ""


def _with_class_numbers(found: Sequence[_Found]) -> list[_Found]:
    """The arrays, some of them as top-k log-probabilities: values up to 0 beside integers of the same shape."""
    made = list(found)
    whole = {
        (array.file, array.shape): place
        for place, array in enumerate(found)
        if (array.role, array.options) == ("labels", []) and len(array.shape) > 1 and array.key not in (None, *LABELS)
    }
    for place, array in enumerate(found):
        beside = whole.get((array.file, array.shape))
        if beside is not None and array.role == "logits" and array.look is not None and array.look.high <= 0:
            key = shlex.quote(found[beside].key or "")
            made[place] = array._replace(options=[*array.options, f"--topk-classes {key}", "--classes K"])
            made[beside] = found[beside]._replace(role="class numbers")
    return made


def _why_no_labels(array: Any) -> str:
    try:
        Labels(array)
    except LscliError as error:
        return error.message
    return ""


def _row(source: str, array: _Found, command: str, options: Sequence[str]) -> ArrayRow:
    where = source if source == STDIN else array.file
    shape = "x".join(map(str, array.shape))
    taken_for = " ".join([array.role, *options]) if array.role else f"neither: {array.why}"
    values = array.look or [math.nan] * 6
    return ArrayRow._make(
        (where, array.format, array.key or "", shape, array.element, array.size, *values, taken_for, command)
    )


def _partners(found: Iterable[_Found]) -> dict[str, list[_Found]]:
    """By file, the arrays that the command for another array may name, in order.

    Of many arrays of one role and shape, two suffice to see that the choice is not clear. So the time for the commands
    of a file grows with the number of its arrays, and not with its square.
    """
    partners: dict[str, list[_Found]] = defaultdict(list)
    alike: Counter[tuple[str, str, tuple[int, ...]]] = Counter()
    for array in found:
        kind = (array.file, array.role, array.shape)
        alike[kind] += 1
        some = alike[kind] <= 2 and len(partners[array.file]) < _MOST_PARTNERS
        if some or _last(array.key) in ("logits", "labels", "label"):
            partners[array.file].append(array)
    return partners


_MOST_PARTNERS = 200


class _UntypedError(Exception):
    """A name has a character that cannot be typed in a shell."""


def _next(
    path: str, found: Sequence[_Found], array: _Found, input_format: str | None, shape_of: _ShapeOf
) -> tuple[str, Sequence[str]]:
    """As `_command`; the command is empty if a name in it cannot be typed."""
    try:
        return _command(path, found, array, input_format, shape_of)
    except _UntypedError:
        return "", array.options


def _command(
    path: str, found: Sequence[_Found], array: _Found, input_format: str | None, shape_of: _ShapeOf
) -> tuple[str, Sequence[str]]:
    """The command that evaluates this array, with labels from the same file or from one next to it.

    Returns:
        The command, and the options that this array needs: those of its values, and of its axes given its partner.
    """
    given = [f"--input-format {input_format}"] if input_format else []
    own = _name(path)
    if array.reading is not None:
        return " ".join(["lscli eval", own, *given, *array.reading.words]), array.options
    if array.role == "confidences":
        return " ".join(["lscli eval", own, *given, *array.options]), array.options
    if array.role not in ("logits", "labels", "class numbers"):
        return "", []
    logits = [other for other in found if other.role == "logits" and other.file == array.file]
    alone = all(other is array or other.key in LABELS for other in found if other.file == array.file)
    if array.role in ("labels", "class numbers") and logits:
        near = [other for other in logits if _folder(other.key) == _folder(array.key)] or logits
        chosen = next((other for other in near if _last(other.key) == "logits"), near[0])
        options = _needed(chosen.shape, array) if array.role == "labels" else []
        return _command(path, found, chosen, input_format, shape_of)[0], options
    if array.role == "labels":
        partner, shape = _beside(path, array, "labels", "logits", shape_of)
        options = _needed(shape, array)
        return " ".join(["lscli eval", partner or "LOGITS", own, *options, *given]), options
    found_by_itself = array.format in _TABLES and len(logits) == 1 and (alone or not {"*", ","} & {*(array.key or "")})
    key = array.key is not None and array.key != "logits" and len(found) > 1 and not found_by_itself
    keys = [f"--logits-key {_name(array.key or '')}"] if key else []
    labels = [o for o in found if o.file == array.file and o.role == "labels" and _fit(array.shape, o.shape)]
    near = [other for other in labels if _folder(other.key) == _folder(array.key)]
    labels = near or labels
    named = [other for other in labels if _last(other.key) in ("labels", "label")]
    if named or (len(labels) == 1 and labels[0].key is not None):
        chosen = (named or labels)[0]
        if chosen.key != "labels" and not (chosen.key == "label" and chosen.format in _TABLES):
            keys.append(f"--labels-key {_name(chosen.key or '')}")
        options = _needed(array.shape, chosen, array.options)
        return " ".join(["lscli eval", own, *options, *given, *keys]), options
    partner, shape = _beside(path, array, "logits", "labels", shape_of)
    options = [*_axis_options(array.shape, shape), *array.options]
    return " ".join(["lscli eval", own, partner or "LABELS", *options, *given, *keys]), options


def _folder(key: str | None) -> str:
    """The path of what holds an array: `val` for `val/logits`."""
    return (key or "").rpartition("/")[0]


def _last(key: str | None) -> str:
    return (key or "").rpartition("/")[2]


_TABLES = tuple(name for name, own in FORMATS.items() if own.table)


def _needed(logits: Shape | None, labels: _Found, options: Sequence[str] = ()) -> list[str]:
    """The options that logits of this shape need with these labels, besides `options`, which their values need."""
    if "--soft-labels" in labels.options and (logits is None or len(logits) == 2):
        return [*options, *labels.options]
    options = [*options, *(option for option in labels.options if option == _NAMES)]
    return [*(_axis_options(logits, labels.shape) if logits else ["--flatten"] * (len(labels.shape) > 1)), *options]


def _fit(logits: Shape, labels: Shape) -> bool:
    """Whether labels of this shape may belong to logits of this shape: class numbers, or one value for each class."""
    if is_flat(logits, binary=True):
        return same_samples(labels, logits)
    return labels == logits or bool(class_axes(logits, labels) or ensemble_axes(logits, labels))


# The option for logits of several dimensions if no labels tell which axis holds the classes.
_UNKNOWN_AXIS = "--class-axis AXIS"


def _axis_options(logits: Shape, labels: Shape | None) -> list[str]:
    """The option that says which axis of the logits holds the classes, by the shape of their labels if it is known."""
    if is_flat(logits, binary=True):
        return []
    axes = class_axes(logits, labels) if labels else []
    if len(logits) < 3:
        return ["--class-axis 0"] if axes == [0] else []
    members = ensemble_axes(logits, labels) if labels and not axes else []
    if members:
        return ["--flatten"] * (len(logits) > 3) + [f"--ensemble-axis {members[0]}"]
    if not axes:
        return [_UNKNOWN_AXIS]
    return ["--flatten" if axes[0] == len(logits) - 1 else f"--class-axis {axes[0]}"]


def _beside(path: str, array: _Found, role: str, other: str, shape_of: _ShapeOf) -> tuple[str, Shape | None]:
    """A file next to this one that has the name of the other role and fits, and its shape; "" and None without one."""
    folder, base = os.path.split(path)
    names = [base.replace(role, other)] if role in base else []
    names += [f"{other}{suffix}" for suffix in (os.path.splitext(base)[1], ".npy", ".csv")]
    for name in dict.fromkeys(names):
        candidate = os.path.join(folder, name)
        if name == base or not os.path.isfile(files_of(candidate)[0]):
            continue
        try:
            shape = shape_of(candidate, None, other) or ()
        except LscliError:
            continue
        if shape and candidate != files_of(candidate)[0]:  # shards: this array is only one of them
            shape = (*array.shape[:1], *shape[1:])
        logits, labels = (shape, array.shape) if role == "labels" else (array.shape, shape)
        if logits and labels and _fit(logits, labels):
            return _name(candidate), shape
    return "", None


def _name(text: str) -> str:
    if not text.isprintable():
        raise _UntypedError
    return shlex.quote(text)


def _conclusion(found: Sequence[_Found], rows: Sequence[ArrayRow]) -> str:
    roles = [array.role for array in found]
    if "confidences" in roles:
        return "eval reads it as confidences, without logits."
    readings = [array.reading for array in found if array.reading is not None]
    if readings:
        return f"eval reads it by the command below, if {readings[0].condition}."
    if any(_UNKNOWN_AXIS in row.command for row in rows):
        axis = "--flatten if the last axis holds the classes, --class-axis AXIS if another one does"
        return f"eval reads it as logits: add {axis}, --ensemble-axis AXIS if one holds the members of an ensemble."
    if "logits" in roles and "labels" in roles:
        return "eval reads it as logits with their labels."
    if "logits" in roles:
        return "eval reads it as logits."
    return "eval reads it as labels." if "labels" in roles else "eval can use nothing in it."
