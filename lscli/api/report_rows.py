"""Metrics of a table with their intervals, as rows of a report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.intervals.bootstrap import Bootstrap, interval, resampled
from lscli.limits import memory_limit, processors
from lscli.report import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lscli.metrics import Choice
    from lscli.metrics.base import Settings, Value
    from lscli.table import SampleTable

_NONE = (math.nan, math.nan)
# Bytes a sample that a resample takes at most, measured, and so does what resamples share.
_RESAMPLE = 128


class Measured(NamedTuple):
    """A value of a metric, with its interval where one was asked for."""

    metric: str
    value: Value
    interval: tuple[float, float] = _NONE


def measured(
    table: SampleTable,
    choices: Sequence[Choice],
    settings: Settings,
    resampling: Bootstrap | None,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> list[Measured]:
    """The values of metrics on a table, in their order; with intervals where a resampling is given."""
    values = [(choice, choice.values(table, settings)) for choice in choices]
    if resampling is None:
        return [Measured(choice.metric.id, value) for choice, found in values for value in found]
    shared = [choice for choice, found in values if found and not (choice.metric.by_class or _constant(choice, found))]

    def compute(resample: SampleTable) -> list[float]:
        return [value.value for choice in shared for value in choice.values(resample, settings)]

    drawn = iter(resampled(table, compute, resampling, threads or _threads(len(table)), progress).T)
    return [
        Measured(
            choice.metric.id,
            value,
            interval(value.value, next(drawn), resampling.level, biased=choice.metric.biased)
            if choice in shared
            else _NONE,
        )
        for choice, found in values
        for value in found
    ]


def _threads(samples: int) -> int:
    """As many as are fast and fit into memory; it may be none, which is the main one."""
    limit, most = memory_limit(), processors()
    return most if limit is None else limit.threads(most, _RESAMPLE * samples, _RESAMPLE * samples)


def _constant(choice: Choice, found: Sequence[Value]) -> bool:
    """Whether there is nothing to be unsure of: a floor is one number unless it depends on the label."""
    return choice.metric.constant and all(math.isnan(value.stderr) for value in found)


def rows_of(source: str, group: str, table: SampleTable, found: Iterable[Measured]) -> list[Row]:
    """The rows of a report for the values of one group of a source."""
    total = table.total
    n = int(total) if total.is_integer() else total
    rows = []
    for metric, value, (low, high) in found:
        params = ";".join(f"{key}={setting}" for key, setting in value.params.items())
        rows.append(Row(source, group, metric, value.value, value.stderr, low, high, n, params))
    return rows
