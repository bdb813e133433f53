"""Intervals of calibration errors over bins, by inverting a test along families of models.

The models of a family have gaps of one shape and any size. The shape is that of the observed gaps, whose noise is
removed by shrinking them towards that of all samples (empirical Bayes, Morris 1983). What remains unknown is drawn:
several families, whose simulated samples are pooled, stand for the shapes that the data allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.intervals.clustered_bins import ClusteredBins
from lscli.intervals.inversion import Family, inverted
from lscli.metrics.binned_errors import GAPS
from lscli.metrics.bins import norms_of
from lscli.metrics.simulated_bins import SimulatedBins

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.intervals.bootstrap import Bootstrap
    from lscli.metrics.base import Settings
    from lscli.table import SampleTable

    Array = NDArray[Any]

# The number of shapes: pairs on both sides of the best one.
_SHAPES = 16
# The largest error that is tried, in units; and the least unit.
_MOST, _UNIT = 1e6, 1e-6


def binned_interval(
    metric_id: str, table: SampleTable, settings: Settings, bootstrap: Bootstrap
) -> tuple[float, float]:
    """The interval of a calibration error over bins, in the bins of the sample; nan without samples.

    Args:
        metric_id: one of `GAPS`.
        table: the samples; if they are in clusters, the noise of a bin is that of its clusters.
        settings: the settings of the metric.
        bootstrap: the number of simulated samples, their seed and the level.
    """
    if not table.total or (table.cluster is not None and table.clusters < 2):
        return np.nan, np.nan
    gaps = GAPS[metric_id](table, settings)
    full = gaps.sums.size > 0
    size, gap = gaps.sums.size[full], gaps.sums.residual[full]
    total = float(size.sum())

    def error(x: Array) -> Array:
        return norms_of(x, size, total, gaps.norm)

    independent = SimulatedBins(gaps.sums, bootstrap.resamples, bootstrap.seed, _SHAPES)
    clustered = table.cluster is not None
    bins = ClusteredBins(independent, table, *gaps.of_samples(), full) if clustered else independent
    shapes = _shapes(bins, gap, bootstrap.seed)
    # In units of the observed error, or of its noise, which vanishes for confidences near 1.
    unit = max(float(error(gap)), float(error(np.sqrt(bins.null_variance))), _UNIT)
    shapes *= (unit / error(shapes))[:, None]
    observed = float(error(gap))
    low, high = inverted(observed, _family(bins, shapes, error), bootstrap.level)
    if low == 0:  # The sign of the gaps is not known either, and where errors are rare it matters.
        _, other = inverted(observed, _family(bins, -shapes, error), bootstrap.level)
        high = max(high, other)
    return low, high


def _family(bins: SimulatedBins | ClusteredBins, shapes: Array, error: Callable[[Array], Array]) -> Family:
    """The models whose gaps are t times the shapes [S, B], as far as accuracies stay within [0, 1]."""
    least, most = -bins.confidence, bins.size - bins.confidence

    def shift(t: float) -> Array:
        return np.clip(t * shapes, least, most)

    reach = np.where(shapes > 0, most, -least) / np.maximum(np.abs(shapes), 1e-300)
    return Family(
        lambda t: bins.simulated(shift(t), error),
        lambda t: float(error(shift(t)).mean()),
        min(float(reach.max()), _MOST),
    )


def _shapes(bins: SimulatedBins | ClusteredBins, gap: Array, seed: int) -> Array:
    """Gaps that the observed ones [B] allow, [S, B]: their expectation, plus and minus random parts of its error.

    The gaps mean a - mean c are taken to be normal about that of all samples, with a variance that is estimated by
    moments, in which every sample counts as much (Hedges 1983): bins near c = 1 vary little, but say little of others.
    """
    size = bins.size
    # A bin without errors has some noise, too: that of one more sample with the mean confidence.
    accuracy = (bins.confidence + gap + bins.confidence / size) / (size + 1)
    variance = np.maximum(bins.null_variance, size * accuracy * (1 - accuracy))
    noise = variance / np.square(size)
    total, mean = float(size.sum()), gap / size
    common = float(gap.sum()) / total
    excess = float((size * np.square(mean - common)).sum() - (size * noise).sum() + variance.sum() / total)
    apart = total - float(np.square(size).sum()) / total
    between = max(0.0, excess / apart) if apart > 0 else 0.0
    kept = between / np.maximum(between + noise, 1e-300)
    random = np.random.Generator(np.random.SFC64([seed, 1])).standard_normal((_SHAPES // 2, len(size) + 1))
    error = np.sqrt(kept * noise) * random[:, 1:] + random[:, :1] * (np.sqrt(variance.sum()) / total)
    expected = common + kept * (mean - common)
    shapes: Array = size * (expected + np.concatenate((error, -error)))
    # All shapes point the same way: where accuracies end at 1, gaps of opposite signs are no models of one error.
    shapes[(shapes * expected).sum(axis=1) < 0] *= -1
    nothing = ~shapes.any(axis=1)
    shapes[nothing] = np.where(bins.confidence > size / 2, -size, size)
    return shapes
