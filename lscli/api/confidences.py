"""Tables of samples without logits: a confidence, and whether the prediction is right, for each row."""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli._version import __version__
from lscli.api.label_comparison import comparison_notes
from lscli.api.row_data import RowData
from lscli.checked_options import declared
from lscli.errors import InputError, LscliError, UsageError
from lscli.io.argument import Argument, is_path, is_stdin
from lscli.io.confidences import guess_of_file, guess_of_table, read_confidences
from lscli.io.tables.confidence_columns import RATING
from lscli.options import OF_LOGITS
from lscli.report import Provenance
from lscli.table import NO_LOGITS, SampleTable
from lscli.text import shown, typed_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from lscli.io.confidences import Confidences, Source
    from lscli.io.tables.confidence_columns import Guess
    from lscli.options import Data, ReadingOptions

    Array = NDArray[Any]
    # What has no logits: a table of samples, or columns by their names.
    Table = SampleTable | Mapping[str, ArrayLike] | pd.DataFrame

_ROUNDING = 1e-6  # of a sum of float32 probabilities


class Samples(NamedTuple):
    """Samples without logits, and where they come from.

    Attributes:
        source: the name of the table.
        table: all samples; a row of a file keeps its number in the column `row`.
        rows: the weights and groups of the rows.
        provenance: where the samples come from.
    """

    source: str
    table: SampleTable
    rows: RowData
    provenance: Provenance


def are_meant(logits: Data | Table, options: ReadingOptions) -> bool:
    """Whether samples without logits are meant: a table of samples, or columns of confidences.

    Raises:
        UsageError: an option needs --confidence.
    """
    for flag in ("correct", "predicted", "confidence_scale"):
        if getattr(options, flag) is not None and options.confidence is None:
            hint = "add --confidence COLUMN, the confidence in each prediction"
            raise UsageError("needs --confidence", hint, where=flag)
    return options.confidence is not None or (options.takes("confidence") and isinstance(logits, SampleTable))


def read(logits: Data | Table, labels: Data | None, options: ReadingOptions, *, listed: bool = False) -> Samples:
    """Read a table of confidences, or take a table of samples.

    Args:
        logits, labels: as in `lscli.evaluate`.
        options: name the columns.
        listed: whether the table has the columns `row`, `label` and `predicted`, for a listing.

    Raises:
        UsageError: options that need logits, or that do not go together.
        InputError: a confidence, a prediction or a label that cannot be used; the message names the row.
        ReadWriteError: a file that cannot be read.
    """
    _check_options(options)
    if isinstance(logits, SampleTable):
        return _of_table(logits, labels, options, listed=listed)
    score = getattr(options, "score", "msp")
    if score != "msp":
        raise UsageError(f"{score} is computed from logits", "--score msp ranks by the confidence", where="score")
    if options.correct is not None and options.predicted is not None:
        raise UsageError("cannot be combined with --predicted", "leave one of them out", where="correct")
    if options.correct is None and options.predicted is None:
        raise _nothing_to_compare(logits, options)
    return _checked(logits, read_confidences(logits, labels, options), options, listed=listed)


def _check_options(options: ReadingOptions) -> None:
    for each in declared(type(options)):
        given = getattr(options, each.name)
        plain = given is each.default or (isinstance(given, str | float) and given in (each.default, "numpy"))
        if each.name in OF_LOGITS and not plain:
            raise UsageError("needs logits, but the table has only confidences", "leave it out", where=each.flag)
    if str(options.device) not in ("auto", "cpu"):
        raise UsageError("needs logits, but the table has only confidences", "leave it out", where="device")


def _of_table(table: SampleTable, labels: Data | None, options: ReadingOptions, *, listed: bool) -> Samples:
    if labels is not None:
        hint = "leave them out: the table says which predictions are right"
        raise UsageError("a SampleTable is evaluated without labels", hint, where="labels")
    if options.confidence is not None:
        raise UsageError("a SampleTable has no columns to choose from", "leave out --confidence", where="confidence")
    if table.weight is not None and options.weights is not None:
        raise UsageError("the table already has weights", "leave out one of the two", where="weights")
    if table.cluster is not None and options.clusters is not None:
        raise UsageError("the table already has clusters", "leave out one of the two", where="clusters")
    count = len(table)
    rows = RowData(options, (count,), np.ones(count, np.bool_))
    if listed or rows.columns:
        table = replace(table, columns={"row": np.arange(count), **table.columns})
    size = sum(column.nbytes for column in table.columns.values())
    described = {"role": "table", "path": "table", "shape": [count], "dtype": "float64", "size": size}
    samples = {"rows": count, "kept": count}
    return Samples("table", table, rows, _provenance([described], rows, samples, table))


