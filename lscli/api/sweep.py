"""The smoothed loss over a range of eps, for one model or for several models on the same samples."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lscli.api import soft_metrics
from lscli.api.keywords import of_logits
from lscli.api.loss_targets import declared_targets, parse_eps
from lscli.api.models import check_same_labels, check_shapes, read_model
from lscli.api.report_rows import group_rows
from lscli.checked_options import items
from lscli.errors import InputError, UsageError
from lscli.intervals.clusters import notes_on_clusters
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.pairs import in_common
from lscli.io.argument import is_path
from lscli.io.model_names import free
from lscli.io.stdin import opened_again
from lscli.metrics.base import Settings
from lscli.metrics.paired import differences, paired_columns
from lscli.metrics.selection import select
from lscli.options import SweepOptions
from lscli.report import Report, Row
from lscli.summaries.evidence import Evidence, evidence
from lscli.summaries.sweep import verdict
from lscli.table import SampleTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.api.reading import Reading
    from lscli.options import Data

METRICS = (
    *("loss_hard", "loss_uniform", "loss_prior", "loss_smoothed", "loss_floor", "loss_excess"),
    *("excess_overshoot", "excess_undershoot", "excess_structure", "accuracy", "confidence_mean", "logit_gap_mean"),
    *("eps_gap", "gamma", "gamma_confidence", "eps_accuracy", "smoothing_balance", "logit_gap_sd"),
    "off_label_entropy",
    *("logit_gap_q05", "logit_gap_q25", "logit_gap_q50", "logit_gap_q75", "logit_gap_q95"),
    *("logit_gap_optimal", "above_target"),
)


@of_logits(SweepOptions)
def sweep(logits: Data, labels: Data | None, options: SweepOptions) -> Report:
    """Compute the smoothed loss, its floor and its excess over a range of eps, and the eps that the logits imply.

    The loss is linear in eps, so one pass gives the whole curve. The conclusion says whether the model is over- or
    under-confident, if that is beyond noise, and over- or under-smoothed only if the logits look smoothed.

    Args:
        logits: [N, K], as for `lscli.evaluate`; the baseline of `others`.
        labels: [N], or with `soft_labels` distributions [N, K]. Optional if one file holds both.

    Returns:
        A Report. The rows of each further model follow those of the baseline. They include loss_difference, the
        smoothed loss minus that of the baseline, and loss_flip_eps, both over the samples that the two models keep. A
        second model with the same name is called `name (2)`.

    Raises:
        InputError: as `lscli.evaluate`, or models that differ in their number of samples or classes, or in labels.
        UsageError, ReadWriteError, EngineError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> report = lscli.sweep("sample_data/logits_smoothed.npy", "sample_data/labels.npy", eps="0:0.2:0.1")
        >>> [(row.params["eps"], round(row.value, 3)) for row in report.rows if row.metric == "loss_excess"]
        [(0.0, 0.284), (0.1, 0.161), (0.2, 0.172)]
    """
    eps = parse_eps(options.eps, allow_negative=options.allow_negative_eps)
    targets, soft = declared_targets(options, options.masked_classes), options.soft_labels
    settings = Settings(eps=eps, targets=targets, soft_labels=soft)
    resampling = Resampling.of(options, options)
    models = [logits, *_several(options.others, getattr(logits, "ndim", 2))]
    names = [os.fsdecode(model) if is_path(model) else f"model {place}" for place, model in enumerate(models)]
    check_shapes(models, names, options, same_classes=True)
    choices, pairs = select(METRICS), select("paired")
    left_out: list[str] = []
    if soft:
        soft_metrics.check(options)
        choices, left_out = soft_metrics.split(choices, settings)
    columns = frozenset[str]().union(*(choice.columns(settings) for choice in choices))
    if len(models) > 1:
        columns |= paired_columns(settings) | (frozenset() if soft else {"label"})
        if soft and labels is None:
            what = "models can only be compared with the same soft labels, which are missing"
            raise UsageError(what, "give them as an array or a file of their own", where="labels")
    rows: list[Row] = []
    notes: list[str] = []
    clusters: list[int] = []
    found: dict[str, Evidence] = {}
    remarks: dict[str, str] = {}
    baseline: Reading | None = None
    with opened_again():  # the labels
        for model in models:
            read = read_model(model, logits, labels, columns, options, against=options, soft_labels=soft)
            settings = settings._replace(targets=read.targets)
            read.source = free(read.source, {row.source for row in rows})
            for group, table in read.tables.items():
                rows += group_rows(read.source, group, table, choices, settings, resampling)
                pair = None if baseline is None else _pair(baseline, read, group, notes)
                if not group:
                    clusters += [each.clusters for each in (table, pair) if each is not None]
                if pair is not None:
                    rows += group_rows(read.source, group, pair, pairs, settings, resampling)
            remarks.setdefault(read.map_remark, read.source)
            found[read.source] = evidence(read.all, settings, METRICS, options.level)
            if baseline is None:
                baseline = read
            else:
                notes.extend(note for note in read.provenance.warnings if note not in baseline.provenance.warnings)
                entries = [entry for entry in read.provenance.inputs if entry["role"] == "logits"]
                baseline.provenance = replace(baseline.provenance, inputs=[*baseline.provenance.inputs, *entries])
    assert baseline is not None  # noqa: S101  # there is a first model
    notes.extend(soft_metrics.notes(baseline, left_out))
    # Models may skip different rows: the fewest clusters give the widest intervals.
    notes += notes_on_clusters(min(clusters), baseline.clusters_by_group)
    conclusion = verdict([row for row in rows if not row.group], found, options.level, min(clusters))
    said = [f"{source}: {each}" if len(remarks) > 1 else each for each, source in remarks.items()]
    return Report(
        rows, " ".join(filter(None, [conclusion, *said])), **baseline.answered(options, {"eps": list(eps)}, notes)
    )


def _several(others: Any, dimensions: int) -> Sequence[Any]:
    """The further models as a list; one model may be given alone, as a path or an array of as many dimensions."""
    alone = is_path(others) or isinstance(others, SampleTable) or getattr(others, "ndim", 0) == dimensions
    if others is None or alone:
        return [others] if alone else ()
    if getattr(others, "ndim", None) is not None:  # an array of several models: `items` would make numbers of it
        return [*others] if others.ndim > dimensions else items(None, "others")
    return items(others, "others")


def _pair(baseline: Reading, read: Reading, group: str, notes: list[str]) -> SampleTable | None:
    """The differences to the baseline over the samples of a group that both models keep; None without such samples.

    Raises:
        InputError: the models have different labels, or no sample in common.
    """
    one, other = baseline.tables.get(group), read.tables[group]
    if one is None:
        return None
    kept, (one, other) = one, in_common(one, other)
    if one is not kept and not group:
        notes.append(f"{read.source}: compared with {baseline.source} on the {len(one)} rows that both keep")
    if not len(one) or not one.total:
        if not group:
            raise InputError(
                f"has no kept row in common with {baseline.source}",
                "check which rows of each are skipped or ignored",
                where=read.source,
            )
        return None
    check_same_labels(one, other, baseline.source, read.source)
    return differences(one, other, read.targets)
