"""Compute metrics of a table, with intervals, and make them rows of a report."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lscli.api.absences import absences, group_absences
from lscli.errors import UsageError
from lscli.intervals.clusters import notes_on_clusters
from lscli.intervals.of_metrics import Resampling, intervals
from lscli.intervals.remarks import remark_on_intervals
from lscli.metrics.base import Settings
from lscli.metrics.bins import rule_of
from lscli.report import Report, Row
from lscli.summaries.evaluation import LEVEL, conclude
from lscli.summaries.evidence import evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lscli.api.reading import Reading
    from lscli.metrics.selection import Choice
    from lscli.options import CheckOptions, CompareOptions, EvaluateOptions, MeasureOptions, RecalibrateOptions, Words
    from lscli.smoothing.targets import Targets
    from lscli.table import SampleTable


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
    there = {row.metric for row in rows}
    notes, sentence = absences([choice for choice in choices if choice.metric.id not in there], tables[""], settings)
    return rows, [*notes, *group_absences(choices, rows, tables, settings)], sentence


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
    sentences = [conclude(of_all, found), remark_on_intervals(of_all), read.map_remark, read.remark, left_out]
    return Report(rows, " ".join(filter(None, sentences)), **answered)


def metric_words(metrics: Words) -> str:
    """The names of metrics as one text, separated by commas."""
    return metrics if isinstance(metrics, str) else ",".join(metrics)


def metric_settings(
    options: EvaluateOptions | MeasureOptions | CheckOptions | CompareOptions | RecalibrateOptions,
    eps: tuple[float, ...],
    targets: Targets,
    noise_rate: float | None,
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
