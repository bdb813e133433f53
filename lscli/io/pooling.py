"""Refuse to read the files of several models as the shards of one.

A pattern such as `*/logits.npy` takes in the shards of a run, and the files of several runs. If several models are
pooled, the numbers are those of no model. The files of several models can be told by their labels, which are the same,
or by their names, which are the same in different folders.
"""

from __future__ import annotations

import math
import os
import shlex
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.io.memory import TensorArray
from lscli.io.paths import alike
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.argument import Argument
    from lscli.io.stored import StoredArray

_MOST = 4  # models that a hint names in a command
_FIRST = 64  # rows of soft labels that are compared
# Among many shards, two may have the same few labels by accident. That must be less likely than 2^-20.
_BITS = 20
_ALONE = "name only the files of one model"
_POOL = "to read them as the samples of one model, say --pool"
_ENSEMBLE = "for the mean of an ensemble, say --ensemble"


def check_not_repeated(
    scores: Sequence[StoredArray], truth: Sequence[StoredArray], logits: Argument, labels: Argument
) -> None:
    """Refuse shards of logits if each of them has as many rows as all labels.

    Args:
        scores, truth: the parts of the logits and of the labels as stored.
        logits, labels: their files.

    Raises:
        InputError: the labels fit each of the files, but not all of them together.
    """
    rows = truth[0].shape[:1]
    if len(scores) > 1 and len(truth) == 1 and rows and {part.shape[:1] for part in scores} == {rows}:
        what = (
            f"each of its {len(scores)} files has as many rows as the labels ({rows[0]}), like files of several models"
        )
        hint = _compare(logits.names, labels.names[0] if labels.names else "LABELS")
        raise InputError(what, f"{hint}; {_ENSEMBLE}", where=logits.pattern or "")


def check_one_model(
    truth: Sequence[StoredArray], logits: Argument, labels: Argument, values: NDArray[Any] | None
) -> None:
    """Refuse shards of logits and labels that look like those of several models.

    Labels of a single class prove nothing, nor do a few equal labels among other shards; and folders may be numbered
    like shards.

    Args:
        truth: the parts of the labels, as rows.
        logits, labels: the files.
        values: [N], the labels; None for distributions.

    Raises:
        UsageError: two shards have the same labels, or one name in different folders.
    """
    models, where = logits.names, logits.pattern or ""
    if len(models) < 2 or len(truth) != len(models):
        return
    rows = [part.shape[0] for part in truth]
    soft = values is None
    if values is None:
        rows, values = _first_rows(truth)
    pair = _same_labels(rows, models, values)
    if pair is not None:
        what = f"{pair[0]} and {pair[1]} have the same labels, like files of several models"
        own = "" if labels.names == models else labels.names[models.index(pair[0])]
        raise UsageError(what, f"{_ALONE if soft else f'{_compare(pair, own)}; {_ENSEMBLE}'}; {_POOL}", where=where)
    pair = _same_name(models)
    if pair is not None:
        what = f"{pair[0]} and {pair[1]} look like files of several models"
        raise UsageError(what, f"{_ALONE}; {_POOL}", where=where)


def check_one_source(files: Sequence[str], ends: Sequence[int], label: NDArray[Any] | None, where: str) -> None:
    """Refuse tables of confidences that look like those of several models.

    Args:
        files: their names.
        ends: the number of rows up to the end of each.
        label: [N], the labels as numbers, or None.
        where: the pattern that names the files, for errors.

    Raises:
        UsageError: two tables have the same labels, or one name in different folders.
    """
    rows = np.diff(ends, prepend=0).tolist()
    pair = None if label is None else _same_labels(rows, files, label)
    what = "have the same labels, like tables of several models" if pair else "look like tables of several models"
    pair = pair or _same_name(files)
    if pair is not None:
        raise UsageError(f"{pair[0]} and {pair[1]} {what}", f"{_ALONE}; {_POOL}", where=where)


def _first_rows(truth: Sequence[StoredArray]) -> tuple[list[int], NDArray[Any]]:
    """How many of the first rows of soft labels are compared in each shard, and a number for each of these rows of all
    shards, which is the same for equal rows.
    """
    count = min(_FIRST, truth[0].shape[0])
    if len({part.shape for part in truth}) > 1 or any(isinstance(part, TensorArray) for part in truth):
        return [0] * len(truth), np.empty(0, np.int64)
    rows = [part.read(0, count, np.empty((count, *part.shape[1:]), part.dtype.newbyteorder("="))) for part in truth]
    return [count] * len(truth), np.unique(np.concatenate(rows), axis=0, return_inverse=True)[1].reshape(-1)


def _same_labels(rows: Sequence[int], files: Sequence[str], values: NDArray[Any]) -> tuple[str, str] | None:
    """Two files with the same labels of more than one class, if all files have them or it can be no accident."""
    seen: dict[bytes, str] = {}
    same: list[tuple[str, str, NDArray[Any]]] = []
    for file, part in zip(files, np.split(values, np.cumsum(rows)[:-1]), strict=True):
        if len(part) and (part != part[0]).any():
            other = seen.setdefault(part.tobytes(), file)
            if other != file:
                same.append((other, file, part))
    bits = _BITS + 2 * math.log2(len(files))
    sure = len(same) == len(files) - 1
    return next(((other, file) for other, file, part in same if sure or _bits(part, values) >= bits), None)


def _bits(part: NDArray[Any], values: NDArray[Any]) -> float:
    """-log2 of the probability that labels drawn from all `values` are those of this part."""
    classes, counts = np.unique(values, return_counts=True)
    bits = -np.log2(counts / len(values))
    return float(bits[np.searchsorted(classes, part)].sum())


def _same_name(files: Sequence[str]) -> tuple[str, str] | None:
    """Two files of one name, in folders whose names differ in more than numbers."""
    first: dict[str, str] = {}
    for file in files:
        folder, name = os.path.split(file)
        other = first.setdefault(name, file)
        if other != file and not alike(os.path.dirname(other), folder):
            return other, file
    return None


def _compare(models: Sequence[str], labels: str) -> str:
    """How to compare models, which have the same samples."""
    named = [shlex.quote(printable(model)) for model in models[:_MOST]]
    named += ["..."] if len(models) > _MOST else []
    named += [shlex.quote(printable(labels))] if labels else []
    # By these words `in_python` knows that the last path is a model, not the labels.
    models_are = "models" if labels else "these models, each with its labels"
    return f"to compare {models_are}, say lscli compare {' '.join(named)}"
