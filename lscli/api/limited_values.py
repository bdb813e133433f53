"""The values and the differences that limits are about."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.api.saved_reports import values_of
from lscli.api.settings import shown
from lscli.metrics.bins import rule_of
from lscli.text import printable, printed, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lscli.api.reading import Reading
    from lscli.decisions.limits import Limit
    from lscli.intervals.paired import Difference
    from lscli.io.saved_report import SavedReport
    from lscli.metrics.base import Settings
    from lscli.options import CheckOptions
    from lscli.report import Row

# The settings that change what a metric means. Those of its params are compared with the params.
_SETTINGS = (
    *("kind", "bins", "bin_edges", "compat", "norm", "score", "smoothing", "positive_class", "top_label", "binary"),
    *("ignore_index", "labels_from", "nonfinite", "masked_classes", "min_prob", "soft_labels"),
)


class Limited(NamedTuple):
    """A value of a metric, with what its limit needs.

    Attributes:
        name: the metric, with the setting that tells it from its other values.
        value: of the logits.
        low, high: the interval of what is limited: of the value, or of the difference.
        baseline, difference: nan without a baseline.
    """

    name: str
    value: float
    low: float
    high: float
    baseline: float = math.nan
    difference: float = math.nan
    params: Mapping[str, Any] = {}

    def number(self, limit: Limit) -> float:
        """What is limited."""
        return self.difference if limit.of_difference else self.value


def values(limit: Limit, group: str, rows: Sequence[Row], settings: Settings) -> list[Limited]:
    """The values that a limit is about, from the rows of a report."""
    return [
        Limited(row.name, row.value, row.ci_low, row.ci_high, params=row.params)
        for row in rows
        if row.group == group and _is_of(limit, row.metric, row.params, settings)
    ]


def differences(limit: Limit, found: Sequence[Difference], settings: Settings) -> list[Limited]:
    """The paired differences to a baseline that a limit is about."""
    return [
        Limited(_named(each.metric, each.params), each.value, each.ci_low, each.ci_high, each.baseline, each.difference)
        for each in found
        if _is_of(limit, each.metric, each.params, settings)
    ]


def differences_to_saved(
    found: Sequence[Limited], limit: Limit, group: str, saved: SavedReport
) -> tuple[list[Limited], list[str]]:
    """The differences of values to those of a saved report, which count as exact, and notes on what it lacks."""
    limited, notes = [], []
    name, where = printed(saved.name), f" for group {printed(group)}" if group else ""
    for one in found:
        baseline = _saved_value(one, limit, group, saved)
        if baseline is None:
            notes.append(f"{name}: the report has no {one.name}{where}")
            baseline = math.nan
        elif math.isnan(baseline):
            notes.append(f"{name}: {one.name}{where} is not a finite number in the report")
        difference = one.value - baseline
        limited.append(
            one._replace(low=one.low - baseline, high=one.high - baseline, baseline=baseline, difference=difference)
        )
    return limited, notes


def notes_on_settings(saved: SavedReport, read: Reading, options: CheckOptions, settings: Settings) -> Iterator[str]:
    """What a reader must know about a saved baseline: that it counts as exact, and what else differs from this run."""
    name = printed(saved.name)
    if options.strict:
        yield f"{name}: its values count as exact, so that the intervals are those of the new values alone"
    used = {"positive_class": settings.positive_class, "bins": rule_of(settings).params["bins"], **read.used}
    differ = []
    for key in _SETTINGS:
        own = shown(used.get(key, getattr(options, key)))
        if key in saved.settings and saved.settings[key] != own:
            differ.append(f"{key} ({_said(saved.settings[key])} there, {_said(own)} here)")
    if differ:
        yield f"{name}: the report has other settings: {', '.join(differ)}"
    sizes = {row.group: row.n for row in saved.rows}
    for group, table in read.tables.items():
        size = sizes.get(group)
        if size is not None and size == size and size != table.total:
            where = f" in group {printed(group)}" if group else ""
            yield f"{name}: the report is of {size:,.10g} samples{where}, and this check of {table.total:,.10g}"


def _said(value: Any) -> str:
    return "none" if value is None else printable(said(value))[:40]


def _saved_value(one: Limited, limit: Limit, group: str, saved: SavedReport) -> float | None:
    """The value of the same metric with the same params; or, without a parameter after `@`, with other ones."""
    metric = limit.choice.metric
    text = ";".join(f"{key}={value}" for key, value in one.params.items())
    saved_values = values_of(saved)
    exact = saved_values.get((group, metric.id, text))
    if exact is not None:
        return exact
    first = text.partition(";")[0] if metric.parameter else ""
    others = [
        value
        for (of, name, params), value in saved_values.items()
        if of == group and name == metric.id and params.startswith(first) and "bound=" not in params + text
    ]
    return others[0] if len(others) == 1 else None


def _is_of(limit: Limit, metric: str, params: Mapping[str, Any], settings: Settings) -> bool:
    """Whether a value is one of a limit: of its metric, with the number after `@`, or else that of the settings."""
    choice = limit.choice
    if metric != choice.metric.id:
        return False
    if not choice.metric.parameter:
        return True
    asked = getattr(choice.settings(settings), choice.metric.parameter)
    return next(iter(params.values()), None) in (asked if isinstance(asked, tuple) else (asked,))


def _named(metric: str, params: Mapping[str, Any]) -> str:
    first = next(iter(params.values()), None)
    return metric if first is None else f"{metric}@{first}"
