"""Compute metrics of a table, with intervals, and make them rows of a report."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import UsageError
from lscli.intervals.bootstrap import Bootstrap, interval, resampled
from lscli.intervals.clusters import mean_interval, notes_on_clusters, widened
from lscli.limits import memory_limit, processors
from lscli.metrics import ensemble
from lscli.metrics.base import Settings
from lscli.metrics.bins import rule_of
from lscli.metrics.bounds import lacks_bounds
from lscli.report import Report, Row
from lscli.summaries.evaluation import conclude
from lscli.table import NO_LOGITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.api.reading import Reading
    from lscli.metrics.base import Metric, Value
    from lscli.metrics.selection import Choice
    from lscli.options import (
        CalibrationOptions,
        EvaluateOptions,
        IntervalOptions,
        MeasureOptions,
        Progress,
        ThreadOptions,
        Words,
    )
    from lscli.smoothing.targets import Targets
    from lscli.table import SampleTable

    Array = NDArray[Any]

# The most bytes per sample that a resample takes, measured. The data that all resamples share take as many.
_RESAMPLE = 128


class Resampling(NamedTuple):
    """How intervals are computed.

    Attributes:
        bootstrap: the resamples; None for no intervals.
        threads: the number of threads; None for as many as are fast and fit into memory.
        progress: called with the number of resamples that are done, and of all resamples.
    """

    bootstrap: Bootstrap | None
    threads: int | None
    progress: Progress | None

    @classmethod
    def of(cls, intervals: IntervalOptions, work: ThreadOptions) -> Resampling:
        """The resampling that the options select."""
        bootstrap = Bootstrap(intervals.bootstrap, intervals.seed, intervals.level) if intervals.ci else None
        return cls(bootstrap, work.threads, work.progress)


def group_rows(
    source: str, group: str, table: SampleTable, choices: Sequence[Choice], settings: Settings, resampling: Resampling
) -> list[Row]:
    """The rows of a report for one group of a source; with intervals if the resampling has a bootstrap."""
    values = [(choice, choice.values(table, settings)) for choice in choices]
    shared: list[Choice] = []
    drawn: Iterator[Array] = iter(())
    bootstrap = resampling.bootstrap
    if bootstrap is not None and (table.cluster is None or table.clusters > 1):
        shared = [
            choice
            for choice, found in values
            if not all(value.clusters for value in found) and not (choice.metric.by_class or _constant(choice, found))
        ]

        def compute(resample: SampleTable) -> list[float]:
            return [value.value for choice in shared for value in choice.values(resample, settings)]

        if shared:
            threads = resampling.threads or _threads(len(table))
            drawn = iter(resampled(table, compute, bootstrap, threads, resampling.progress).T)
    n = int(table.total) if table.total.is_integer() else table.total
    rows = []
    for choice, found in values:
        for value in found:
            low, high = math.nan, math.nan
            if bootstrap is not None:
                of_resamples = next(drawn) if choice in shared else None
                low, high = _interval(table, choice.metric, value, of_resamples, bootstrap.level)
            rows.append(Row(source, group, choice.metric.id, value.value, value.stderr, low, high, n, value.params))
    return rows


def _interval(
    table: SampleTable, metric: Metric, value: Value, drawn: Array | None, level: float
) -> tuple[float, float]:
    """The interval of a value; nan if it has none.

    For a mean over clusters, it is computed from the standard error; for all other values, from the resamples.

    Args:
        table: the samples.
        metric: what the value is of.
        value: with its standard error.
        drawn: the values of the resamples, [resamples]; None without any.
        level: the level of the interval.
    """
    if value.clusters:
        low, high = mean_interval(value.value, value.stderr, value.clusters, level)
    elif drawn is None:
        return math.nan, math.nan
    else:
        low, high = interval(value.value, drawn, level, biased=metric.biased)
        if table.cluster is None:
            return low, high
        low, high = widened((low, high), value.value, table.clusters, level)
        low = max(low, 0.0) if metric.biased else low
    least, most = metric.within
    return max(low, least), min(high, most)


def _threads(samples: int) -> int:
    """The number of threads that fit into memory; 0 means that the main thread does the work."""
    limit, most = memory_limit(), processors()
    return most if limit is None else limit.threads(most, _RESAMPLE * samples, _RESAMPLE * samples)


def _constant(choice: Choice, found: Sequence[Value]) -> bool:
    """Whether the metric is a constant and has no interval. A floor is, unless it depends on the label."""
    return choice.metric.constant and all(math.isnan(value.stderr) for value in found)


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
    lacking = [choice for choice in absent if table.lacks and _lacks_columns(choice, settings, table)]
    notes = [
        f"{choice.metric.id} is absent: {_reason(choice, settings, table)}"
        for choice in absent
        if choice.named and choice not in lacking
    ]
    named = list(dict.fromkeys(choice.metric.id for choice in lacking if choice.named))
    others = list(dict.fromkeys(choice.metric.id for choice in lacking if not choice.named))
    if named:
        notes.append(f"{', '.join(named)} {'are' if len(named) > 1 else 'is'} absent: {table.lacks}")
    return rows, notes, f"Absent, because {table.lacks}: {', '.join(others)}." if others else ""


def _lacks_columns(choice: Choice, settings: Settings, table: SampleTable) -> bool:
    """Whether a metric is absent because the table does not have what it reads."""
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
    sentences = [conclude([row for row in rows if not row.group], clusters), read.remark, left_out]
    return Report(rows, " ".join(filter(None, sentences)), **answered)


def _reason(choice: Choice, settings: Settings, table: SampleTable) -> str:
    """Why a metric that was named is absent."""
    if table.num_classes is None:
        return NO_LOGITS
    reason = _without_setting(choice, settings)
    if reason:
        return reason
    known = {name.partition("@")[0] for name in table.columns}  # if only within bounds
    missing = sorted(choice.columns(settings) - known)
    if missing:
        return f"the table has no column {', '.join(missing)}"
    if choice.metric.by_class and table.classes is None:
        return "the table has no sums by class"
    return f"it does not apply to K = {table.num_classes} classes"


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
    options: CalibrationOptions, eps: tuple[float, ...], targets: Targets, noise_rate: float | None
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
