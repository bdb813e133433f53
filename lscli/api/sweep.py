"""The smoothed loss over a range of eps, of one model or of several on the same samples."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lscli.api import inputs, reading
from lscli.api import loss_targets as targets
from lscli.api.report_rows import measured, rows_of
from lscli.errors import InputError
from lscli.intervals.bootstrap import Bootstrap
from lscli.io.open import is_path
from lscli.io.path_roles import is_keyed, stored_shape
from lscli.metrics import select
from lscli.metrics.base import Settings
from lscli.metrics.paired import differences, paired_columns
from lscli.report import Report, Row
from lscli.summaries.sweep import verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from lscli.api.reading import Reading
    from lscli.table import SampleTable

METRICS = (
    *("loss_hard", "loss_uniform", "loss_prior", "loss_smoothed", "loss_floor", "loss_excess"),
    *("excess_overshoot", "excess_undershoot", "excess_structure", "accuracy", "confidence_mean", "logit_gap_mean"),
    *("eps_gap", "gamma", "gamma_confidence", "eps_accuracy", "smoothing_balance", "logit_gap_sd"),
    *("logit_gap_q05", "logit_gap_q25", "logit_gap_q50", "logit_gap_q75", "logit_gap_q95"),
    *("logit_gap_optimal", "above_target"),
)


def sweep(
    logits: Any,
    labels: Any = None,
    *,
    others: Any = (),
    eps: float | str | Iterable[float | str] = "0:0.5:0.05",
    smoothing: str = "uniform",
    prior: Any = None,
    class_weights: Any = None,
    weight_mode: str = "torch",
    allow_negative_eps: bool = False,
    ci: bool = False,
    bootstrap: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    weights: Any = None,
    groups: Any = None,
    group_by: str | None = None,
    ignore_index: int = -100,
    nonfinite: str = "error",
    masked_classes: str = "auto",
    kind: str = "logits",
    binary: bool = False,
    flatten: bool = False,
    logits_key: str | None = None,
    labels_key: str | None = None,
    labels_column: str | None = None,
    input_format: str | None = None,
    dtype: str | None = None,
    allow_trailing: bool = False,
    device: str = "auto",
    kernel: str = "auto",
    threads: int | None = None,
    chunk_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """The smoothed loss, its floor and its excess over a range of eps, and which eps these logits imply.

    The loss is a straight line in eps, so that one pass gives all of it. The conclusion says whether the model is
    over- or under-smoothed, where the interval of smoothing_balance allows to say so.

    Args:
        logits: [N, K], as for `lscli.evaluate`; the baseline where there are others.
        labels: [N]. May be left out where one file holds both.
        others: logits of further models for the same samples, [N, K] each. Their rows follow, each model's with
            loss_difference, its smoothed loss less the baseline's sample by sample, and loss_flip_eps. Samples that
            only one of the two keeps are left out of these.
        eps: amounts of label smoothing in [0, 1]; `"0:0.5:0.05"` is a range.

    All other arguments are those of `lscli.evaluate`.

    Returns:
        A Report. Of models of the same name, the second is called `name (2)`.

    Raises:
        InputError: also where the models have another number of samples or classes, or labels of their own that differ.
        UsageError, ReadWriteError, EngineError: as `lscli.evaluate`.
    """
    given = {name: value for name, value in locals().items() if name in DEFAULTS}
    options = cast("targets.TargetOptions", {name: given[name] for name in targets.DEFAULTS})
    settings = Settings(
        eps=targets.parse_eps(eps, allow_negative=allow_negative_eps), targets=targets.check(options, masked_classes)
    )
    resampling = Bootstrap(bootstrap, seed, level).checked()
    models = [logits, *_several(others)]
    _check_shapes(models, logits_key)
    choices, pairs = select(METRICS), select("paired")
    columns = frozenset[str]().union(*(choice.columns(settings) for choice in choices))
    if len(models) > 1:
        columns |= paired_columns(settings) | {"label"}
    how = cast("inputs.Options", {name: given[name] for name in inputs.DEFAULTS})
    rows: list[Row] = []
    notes: list[str] = []
    baseline: Reading | None = None
    for model in models:
        read = _read(model, logits, labels, columns, how, options)
        settings = settings._replace(targets=read.targets)
        read.source = _distinct(read.source, {row.source for row in rows})
        for group, table in read.tables.items():
            found = measured(table, choices, settings, resampling if ci else None, threads, progress)
            rows.extend(rows_of(read.source, group, table, found))
            pair = None if baseline is None else _pair(baseline, read, group, notes)
            if pair is not None:
                found = measured(pair, pairs, settings, resampling if ci else None, threads, progress)
                rows.extend(rows_of(read.source, group, pair, found))
        if baseline is None:
            baseline = read
        else:
            notes.extend(note for note in read.provenance.warnings if note not in baseline.provenance.warnings)
            entries = [entry for entry in read.provenance.inputs if entry["role"] == "logits"]
            baseline.provenance = replace(baseline.provenance, inputs=[*baseline.provenance.inputs, *entries])
    assert baseline is not None  # noqa: S101  # there is a first model
    baseline.with_settings(given, DEFAULTS, {"eps": list(settings.eps)})
    baseline.warn(notes)
    return Report(rows, verdict([row for row in rows if not row.group], level), **baseline.provenance.fields())


DEFAULTS: Mapping[str, Any] = {name: value for name, value in (sweep.__kwdefaults__ or {}).items() if name != "others"}


def _several(others: Any) -> Sequence[Any]:
    """Further models, which may be one alone: a path, or an array of rows."""
    alone = is_path(others) or getattr(others, "ndim", 0) == 2
    return [others] if alone else list(others or ())


def _check_shapes(models: Sequence[Any], logits_key: str | None) -> None:
    """Refuse models of other samples or classes before any is read; a header that says nothing is not the matter here.

    Raises:
        InputError: two shapes differ.
    """
    if len(models) < 2:
        return
    names = [os.fsdecode(model) if is_path(model) else f"model {place}" for place, model in enumerate(models)]
    shapes = [_shape(model, logits_key) for model in models]
    for name, shape in zip(names[1:], shapes[1:], strict=True):
        if shape and shapes[0] and len(shape) == len(shapes[0]) == 2 and shape != shapes[0]:
            raise InputError(
                f"has logits of shape {shape}, {names[0]} of {shapes[0]}",
                "models are compared on the same samples and classes",
                where=name,
            )


def _shape(model: Any, logits_key: str | None) -> tuple[int, ...] | None:
    if is_path(model):
        return stored_shape(model, logits_key, "logits")
    try:
        return tuple(np.shape(model))
    except ValueError:  # lists that are no array
        return None


def _read(
    model: Any, first: Any, labels: Any, columns: frozenset[str], how: inputs.Options, options: targets.TargetOptions
) -> Reading:
    """The samples of a model, with the labels of all, or those of its own archive, or those of the first's."""
    if labels is None and model is not first and not _has_labels(model, how["labels_key"]):
        labels, how = first, {**how, "labels_key": how["labels_key"] or "labels"}
    return reading.read(model, labels, columns, how, against=options)


