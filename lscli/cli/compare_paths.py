"""Which of the paths of `lscli compare` are models, and which are labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.errors import InputError, UsageError
from lscli.io.model_names import distinct, names_of
from lscli.io.path_roles import roles_of, stored_shape
from lscli.io.paths import STDIN, expanded, pairs
from lscli.io.saved_report import names_saved_answer
from lscli.text import typed_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lscli.options import CompareOptions


_HINT = "name the baseline, then the others: lscli compare A B LABELS; or all in one quoted pattern: --each PATTERN"


def models_and_labels(
    paths: Sequence[str], each: str | None, options: CompareOptions
) -> tuple[Sequence[str] | Mapping[str, str], str | Mapping[str, str] | None]:
    """The models, and the labels of all of them, or of each by its name.

    Args:
        paths: as typed; without `each`, the last one may be the labels.
        each: the pattern of the models, or None.
        options: how files are read.

    Raises:
        UsageError: no models, models besides those of the pattern, or a pattern of members.
        InputError: the pattern names fewer than two files, or labels lack a partner.
        ReadWriteError: a file cannot be read.
    """
    if each is None:
        if not paths:
            hint = (
                "name the baseline, then the others: lscli compare A B LABELS; or one pattern for all: --each PATTERN"
            )
            raise UsageError("no models are named", hint)
        if options.confidence is not None:
            # Tables of confidences look alike: only predictions without a column of labels need labels beside them.
            own = options.predicted is None or options.labels_column is not None
            return _two(paths if own else paths[:-1]), None if own else paths[-1]
        if options.no_labels and options.binary:  # logits [N] look like labels
            return _two(paths), None
        *others, last = paths
        if any(map(names_saved_answer, others)):
            named = not names_saved_answer(last) and len(stored_shape(last, None, "labels") or ()) == 1
            return (others, last) if named else (paths, None)
        logits, labels, others = roles_of(paths, options)
        models = _two([logits, *others])
        if not options.binary:
            _check_no_labels(models, options.logits_key)
        return models, labels
    return _of_pattern(each, paths, options)


def _check_no_labels(models: Sequence[str], key: str | None) -> None:
    """Refuse labels among the models, such as labels that are named first, or twice.

    Raises:
        InputError: one of the files has a single dimension, and another has two.
    """
    shapes = {path: stored_shape(path, key, "logits") or () for path in models if path != STDIN}
    model = next((path for path, shape in shapes.items() if len(shape) > 1), None)
    labels = next((path for path, shape in shapes.items() if len(shape) == 1), None)
    if model is not None and labels is not None:
        what = f"is no model: its shape is {shapes[labels]}, and that of {typed_path(model)} {shapes[model]}"
        raise InputError(what, "name the models first, and one file of labels last", where=labels)


def _two(models: Sequence[str]) -> Sequence[str]:
    if len(models) < 2:
        raise UsageError("needs two models or more", _HINT, where=models[0] if models else "")
    return models


def _of_pattern(
    each: str, paths: Sequence[str], options: CompareOptions
) -> tuple[Mapping[str, str], str | Mapping[str, str] | None]:
    if options.ensemble:
        hint = "each path is then a pattern of members: lscli compare A B LABELS"
        raise UsageError("each file is a model, not the member of an ensemble", hint, where="--each")
    if len(paths) > 1:
        what = f"takes the labels besides the models of the pattern, but {len(paths)} paths are named"
        hint = "quote the patterns, or the shell replaces them by their files; or leave out --each and name all models"
        raise UsageError(what, hint, where="--each")
    files = expanded(each)
    if files is None or len(files) < 2:
        hint = "give a quoted pattern such as '*/logits.npy', which names two files or more"
        what = "is no pattern" if files is None else f"only {typed_path(files[0]) or 'one file'} matches the pattern"
        raise InputError(what, hint, where=each)
    names = distinct(names_of(files))
    models = dict(zip(names, files, strict=True))
    labels = paths[0] if paths else None
    of_labels = None if labels is None else expanded(labels)
    if of_labels is None:
        return models, labels
    if len(of_labels) != len(files):
        what = f"matches {len(of_labels)} files, the pattern of models {len(files)}"
        raise InputError(what, "give one file of labels for all models, or one for each", where=str(labels))
    return models, dict(zip(names, pairs(files, of_labels, str(labels)), strict=True))
