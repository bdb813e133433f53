"""The order of compared models by a metric, a row a model, and the metrics that a verdict is asked of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from lscli.api.report_rows import metric_words
from lscli.api.wide import wide
from lscli.errors import UsageError
from lscli.metrics.catalogue import find
from lscli.metrics.selection import select
from lscli.report import Report
from lscli.text import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.decisions.comparison import Comparison
    from lscli.listings import Wide
    from lscli.options import CompareOptions, Words


def check_shown(names: Sequence[str], options: CompareOptions, where: str) -> None:
    """Check that each name is that of a metric which is compared.

    Raises:
        UsageError: it is not; the hint names those that are.
    """
    choices = select(metric_words(options.metrics), allow_negative_eps=options.allow_negative_eps, intervals=True)
    shown = dict.fromkeys(choice.metric.id for choice in choices)
    for name in names:
        bare = name.partition("@")[0]
        if bare not in shown:
            known = "" if find(bare) is None else f"also name it in --metrics, or take one of: {listed(shown)}"
            hint = known or nearest(bare, shown) or f"take one of: {listed(shown)}"
            raise UsageError("this metric is not compared", hint, where=where)


def regression_metrics(given: Words, options: CompareOptions) -> list[str]:
    """The names of metrics whose verdicts decide.

    Raises:
        UsageError: there is none, it is not compared, or no value of it is better than another.
    """
    names = [word.strip() for word in metric_words(given).split(",") if word.strip()]
    where = "fail-on-regression"
    if not names:
        raise UsageError("no metric is named", "name one or more, with commas between them: ece,loss_hard", where=where)
    check_shown(names, options, where)
    for name in names:
        metric = find(name.partition("@")[0])
        if metric is not None and not metric.better:
            what = f"no value of {metric.id} is better than another, so there is no verdict on it"
            raise UsageError(what, "name a loss, an error or the accuracy", where=where)
    return names


def best_first(comparison: Comparison, metric: str) -> list[str]:
    """The names of all models by a metric of all samples, the best first; those without a value come last.

    Raises:
        UsageError: the metric has no value, or several.
    """
    rows = [row for row in comparison.reports if not row.group and metric in (row.metric, row.name)]
    rows = rows or [row.as_row(0) for row in comparison.rows if not row.group and metric in (row.metric, row.name)]
    if not rows:
        known = list(dict.fromkeys(row.name for row in comparison.rows))
        raise UsageError("this metric has no value here", nearest(metric, known) or "sort by another", where="sort")
    names = list(dict.fromkeys(row.name for row in rows))
    if len(rows) > len({row.source for row in rows}):
        raise UsageError("this metric has several values", f"take one of: {listed(names)}", where="sort")
    found = find(metric.partition("@")[0])
    sign = -1 if found is not None and found.better == "higher" else 1
    values = {row.source: sign * row.value for row in rows}
    # A metric of the pair has no value of the baseline, which comes last.
    return sorted(comparison.models, key=lambda name: (math.isnan(values.get(name, math.nan)), values.get(name, 0)))


def row_per_model(comparison: Comparison, models: Sequence[str], sorted_by: str = "") -> Wide:
    """The values of the models in this order, a row a model, and the name of the baseline."""
    sizes = {row.group: row.n for row in comparison.reports}
    rows = [*comparison.reports, *(row.as_row(sizes[row.group]) for row in comparison.rows if row.of_the_pair)]
    place = {name: at for at, name in enumerate(models)}
    groups = {group: at for at, group in enumerate(sizes)}
    rows.sort(key=lambda row: (groups[row.group], place[row.source]))
    found = wide(Report(rows, "", **comparison.fields()))
    return replace(found, sorted_by=sorted_by, conclusion=f"The baseline is {comparison.models[0]}.")
