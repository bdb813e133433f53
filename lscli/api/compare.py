"""Several models on the same samples: which is better, by how much, and whether it is noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lscli.api.compare_reports import compare_reports, of_reports
from lscli.api.comparison_absences import absences_of_models, untested
from lscli.api.evaluate import checked_settings, needed_sums
from lscli.api.keywords import of_models
from lscli.api.models import read_models
from lscli.api.pairs import Asked, pair_rows, without_labels
from lscli.api.report_rows import group_rows, metric_words
from lscli.decisions.comparison import Comparison, ComparisonRow, values_alone
from lscli.decisions.verdicts import judged
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.clusters import notes_on_clusters
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.paired import paired_with_each
from lscli.io.labels import NO_LABELS
from lscli.metrics.catalogue import find
from lscli.metrics.selection import select
from lscli.options import CompareOptions
from lscli.summaries.comparison import conclude

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.api.models import Models
    from lscli.metrics.base import Better, Settings
    from lscli.options import Data


@of_models(CompareOptions)
def compare(models: Any, labels: Data | Mapping[str, Data] | None, options: CompareOptions) -> Comparison:
    """Compare models on the same samples with the first of them.

    Args:
        models: the logits of each model, [N, K], or a table of samples, as for `lscli.evaluate`; by name, or in a
            list. The first is the baseline. Rows are matched by their place; K may differ. Or reports, as
            `lscli.evaluate` returns them or as paths of their JSON, which are compared by value alone.
        labels: [N], of all models; or by the names of the models, of each. Optional if the files of all hold them, or
            that of the first.

    Returns:
        A listing, one row per metric, group and model but the first: paired differences, with their intervals,
        p-values and verdicts. Rows that one model leaves out are left out of all.

    Raises:
        UsageError: as `lscli.evaluate`, or one model alone, or names that are not as many as the models.
        InputError: as `lscli.evaluate`, or models that differ in their number of samples, or in labels, weights or
            clusters, or that keep no row in common.
        ReadWriteError, EngineError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> models = {"hard": "sample_data/logits.npy", "smoothed": "sample_data/logits_smoothed.npy"}
        >>> comparison = lscli.compare(models, "sample_data/labels.npy", metrics="accuracy,brier")
        >>> [(row.metric, round(row.difference, 4), row.verdict) for row in comparison.rows]
        [('accuracy', 0.0166, 'better'), ('brier', -0.0036, 'no difference shown')]
    """
    if of_reports(models):
        return compare_reports(models, labels, options)
    settings = checked_settings(options)
    words = metric_words(options.metrics)
    if options.no_labels:
        words, labels = without_labels(words, models, labels, options), cast("Data", NO_LABELS)
    choices = select(words, allow_negative_eps=options.allow_negative_eps, intervals=True)
    asked = Asked.of(choices)
    columns = asked.columns.union(*(choice.columns(settings) for choice in asked.own))
    sums = needed_sums(asked.own, settings)
    read = read_models(models, labels, columns, options, settings.positive_class, options.names, **sums)
    first = read.readings[0]
    settings = settings._replace(targets=first.targets, given=first.given)
    resampling = _resampling(options)
    rows, equivalent = _paired(read, asked, settings, options, resampling)
    values = [
        row
        for group, tables in read.tables.items()
        for name, table in zip(read.names, tables, strict=True)
        for row in group_rows(name, group, table, asked.own, settings, Resampling(None, None, None))
    ]
    rows = judged(rows, equivalent, options.level, _better) if options.intervals else values_alone(values, read.names)
    absent = absences_of_models(asked.own, rows, values, read, settings)
    if options.intervals:
        absent += [*untested(asked.own, rows, read), *notes_on_clusters(first.all.clusters, first.clusters_by_group)]
    data = [*models.values()] if isinstance(models, Mapping) else [*models]
    of_pairs, notes = pair_rows(data, labels, read, asked, settings, options, resampling)
    rows += of_pairs
    return Comparison(
        rows=rows,
        conclusion=conclude(rows, read.names, options.level, options.margin),
        models=read.names,
        reports=values,
        **first.answered(options, {"eps": list(settings.eps), "metrics": words}, [*absent, *notes]),
    )


def compared(
    models: Sequence[Any], labels: Any, read: Models, asked: Asked, settings: Settings, options: CompareOptions
) -> tuple[list[ComparisonRow], list[str]]:
    """The judged differences of models that are read, and notes on metrics that are absent.

    Args:
        models, labels: the data that was read, for metrics that look at the logits of two models together.
        read: the models.
        asked: the metrics.
        settings: the settings of the metrics.
        options: the options of the question.
    """
    resampling = _resampling(options)
    rows, equivalent = _paired(read, asked, settings, options, resampling)
    of_pairs, notes = pair_rows(models, labels, read, asked, settings, options, resampling)
    return [*judged(rows, equivalent, options.level, _better), *of_pairs], notes


def _resampling(options: CompareOptions) -> Resampling:
    bootstrap = Bootstrap(options.bootstrap, options.seed, options.level) if options.intervals else None
    return Resampling(bootstrap, options.threads, options.progress)


def _paired(
    read: Models, asked: Asked, settings: Settings, options: CompareOptions, resampling: Resampling
) -> tuple[list[ComparisonRow], list[float]]:
    """The differences of each model and group, and the p-values of their equivalence."""
    rows: list[ComparisonRow] = []
    equivalent: list[float] = []
    for group, (baseline, *others) in read.tables.items() if options.intervals else ():
        found = paired_with_each(baseline, others, asked.own, settings, resampling, options.margin)
        for name, own in zip(read.names[1:], found, strict=True):
            for d in own:
                numbers = d.value, d.baseline, d.difference, d.ci_low, d.ci_high, d.p_value
                rows.append(ComparisonRow(name, group, d.metric, *numbers, params=d.params))
                equivalent.append(d.p_equivalent)
    return rows, equivalent


def _better(metric_id: str) -> Better:
    metric = find(metric_id)
    return "" if metric is None else metric.better
