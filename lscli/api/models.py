"""Read several models on the same samples."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import numpy as np

from lscli.api import reading
from lscli.checked_options import items
from lscli.errors import InputError, LscliError, UsageError
from lscli.io.argument import is_path, is_stdin
from lscli.io.axes import without
from lscli.io.model_names import distinct
from lscli.io.path_roles import is_keyed, is_table, stored_shape
from lscli.io.paths import files_of
from lscli.io.stdin import opened_again
from lscli.io.tables.columns import LABELS
from lscli.table import SampleTable
from lscli.text import printable, printed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.api.reading import Reading
    from lscli.metrics.bins import BinRule
    from lscli.options import CheckOptions, CompareOptions, Data, ReadingOptions, TargetOptions, Words
    from lscli.report import Provenance

    Array = NDArray[Any]

R = TypeVar("R", bound="ReadingOptions")

_MOST_NAMED = 4  # models in a warning


def name_of_test(source: str, calibration: str) -> str:
    """The name of test samples, which tells their rows from those of calibration: two arrays are both `logits`."""
    return f"test {source}" if source == calibration else source


_OTHER_ROWS = "the models keep different rows, and it is computed only from all rows that a model keeps"


class Models(NamedTuple):
    """Models and their samples.

    Attributes:
        names: of the models, the baseline first.
        readings: of each model; the first one has the provenance of all.
        tables: by group, the samples of each model, on the rows that all models keep.
    """

    names: list[str]
    readings: list[Reading]
    tables: dict[str, list[SampleTable]]


def models_of(logits: Any, options: CompareOptions) -> Mapping[str, Any] | list[Any]:
    """The models in a list or by their names, where one may come alone, as logits or as a table of confidences.

    A list is one model if its items are rows, or members of an ensemble.

    Raises:
        UsageError: there are none.
    """
    if isinstance(logits, Mapping) and options.confidence is None:
        if not logits:
            raise UsageError("has no models", "give logits, or several by their names", where="logits")
        return logits
    listed = isinstance(logits, list | tuple) and len(logits) > 0
    several = listed and not options.ensemble and all(map(_is_model, logits))
    return [*logits] if several else [logits]


def _is_model(each: Any) -> bool:
    return is_path(each) or isinstance(each, SampleTable) or getattr(each, "ndim", 1) >= 2


def read_models(
    models: Mapping[str, Data | SampleTable] | Sequence[Data | SampleTable],
    labels: Data | Mapping[str, Data] | None,
    columns: frozenset[str],
    options: CompareOptions | CheckOptions,
    positive_class: int | None,
    names: Words | None = None,
    *,
    rule: BinRule | None = None,
    tuple_rule: BinRule | None = None,
    tempered: bool | Literal["curve"] = False,
) -> Models:
    """Read the same columns of each model, and the same sums, one model after another.

    Args:
        models: the logits of each, by name or in a list, the baseline first.
        labels: of all models, or of each by the names of the models; None if the files hold them.
        columns: the columns that the tables must have.
        options: how to read.
        positive_class: the class that calibration is about, or None.
        names: of the models, in their order; None for their keys or paths.
        rule, tuple_rule, tempered: as in `lscli.api.reading.read`.

    Raises:
        UsageError: one model alone, or names that are not those of the models.
        InputError: models that differ in their number of samples, in labels, weights or clusters, or in the rows that
            they keep so that none is left.
        LscliError: as `lscli.evaluate`.
    """
    keys, data = _listed(models)
    called = model_names(keys, data, names)
    of_each: list[Any] = [labels] * len(data)
    if isinstance(labels, Mapping):
        if not keys or {*labels} != {*keys}:
            hint = "give the labels under the names of the models, or one array or file for all"
            raise UsageError("are by name, but not under the names of the models", hint, where="labels")
        of_each = [labels[key] for key in keys]
    if sum(map(is_stdin, [*data, *({id(each): each for each in of_each}.values())])) > 1:
        raise UsageError("standard input can be read only once", "name a file for all but one of the inputs", where="-")
    check_shapes(data, called, options, same_classes=False)
    readings: list[Reading] = []
    columns |= {"row", "label"}
    with opened_again():  # the labels
        for name, model, own in zip(called, data, of_each, strict=True):
            try:
                read = read_model(
                    *(model, data[0], own, columns, options),
                    against=options,
                    positive_class=positive_class,
                    rule=rule,
                    tuple_rule=tuple_rule,
                    tempered=tempered,
                )
            except LscliError as error:
                if not is_path(model) and error.where == "logits":  # several arrays have no names of their own
                    error.say(error.message, error.hint, name)
                elif readings and own is not None and error.where == _label_place(own):  # they fit the models before
                    error.say(f"{error.message}, read with {name}", error.hint, error.where)
                raise
            readings.append(read)
            _check_alike(readings[0], read, called[0], name)
    return on_same_rows(called, readings)


def on_same_rows(called: list[str], readings: list[Reading]) -> Models:
    """The models on the rows that all keep; their readings get these tables, and the first the provenance of all.

    Raises:
        InputError: labels, weights or clusters differ, or no row is left.
    """
    kept = reduce(np.intersect1d, [_rows(read.all) for read in readings]) if _differ(readings) else None
    if kept is not None and not len(kept):
        what = f"the {len(called)} models have no kept row in common"
        raise InputError(what, "check which rows of each are skipped or ignored", where=called[0])
    tables = {
        group: _aligned([read.tables[group] for read in readings], readings, called, kept)
        for group in readings[0].tables
        if all(group in read.tables for read in readings)
    }
    tables = {group: of_group for group, of_group in tables.items() if len(of_group[0]) or not group}
    readings[0].provenance = _merged(readings, called, kept)
    for place, read in enumerate(readings):
        read.tables = {group: of_group[place] for group, of_group in tables.items()}
    return Models(called, readings, tables)


def _listed(models: Any) -> tuple[list[str], list[Any]]:
    """The names of the models, which are empty without any, and the models.

    Raises:
        UsageError: there are not two.
    """
    if isinstance(models, Mapping):
        return [str(key) for key in models], [*_several(list(models.values()))]
    alone = is_path(models) or isinstance(models, SampleTable) or getattr(models, "ndim", 3) < 3
    return [], [*_several([models] if alone else models)]


def _several(models: Any) -> Sequence[Any]:
    hint = "name the baseline, then the others: lscli compare A B LABELS"
    found = [*models] if hasattr(models, "ndim") else items(models, "models", "a list or a mapping", hint)
    if len(found) < 2:
        raise UsageError("needs two models or more" if found else "has no models", hint, where="compare")
    return found


def _label_place(labels: Any) -> str:
    """What errors call these labels."""
    return printed(os.fsdecode(labels)) if is_path(labels) else "labels"


def model_names(keys: Sequence[str], data: Sequence[Any], names: Words | None) -> list[str]:
    """The names of the models, all different.

    Args:
        keys: the names of the models in a mapping; empty without one.
        data: the models.
        names: come before all others.

    Raises:
        UsageError: there are more or fewer names than models, or one is empty.
    """
    called = names_given(names, len(data), "model")
    if called is not None:
        return called
    if keys:
        return distinct(map(printable, keys))
    return distinct(os.fsdecode(model) if is_path(model) else f"model {place}" for place, model in enumerate(data, 1))


def names_given(names: Words | None, count: int, what: str) -> list[str] | None:
    """The names that an option gives to so many models or other inputs, all different; None without the option.

    Raises:
        UsageError: there are more or fewer names, or one is empty.
    """
    if names is None:
        return None
    given = [printable(str(name)) for name in ([names] if isinstance(names, str) else names)]
    if len(given) != count:
        hint = f"give a name for each {what}, in their order, with commas"
        raise UsageError(f"has {len(given)} names for {count} {what}{'s' * (count != 1)}", hint, where="names")
    if not all(map(str.strip, given)):
        raise UsageError("has an empty name", f"give a name for each {what}, in their order", where="names")
    return distinct(given)


def check_shapes(models: Sequence[Any], names: Sequence[str], options: ReadingOptions, *, same_classes: bool) -> None:
    """Compare the shapes of all models before any is read. A file whose header has no shape is not compared.

    Args:
        models: paths or data.
        names: of the models.
        options: how to read.
        same_classes: whether all must have the same shape, rather than the same number of samples.

    Raises:
        InputError: two shapes differ.
    """
    if len(models) < 2 or reading.without_logits(models[0], options):
        return
    shapes = [_shape(model, options) for model in models]
    first = shapes[0]
    for name, shape in zip(names[1:], shapes[1:], strict=True):
        if not shape or not first or len(shape) != len(first) or len(first) < (1 if options.binary else 2):
            continue
        if same_classes and shape != first:
            raise InputError(
                f"has logits of shape {shape}, {names[0]} of {first}",
                "compare models on the same samples and classes",
                where=name,
            )
        rows, others = _samples(shape, options), _samples(first, options)
        if rows != others:
            raise _other_length(name, rows, names[0], others)


def _samples(shape: tuple[int, ...], options: ReadingOptions) -> int:
    """The number of samples of logits of a shape."""
    if options.binary:
        return math.prod(shape)
    axis = -1 if options.class_axis is None else options.class_axis
    return math.prod(without(shape, axis) if -len(shape) <= axis < len(shape) else shape)


def _other_length(name: str, rows: int, first: str, others: int) -> InputError:
    return InputError(
        f"has {rows} samples, {first} has {others}", "compare models on the same samples in the same order", where=name
    )


def _shape(model: Any, options: ReadingOptions) -> tuple[int, ...] | None:
    """The shape of a model as it is stored; of an ensemble, that of its first member."""
    if options.ensemble:
        several = not is_path(model) and isinstance(model, list | tuple) and len(model) > 0
        model = files_of(os.fsdecode(model))[0] if is_path(model) else model[0] if several else model
    if is_path(model):
        shape = stored_shape(model, options.logits_key, "logits")
    else:
        try:
            shape = tuple(np.shape(model))
        except Exception:  # a value that is not an array is refused when it is read
            return None
    axis = options.ensemble_axis
    if axis is None or not shape:
        return shape
    alone = not is_path(model) or files_of(os.fsdecode(model)) == [os.fsdecode(model)]
    return without(shape, axis) if alone and -len(shape) <= axis < len(shape) else None


def read_model(
    model: Any,
    first: Data,
    labels: Data | None,
    columns: frozenset[str],
    options: R,
    *,
    against: TargetOptions,
    soft_labels: bool = False,
    positive_class: int | None = None,
    rule: BinRule | None = None,
    tuple_rule: BinRule | None = None,
    tempered: bool | Literal["curve"] = False,
) -> Reading:
    """Read a model with the labels of all models; without them, with those in its own file or in the first model's."""
    if reading.without_logits(model, options):
        return reading.read(model, labels, columns, options, against=against)
    model, labels, options = found_labels(model, first, labels, options)
    return reading.read(
        *(model, labels, columns, options),
        rule=rule,
        tuple_rule=tuple_rule,
        against=against,
        soft_labels=soft_labels,
        positive_class=positive_class,
        tempered=tempered,
    )


