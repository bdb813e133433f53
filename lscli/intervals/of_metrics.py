"""The intervals of the values of metrics: the one place that chooses how each is computed."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.intervals.binned import binned_interval
from lscli.intervals.bootstrap import Bootstrap, interval, resampled
from lscli.intervals.clusters import mean_interval, quantile, widened
from lscli.intervals.coverage_at_risk import coverage_interval
from lscli.intervals.gap_test import gap_interval
from lscli.intervals.label_simulation import SIMULATED, label_interval
from lscli.intervals.log_odds import log_odds_interval
from lscli.intervals.normal import normal_quantile
from lscli.intervals.quantiles import quantile_interval
from lscli.intervals.shares import share_interval
from lscli.limits import memory_limit, processors
from lscli.metrics.base import IntervalKind
from lscli.metrics.binned_errors import GAPS
from lscli.metrics.divergence import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.metrics.base import Settings, Value
    from lscli.metrics.selection import Choice
    from lscli.options import IntervalOptions, Progress, ThreadOptions
    from lscli.table import SampleTable

    Array = NDArray[Any]
    Interval = tuple[float, float]

_NONE = (math.nan, math.nan)
_WIDEST = 700.0  # beyond it, exp overflows
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
    table: SampleTable, found: Sequence[tuple[Choice, Sequence[Value]]], settings: Settings, resampling: Resampling
) -> Iterator[Interval]:
    """The interval of each value, in their order; nan if it has none.

    Args:
        table: the samples.
        found: each metric that was selected, with its values.
        settings: the settings of the metrics.
        resampling: how intervals are computed.
    """
    bootstrap = resampling.bootstrap
    if bootstrap is None:
        yield from (_NONE for _, values in found for _ in values)
        return
    ways = [[_way(table, choice, value) for value in values] for choice, values in found]
    shared = [choice for (choice, _), own in zip(found, ways, strict=True) if _RESAMPLED & {*own}]
    drawn: Iterator[Array] = iter(())
    if shared:

        def compute(resample: SampleTable) -> list[float]:
            return [value.value for choice in shared for value in choice.values(resample, settings)]

        threads = resampling.threads or threads_for(len(table))
        drawn = iter(resampled(table, compute, bootstrap, threads, resampling.progress).T)
    for (choice, values), own in zip(found, ways, strict=True):
        resamples = [next(drawn) for _ in values] if _RESAMPLED & {*own} else [None] * len(values)
        for value, way, of_value in zip(values, own, resamples, strict=True):
            low, high = _COMPUTED[way](_Case(table, choice, settings, value, of_value, bootstrap))
            least, most = choice.metric.within
            yield min(max(low, least), most), min(max(high, least), most)


# How an interval is computed: as the metric says, or as that of a mean over clusters.
_RESAMPLED = frozenset[IntervalKind]({"resamples", "log-odds"})


def _way(table: SampleTable, choice: Choice, value: Value) -> IntervalKind:
    """How the interval of a value is computed.

    A share or a mean over clusters has its own, whatever the metric says: a loss is resampled unless there are
    clusters. A number that is the same for all samples has none, but with a prior it may be a mean over the samples.
    """
    kind = choice.metric.interval
    if kind in ("inversion", "gap", "normal", "log-normal") or (kind == "none" and math.isnan(value.stderr)):
        return kind
    if value.share_of and (value.clusters or table.cluster is None):
        return "share"
    if value.clusters or kind == "mean":
        return "mean"
    if not table.total or table.clusters == 1:
        return "none"
    return kind if kind in ("log-odds", "quantile") else "resamples"


class _Case(NamedTuple):
    """What an interval is computed from.

    Attributes:
        table: the samples.
        choice: the metric.
        settings: the settings of all metrics.
        value: with its standard error.
        drawn: the values of the resamples, [resamples]; None without any.
        bootstrap: the number of resamples or simulations, their seed and the level.
    """

    table: SampleTable
    choice: Choice
    settings: Settings
    value: Value
    drawn: Array | None
    bootstrap: Bootstrap


# The metrics whose interval comes from inverting a test, and what computes it from the samples as the metric sees them.
INVERTED: dict[str, Callable[[SampleTable, Settings, Bootstrap], Interval]] = {
    **{name: partial(binned_interval, name) for name in GAPS},
    "ece_tempered": partial(binned_interval, "ece"),
    **{name: partial(label_interval, name) for name in SIMULATED},
    "coverage_at_risk": coverage_interval,
}


def _inverted(case: _Case) -> Interval:
    metric, own = case.choice.metric, case.choice.settings(case.settings)
    return INVERTED[metric.id](metric.view(case.table, own), own, case.bootstrap)


def _of_share(case: _Case) -> Interval:
    """That of a share of samples, or of a multiple of one."""
    value = case.value
    share = min(value.value / value.whole, 1.0)  # which rounding may exceed
    stderr = value.stderr / value.whole
    low, high = share_interval(share, value.share_of, case.bootstrap.level, stderr, value.clusters)
    return value.whole * low, value.whole * high


def _of_mean(case: _Case) -> Interval:
    value = case.value
    return mean_interval(value.value, value.stderr, value.clusters, case.bootstrap.level)


def _of_quantile(case: _Case) -> Interval:
    return quantile_interval(case.table, *QUANTILES[case.choice.metric.id], case.bootstrap.level)


def _normal(case: _Case) -> Interval:
    width = normal_quantile(case.bootstrap.level) * case.value.stderr
    return case.value.value - width, case.value.value + width


def _log_normal(case: _Case) -> Interval:
    """That of a positive number whose logarithm is normal."""
    value, clusters = case.value, case.table.clusters
    if value.value == 0:  # as of divergences of equal models
        return 0.0, 0.0
    width = min(quantile(case.bootstrap.level, clusters) * value.stderr / value.value, _WIDEST)
    return value.value * math.exp(-width), value.value * math.exp(width)


def _log_odds(case: _Case) -> Interval:
    """That on the scale of log odds; of percentiles if it has none, as at the ends of that scale."""
    if case.drawn is None:
        return _NONE
    clusters = case.table.clusters
    reach = quantile(case.bootstrap.level, clusters)
    found = log_odds_interval(case.value.value, case.drawn, clusters or case.table.total, reach)
    return found or _percentiles(case)


def _percentiles(case: _Case) -> Interval:
    if case.drawn is None:
        return _NONE
    value, level = case.value.value, case.bootstrap.level
    ends = interval(value, case.drawn, level)
    return ends if case.table.cluster is None else widened(ends, value, case.table.clusters, level)


_COMPUTED: dict[IntervalKind, Callable[[_Case], Interval]] = {
    "inversion": _inverted,
    "gap": lambda case: gap_interval(case.table, case.bootstrap.level),
    "share": _of_share,
    "mean": _of_mean,
    "quantile": _of_quantile,
    "normal": _normal,
    "log-normal": _log_normal,
    "log-odds": _log_odds,
    "resamples": _percentiles,
    "none": lambda _: _NONE,
}


def threads_for(samples: int) -> int:
    """The number of threads that fit into memory; 0 means that the main thread does the work."""
    limit, most = memory_limit(), processors()
    return most if limit is None else limit.threads(most, _RESAMPLE * samples, _RESAMPLE * samples)
