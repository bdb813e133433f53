"""The intervals of the values of metrics, each computed as its metric says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.intervals.binned import binned_interval
from lscli.intervals.bootstrap import Bootstrap, interval, resampled
from lscli.intervals.clusters import mean_interval, quantile, widened
from lscli.intervals.coverage_at_risk import coverage_interval
from lscli.intervals.gap_test import gap_interval
from lscli.intervals.label_simulation import SIMULATED, label_interval
from lscli.intervals.log_odds import log_odds_interval
from lscli.intervals.normal import normal_quantile
from lscli.intervals.shares import share_interval
from lscli.limits import memory_limit, processors
from lscli.metrics.binned_errors import GAPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.metrics.base import Settings, Value
    from lscli.metrics.selection import Choice
    from lscli.options import IntervalOptions, Progress, ThreadOptions
    from lscli.table import SampleTable

    Array = NDArray[Any]
    Found = Sequence[tuple[Choice, Sequence[Value]]]

_COVERAGE = "coverage_at_risk"
# What computes the interval of a metric by inverting a test: from its id, the samples as it sees them and its settings.
_INVERTED: dict[str, Callable[[str, SampleTable, Settings, Bootstrap], tuple[float, float]]] = {
    **dict.fromkeys(GAPS, binned_interval),
    **dict.fromkeys(SIMULATED, label_interval),
}
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


def intervals(
    table: SampleTable, found: Found, settings: Settings, resampling: Resampling
) -> Iterator[tuple[float, float]]:
    """The interval of each value, in their order; nan if it has none.

    Args:
        table: the samples.
        found: each metric that was selected, with its values.
        settings: the settings of the metrics.
        resampling: how intervals are computed.
    """
    bootstrap = resampling.bootstrap
    shared = [] if bootstrap is None else _resampled(table, found)
    drawn: Iterator[Array] = iter(())
    if bootstrap is not None and shared:

        def compute(resample: SampleTable) -> list[float]:
            return [value.value for choice in shared for value in choice.values(resample, settings)]

        threads = resampling.threads or _threads(len(table))
        drawn = iter(resampled(table, compute, bootstrap, threads, resampling.progress).T)
    for choice, values in found:
        for value in values:
            if bootstrap is None:
                yield math.nan, math.nan
            else:
                of_resamples = next(drawn) if choice in shared else None
                yield _interval(table, choice, settings, value, of_resamples, bootstrap)


def _resampled(table: SampleTable, found: Found) -> list[Choice]:
    """The metrics whose intervals need resamples."""
    if not table.total or table.clusters == 1:
        return []
    return [
        choice
        for choice, values in found
        if not (choice.metric.id in _INVERTED or choice.metric.id == _COVERAGE)
        and choice.metric.interval not in ("gap", "normal", "none")
        and not (all(value.share_of or value.clusters for value in values) or _constant(choice, values))
    ]


def _interval(
    table: SampleTable, choice: Choice, settings: Settings, value: Value, drawn: Array | None, bootstrap: Bootstrap
) -> tuple[float, float]:
    """The interval of a value; nan if it has none, as that of a single cluster.

    That of a share is computed from the number of samples, that of confidence_gap from its variance, those of a
    calibration error and of coverage_at_risk by inverting a test, that of another mean over clusters and of a normal
    estimate from the standard error, and all others from the resamples.

    Args:
        table: the samples.
        choice: the metric.
        settings: the settings of all metrics.
        value: with its standard error.
        drawn: the values of the resamples, [resamples]; None without any.
        bootstrap: the number of resamples or simulations, their seed and the level.
    """
    metric, level = choice.metric, bootstrap.level
    if metric.id in _INVERTED:
        own = choice.settings(settings)
        return _INVERTED[metric.id](metric.id, metric.view(table, own), own, bootstrap)
    if metric.interval == "gap":
        return gap_interval(table, level)
    if metric.id == _COVERAGE:
        low, high = coverage_interval(table, value, level)
    elif value.share_of and (value.clusters or table.cluster is None):
        low, high = _share(value, level)
    elif value.clusters:
        low, high = mean_interval(value.value, value.stderr, value.clusters, level)
    elif metric.interval == "normal":
        width = normal_quantile(level) * value.stderr
        low, high = value.value - width, value.value + width
    elif drawn is None:
        return math.nan, math.nan
    else:
        if metric.interval == "log-odds":
            units = table.clusters or table.total
            bounds = log_odds_interval(value.value, drawn, units, quantile(level, table.clusters))
            if bounds is not None:
                return bounds
        low, high = interval(value.value, drawn, level)
        if table.cluster is None:
            return low, high
        low, high = widened((low, high), value.value, table.clusters, level)
    least, most = metric.within
    return min(max(low, least), most), min(max(high, least), most)


def _share(value: Value, level: float) -> tuple[float, float]:
    """The interval of a share of samples, or of a multiple of one."""
    share = min(value.value / value.whole, 1.0)  # which rounding may exceed
    low, high = share_interval(share, value.share_of, level, value.stderr / value.whole, value.clusters)
    return value.whole * low, value.whole * high


def _constant(choice: Choice, found: Sequence[Value]) -> bool:
    """Whether the metric is a constant and has no interval. A floor is, unless it depends on the label."""
    return choice.metric.constant and all(math.isnan(value.stderr) for value in found)


def _threads(samples: int) -> int:
    """The number of threads that fit into memory; 0 means that the main thread does the work."""
    limit, most = memory_limit(), processors()
    return most if limit is None else limit.threads(most, _RESAMPLE * samples, _RESAMPLE * samples)
