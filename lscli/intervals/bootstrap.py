"""How sure the numbers are: percentile bootstrap intervals of any metric, by resampling a table's weights.

A resample is the same table with other weights, so that nothing is copied and what was sorted stays
sorted. Each resample draws from a generator of its own, numbered by the resample: no byte depends on
which thread computes it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import UsageError, whole
from lscli.workers import run_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]


class Bootstrap(NamedTuple):
    """How intervals are made.

    Attributes:
        resamples: how many.
        seed: of the random numbers.
        level: the share of resamples within an interval, in (0, 1).
    """

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95

    def checked(self) -> Bootstrap:
        """Itself; raises UsageError for a value out of its range."""
        whole(self.resamples, "bootstrap")
        whole(self.seed, "seed")
        if not isinstance(self.level, float | int):
            raise UsageError(f"must be a number, got {self.level!r}", "for example 0.95", where="level")
        if self.resamples < 2:
            raise UsageError(f"must be at least 2, got {self.resamples}", "1000 is usual", where="bootstrap")
        if self.seed < 0:
            raise UsageError(f"must not be negative, got {self.seed}", "any number from 0 on", where="seed")
        if not 0 < self.level < 1:
            raise UsageError(f"must be between 0 and 1, got {self.level}", "for example 0.95", where="level")
        return self


def resampled(
    table: SampleTable,
    compute: Callable[[SampleTable], Sequence[float]],
    bootstrap: Bootstrap,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Array:
    """What `compute` gives for each resample, [resamples, values].

    As many samples are drawn as the table counts, each with the probability of its weight (Efron 1979).
    """
    draw = _Draw(table, bootstrap.seed)
    results: list[Sequence[float]] = [()] * bootstrap.resamples

    def work(numbers: Iterator[int]) -> None:
        for number in numbers:
            results[number] = compute(table.resample(draw(number)))

    def watch(taken: int) -> None:
        if progress is not None:
            progress(taken, bootstrap.resamples)

    run_threads(work, range(bootstrap.resamples), min(threads, bootstrap.resamples), watch)
    return np.array(results, np.float64)


class _Draw:
    """The weights of the numbered resamples of a table."""

    def __init__(self, table: SampleTable, seed: int) -> None:
        self._seed = seed
        self._n = len(table)
        self._share: Array | None = None
        self._count = len(table)
        self._scale = 1.0
        if table.weight is not None:
            self._share = table.weight / table.total
            self._count = max(1, round(table.total))
            self._scale = table.total / self._count

    def __call__(self, number: int) -> Array:
        random = np.random.Generator(np.random.SFC64(np.random.SeedSequence(self._seed, spawn_key=(number,))))
        if self._share is None:
            return np.bincount(random.integers(0, self._n, self._n), minlength=self._n).astype(np.float64)
        return random.multinomial(self._count, self._share) * self._scale


def interval(estimate: float, values: Array, level: float, *, biased: bool) -> tuple[float, float]:
    """The percentiles of the resamples' values, [resamples]; those that are not defined are left out.

    Where resamples are biased upwards (a calibration error adds the noise of the resample to that of the
    sample), they are shifted so that their mean is the estimate; no such error is below 0.
    """
    values = np.sort(values[~np.isnan(values)])
    if math.isnan(estimate) or not len(values):
        return math.nan, math.nan
    low, high = (_percentile(values, share) for share in ((1 - level) / 2, (1 + level) / 2))
    if not biased:
        return low, high
    shift = estimate - float(np.mean(values)) if math.isfinite(estimate) and np.isfinite(values).all() else 0.0
    # The estimate is their mean now; rounding, or a long tail, must not leave it out.
    return max(0.0, min(low + shift, estimate)), max(high + shift, estimate)


def _percentile(ascending: Array, share: float) -> float:
    place = share * (len(ascending) - 1)
    below, above = float(ascending[math.floor(place)]), float(ascending[math.ceil(place)])
    if math.isinf(below) or math.isinf(above):  # inf - inf is nan
        return below if place - math.floor(place) < 0.5 else above
    return below + (above - below) * (place - math.floor(place))
