"""Samples simulated bin by bin: how far the sums over bins vary when the labels of the same confidences are drawn anew.

The number of wrong samples in a bin is a sum of Bernoulli variables. Where it varies much it is drawn from a normal
distribution, and elsewhere from the binomial one with the same mean and nearly the same variance (Ehm 1991), so that
rare errors stay rare. Only the sums of the bins are read, so neither the order nor the repetition of rows matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lscli.metrics.bins import BinSums

    Array = NDArray[Any]

# Counts of at least this variance are drawn from a normal distribution.
_NORMAL = 30.0
# Numbers of a block, and how many random numbers are kept; more are drawn anew for each use.
_BLOCK, _KEPT = 1 << 18, 1 << 22


class SimulatedBins:
    """The gaps of bins in simulated label sets of the same confidences. Empty bins are left out.

    Attributes:
        size: [B], the sum of the weights, above 0.
        confidence: [B], the sum of the confidences, from 0 to `size`.
        draws: the number of label sets.
    """

    def __init__(self, sums: BinSums, draws: int, seed: int) -> None:
        full = sums.size > 0
        self.size = sums.size[full]
        self.confidence = np.clip((sums.correct - sums.residual)[full], 0.0, self.size)
        # The sum of (c - mean c)^2: it makes the number of right samples vary less than a binomial count.
        equal = self.confidence * (1 - self.confidence / self.size)
        self._spread = np.maximum(equal - sums.variance[full], 0.0)
        self.null_variance = equal - self._spread
        self.draws = draws
        self._seed = seed
        self._kept = list(self._drawn()) if draws * len(self.size) <= _KEPT else None

    def simulated(self, shift: Array, of_gaps: Callable[[Array], Array]) -> Array:
        """A function of the gaps of each label set, [draws].

        Args:
            shift: [B], by how much the expected number of right samples of a bin exceeds the sum of its confidences.
            of_gaps: takes the sums of a - c over the bins of some label sets, [d, B], and gives a number for each, [d].
        """
        noise = _Counts(self.size, self.confidence + shift, self._spread)
        blocks = self._drawn() if self._kept is None else self._kept
        return np.concatenate([of_gaps(noise.deviations(block) + shift) for block in blocks])

    def _drawn(self) -> Iterator[Array]:
        """Standard normal numbers in blocks of [d, B]."""
        random = np.random.Generator(np.random.SFC64(self._seed))
        rows = max(1, _BLOCK // max(1, len(self.size)))
        for start in range(0, self.draws, rows):
            yield random.standard_normal((min(rows, self.draws - start), len(self.size)))


class _Counts:
    """The number of right samples in each of B bins, of which each is drawn with a normal number."""

    def __init__(self, size: Array, right: Array, spread: Array) -> None:
        wrong = size - right
        rare = np.minimum(right, wrong)
        variance = np.maximum(right * wrong / size - spread, 0.0)
        self._deviation = np.sqrt(variance)
        self._few = np.flatnonzero((variance < _NORMAL) & (rare > 0))
        if self._few.size:
            mean = rare[self._few]
            trials = mean * mean / (mean * mean / size[self._few] + spread[self._few])
            self._mean, self._sign = mean, np.where(right <= wrong, 1.0, -1.0)[self._few]
            self._cumulative = _binomial(np.maximum(np.maximum(np.round(trials), np.ceil(mean)), 1.0), mean)

    def deviations(self, normal: Array) -> Array:
        """The numbers of right samples less their mean, [d, B], from standard normal numbers [d, B]."""
        found = normal * self._deviation
        if self._few.size:
            # Rare samples are counted, so that a small normal number stands for few right ones in every bin.
            share = _normal_cdf(normal[:, self._few] * self._sign)
            bins, values = self._cumulative.shape
            place = np.arange(bins)
            # One search for all bins: those of bin b lie between b and b + 1.
            at = np.searchsorted((self._cumulative + place[:, None]).ravel(), share + place, side="left")
            found[:, self._few] = (np.minimum(at - place * values, values - 1) - self._mean) * self._sign
        return found


def _binomial(trials: Array, mean: Array) -> Array:
    """The cumulative probabilities of 0, 1, ... events, [B, V], for V that are enough for all bins."""
    p = mean / trials
    most = int(np.min([np.max(trials), np.max(mean + 9 * np.sqrt(mean)) + 20]))
    k = np.arange(most)
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        ratio = np.maximum(trials[:, None] - k, 0.0) / (k + 1) * (p / (1 - p))[:, None]
        none = np.exp(trials * np.log1p(-p))
        terms = np.cumprod(np.column_stack((none, ratio)), axis=1)
    terms[p >= 1] = 0.0
    cumulative: Array = np.minimum(np.cumsum(terms, axis=1), 1.0)
    cumulative[:, -1] = 1.0
    return cumulative


def _normal_cdf(z: Array) -> Array:
    """The normal distribution to 1e-7 (Abramowitz and Stegun 26.2.17); numpy has none, and scipy takes long to import."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    terms = ((((1.330274429 * t - 1.821255978) * t + 1.781477937) * t - 0.356563782) * t + 0.319381530) * t
    tail = np.exp(-0.5 * z * z) * 0.3989422804014327 * terms
    share: Array = np.where(z > 0, 1 - tail, tail)
    return share
