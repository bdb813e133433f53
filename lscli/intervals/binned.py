"""Intervals of calibration errors over bins, by inverting a test along a family of models.

The gaps of the family have the shape of the observed ones, of which noise is removed, and any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.intervals.inversion import Family, inverted
from lscli.metrics.bins import norms_of
from lscli.metrics.simulated_bins import SimulatedBins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.metrics.bins import BinSums
    from lscli.options import Norm

    Array = NDArray[Any]


def binned_interval(sums: BinSums, norm: Norm, draws: int, seed: int, level: float) -> tuple[float, float]:
    full = sums.size > 0
    size, gap = sums.size[full], sums.residual[full]
    total = float(size.sum())
    bins = SimulatedBins(sums, draws, seed)
    shape = shrunken(bins, gap)

    def error(gaps: Array) -> Array:
        return norms_of(gaps, size, total, norm)

    observed = float(error(gap))
    low, high = inverted(observed, _family(bins, shape, error), level)
    if low == 0:
        _, other = inverted(observed, _family(bins, -shape, error), level)
        high = max(high, other)
    return low, high


def _family(bins, shape, error) -> Family:
    least, most = -bins.confidence, bins.size - bins.confidence

    def shift(t: float) -> Array:
        return np.clip(t * shape, least, most)

    there = shape != 0
    limit = np.where(shape > 0, most, -least)[there] / np.abs(shape[there])
    return Family(
        lambda t: bins.simulated(shift(t), error), lambda t: float(error(shift(t))), float(limit.max(initial=0.0))
    )


def shrunken(bins: SimulatedBins, gap: Array) -> Array:
    size = bins.size
    mean = bins.confidence / size
    accuracy = (bins.confidence + gap + mean) / (size + 1)
    variance = np.maximum(np.maximum(bins.null_variance, size * accuracy * (1 - accuracy)), 1e-12*size)
    y, precision = gap / size, size * size / variance
    total = precision.sum()
    common = (precision * y).sum() / total
    excess = (precision * np.square(y - common)).sum() - (len(y) - 1)
    scale = total - (precision * precision).sum() / total
    between = max(0.0, excess / scale) if scale > 0 else 0.0
    shape = size * (common + between / (between + 1 / precision) * (y - common))
    return shape if shape.any() else np.where(bins.confidence > size/2, -size, size)