def _checked(logits: Data | Table, found: Confidences, options: ReadingOptions, *, listed: bool) -> Samples:
    """The samples that are kept, each value checked."""
    scale = options.confidence_scale or 1
    found = found if scale == 1 else found._replace(confidence=found.confidence / scale)
    source, count = found.source, len(found.confidence)
    if not count:
        raise InputError("no rows", "save one row per sample", where=source.name)
    ignored = _ignored(found, options)
    rows = RowData(options, (count,), ~ignored)
    missing = _missing(found, ignored, options)
    kept = ~(ignored | missing)
    if not kept.any():
        what = f"no row has a value in {' and '.join(_columns(options))}"
        raise InputError(what, "look at the run that wrote it", where=source.name)
    _check_range(found, kept, options)
    label = None if found.label is None else _counted_from(found, kept, options.labels_from)
    confidence = found.confidence[kept]
    predicted = None if found.predicted is None else found.predicted[kept]
    correct = found.correct[kept] == 1 if found.correct is not None else np.asarray(predicted == label)
    columns = {"confidence": confidence, "one_minus_confidence": 1.0 - confidence, "correct": correct}
    if listed or rows.columns:
        columns["row"] = np.flatnonzero(kept)
    if listed:
        values = np.array([*found.vocabulary.values, math.nan], object)  # the last one, at -1, is a missing one
        codes = {"predicted": predicted, "label": label}
        columns |= {name: values[each] for name, each in codes.items() if each is not None}
    table = SampleTable(columns, lacks=NO_LOGITS)
    notes = []
    skipped = int(np.count_nonzero(missing))
    if skipped:
        wanted = " or ".join(_columns(options))
        notes.append(f"{source.name}: {skipped} of {count} rows have no value in {wanted} and are left out")
    if predicted is not None and label is not None:
        notes += comparison_notes(source.name, predicted, label, found.vocabulary.values, rows.weighted(table).weight)
    samples = {"rows": count, "kept": len(table), "ignored": int(np.count_nonzero(ignored)), "skipped": skipped}
    inputs = [_described("confidences", source, count, "float64")]
    if found.of_labels is not None and found.of_labels is not source:
        text = any(isinstance(value, str) for value in found.vocabulary.values)
        inputs.append(_described("labels", found.of_labels, count, "text" if text else "int64"))
    name = os.fsdecode(logits) if isinstance(logits, str | bytes | os.PathLike) else source.name
    return Samples(name, table, rows, _provenance(inputs, rows, samples, table, notes))


def _columns(options: ReadingOptions) -> list[str]:
    """The columns in which each row must have a value, for messages."""
    others = [shown(options.correct)] if options.correct is not None else [shown(options.predicted), "the labels"]
    return [shown(options.confidence), *others]


def _ignored(found: Confidences, options: ReadingOptions) -> Array:
    """Whether the label of each row is that of --ignore-index, [N] bool.

    Raises:
        InputError: all are.
    """
    count = len(found.confidence)
    if found.label is None or found.of_labels is None or options.ignore_index not in found.vocabulary.values:
        return np.zeros(count, np.bool_)
    ignored: Array = found.label == found.vocabulary.number(options.ignore_index)
    if ignored.all():
        what = f"all {count} samples are ignored (label {options.ignore_index})"
        raise InputError(what, "check --ignore-index", where=found.of_labels.name)
    return ignored


def _missing(found: Confidences, ignored: Array, options: ReadingOptions) -> Array:
    """Whether a row lacks a value, [N] bool; none does unless such rows are skipped.

    Raises:
        InputError: a row does, and such rows are an error.
    """
    skip = options.nonfinite == "skip"
    absent = [~np.isfinite(found.confidence) if skip else np.isnan(found.confidence)]
    if found.correct is not None:
        absent.append(found.correct < 0)
    elif found.predicted is not None and found.label is not None:
        absent += [found.predicted < 0, found.label < 0]
    missing: Array = np.logical_or.reduce(absent) & ~ignored
    if missing.any() and not skip:
        row = int(missing.argmax())
        place = next(place for place, each in enumerate(absent) if each[row])
        where, own_row = ((found.of_labels if place == 2 else None) or found.source).located(row)
        hint = "look at the run that wrote it, or skip such rows with --nonfinite skip"
        raise InputError(f"row {own_row} has no value in {_columns(options)[place]}", hint, where=where)
    return missing


