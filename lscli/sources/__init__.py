"""Where data comes from: one file a format, chosen by the suffix of the path."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, LscliError, UsageError
from lscli.sources.files import RegularFile
from lscli.sources.labels import Labels
from lscli.sources.logits import Logits
from lscli.sources.memory import MemoryArray, TensorArray, open_array
from lscli.sources.npy import NpyArray
from lscli.sources.soft_labels import SoftLabels
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

StoredArray = NpyArray | MemoryArray | TensorArray
Formats = dict[str, "Callable[[RegularFile], StoredArray]"]


def open_inputs(
    logits: Any,
    labels: Any = None,
    *,
    logits_key: str | None = None,
    labels_key: str | None = None,
    labels_column: str | None = None,
    allow_trailing: bool = False,
) -> tuple[Logits, Labels]:
    """Open logits [N, K] and labels [N], each a path, a numpy array or a torch tensor.

    Without `labels`, both come from the one archive that `logits` names.

    Raises:
        InputError: one of them cannot be used, or they were given in the wrong order.
        ReadWriteError: one of them cannot be read.
        UsageError: an option that does not go with the inputs.
    """
    if labels is None:
        if not _is_path(logits) or _suffix(logits) != ".npz":
            raise UsageError("no labels were given", "name them after the logits, or give an .npz file that holds both")
        labels, labels_key = logits, labels_key or "labels"
    # Whatever is wrong, no file stays open: a traceback that somebody keeps would keep it too.
    with contextlib.ExitStack() as stack:
        scores = _open(logits, "logits", _logits_formats(logits_key, allow_trailing))
        stack.callback(scores.close)
        truth = _open(labels, "labels", _labels_formats(labels_key, labels_column, allow_trailing))
        stack.callback(truth.close)
        opened = _in_their_roles(scores, truth)
        stack.pop_all()
    return opened


def _in_their_roles(scores: StoredArray, truth: StoredArray) -> tuple[Logits, Labels]:
    if len(scores.shape) == 1 and len(truth.shape) == 2:
        raise InputError(
            f"the two inputs are swapped: this one has shape {scores.shape}, {truth.name} {truth.shape}",
            "the logits come first, then the labels",
            where=scores.name,
        )
    return Logits(scores), Labels(truth)


def open_labels(
    labels: Any, *, labels_key: str | None = None, labels_column: str | None = None, allow_trailing: bool = False
) -> Labels | SoftLabels:
    """Open labels without logits, a path or an array: class numbers [N], or [N, K] sets of classes or distributions.

    Raises:
        InputError: they cannot be used.
        ReadWriteError: they cannot be read.
        UsageError: an option that does not go with them.
    """
    array = _open(labels, "labels", _labels_formats(labels_key, labels_column, allow_trailing))
    try:
        # A column of class numbers is one that was saved askew, which `Labels` says.
        return SoftLabels(array) if len(array.shape) == 2 and array.shape[1] != 1 else Labels(array)
    except BaseException:
        array.close()
        raise


def open_numbers(value: Any, role: str, column: str) -> tuple[str, NDArray[Any]]:
    """The name and the values of a small array beside the logits: a path, an array or a tensor.

    Args:
        value: where they are.
        role: what they are, for errors; the key of an `.npz` file.
        column: the column of a CSV file that has several.

    Raises:
        InputError: it cannot be used.
        ReadWriteError: it cannot be read.
    """
    formats: Formats = {
        ".npy": lambda file: NpyArray(file, file.name),
        ".npz": lambda file: _member(file, None, role, f"the key {role}", False),
        ".csv": lambda file: _float_column(file, column),
    }
    with contextlib.closing(_open(value, role, formats)) as array:
        if isinstance(array, TensorArray):
            return array.name, np.asarray(array.tensor.cpu())
        values = array.read(0, array.shape[0], np.empty(array.shape, array.dtype.newbyteorder("=")))
        array.check_unchanged()
        return array.name, values


# A format's own libraries are imported when a file of it is opened.


def _logits_formats(key: str | None, allow_trailing: bool) -> Formats:
    return {
        ".npy": lambda file: NpyArray(file, file.name, allow_trailing=allow_trailing),
        ".npz": lambda file: _member(file, key, "logits", "--logits-key", allow_trailing),
    }


def _labels_formats(key: str | None, column: str | None, allow_trailing: bool) -> Formats:
    return {
        ".npy": lambda file: NpyArray(file, file.name, allow_trailing=allow_trailing),
        ".npz": lambda file: _member(file, key, "labels", "--labels-key", allow_trailing),
        ".csv": lambda file: _column(file, column, "--labels-column"),
    }


def _member(file: RegularFile, key: str | None, default: str, option: str, allow_trailing: bool) -> StoredArray:
    from lscli.sources.npz import open_member

    return open_member(file, key, default, option, allow_trailing=allow_trailing)


def _column(file: RegularFile, column: str | None, option: str) -> StoredArray:
    from lscli.sources.csv_column import open_column

    return open_column(file, column, option)


def _float_column(file: RegularFile, column: str) -> StoredArray:
    from lscli.sources.csv_column import has_columns, open_float_column

    return open_float_column(file, column if has_columns(file) > 1 else None, "a header")


def _open(value: Any, role: str, formats: Formats) -> StoredArray:
    if not _is_path(value):
        return open_array(value, role)
    path = os.fsdecode(value)
    file = RegularFile(path)
    suffix = _suffix(path)
    if suffix not in formats:
        file.close()
        known = ", ".join(formats)
        raise InputError(
            f"unknown format {suffix!r} for {role}"
            if suffix
            else f"a path without a suffix names no format for {role}",
            nearest(suffix, formats) or f"save them as one of {known}",
            where=path,
        )
    try:
        return formats[suffix](file)
    except LscliError:
        file.close()
        raise


def _is_path(value: Any) -> bool:
    return isinstance(value, str | bytes | os.PathLike)


def _suffix(path: Any) -> str:
    return os.path.splitext(os.fsdecode(path))[1].lower()
