"""Several models on the same samples: which is better, by how much, and whether it is noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lscli.api.keywords import of_models
from lscli.api.loss_targets import declared_targets, parse_eps
from lscli.api.models import read_models
from lscli.api.pairs import Asked, pair_rows, without_labels
from lscli.api.positive_class import positive_class
from lscli.api.report_rows import group_rows, metric_words
from lscli.decisions.comparison import Comparison, ComparisonRow
from lscli.decisions.verdicts import holm, verdict
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.paired import paired_with_each
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from lscli.metrics.selection import select
from lscli.options import CompareOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.options import Data


@of_models(CompareOptions)
def compare(models: Any, labels: Data | None, options: CompareOptions) -> Comparison:
    """Compare models on the same samples with the first of them.

    Args:
        models: the logits of each model, [N, K], as for `lscli.evaluate`; by name, or in a list.
        labels: [N], of all models. Optional if their files hold them.

    Returns:
        A listing, one row per metric, group and model but the first: paired differences, with their intervals,
        p-values and verdicts.
    """
    eps = parse_eps(options.eps, allow_negative=options.allow_negative_eps)
    number = positive_class(options, soft_labels=False)
    settings = Settings(
        eps=eps,
        targets=declared_targets(options, options.masked_classes),
        bins=options.bins,
        bin_edges=options.bin_edges,
        compat=options.compat,
        norm=options.norm,
        score=options.score,
        positive_class=number,
    )
    words = metric_words(options.metrics)
    if options.no_labels:
        words, labels = without_labels(words, models, options)
    choices = select(words, allow_negative_eps=options.allow_negative_eps, intervals=True)
    asked = Asked.of(choices)
    columns = asked.columns.union(*(choice.columns(settings) for choice in asked.own))
    read = read_models(models, labels, columns, options, number)
    first = read.readings[0]
    settings = settings._replace(targets=first.targets, given=first.given)
    resampling = Resampling(
        Bootstrap(options.bootstrap, options.seed, options.level), options.threads, options.progress
    )
    rows: list[ComparisonRow] = []
    for group, (baseline, *others) in read.tables.items():
        found = paired_with_each(baseline, others, asked.own, settings, resampling)
        of_group = [[ComparisonRow(name, group, *each) for each in own] for name, own in _named(read.names, found)]
        rows += [row for own in of_group for row in own]
    data = [*models.values()] if isinstance(models, Mapping) else [*models]
    of_pairs, notes = pair_rows(data, labels, read, asked, settings, options, resampling)
    rows += of_pairs
    values = [
        row
        for group, tables in read.tables.items()
        for name, table in zip(read.names, tables, strict=True)
        for row in group_rows(name, group, table, asked.own, settings, Resampling(None, None, None))
    ]
    return Comparison(
        rows=_judged(rows, options.level),
        models=read.names,
        reports=values,
        **first.answered(options, {"eps": list(eps), "metrics": words}, notes),
    )


def _named(names: Sequence[str], found: Sequence[Sequence[Any]]) -> Any:
    for name, own in zip(names[1:], found, strict=True):
        yield (
            name,
            [
                (d.metric, d.value, d.baseline, d.difference, d.ci_low, d.ci_high, d.p_value, d.p_value, "", d.params)
                for d in own
            ],
        )


def _judged(rows: Sequence[ComparisonRow], level: float) -> list[ComparisonRow]:
    """The rows with adjusted p-values and verdicts; the models of a metric and group are one set of tests."""
    tests: dict[tuple[str, str, str], list[int]] = {}
    for place, row in enumerate(rows):
        tests.setdefault((row.group, row.metric, row.named), []).append(place)
    found = [*rows]
    for places in tests.values():
        for place, p in zip(places, holm([rows[place].p_value for place in places]), strict=True):
            row = rows[place]
            better = METRICS[row.metric].better if row.metric in METRICS else "higher"
            found[place] = row._replace(p_adjusted=p, verdict=verdict(row.difference, p, better, level))
    return found
