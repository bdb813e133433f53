"""The selection of metrics by name, as `--metrics` takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import UsageError
from lscli.metrics.bounds import bounded_values
from lscli.metrics.catalogue import FAMILIES, METRICS, find
from lscli.smoothing.checks import check_eps, check_share
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lscli.metrics.base import Metric, Settings, Value
    from lscli.table import SampleTable

_SETS = ("default", "all")
_WHERE = "metrics"


class Choice(NamedTuple):
    """A metric that was selected.

    Attributes:
        argument: the number after `@`, or None.
        named: the metric was selected by its id, so that its absence is worth a warning.
    """

    metric: Metric
    argument: float | None = None
    named: bool = False

    def columns(self, settings: Settings) -> frozenset[str]:
        """The columns that the metric reads with these settings."""
        return self.metric.columns_for(self.settings(settings))

    def values(self, table: SampleTable, settings: Settings) -> Sequence[Value]:
        """The values of the metric, or its bounds; none if the table lacks a column or the metric does not apply."""
        if not self.metric.has_sums(table):
            return []
        own = self.settings(settings)
        if table.has(self.columns(settings)):
            return self.metric.values(table, own)
        return bounded_values(self.metric, table, own)

    def settings(self, settings: Settings) -> Settings:
        """The settings, with the argument of this choice."""
        if self.argument is None:
            return settings
        given: Any = (self.argument,) if self.metric.parameter == "eps" else self.argument
        return settings._replace(**{self.metric.parameter: given})


def select(names: str | Iterable[str], *, allow_negative_eps: bool = False, intervals: bool = False) -> list[Choice]:
    """The metrics that these names select, in the order of the names; a set or a family is in the catalogue's order.

    Args:
        names: ids, families, `default` or `all`, comma-separated or several strings; `id@number` sets the metric's
            parameter. Families and `all` are without the metrics that are selected by name only.
        allow_negative_eps: an eps may be below 0.
        intervals: the values are given with intervals, so that the default set has more metrics.

    A metric that several names select has the place of the first.

    Raises:
        UsageError: a name is unknown, a metric takes no parameter, or the value of a parameter is out of range.
    """
    words = [w.strip() for part in ([names] if isinstance(names, str) else names) for w in part.split(",")]
    chosen: dict[tuple[str, float | None], Choice] = {}
    for word in filter(None, words):
        for choice in _choices(word, allow_negative_eps, intervals):
            key = choice.metric.id, choice.argument
            if key not in chosen or choice.named:
                chosen[key] = choice
    if not chosen:
        raise UsageError("no metric is named", "leave --metrics out for the default set", where=_WHERE)
    return list(chosen.values())


def _choices(word: str, allow_negative_eps: bool, intervals: bool) -> list[Choice]:
    if word == "default":
        sets = ("default", "ci") if intervals else ("default",)
        return [Choice(metric) for metric in METRICS.values() if metric.chosen_by in sets]
    if word == "all":
        return [Choice(metric) for metric in METRICS.values() if metric.chosen_by != "name"]
    if word in FAMILIES:
        named = word in METRICS  # one word for a metric and its family: both are meant
        return [Choice(metric, named=named) for metric in FAMILIES[word].metrics if metric.chosen_by != "name"]
    metric_id, at, argument = word.partition("@")
    metric = find(metric_id)
    if metric is None:
        from lscli.metrics.everyday_names import meant  # imported only after an error

        hint = meant(word) or nearest(metric_id, [*METRICS, *FAMILIES, *_SETS]) or "see lscli metrics"
        raise UsageError(f"unknown metric {metric_id!r}", hint, where=_WHERE)
    if not at:
        return [Choice(metric, named=True)]
    if not metric.parameter:
        raise UsageError(f"{metric_id} takes no parameter", f"write {metric_id} alone", where=_WHERE)
    where = f"{_WHERE}: {metric.parameter}"
    if metric.parameter == "eps":
        amount = check_eps(argument, allow_negative=allow_negative_eps, before=f"{metric_id}@", where=where)
    else:
        amount = check_share(argument, f"{metric_id}@", where)
        if metric.parameter == "rho" and amount == 1:
            raise UsageError("must be below 1, got 1", f"for example {metric_id}@0.1", where=where)
    return [Choice(metric, amount, named=True)]
