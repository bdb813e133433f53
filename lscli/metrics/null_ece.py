"""How likely a calibrated model has an ece as large as the observed one, from the sums of the bins alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.bins import bin_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.metrics.bins import BinRule
    from lscli.table import SampleTable

    Array = NDArray[Any]

# Places for the sum of the gaps, up to this many standard deviations, and single samples, beyond its mean.
_PLACES, _DEVIATIONS, _SAMPLES = 1 << 14, 10, 10
# From this variance on, the number of right samples of a bin is taken to be normal.
_NORMAL = 2500.0
_BINS = 16  # transformed at a time
# The sum of so many probabilities is rounded by less than this.
_LEAST = 1e-12


def ece_tail(table: SampleTable, rule: BinRule) -> float:
    """The probability that ece is at least the observed one if a sample is right with chance c; computed once a table.

    The number of right samples of a bin is taken to be binomial, with the mean and the variance of the sum of its
    samples; the gaps of the bins are independent. Neither the order nor the repetition of samples matters. Gaps are
    rounded to 16,384 places, which makes the probability too large by at most 0.002. One below 1e-12 is given as that.
    """
    return table.kept_weighted(_tail, rule)


def _tail(table: SampleTable, rule: BinRule) -> float:
    sums = bin_sums(table, rule)
    observed = float(np.abs(sums.residual).sum())
    noisy = np.flatnonzero(sums.variance > 0)
    variance = sums.variance[noisy]
    certain = np.abs(np.delete(sums.residual, noisy)).sum()  # confidences of 0 or 1 alone: a calibrated one has no gap
    if not len(noisy):
        return 0.0 if observed > 0 else 1.0
    mean = math.sqrt(2 / math.pi) * float(np.sqrt(variance).sum())
    most = mean + _DEVIATIONS * math.sqrt(float(variance.sum())) + _SAMPLES
    if certain > 0:
        return 0.0
    if observed > most:
        return _LEAST
    width = most / (_PLACES - 1)
    expected = (sums.correct - sums.residual)[noisy]
    # Of the right and the wrong samples, the fewer are counted; neither is less than the variance, but for rounding.
    fewer = np.maximum(np.minimum(expected, sums.size[noisy] - expected), variance)
    transform: Array = np.ones(_PLACES + 1, np.complex128)
    for first in range(0, len(noisy), _BINS):
        last = first + _BINS
        gaps = [_gap(m, v, width) for m, v in zip(fewer[first:last], variance[first:last], strict=True)]
        transform *= np.multiply.reduce(np.fft.rfft(np.stack(gaps), 2 * _PLACES), axis=0)
    along = np.fft.irfft(transform, 2 * _PLACES)
    # Where bins have few errors, few sums are possible, and the observed one must count among those at least as large.
    # Division between two places moves the gap of a bin by less than one, and spreads it by half of one.
    few = int(np.count_nonzero(variance < _NORMAL))
    place = max(0, math.ceil(observed / width - (1 + math.sqrt(few - 1) / 2 if few else 0.5)))
    found = float(np.add.reduce(along[place:]))
    return 1.0 if found > 1 - _LEAST else max(found, _LEAST)


def _gap(mean: float, variance: float, width: float) -> Array:
    """The distribution of |k - mean| over the places, [P], each k divided between the two places beside its gap."""
    if variance >= _NORMAL:
        density: Array = np.exp(-np.square(width * np.arange(_PLACES)) / (2 * variance))
        density[0] /= 2
        density /= np.add.reduce(density)
        return density
    count = np.arange(1, math.ceil(mean + 12 * math.sqrt(variance) + 12))
    share = 1 - variance / mean
    # Ratios of neighbours of a binomial distribution, a Poisson one if the share is 0; beyond all samples they end.
    ratio = np.maximum(mean - (count - 1) * share, 0.0) / (count * (1 - share))
    with np.errstate(divide="ignore"):
        logarithm = np.concatenate(([0.0], np.cumsum(np.log(ratio))))
    probability = np.exp(logarithm - logarithm.max())
    gap = np.minimum(np.abs(np.arange(len(probability)) - mean) / width, _PLACES - 2.0)
    below = gap.astype(np.intp)
    upper = (gap - below) * probability
    both: Array = np.bincount(below, probability - upper, _PLACES) + np.bincount(below + 1, upper, _PLACES)
    both /= np.add.reduce(both)
    return both
