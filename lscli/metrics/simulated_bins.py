"""Samples simulated bin by bin: how far the sums over bins vary when the labels of the same confidences are drawn anew.

The number of wrong samples in a bin is a sum of Bernoulli variables. Where it varies much it is drawn from a normal
distribution, and elsewhere from the binomial one with the same mean and nearly the same variance (Ehm 1991), so that
rare errors stay rare. Only the sums of the bins are read, so neither the order nor the repetition of rows matters.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from lscli.metrics.bins import BinSums

    Array = NDArray[Any]

# Counts of at least this variance are drawn from a normal distribution.
_NORMAL = 10.0
# A count whose mean is below this is 0; its square would underflow.
_NONE = 1e-150
# Numbers of a block, and how many random numbers are kept; more are drawn anew for each use.
_BLOCK, _KEPT = 1 << 18, 1 << 22


class SimulatedBins:
    """The gaps of bins in simulated label sets of the same confidences. Empty bins are left out.

    Attributes:
        size: [B], the sum of the weights, above 0.
        confidence: [B], the sum of the confidences, from 0 to `size`.
        null_variance: [B], the variance of the number of right samples if each is right with probability c.
        draws, seed: the number of label sets, and the seed of their random numbers.
    """

    def __init__(self, sums: BinSums, draws: int, seed: int, models: int = 1) -> None:
        """Bins of which none but the empty ones are left out.

        Args:
            sums: the sums over the bins.
            draws: the number of label sets.
            seed: the seed of the random numbers.
            models: the number of models that the label sets are shared among.
        """
        full = sums.size > 0
        self.size = sums.size[full]
        self.confidence = np.clip((sums.correct - sums.residual)[full], 0.0, self.size)
        # The sum of (c - mean c)^2: it makes the number of right samples vary less than a binomial count.
        self._spread = np.maximum(self.confidence * (1 - self.confidence / self.size) - sums.variance[full], 0.0)
        self.draws, self.seed, self._models = draws, seed, models
        self.null_variance = self.variance(np.zeros(len(self.size)))
        self._kept = list(self._drawn()) if draws * len(self.size) <= _KEPT else None
        self._kept_uniform: list[Array] | None = None

    def variance(self, shift: Array) -> Array:
        """The variance of the number of right samples of each bin; `shift` as in `simulated`."""
        right = self.confidence + shift
        variance: Array = np.maximum(right * (1 - right / self.size) - self._spread, 0.0)
        return variance

    def simulated(self, shift: Array, of_gaps: Callable[[Array], Array]) -> Array:
        """A function of the gaps of each label set, [draws].

        Args:
            shift: [B] or, of several models that take turns, [models, B]: by how much the expected number of right
                samples of a bin exceeds the sum of its confidences.
            of_gaps: takes the sums of a - c over the bins of some label sets, [d, B], and gives a number for each, [d].
        """
        bins = len(self.size)
        counts = _Counts(self.size, self.confidence + shift, self._spread, self.variance(shift))
        uniform = self._uniform(shift.size) if counts.few else itertools.repeat(None)
        found = [
            of_gaps((counts.deviations(block.reshape(-1, shift.size), share) + shift.ravel()).reshape(-1, bins))
            for block, share in zip(self.blocks(), uniform, strict=False)
        ]
        return np.concatenate(found)[: self.draws]

    def _uniform(self, columns: int) -> Iterable[Array]:
        """The normal numbers as shares of their distribution, [columns, d]; they are the same for every shift."""
        if self._kept is None:
            return (_normal_cdf(block.reshape(-1, columns).T.copy()) for block in self.blocks())
        if self._kept_uniform is None:
            self._kept_uniform = [_normal_cdf(block.reshape(-1, columns).T.copy()) for block in self._kept]
        return self._kept_uniform

    def blocks(self) -> Iterable[Array]:
        """The normal numbers of all label sets in blocks of [d, B], and a few more for whole turns of the models."""
        return self._drawn() if self._kept is None else self._kept

    def _drawn(self) -> Iterator[Array]:
        random = np.random.Generator(np.random.SFC64(self.seed))
        turns = max(1, _BLOCK // max(1, len(self.size) * self._models))
        left = -(-self.draws // self._models)
        while left > 0:
            taken = min(turns, left)
            left -= taken
            yield random.standard_normal((taken * self._models, len(self.size)))


class _Counts:
    """The number of right samples in each bin of each model, drawn with a normal number each."""

    def __init__(self, size: Array, right: Array, spread: Array, variance: Array) -> None:
        wrong = size - right
        rare = np.minimum(right, wrong).ravel()
        self._deviation = np.sqrt(variance).ravel()
        self._few = np.flatnonzero((variance.ravel() < _NORMAL) & (rare > _NONE))
        if self._few.size:
            mean, place = rare[self._few], self._few % len(size)
            trials = mean * mean / (mean * mean / size[place] + spread[place])
            self._mean, self._sign = mean, np.where(right <= wrong, 1.0, -1.0).ravel()[self._few]
            self._cumulative = _binomial(np.maximum(np.maximum(np.round(trials), np.ceil(mean)), 1.0), mean)

    @property
    def few(self) -> bool:
        """Are there bins whose samples are counted?"""
        return self._few.size > 0

    def deviations(self, normal: Array, uniform: Array | None) -> Array:
        """The numbers of right samples less their mean, [d, models * bins].

        Args:
            normal: standard normal numbers, [d, models * bins].
            uniform: their shares of the normal distribution, [models * bins, d]; read if there are `few`.
        """
        found = normal * self._deviation
        if uniform is not None:
            share = uniform[self._few]
            # Rare samples are counted, so that a small normal number stands for few right ones in every bin.
            mirrored = self._sign < 0
            share[mirrored] = 1 - share[mirrored]
            found[:, self._few] = ((_counted(share, self._cumulative) - self._mean[:, None]) * self._sign[:, None]).T
        return found


def _counted(share: Array, cumulative: Array) -> Array:
    """How many of the cumulative probabilities [B, V] of a bin each share of it exceeds, [B, d]."""
    least, most = share.min(axis=1, keepdims=True), share.max(axis=1, keepdims=True)
    certain, possible = cumulative < least, cumulative < most
    found = np.repeat(certain.sum(axis=1, dtype=float)[:, None], share.shape[1], axis=1)
    for k in np.flatnonzero((possible & ~certain).any(axis=0)):
        open_ = np.flatnonzero(possible[:, k] & ~certain[:, k])
        found[open_] += share[open_] > cumulative[open_, k, None]
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
    """The normal distribution to 1e-7 (Abramowitz and Stegun 26.2.17); numpy has none, and scipy is slow to import."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    terms = ((((1.330274429 * t - 1.821255978) * t + 1.781477937) * t - 0.356563782) * t + 0.319381530) * t
    tail = np.exp(-0.5 * z * z) * 0.3989422804014327 * terms
    share: Array = np.where(z > 0, 1 - tail, tail)
    return share
