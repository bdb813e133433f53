"""The noise of fine cells if samples belong together: what clusters have in common, beside that of their samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.intervals.smooth_gaps import SHAPES
from lscli.metrics.confidence import residual
from lscli.metrics.simulated_bins import SimulatedBins

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.intervals.bootstrap import Bootstrap
    from lscli.metrics.cells import Cells
    from lscli.table import SampleTable

    Array = NDArray[Any]

# Numbers of a block, and the most that are kept. Label sets beyond these share the noise of clusters with others.
_BLOCK, _KEPT = 1 << 20, 1 << 22


class ClusteredCells:
    """The gaps of cells in simulated samples, like `SimulatedBins`, whose samples are independent.

    To their noise is added that of clusters: a random number for each times its mean residual, for all of its samples
    (a wild bootstrap, Wu 1986; Cameron, Gelbach and Miller 2008). It is scaled so that the sum of all residuals has the
    variance CR1, or that of independent samples where this is larger.
    """

    def __init__(self, table: SampleTable, cells: Cells, gaps: Array, bootstrap: Bootstrap) -> None:
        """The cells of a table with at least two clusters.

        Args:
            table: the samples.
            cells: their cells.
            gaps: the best estimate of the sums of a - c over the cells, [B].
            bootstrap: the number of simulated samples and the seed.
        """
        self._samples = SimulatedBins(cells.sums, bootstrap.resamples, bootstrap.seed, SHAPES)
        gaps = np.clip(gaps, -cells.right, cells.wrong)
        independent = float(self._samples.variance(gaps).sum())
        rest = residual(table) - (gaps / cells.sums.size)[cells.of_sample]
        keep = slice(None) if table.weight is None else table.weight > 0
        weight = np.ones(len(table)) if table.weight is None else table.weight[keep]
        _, cluster = np.unique(np.asarray(table.cluster)[keep], return_inverse=True)
        sizes, sums = np.bincount(cluster, weight), np.bincount(cluster, rest[keep] * weight)
        # Clusters take their random numbers in an order that does not depend on that of the rows.
        order = np.lexsort((sizes, np.round(sums, 9)))
        sizes, sums, cluster = sizes[order], sums[order], np.argsort(order)[cluster]
        freedom = table.clusters - 1
        variance = (freedom + 1) / freedom * float(np.square(sums).sum())
        common = math.sqrt(max(0.0, variance - independent) / variance) if variance > 0 else 0.0
        # One number for each cluster and cell that have a sample in common, cell after cell.
        pairs, pair_of = np.unique(cells.of_sample[keep] * np.int64(len(sizes)) + cluster, return_inverse=True)
        cell, cluster = np.divmod(pairs, len(sizes))
        parts = np.bincount(pair_of, weight) * (sums / sizes)[cluster] * (common * math.sqrt((freedom + 1) / freedom))
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        random = np.random.Generator(np.random.SFC64([bootstrap.seed, 2]))
        count, rows, blocks = min(bootstrap.resamples, max(1, _KEPT // len(starts))), max(1, _BLOCK // len(parts)), []
        for start in range(0, count, rows):
            normal = random.standard_normal((min(rows, count - start), len(sizes)))
            # Few clusters leave their own variance uncertain: t in place of normal.
            spread = np.sqrt(freedom / random.chisquare(freedom, (len(normal), 1)))
            blocks.append(np.add.reduceat(normal[:, cluster] * parts, starts, axis=1) * spread)
        self._of_clusters = np.concatenate(blocks)

    def simulated(self, shift: Array, of_gaps: Callable[[Array], Array]) -> Array:
        """A function of the gaps of each simulated sample, [draws]; see `SimulatedBins.simulated`."""
        done = 0

        def more(gaps: Array) -> Array:
            nonlocal done
            rows = np.arange(done, done + len(gaps)) % len(self._of_clusters)
            done += len(gaps)
            return of_gaps(gaps + self._of_clusters[rows])

        return self._samples.simulated(shift, more)
