"""The noise of bins if samples belong together: whole clusters are weighted at random, as in a wild bootstrap."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.metrics.simulated_bins import SimulatedBins
    from lscli.table import SampleTable

    Array = NDArray[Any]

# Numbers of a block.
_BLOCK = 1 << 20


class ClusteredBins:
    """The gaps of bins in simulated samples, like `SimulatedBins`, which has the noise of independent samples.

    The noise of a bin is a sum over its clusters of a random number times the cluster's sum of residuals, which keeps
    the correlation between bins. Where that varies less than independent samples do, their noise makes up for it.
    """

    def __init__(
        self, independent: SimulatedBins, table: SampleTable, bins: Array, residual: Array, full: Array
    ) -> None:
        """The bins of a table with at least two clusters.

        Args:
            independent: the same bins if the samples were independent.
            table: the samples.
            bins, residual: the bin and a - c of each sample, [n].
            full: which bins are not empty, [M].
        """
        self.size, self.confidence = independent.size, independent.confidence
        self._independent = independent
        self._clusters = table.clusters
        self._factor = _factor(table, bins, residual, full)
        self._variance = np.square(self._factor).sum(axis=0)
        self.null_variance = np.maximum(independent.null_variance, self._variance)

    def simulated(self, shift: Array, of_gaps: Callable[[Array], Array]) -> Array:
        """A function of the gaps of each simulated sample, [draws]; see `SimulatedBins.simulated`."""
        missing = np.sqrt(np.maximum(self._independent.variance(shift) - self._variance, 0.0))
        random = np.random.Generator(np.random.SFC64([self._independent.seed, 2]))
        found = []
        for normal in self._independent.blocks():
            of_clusters = random.standard_normal((len(normal), len(self._factor)))
            # Few clusters leave their own variance uncertain: t in place of normal.
            freedom = self._clusters - 1
            spread = np.sqrt(freedom / random.chisquare(freedom, (len(normal), 1)))
            noise = np.einsum("dg,gb->db", of_clusters, self._factor) * spread
            rows = np.resize(np.arange(len(shift)), len(normal))
            found.append(of_gaps(noise + normal * missing[rows] + shift[rows]))
        return np.concatenate(found)[: self._independent.draws]


def _factor(table: SampleTable, bins: Array, residual: Array, full: Array) -> Array:
    """A matrix F, [R, B], so that F^T F is the covariance of the sums of bins (CR1 in each bin); R <= B or G."""
    keep = slice(None) if table.weight is None else table.weight > 0
    weight = np.ones(len(table)) if table.weight is None else table.weight[keep]
    count = len(full)
    bins = bins[keep].astype(np.intp)
    size = np.bincount(bins, weight, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.bincount(bins, weight * residual[keep], count) / size
    deviation = weight * (residual[keep] - gap[bins])
    present, cluster = np.unique(np.asarray(table.cluster)[keep], return_inverse=True)
    pairs, pair_of = np.unique(cluster * np.int64(count) + bins, return_inverse=True)
    sums = np.bincount(pair_of, deviation, len(pairs))
    row, column = pairs // count, np.cumsum(full)[pairs % count] - 1
    clusters = np.bincount(column, minlength=int(full.sum()))
    sums *= np.sqrt(clusters / np.maximum(clusters - 1, 1))[column]
    if len(present) <= len(clusters):
        dense = np.zeros((len(present), len(clusters)))
        dense[row, column] = sums
        # Clusters take their random numbers in an order that does not depend on that of the rows.
        return dense[np.lexsort(np.round(dense, 9).T)]
    covariance = np.zeros((len(clusters), len(clusters)))
    rows = max(1, _BLOCK // len(clusters))
    ends = np.searchsorted(row, np.arange(0, len(present) + rows, rows))
    for block, (start, stop) in enumerate(itertools.pairwise(ends)):
        dense = np.zeros((rows, len(clusters)))
        dense[row[start:stop] - block * rows, column[start:stop]] = sums[start:stop]
        covariance += np.einsum("gb,gc->bc", dense, dense)
    return _root(covariance)


def _root(covariance: Array) -> Array:
    """An upper triangular F with F^T F = a covariance, which may be singular (Cholesky)."""
    rest, root = covariance.copy(), np.zeros_like(covariance)
    scale = np.diag(covariance).copy()
    for place in range(len(rest)):
        pivot = rest[place, place]
        if pivot > 1e-12 * scale[place]:
            root[place, place:] = rest[place, place:] / np.sqrt(pivot)
            rest[place:, place:] -= np.outer(root[place, place:], root[place, place:])
    return root
