"""Where data comes from: one file a format, chosen by the suffix of the path."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError, UsageError
from lscli.paths import STDIN, alike, expanded, pairs
from lscli.sources.asked import Ask, Entry, Wants
from lscli.sources.files import RegularFile
from lscli.sources.formats import FORMATS, check_content, check_name, format_by_content, format_of, format_of_text
from lscli.sources.labels import Labels
from lscli.sources.logits import Logits
from lscli.sources.memory import TensorArray, open_array
from lscli.sources.shards import Shards, allow_open, check_distinct
from lscli.sources.soft_labels import SoftLabels
from lscli.sources.stored import whole
from lscli.sources.views import flattened, interpreted

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DTYPES = ("bfloat16",)


class How(NamedTuple):
    """How inputs are read; `lscli.evaluate` says what each means."""

    logits_key: str | None = None
    labels_key: str | None = None
    labels_column: str | None = None
    allow_trailing: bool = False
    input_format: str | None = None
    dtype: str | None = None
    kind: str = "logits"
    binary: bool = False
    flatten: bool = False
    soft_labels: bool = False

    def logits(self) -> Ask:
        return Ask(
            "logits",
            "numbers" if self.binary else "matrix",
            self.logits_key,
            "--logits-key",
            self.labels_column or self.labels_key,
            self.allow_trailing,
            self.dtype,
        )

    def labels(self) -> Ask:
        wants: Wants = "matrix" if self.soft_labels else "integers"
        key, column = self.labels_key, self.labels_column
        return Ask("labels", wants, key, "--labels-key", None, self.allow_trailing, column=column)


def open_inputs(logits: Any, labels: Any = None, how: How | None = None) -> tuple[Logits, Labels | SoftLabels]:
    """Open logits [N, K] and labels [N], each a path, a pattern of shards, `-`, a numpy array or a torch tensor.

    Without `labels`, both come from the one file that `logits` names, or from each of its shards.

    Raises:
        InputError: one of them cannot be used, or they were given in the wrong order.
        ReadWriteError: one of them cannot be read.
        UsageError: an option that does not go with the inputs.
    """
    how = how or How()
    _check(how)
    # Whatever is wrong, no file stays open: a traceback that somebody keeps would keep it too.
    with contextlib.ExitStack() as stack:
        files = _files(logits, "logits", how.input_format)
        stack.callback(_close, files)
        if labels is None:
            truths = _again(files, logits)
        elif _is_stdin(labels) and _is_stdin(logits):
            raise UsageError("standard input is read once", "name a file for the logits or the labels", where="-")
        else:
            truths = _files(labels, "labels", how.input_format if _is_stdin(labels) else None)
        stack.callback(_close, truths)
        if labels is not None and None not in (files.pattern, truths.pattern):
            _pair(files, truths)
        shared = labels is None
        scores = _array(files, how.logits()._replace(shared=shared), (1 if how.binary else 2) if how.flatten else 0, stack)
        truth = _array(truths, how.labels()._replace(shared=shared), (2 if how.soft_labels else 1) if how.flatten else 0, stack)
        _check_order(scores, truth, how)
        _check_rows(scores, truth)
        matrix = Logits(interpreted(scores, how.kind, binary=how.binary), how.kind)
        opened = matrix, SoftLabels(truth) if how.soft_labels else Labels(truth, matrix.shape[0], matrix.name)
        stack.pop_all()
    return opened


def open_labels(labels: Any, how: How) -> Labels | SoftLabels:
    """Open labels without logits: class numbers [N], or [N, K] sets of classes or distributions.

    Raises:
        InputError: they cannot be used.
        ReadWriteError: they cannot be read.
        UsageError: an option that does not go with them.
    """
    _check(how)
    with contextlib.ExitStack() as stack:
        files = _files(labels, "labels", how.input_format)
        stack.callback(_close, files)
        array = _array(files, how.labels(), 0, stack)
        # A column of class numbers is one that was saved askew, which `Labels` says.
        opened = SoftLabels(array) if len(array.shape) == 2 and array.shape[1] != 1 else Labels(array)
        stack.pop_all()
    return opened


def open_numbers(value: Any, role: str, column: str) -> tuple[str, NDArray[Any]]:
    """The name and the values of a small array beside the logits: a path, an array or a tensor.

    Args:
        value: where they are.
        role: what they are, for errors; the key of an archive.
        column: the column of a table that has several.

    Raises:
        InputError: it cannot be used.
        ReadWriteError: it cannot be read.
    """
    with contextlib.ExitStack() as stack:
        files = _files(value, role, None)
        stack.callback(_close, files)
        array = _array(files, Ask(role, "numbers", None, f"the key {role}", column=column), 0, stack)
        if isinstance(array, TensorArray):
            import numpy as np

            return array.name, np.asarray(array.tensor.cpu())
        return array.name, whole(array)


def contents_of(path: str, input_format: str | None) -> list[tuple[RegularFile, str, list[Entry]]]:
    """The files that a path stands for, open, each with its format and the arrays that it holds.

    Raises:
        InputError: one of them cannot be used.
        ReadWriteError: one of them cannot be read.
        UsageError: an unknown format.
    """
    with contextlib.ExitStack() as stack:
        files = _files(path, "logits or labels", input_format)
        stack.callback(_close, files)
        found = [
            (file, name, FORMATS[name].reader(file.name).contents(file))
            for file, name in zip(files.open, files.formats, strict=True)
        ]
        stack.pop_all()
    return found


def opened_entry(file: RegularFile, format_name: str, entry: Entry) -> Any:
    """One array of a file, whatever it may be for; closed without the file.

    Raises:
        InputError: it cannot be used.
        ReadWriteError: it cannot be read.
    """
    wants: Wants = "integers" if len(entry.shape or ()) == 1 else "matrix"
    ask = Ask("logits", wants, entry.key or None, allow_trailing=True)
    another = file.another()
    try:
        return FORMATS[format_name].reader(file.name).open_array(another, ask)
    except BaseException:
        another.close()
        raise


class _Files(NamedTuple):
    """What one argument stands for: files, of which a pattern may name several, or an array in memory."""

    open: list[RegularFile]
    formats: list[str]
    pattern: str | None = None
    array: Any = None


def _files(value: Any, role: str, input_format: str | None) -> _Files:
    """Open the files of an argument."""
    if not is_path(value):
        return _Files([], [], None, open_array(value, role))
    path = os.fsdecode(value)
    if path == STDIN:
        from lscli.sources.stdin import open_stdin

        file = open_stdin()
        return _Files([file], [check_name(input_format) if input_format else _seen(file)])
    names = expanded(path)
    allow_open(len(names or ()))
    files: list[RegularFile] = []
    formats = []
    try:
        for name in names or [path]:
            files.append(RegularFile(name))
            formats.append(format_of(name, role, input_format))
            check_content(files[-1], formats[-1])
        check_distinct(files)
    except BaseException:
        for file in files:
            file.close()
        raise
    return _Files(files, formats, path if names else None)


def _again(files: _Files, logits: Any) -> _Files:
    """The same files for the labels, where their format may hold both."""
    if not files.open or not all(FORMATS[name].keyed for name in files.formats):
        raise UsageError("no labels were given", "name them after the logits, or give an .npz file that holds both")
    return _Files([file.another() for file in files.open], files.formats, files.pattern)


def _seen(file: RegularFile) -> str:
    if file.size == 0:
        raise InputError("is empty", "look at the command before the pipe", where=file.name)
    found = format_by_content(file) or format_of_text(file)
    if found is None:
        known = ", ".join(FORMATS)
        raise UsageError("the format is not seen from its first bytes", f"say --input-format: {known}", where=file.name)
    return found


def _pair(files: _Files, truths: _Files) -> None:
    """Put the label shards in the order of the logit shards."""
    by_name = {file.name: file for file in truths.open}
    order = pairs([file.name for file in files.open], list(by_name), truths.pattern or "")
    truths.open[:] = [by_name[name] for name in order]
    truths.formats[:] = [format_of(file.name, "labels") for file in truths.open]


def _array(files: _Files, ask: Ask, dimensions: int, stack: contextlib.ExitStack) -> Any:
    """The array of an argument, in no more than so many dimensions; 0 leaves it as it is."""
    if files.array is not None:
        parts = [files.array]
    else:
        parts = []
        for file, name in zip(files.open, files.formats, strict=True):
            parts.append(FORMATS[name].reader(file.name).open_array(file, ask))
            stack.callback(parts[-1].close)
    if dimensions:
        parts = [flattened(part, dimensions) for part in parts]
    return parts[0] if files.pattern is None else Shards(parts, files.pattern)


def _check(how: How) -> None:
    if how.dtype is not None and how.dtype not in _DTYPES:
        raise UsageError(
            f"unknown dtype {how.dtype!r}", "bfloat16 is the only one that has to be said", where="dtype"
        )


def _check_order(scores: Any, truth: Any, how: How) -> None:
    if len(scores.shape) == 1 and len(truth.shape) == 2 and not how.binary:
        raise InputError(
            f"the two inputs are swapped: this one has shape {scores.shape}, {truth.name} {truth.shape}",
            "the logits come first, then the labels",
            where=scores.name,
        )
    if len(scores.shape) == len(truth.shape) == 2 and not how.soft_labels and alike(scores.name, truth.name):
        raise UsageError(
            f"is a shard of logits, as {scores.name} is, and not their labels",
            "a pattern of shards has to be quoted, or the shell puts the files in its place: 'logits-*.npy'",
            where=truth.name,
        )


def _check_rows(scores: Any, truth: Any) -> None:
    """Refuse label shards of other rows than their logits'; the whole is checked by who reads the labels."""
    if not (isinstance(truth, Shards) and isinstance(scores, Shards)):
        return
    for place, (rows, own) in enumerate(zip(scores.rows(), truth.rows(), strict=True)):
        if rows != own:
            raise InputError(
                f"rows differ: {scores.shards[place]} has {rows}, its labels have {own}",
                "save both from the same run",
                where=truth.shards[place],
            )


def _close(files: _Files) -> None:
    for file in files.open:
        file.close()


def is_path(value: Any) -> bool:
    """Whether a value names a file, rather than being the data."""
    return isinstance(value, str | bytes | os.PathLike)


def _is_stdin(value: Any) -> bool:
    return is_path(value) and os.fsdecode(value) == STDIN