def _check_range(found: Confidences, kept: Array, options: ReadingOptions) -> None:
    """Raise InputError if a confidence is not in [0, 1]; the hint says what all confidences may be."""
    outside = kept & ~((found.confidence >= 0) & (found.confidence <= 1))
    if not outside.any():
        return
    row = int(outside.argmax())
    values = found.confidence[kept]
    low, high = values.min(), values.max()
    hint = "a confidence is the probability that the prediction is right, from 0 to 1"
    if low >= -_ROUNDING and high <= 1 + _ROUNDING:
        hint = "if that is rounding, limit the column to [0, 1]: np.clip(confidence, 0, 1)"
    elif low >= 0 and RATING < high <= 100 and options.confidence_scale is None:
        hint = "if these are percentages, say --confidence-scale 100"
    elif high <= 0:
        hint = "if these are logarithms of probabilities, save their exponentials: np.exp(confidence)"
    where, own_row = found.source.located(row)
    raise InputError(f"row {own_row}: the confidence {found.confidence[row]:.10g} is not in [0, 1]", hint, where=where)


def _counted_from(found: Confidences, kept: Array, labels_from: int) -> Array:
    """The labels of the kept rows, counted from 0 as predictions are.

    Raises:
        InputError: a label comes before the first.
    """
    label, vocabulary = found.label, found.vocabulary
    if label is None or not labels_from:
        return np.asarray(label)[kept]
    values = [value - labels_from if isinstance(value, int) else value for value in vocabulary.values]
    early = np.array([isinstance(value, int) and value < 0 for value in values] + [False])
    if (early[label] & kept).any() and found.of_labels is not None:
        row = int((early[label] & kept).argmax())
        where, own_row = found.of_labels.located(row)
        what = f"row {own_row}: the label {vocabulary.values[label[row]]} is below the first label, {labels_from}"
        raise InputError(what, "check --labels-from", where=where)
    return np.array([*map(vocabulary.number, values), -1], np.int32)[label[kept]]


def _described(role: str, source: Source, rows: int, dtype: str) -> dict[str, Any]:
    described = {"role": role, "path": source.name, "shape": [rows], "dtype": dtype, "size": source.size}
    return described | ({"shards": source.shards} if source.shards else {})


def _provenance(
    inputs: list[dict[str, Any]],
    rows: RowData,
    samples: dict[str, int],
    table: SampleTable,
    notes: Iterable[str] = (),
) -> Provenance:
    clusters = rows.clustered(rows.weighted(table)).clusters
    if clusters:
        samples = {**samples, "clusters": clusters}
    versions = {"lscli": __version__, "numpy": np.__version__}
    warnings = [*rows.notes(table), *notes]
    return Provenance(inputs=[*inputs, *rows.described], samples=samples, versions=versions, warnings=warnings)


def suggest(error: InputError, logits: Data | Table, labels: Data | None, options: ReadingOptions) -> bool:
    """Put the command that reads confidences before the hint of an error about logits, if the file plainly has them.

    Returns:
        Whether it did.
    """
    if labels is not None or not is_path(logits) or is_stdin(logits):
        return False
    found = None
    with contextlib.suppress(LscliError):
        found = _guess(logits, options, None)
    name = os.fsdecode(logits) if isinstance(logits, str | bytes | os.PathLike) else ""
    if found is not None and name and typed_path(name):
        command = " ".join(["lscli eval", typed_path(name), *found.words])
        instead = f"if it has confidences instead of logits, say {command}"
        error.say(error.message, "; else ".join(filter(None, [instead, error.hint])), error.where)
        return True
    return False


def are_there(logits: Data | Table, options: ReadingOptions) -> bool:
    """Whether a file that was refused plainly has confidences instead of logits."""
    with contextlib.suppress(LscliError):
        return is_path(logits) and not is_stdin(logits) and _guess(logits, options, None) is not None
    return False


def _nothing_to_compare(logits: Data | Table, options: ReadingOptions) -> UsageError:
    """The error for a confidence without what says whether the prediction is right."""
    hint = "add --correct COLUMN, or --predicted COLUMN and --labels-column COLUMN"
    found = None if is_stdin(logits) else _guess(logits, options, options.confidence)
    if found is not None:
        hint = f"add {' '.join(found.others_typed)}"
    return UsageError("does not say which predictions are right", hint, where="confidence")


def _guess(logits: Data | Table, options: ReadingOptions, confidence: str | None) -> Guess | None:
    """The columns that are plainly confidences with right or wrong, in all files.

    Raises:
        LscliError: a file cannot be read.
    """
    if not is_path(logits):
        return guess_of_table(logits, confidence)
    with contextlib.ExitStack() as stack:
        files = Argument.of(logits, "confidences", stack, options.input_format).files
        found = {str(each): each for each in (guess_of_file(file, name, confidence) for file, name in files)}
        return found.popitem()[1] if len(found) == 1 else None
