"""Bands in which the accuracies of a calibrated model with these confidences would lie: consistency bands.

They are for a look at where a model is off, place by place; several places at once leave them more often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.intervals.clustered_bins import ClusteredBins
from lscli.intervals.clustered_cells import ClusteredCells
from lscli.intervals.clusters import quantile
from lscli.intervals.label_simulation import design_effect
from lscli.intervals.smooth_gaps import smooth_gaps
from lscli.metrics.event_counts import Events, SumDistribution
from lscli.metrics.simulated_bins import SimulatedBins

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.curves.binned_samples import BinnedSamples
    from lscli.intervals.bootstrap import Bootstrap
    from lscli.metrics.cells import Cells
    from lscli.table import SampleTable

    Array = NDArray[Any]

# The distance of a computed probability from a tail's share that is rounding.
_ROUNDING = 1e-9
# From this variance on, the number of right samples of a bin is taken to be normal.
_NORMAL = 1e4


def band_of_bins(samples: BinnedSamples, bootstrap: Bootstrap) -> tuple[Array, Array]:
    """The central interval of the accuracy of each bin if each sample is right with probability c, [M] each.

    The number of right samples is a sum of independent events, whose distribution is computed. It is normal in large
    bins, with weights that are no whole numbers, and with clusters, whose variance is at least that of clusters. It is
    nan for an empty bin, and with fewer than two clusters.

    Args:
        samples: the samples in their bins.
        bootstrap: the level, and the seed of what clusters need.
    """
    table, sums = samples.table, samples.sums
    low, high = np.full((2, len(sums.size)), np.nan)
    full = sums.size > 0
    if not full.any() or (table.cluster is not None and table.clusters < 2):
        return low, high
    independent = SimulatedBins(sums, 1, bootstrap.seed)
    size = independent.size
    if table.cluster is None:
        variance = independent.null_variance
    else:
        variance = ClusteredBins(independent, table, samples.of_sample, samples.gap, full).null_variance
    centre, half = independent.confidence / size, quantile(bootstrap.level, table.clusters) * np.sqrt(variance) / size
    low[full], high[full] = np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)
    whole = table.weight is None or bool((table.weight == np.floor(table.weight)).all())
    if table.cluster is None and whole:
        counted = np.zeros(len(full), bool)
        counted[full] = variance < _NORMAL
        order = np.argsort(samples.of_sample, kind="stable")
        ends = np.searchsorted(samples.of_sample[order], np.arange(len(full)), side="right")
        confidence = np.clip(table["correct"] - samples.gap, 0.0, 1.0)
        for place in np.flatnonzero(counted):
            rows = order[(ends[place - 1] if place else 0) : ends[place]]
            weight = None if table.weight is None else table.weight[rows]
            least, most = _central(confidence[rows], weight, bootstrap.level)
            low[place], high[place] = least / sums.size[place], most / sums.size[place]
    return low, high


def _central(probability: Array, weight: Array | None, level: float) -> tuple[float, float]:
    """The least and the largest of the number of events within its central interval, which has at least this level."""
    likely = probability > 0.5
    # Of a likely event, the opposite is taken away from a certain one.
    rare = np.where(likely, 1.0 - probability, probability)
    certain = float(np.count_nonzero(likely) if weight is None else weight[likely].sum())
    found = SumDistribution.of(Events.of(rare, np.where(likely, -1, 1), weight))
    cumulative, tail = np.cumsum(found.probability), (1 - level) / 2
    least = int(np.argmax(cumulative >= tail - _ROUNDING))
    most = int(np.argmax(cumulative >= 1 - tail - _ROUNDING))
    total = float(len(probability) if weight is None else weight.sum())
    low, high = (min(max(certain + float(found.sums[place]), 0.0), total) for place in (least, most))
    return low, high


def simulated(
    table: SampleTable, cells: Cells, bootstrap: Bootstrap, of_gaps: Callable[[Array], Array]
) -> tuple[Array, Array] | None:
    """The central interval of each of T values of a calibrated model, [T] each; None with fewer than two clusters.

    Args:
        table: the samples.
        cells: the samples folded into cells of confidences.
        bootstrap: the number of simulated label sets, their seed and the level.
        of_gaps: takes the sums of a - c over the cells of some label sets, [d, B], and gives the values, [d, T].
    """
    nothing = np.zeros(len(cells.sums.size))
    noise: SimulatedBins | ClusteredCells
    if table.cluster is None:
        noise = SimulatedBins(cells.sums, bootstrap.resamples, bootstrap.seed)
    elif table.clusters < 2:
        return None
    else:
        gaps = smooth_gaps(cells, design_effect(table, cells), bootstrap.seed).mean(axis=0)
        noise = ClusteredCells(table, cells, gaps, bootstrap)
    # Calibrated: the expected sums of a - c are 0.
    found = noise.simulated(nothing, of_gaps)
    tail = (1 - bootstrap.level) / 2
    low, high = np.quantile(found, (tail, 1 - tail), axis=0)
    return low, high
