"""Compute metrics of a table, with intervals, and make them rows of a report."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lscli.errors import UsageError
from lscli.intervals.clusters import notes_on_clusters
from lscli.intervals.of_metrics import Resampling, intervals
from lscli.intervals.remarks import remark_on_intervals
from lscli.metrics import ensemble
from lscli.metrics.base import Settings
from lscli.metrics.bins import rule_of
from lscli.metrics.bounds import lacks_bounds
from lscli.report import Report, Row
from lscli.summaries.evaluation import LEVEL, conclude
from lscli.summaries.evidence import evidence
from lscli.table import NO_LOGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lscli.api.reading import Reading
    from lscli.metrics.selection import Choice
    from lscli.options import EvaluateOptions, MeasureOptions, Words
    from lscli.smoothing.targets import Targets
    from lscli.table import SampleTable

# Why a metric of independent samples is absent.
_CLUSTERED = "samples in clusters are not independent"


def group_rows(
    source: str, group: str, table: SampleTable, choices: Sequence[Choice], settings: Settings, resampling: Resampling
) -> list[Row]:
    """The rows of a report for one group of a source; with intervals if the resampling has a bootstrap."""
    found = [(choice, choice.values(table, settings)) for choice in choices]
    n = int(table.total) if table.total.is_integer() else table.total
    bounds = intervals(table, found, settings, resampling)
    return [
        Row(source, group, choice.metric.id, value.value, value.stderr, *next(bounds), n, value.params)
        for choice, values in found
        for value in values
    ]


def measured_rows(
    source: str,
    tables: Mapping[str, SampleTable],
    choices: Sequence[Choice],
    settings: Settings,
    resampling: Resampling,
) -> tuple[list[Row], list[str], str]:
    """The rows of all groups, notes on metrics that were named and are absent, and a sentence on those of the defaults.

    Args:
        source: the name of the logits.
        tables: by group, all samples ("") first.
        choices: the metrics.
        settings: the settings of the metrics.
        resampling: how intervals are computed.
    """
    rows: list[Row] = []
    for group, table in tables.items():
        rows += group_rows(source, group, table, choices, settings, resampling)
    there, table = {row.metric for row in rows}, tables[""]
    absent = [choice for choice in choices if choice.metric.id not in there]
    clustered = [choice for choice in absent if choice.metric.independent and table.cluster is not None]
    lacking = [
        choice
        for choice in absent
        if choice not in clustered and table.lacks and _lacks_columns(choice, settings, table)
    ]
    notes = [
        f"{choice.metric.id} is absent: {_reason(choice, settings, table)}"
        for choice in absent
        if choice.named and choice not in clustered and choice not in lacking
    ]
    sentences = []
    for why, choices_of_it in ((table.lacks, lacking), (_CLUSTERED, clustered)):
        named = list(dict.fromkeys(choice.metric.id for choice in choices_of_it if choice.named))
        others = list(dict.fromkeys(choice.metric.id for choice in choices_of_it if not choice.named))
        if named:
            notes.append(f"{', '.join(named)} {'are' if len(named) > 1 else 'is'} absent: {why}")
        if others:
            sentences.append(f"Absent, because {why}: {', '.join(others)}.")
    return rows, notes, " ".join(sentences)


def _lacks_columns(choice: Choice, settings: Settings, table: SampleTable) -> bool:
    """Whether a metric is absent because the table does not have what it reads."""
    if _clustered(choice, table):
        return False
    if table.num_classes is None and choice.named:
        return True
    if _without_setting(choice, settings):
        return False
    own = choice.settings(settings)
    return choice.metric.by_class or (
        not table.has(choice.columns(settings)) and lacks_bounds(choice.metric, table, own)
    )


def report(
    read: Reading,
    choices: Sequence[Choice],
    settings: Settings,
    options: EvaluateOptions | MeasureOptions,
    used: Mapping[str, Any] = MappingProxyType({}),
    notes: Iterable[str] = (),
) -> Report:
    """The report of these metrics.

    Args:
        read: the samples.
        choices: the metrics.
        settings: the settings of the metrics.
        options: the options of the question.
        used: further values that were used instead of those in the options.
        notes: further warnings, before those about absent metrics.

    Raises:
        UsageError: there are no logits, and no metric can be computed without them.
    """
    rows, absent, left_out = measured_rows(read.source, read.tables, choices, settings, Resampling.of(options, options))
    words = metric_words(options.metrics)
    if not rows and read.num_classes == 0:
        hint = "for the metrics of confidences, say --metrics default"
        raise UsageError(f"none of these can be computed without logits: {words}", hint, where="metrics")
    clusters = read.all.clusters
    used = {"eps": list(settings.eps), "metrics": words, "bins": rule_of(settings).params["bins"], **used}
    answered = read.answered(options, used, [*notes, *absent, *notes_on_clusters(clusters, read.clusters_by_group)])
    of_all = [row for row in rows if not row.group]
    found = evidence(read.all, settings, {row.metric for row in of_all}, LEVEL)
    sentences = [conclude(of_all, found), remark_on_intervals(of_all), read.remark, left_out]
    return Report(rows, " ".join(filter(None, sentences)), **answered)


def _reason(choice: Choice, settings: Settings, table: SampleTable) -> str:
    """Why a metric that was named is absent."""
    if _clustered(choice, table):
        return "the samples are in clusters, and it is the p-value of independent samples"
    if table.num_classes is None:
        return NO_LOGITS
    reason = _without_setting(choice, settings)
    if reason:
        return reason
    if choice.metric.reason is not None and choice.metric.reason(table):
        return choice.metric.reason(table)
    known = {name.partition("@")[0] for name in table.columns}  # if only within bounds
    missing = sorted(choice.columns(settings) - known)
    if missing:
        return f"the table has no column {', '.join(missing)}"
    if not choice.metric.has_sums(table):
        return "the table has no sums by class"
    return f"it does not apply to K = {table.num_classes} classes"


def _clustered(choice: Choice, table: SampleTable) -> bool:
    """Whether a metric is absent because the samples belong together."""
    return choice.metric.id == "ece_p" and table.cluster is not None


def _without_setting(choice: Choice, settings: Settings) -> str:
    """Why a metric is absent whatever the table has; empty if it is not."""
    metric = choice.metric.id
    if metric == "loss_prior":
        return "there is no prior"
    if metric == "loss_noise_corrected" and settings.rho is None:
        return "there is no noise rate"
    if metric in ("loss_difference", "loss_flip_eps"):
        return "there is one model; lscli sweep takes several"
    if metric in ensemble.COLUMNS:
        return "there is one member; for the files of several, say --ensemble"
    if settings.targets.class_weighted and metric.startswith("excess_"):
        return "with class weights the excess is not split"
    if max(settings.eps) < 0:
        return "targets of a negative eps are no distribution"
    return ""


def metric_words(metrics: Words) -> str:
    """The names of metrics as one text, separated by commas."""
    return metrics if isinstance(metrics, str) else ",".join(metrics)


def metric_settings(
    options: EvaluateOptions | MeasureOptions, eps: tuple[float, ...], targets: Targets, noise_rate: float | None
) -> Settings:
    """The settings of metrics."""
    return Settings(
        eps=eps,
        targets=targets,
        rho=noise_rate,
        bins=options.bins,
        bin_edges=options.bin_edges,
        compat=options.compat,
        norm=options.norm,
        score=options.score,
    )
