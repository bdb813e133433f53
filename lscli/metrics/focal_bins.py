"""The bins of equal count of Mukhoti et al. 2020 (torrvision/focal_calibration), for `--compat focal`.

The edges are values of the sorted confidences at the places i N/M, counted from 0 and interpolated, in float32. A bin
is (lo, hi], and the first edge is the smallest confidence: samples that have it are in no bin, but count in N.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.metrics.bins import BinSums
from lscli.metrics.sorted_values import SortedValues

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]


class FocalBins(NamedTuple):
    """M bins of equal count.

    Attributes:
        edges: [M+1], ascending; the first is the smallest confidence, and some may be equal.
        sums: the sums over the samples of each bin, [M+1]. The last is of the samples in no bin; it has no gap, which
            leaves them out of an error, except that they count in N.
    """

    edges: Array
    sums: BinSums

    @classmethod
    def of(cls, table: SampleTable, bins: int) -> FocalBins:
        """The bins of a table with samples of a weight above 0."""
        ascending = table.kept(_rounded)
        weight = ascending.weights(table)
        full = weight > 0
        value, weight = ascending.value[full], weight[full]
        edges = _at(value, np.cumsum(weight), np.linspace(0, table.total, bins + 1)).astype(np.float32)
        place = _bin_of(edges, value)
        correct = ascending.weighted_sums(table, table["correct"])[full]
        correct[place == bins] = (weight * value)[place == bins]
        columns = (weight, correct - weight * value, correct, np.where(place < bins, weight * value * (1 - value), 0))
        sums = BinSums(*(np.bincount(place, x, bins + 1) for x in columns))
        return cls(edges.astype(np.float64), sums)

    def of_samples(self, table: SampleTable) -> tuple[Array, Array]:
        """The bin and a - c of each sample, [n]; M and 0 for those in no bin."""
        c = table["library_confidence"].astype(np.float32)
        place = _bin_of(self.edges, c)
        return place, np.where(place < len(self.edges) - 1, table["correct"] - c.astype(np.float64), 0.0)


def _bin_of(edges: Array, c: Array) -> Array:
    """The bin of each confidence, [n]; M for those in no bin, which are not above the first edge."""
    place = np.searchsorted(edges, c.astype(np.float32), side="left") - 1
    return np.where(place >= 0, place, len(edges) - 1)


def _rounded(table: SampleTable) -> SortedValues:
    return SortedValues.of(table["library_confidence"].astype(np.float32).astype(np.float64))


def _at(value: Array, cumulative: Array, place: Array) -> Array:
    """The values at these places of the sorted samples, interpolated between whole places.

    Args:
        value: [V], the distinct values, ascending.
        cumulative: [V], how many samples have a value up to each.
        place: places, from 0 to N; beyond N - 1, the place of the last sample, is the last value.
    """
    whole = np.floor(place)
    # Sums of fractional weights are rounded; those of whole weights are exact.
    low, high = (
        value[np.minimum(np.searchsorted(cumulative, (whole + more) * (1 + 1e-12), side="right"), len(value) - 1)]
        for more in (0, 1)
    )
    between: Array = (high - low) * (place - whole) + low
    return between