def _has_labels(model: Any, labels_key: str | None) -> bool:
    if not is_path(model) or not is_keyed(model):
        return False
    return len(stored_shape(model, labels_key or "labels", "labels") or ()) == 1


def _distinct(name: str, taken: Collection[str]) -> str:
    """The name, with a number where it is taken."""
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    return name if name not in taken else next(new for new in numbered if new not in taken)


def _pair(baseline: Reading, read: Reading, group: str, notes: list[str]) -> SampleTable | None:
    """The differences to the baseline of the samples of a group that both keep; None where there are none.

    Raises:
        InputError: the models have labels of their own that differ, or no sample in common.
    """
    one, other = baseline.tables.get(group), read.tables[group]
    if one is None:
        return None
    if not np.array_equal(one["row"], other["row"]):
        one, other = one.select(np.isin(one["row"], other["row"])), other.select(np.isin(other["row"], one["row"]))
        if not group:
            notes.append(f"{read.source}: compared with {baseline.source} on the {len(one)} rows that both keep")
    if not len(one) or not one.total:
        if not group:
            raise InputError(f"keeps no row that {baseline.source} keeps", "look at both", where=read.source)
        return None
    differ = one["label"] != other["label"]
    if differ.any():
        raise InputError(
            f"its label of row {one['row'][differ.argmax()]} is not that of {baseline.source}",
            "models are compared on the same samples: give their labels once, as the last path",
            where=read.source,
        )
    return differences(one, other, read.targets)