def found_labels(model: Any, first: Any, labels: Data | None, options: R) -> tuple[Any, Data | None, R]:
    """The model, and how its labels are read: as given, or from its own file, or from that of the first model."""
    if labels is None and model is not first and not has_labels(model, options):
        labels = first
        if options.labels_key is None and not (is_path(first) and is_table(first)):
            options = options.replaced(labels_key="labels")  # the only array of an archive would be taken for them
    return model, labels, options


def has_labels(model: Any, options: ReadingOptions) -> bool:
    """Whether a path is a file that holds labels besides logits, by its header."""
    if not is_path(model) or not is_keyed(model):
        return False
    if options.labels_column is not None and options.labels_key is None:
        return is_table(model)
    names = LABELS if options.labels_key is None else (options.labels_key,)
    return any(stored_shape(model, name, name) for name in names)


def check_same_labels(one: SampleTable, other: SampleTable, baseline: str, name: str) -> None:
    """Compare the labels of two tables of the same rows, as far as both have them.

    Raises:
        InputError: they differ.
    """
    if "label" not in one.columns or "label" not in other.columns or one["label"] is other["label"]:
        return
    differ = one["label"] != other["label"]
    if differ.any():
        hint = "compare models on the same samples in the same order"
        if np.array_equal(np.sort(one["label"]), np.sort(other["label"])):
            hint = f"it seems to have the samples in another order: save them in the order of {baseline}"
        raise InputError(
            f"its label of row {_rows(one)[differ.argmax()]} differs from that of {baseline}", hint, where=name
        )


