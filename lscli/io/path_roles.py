"""Tell logits from labels among several paths: by their headers and, where these look alike, by their values."""

from __future__ import annotations

import contextlib
import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError, LscliError, ReadWriteError, UsageError
from lscli.io.argument import Argument, is_path
from lscli.io.array_request import ArrayRequest
from lscli.io.axes import class_axes
from lscli.io.class_axis import rows_of
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS, Format, format_of, format_of_file
from lscli.io.odd_labels import of_0_and_1
from lscli.io.paths import STDIN, files_of
from lscli.io.texts import texts_of
from lscli.text import printable, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.io.array_request import Entry
    from lscli.options import ReadingOptions


class PathRoles(NamedTuple):
    """The roles of several paths.

    Attributes:
        logits: the first path.
        labels: the last path, or None if it is logits.
        others: the logits between them.
    """

    logits: str
    labels: str | None
    others: list[str]


def assign_roles(
    paths: Sequence[str],
    logits_key: str | None = None,
    labels_key: str | None = None,
    *,
    binary: bool = False,
    flatten: bool = False,
    soft: bool = False,
) -> PathRoles:
    """Tell logits from labels by their shapes: the last path is labels if its array is one-dimensional.

    With `flatten`, or if it has more than two dimensions, it is labels if its array has fewer dimensions than the first
    one, or one entry per sample of the first one. A file that holds logits is a model, whatever else it holds.

    Soft labels have the shape of logits: the last of several paths holds them.

    Args:
        paths: at least one.
        logits_key, labels_key: the arrays to read, in files with several.
        binary: whether logits have one dimension less.
        flatten: whether logits and labels may have more dimensions.
        soft: whether labels are distributions.

    Raises:
        InputError: the last path names no file.
        ReadWriteError: it cannot be read.
    """
    first, *others = paths
    if others and (soft or _is_labels(first, others[-1], logits_key, labels_key, binary=binary, flatten=flatten)):
        return PathRoles(first, others[-1], others[:-1])
    return PathRoles(first, None, others)


def roles_of(paths: Sequence[str], options: ReadingOptions, *, soft: bool = False) -> PathRoles:
    """As `assign_roles`, with what the options say about the files."""
    flatten = options.flatten or options.class_axis is not None
    keys = (options.logits_key, options.labels_key)
    return assign_roles(paths, *keys, binary=options.binary, flatten=flatten, soft=soft)


def _is_labels(
    first: str, path: str, logits_key: str | None, labels_key: str | None, *, binary: bool, flatten: bool
) -> bool:
    if path == STDIN:
        return True
    shape = stored_shape(path, logits_key, "logits") or ()
    if binary:  # logits and labels have one shape
        return not is_keyed(path) or (len(shape) == 1 and _are_integers(path, labels_key))
    if len(shape) > (1 if flatten else 2):
        logits = stored_shape(first, logits_key, "logits") or ()
        if shape == logits and _are_rows_of_labels(first, path, logits_key, labels_key):
            return True
        return not is_keyed(path) and (len(shape) < len(logits or (*shape, 1)) or bool(class_axes(logits, shape)))
    # Labels as a column or as rows are refused with a hint.
    if len(shape) == 2 and shape[1] == 1:
        return True
    if len(shape) == 2 or (not shape and is_keyed(path)):
        own = stored_shape(path, labels_key, "labels")
        if own in (shape or None, None) and _are_rows_of_labels(first, path, logits_key, labels_key):
            return True
    return len(shape) != 2 and len(stored_shape(path, labels_key, "labels") or ()) == 1


def _are_rows_of_labels(first: str, path: str, logits_key: str | None, labels_key: str | None) -> bool:
    """Whether a path holds rows of integers, or rows of 0 and 1 in the shape of the logits."""
    with contextlib.suppress(InputError, UsageError), contextlib.ExitStack() as stack:
        request = ArrayRequest("labels", "matrix", labels_key)
        array = Argument.of(path, "labels", stack).opened(request, stack)
        if array.element.startswith(("int", "uint", "bool")):
            return True
        return array.shape == stored_shape(first, logits_key, "logits") and of_0_and_1(rows_of(array, -1))
    return False


