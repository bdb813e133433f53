"""Refuse to read the files of several models as the shards of one.

A pattern such as `*/logits.npy` takes in the shards of a run, and the files of several runs. Pooled, several models
give the numbers of none. Their files show it: they have the same labels, or one name in folders of their own.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

from lscli.errors import InputError, UsageError
from lscli.io.paths import alike
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.argument import Argument
    from lscli.io.stored import StoredArray

_MOST = 4  # models in a command
_POOL = "to read them as the samples of one model, say --pool"


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
        what = f"each of its {len(scores)} files has as many rows as the labels ({rows[0]}), as several models have"
        hint = _compare(logits.names, labels.names[0] if labels.names else "LABELS")
        raise InputError(what, hint, where=logits.pattern or "")


def check_one_model(
    truth: Sequence[StoredArray], logits: Argument, labels: Argument, values: NDArray[Any] | None
) -> None:
    """Refuse shards of logits and labels that look like those of several models.

    Labels of a single class prove nothing, and folders may be numbered like shards.

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
    pair = None if values is None else _same_labels([part.shape[0] for part in truth], models, values)
    if pair is not None:
        what = f"{pair[0]} and {pair[1]} have the same labels, as files of several models have"
        own = "" if labels.names == models else labels.names[models.index(pair[0])]
        raise UsageError(what, f"{_compare(pair, own)}; {_POOL}", where=where)
    pair = _same_name(models)
    if pair is not None:
        what = f"{pair[0]} and {pair[1]} look like files of several models"
        raise UsageError(what, f"name the files of one model alone; {_POOL}", where=where)


def _same_labels(rows: Sequence[int], files: Sequence[str], values: NDArray[Any]) -> tuple[str, str] | None:
    """Two files with the same labels, of more than one class."""
    seen: dict[bytes, str] = {}
    start = 0
    for file, count in zip(files, rows, strict=True):
        part = values[start : start + count]
        start += count
        if count and (part != part[0]).any():
            other = seen.setdefault(part.tobytes(), file)
            if other != file:
                return other, file
    return None


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
    # The words tell `in_python` that the last path is no labels.
    models_are = "models" if labels else "these models, each with its labels"
    return f"to compare {models_are}, say lscli sweep {' '.join(named)}"