def _rows(table: SampleTable) -> Array:
    """The numbers of the rows; a table that was not made by lscli has its own order."""
    return table["row"] if "row" in table.columns else np.arange(len(table))


def _check_alike(first: Reading, read: Reading, baseline: str, name: str) -> None:
    """Compare the numbers of rows, kept or not, and those of classes where targets have a value for each.

    Raises:
        InputError: they differ.
    """
    rows, others = (each.provenance.samples.get("rows", len(each.all)) for each in (read, first))
    if rows != others:
        raise _other_length(name, rows, baseline, others)
    by_class = first.targets.prior is not None or first.targets.class_weights is not None
    if by_class and read.num_classes != first.num_classes:
        hint = "a prior and class weights belong to one number of classes: leave them out, or compare other models"
        raise InputError(f"has {read.num_classes} classes, {baseline} has {first.num_classes}", hint, where=name)


def _differ(readings: Sequence[Reading]) -> bool:
    """Whether the models keep different rows."""
    first = _rows(readings[0].all)
    return any(not np.array_equal(first, _rows(read.all)) for read in readings[1:])


def _aligned(
    tables: Sequence[SampleTable], readings: Sequence[Reading], names: Sequence[str], kept: Array | None
) -> list[SampleTable]:
    """The tables on the rows that all keep. What is the same in all is in memory once.

    Raises:
        InputError: labels, weights or clusters differ, or no sample has a weight above 0.
    """
    if kept is not None:
        tables = [_selected(table, kept) for table in tables]
    rows = _rows(tables[0])
    if any(not np.array_equal(rows, _rows(table)) for table in tables[1:]):  # each file has groups of its own
        rows = reduce(np.intersect1d, map(_rows, tables))
        tables = [_selected(table, rows) for table in tables]
    first, *others = tables
    found = [first]
    for name, table in zip(names[1:], others, strict=True):
        check_same_labels(first, table, names[0], name)
        if not _same(first.weight, table.weight):
            raise InputError(
                f"its weights differ from those of {names[0]}", "give one file of weights for all models", where=name
            )
        if not _same_clusters(first.cluster, table.cluster):
            raise InputError(
                f"its clusters differ from those of {names[0]}", "give one file of clusters for all models", where=name
            )
        shared = {each: first[each] for each in ("row", "label") if each in first.columns and each in table.columns}
        found.append(replace(table, columns={**table.columns, **shared}, weight=first.weight, cluster=first.cluster))
    if len(first) and not first.total and first is not readings[0].all:
        raise InputError(
            "no row that all models keep has a weight above 0", "look at which rows are left out", where=names[0]
        )
    return found


