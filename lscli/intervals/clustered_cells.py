"""The noise of fine cells if samples belong together: whole clusters are weighted at random, as in a wild bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.intervals.bootstrap import Bootstrap
    from lscli.metrics.cells import Cells
    from lscli.table import SampleTable

    Array = NDArray[Any]

# Numbers of a block.
_BLOCK = 1 << 20


class ClusteredCells:
    """The gaps of cells in simulated samples, like `SimulatedBins`, which has the noise of independent samples.

    The noise of a cell is a sum over clusters of a random number times the cluster's sum of what the model does not
    explain, so that it keeps the correlation between cells (Wu 1986; Cameron, Gelbach and Miller 2008). It is the same
    at every t.
    """

    def __init__(self, table: SampleTable, cells: Cells, residual: Array, expected: Array, bootstrap: Bootstrap) -> None:
        """The cells of a table with at least two clusters.

        Args:
            table: the samples.
            cells: their cells.
            residual: a - c of each sample, [n].
            expected: the sums of a - c over the cells, [B], that the model explains.
            bootstrap: the number of simulated samples and the seed.
        """
        size, clusters = cells.sums.size, table.clusters
        rest = residual - (expected / size)[cells.of_sample]
        if table.weight is not None:
            rest = rest * table.weight
        pairs, pair_of = np.unique(cells.of_sample * np.int64(np.max(table.cluster) + 1) + table.cluster, return_inverse=True)
        sums = np.bincount(pair_of, rest, len(pairs))
        cell, cluster = np.divmod(pairs, np.int64(np.max(table.cluster) + 1))
        _, cluster = np.unique(cluster, return_inverse=True)
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        # CR1, and never less noise in all than independent samples of calibrated models have.
        factor = clusters / (clusters - 1)
        observed = factor * float(np.square(np.bincount(cluster, sums)).sum())
        if observed > 0:
            factor *= max(1.0, float(cells.sums.variance.sum()) / observed)
        random = np.random.Generator(np.random.SFC64(bootstrap.seed))
        found = []
        rows = max(1, _BLOCK // len(pairs))
        for start in range(0, bootstrap.resamples, rows):
            count = min(rows, bootstrap.resamples - start)
            of_clusters = random.standard_normal((count, int(cluster.max()) + 1))
            # Few clusters leave their own variance uncertain: t in place of normal.
            spread = np.sqrt(factor * (clusters - 1) / random.chisquare(clusters - 1, (count, 1)))
            found.append(np.add.reduceat(of_clusters[:, cluster] * sums, starts, axis=1) * spread)
        self._noise = np.concatenate(found)

    def simulated(self, shift: Array, of_gaps: Callable[[Array], Array]) -> Array:
        """A function of the gaps of each simulated sample, [draws]; see `SimulatedBins.simulated`."""
        return of_gaps(self._noise + shift)
