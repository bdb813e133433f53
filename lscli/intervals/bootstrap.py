"""Percentile bootstrap intervals of any metric, by resampling a table's weights.

A resample is the same table with other weights, so that nothing is copied or sorted again. Each resample draws from
its own generator, seeded by its number, so that no byte depends on which thread computes it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.table import present_clusters
from lscli.text import rounded
from lscli.workers import run_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]


# Beyond this total, float64 cannot count samples one by one; numpy draws fewer than 2^63.
_MOST = 2.0**53


class Bootstrap(NamedTuple):
    """The settings of bootstrap intervals, checked by `lscli.options`.

    Attributes:
        resamples: at least 2.
        seed: at least 0.
        level: the share of resamples within an interval, in (0, 1).
    """

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95


def resampled(
    table: SampleTable,
    compute: Callable[[SampleTable], Sequence[float]],
    bootstrap: Bootstrap,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Array:
    """The values of each resample, [resamples, values].

    A resample draws as many samples as the table's total, each with a probability proportional to its weight
    (Efron 1979). If there are clusters, it draws as many clusters as there are, each as a whole (Davison and Hinkley
    1997, section 3.8).

    Args:
        table: the samples.
        compute: gives the values of a resample, the same number each time.
        bootstrap: the number of resamples and the seed.
        threads: the number of threads; 0 for the main thread alone.
        progress: called now and then with the number of resamples that are done and the number of all.

    Raises:
        InputError: the weights add up to more samples than can be drawn.
    """
    if table.weight is not None and table.cluster is None and table.total > _MOST:
        what = f"the weights add up to {rounded(table.total, 6)} samples, more than a resample can draw"
        raise InputError(
            what, "a weight says how often a row counts: divide the weights by one number", where="weights"
        )
    results: list[Sequence[float]] = [()] * bootstrap.resamples

    def work(numbers: Iterator[int]) -> None:
        for number in numbers:
            results[number] = compute(table.resample(_drawn(table, bootstrap.seed, number)))

    def watch(taken: int) -> None:
        if progress is not None:
            progress(taken, bootstrap.resamples)

    run_threads(work, range(bootstrap.resamples), min(threads, bootstrap.resamples), watch)
    return np.array(results, np.float64)


def _drawn(table: SampleTable, seed: int, number: int) -> Array:
    """The weights of one resample, [n]."""
    random = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(number,))))
    n = len(table)
    if table.cluster is not None:
        present = table.kept_weighted(present_clusters)
        drawn = present[random.integers(0, len(present), len(present))]
        times = np.bincount(drawn, minlength=table.kept(_numbers)).astype(np.float64)
        return times[table.cluster] if table.weight is None else times[table.cluster] * table.weight
    if table.weight is None:
        return np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)
    count = max(1, round(table.total))
    return random.multinomial(count, table.weight / table.total) * (table.total / count)


def _numbers(table: SampleTable) -> int:
    """One more than the largest number of a cluster, which may have no sample of a weight above 0."""
    return 0 if table.cluster is None else int(table.cluster.max()) + 1


def interval(estimate: float, values: Array, level: float) -> tuple[float, float]:
    """The percentile interval of the resamples' values, [resamples]; nan values are left out.

    Args:
        estimate: the value of the samples themselves.
        values: the values of the resamples, [resamples].
        level: the share of resamples within the interval, in (0, 1).

    Returns:
        The lower and the upper bound; nan if the estimate or all values are.
    """
    values = np.sort(values[~np.isnan(values)])
    if math.isnan(estimate) or not len(values):
        return math.nan, math.nan
    return _percentile(values, (1 - level) / 2), _percentile(values, (1 + level) / 2)


def _percentile(ascending: Array, share: float) -> float:
    place = share * (len(ascending) - 1)
    below, above = float(ascending[math.floor(place)]), float(ascending[math.ceil(place)])
    if math.isinf(below) or math.isinf(above):  # inf - inf is nan
        return below if place - math.floor(place) < 0.5 else above
    return below + (above - below) * (place - math.floor(place))