def _selected(table: SampleTable, rows: Array) -> SampleTable:
    """These rows of a table, which lack what no column can hold."""
    selected = table.select(np.isin(_rows(table), rows))
    sums = (table.classes, table.tuples, table.tempered)
    return selected if sums == (None, None, None) or table.lacks else replace(selected, lacks=_OTHER_ROWS)


def _same(one: Array | None, other: Array | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def _same_clusters(one: Array | None, other: Array | None) -> bool:
    """Whether the samples are in the same clusters, whatever their numbers."""
    if _same(one, other) or one is None or other is None:
        return _same(one, other)
    pairs = np.unique(np.stack([one, other]), axis=1).shape[1]
    return bool(pairs == len(np.unique(one)) == len(np.unique(other)))


def _merged(readings: Sequence[Reading], names: Sequence[str], kept: Array | None) -> Provenance:
    """The provenance of all models: each input once, the samples that all keep, and each warning once."""
    own = readings[0].provenance
    inputs: list[Mapping[str, Any]] = []
    for entry in (entry for read in readings for entry in read.provenance.inputs):
        if entry["role"] == "logits" or entry not in inputs:
            inputs.append(entry)
    warnings = merged_warnings(
        [(name, read.source, read.provenance.warnings) for name, read in zip(names, readings, strict=True)]
    )
    samples = dict(own.samples)
    if kept is not None:
        lost = max(len(read.all) for read in readings) - len(kept)
        warnings.append(
            f"the models are compared on the {len(kept)} rows that all keep; {lost} more are left out of one or others"
        )
        samples["kept"] = len(kept)
        if "skipped" in samples:
            samples["skipped"] = samples["rows"] - len(kept) - samples["ignored"]
    return replace(own, inputs=inputs, samples=samples, warnings=warnings)


def merged_warnings(found: Sequence[tuple[str, str, Sequence[str]]]) -> list[str]:
    """Each warning once, with the names of its models.

    Args:
        found: of each model, its name, what its own warnings call it, and these.
    """
    models: dict[str, list[str]] = {}
    about: Counter[str] = Counter()
    for name, source, notes in found:
        prefix = f"{source}: "
        for note in notes:
            text = note.removeprefix(prefix)
            about[text] += text != note
            models.setdefault(text, []).append(name)
    return [
        text if len(named) == len(found) and not about[text] else f"{_named(named, len(found))}: {text}"
        for text, named in models.items()
    ]


def _named(names: Sequence[str], count: int) -> str:
    if len(names) == count:
        return f"all {count} models"
    return ", ".join(names[:_MOST_NAMED]) + (f" and {len(names) - _MOST_NAMED} more" * (len(names) > _MOST_NAMED))