def _are_integers(path: str, labels_key: str | None) -> bool:
    """Whether a path holds one column of class numbers, names or booleans."""
    with contextlib.suppress(InputError, UsageError), contextlib.ExitStack() as stack:
        array = Argument.of(path, "labels", stack).opened(ArrayRequest("labels", "integers", labels_key), stack)
        return array.element.lstrip("u").startswith("int") or texts_of(array) is not None
    return False


def second_model(logits: Any, labels: Any, shape: tuple[int, int], options: ReadingOptions) -> str:
    """A note if two archives each hold logits and labels, as those of two models do; empty if they do not.

    Only archives are looked at, whose headers are read at once.

    Args:
        logits, labels: paths, or data in memory.
        shape: (N, K) of the logits.
        options: the arrays that are read.
    """
    if not (is_path(logits) and is_path(labels)):
        return ""
    one, other = os.fsdecode(logits), os.fsdecode(labels)
    formats = {_format(path) for path in (one, other)}
    if STDIN in (one, other) or one == other or not formats <= {FORMATS[name] for name in _ARCHIVES}:
        return ""
    found = stored_shape(other, options.logits_key, "logits") or ()
    if len(found) < 2 or (math.prod(found[:-1]), found[-1]) != shape:
        return ""
    if not stored_shape(one, options.labels_key or "labels", "labels"):
        return ""
    said = f"{printable(other)} also holds logits, and only its labels are read"
    paths = f"{typed(one) or 'A'} {typed(other) or 'B'}"
    soft = getattr(options, "soft_labels", False)  # which compare does not take
    command = f"lscli sweep {paths}" if soft else f"lscli compare {paths}"
    return f"{said}: to compare two models, each with its labels, say {command}"


_ARCHIVES = ("npz", "safetensors", "pt")


def is_keyed(path: str | bytes | os.PathLike[str]) -> bool:
    """Whether the format of a path can hold both logits and labels."""
    own = _format(path)
    return own is not None and own.keyed


def is_table(path: Any) -> bool:
    """Whether a path is a table by its suffix."""
    own = _format(path)
    return own is not None and own.table


def _format(path: Any) -> Format | None:
    try:
        return FORMATS[format_of(files_of(os.fsdecode(path))[0], "logits")]
    except LscliError:
        return None


def stored_shape(path: str | bytes | os.PathLike[str], key: str | None, default: str) -> tuple[int, ...] | None:
    """The shape of an array from the header of its file; None if unknown, as for standard input.

    Args:
        path: the file, or a pattern of shards.
        key: the key of the array, or None for `default` or the only array.
        default: the default key.

    Raises:
        InputError: there is no such file.
        ReadWriteError: it cannot be read.
    """
    if os.fsdecode(path) == STDIN:
        return None
    shapes = [_shape(name, key, default) for name in files_of(os.fsdecode(path))]
    first = shapes[0]
    if not first or len({shape[1:] if shape else None for shape in shapes}) > 1:
        return first
    return sum(shape[0] for shape in shapes if shape), *first[1:]


def _shape(path: str, key: str | None, default: str) -> tuple[int, ...] | None:
    file = RegularFile(path)
    try:
        name = format_of_file(file, default, None)
        found: list[Entry] = FORMATS[name].reader(file.name).contents(file)
    except ReadWriteError:
        raise
    except LscliError:  # opening the file will report the error
        return None
    finally:
        file.close()
    shapes = {entry.key: entry.shape for entry in found}
    if key is None and default not in shapes:
        matrices = [shape for shape in shapes.values() if len(shape or ()) == 2]
        if len(shapes) == 1 or (FORMATS[name].table and default == "logits" and len(matrices) == 1):
            return [*matrices, found[0].shape][0]
    return shapes.get(default if key is None else key)
