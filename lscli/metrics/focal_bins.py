"""The bins of equal count of Mukhoti et al. 2020 (torrvision/focal_calibration), for `--compat focal`.

The edges are values of the sorted confidences at the places i N/M, counted from 0 and interpolated, in float32. A bin
is (lo, hi], and the first edge is the smallest confidence: samples that have it are in no bin, but count in N.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.metrics.bins import MassSums
from lscli.metrics.sorted_values import SortedValues

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]


class FocalBins(NamedTuple):
    """M bins of equal count.

    Attributes:
        edges: [M+1], ascending; the first is the smallest confidence, and some may be equal.
        sums: the sums over the samples of each bin, [M].
    """

    edges: Array
    sums: MassSums

    @classmethod
    def of(cls, table: SampleTable, bins: int) -> FocalBins:
        """The bins of a table with samples of a weight above 0."""
        ascending = table.kept(_rounded)
        weight = ascending.weights(table)
        full = weight > 0
        value, weight = ascending.value[full], weight[full]
        edges = _at(value, np.cumsum(weight), np.linspace(0, table.total, bins + 1)).astype(np.float32)
        place = np.searchsorted(edges, value.astype(np.float32), side="left") - 1
        inside = place >= 0
        correct = ascending.weighted_sums(table, table["correct"])[full]
        sums = (np.bincount(place[inside], x[inside], bins) for x in (weight, correct, correct - weight * value))
        return cls(edges.astype(np.float64), MassSums(edges[1:].astype(np.float64), *sums))

    def bin_of(self, c: Array) -> Array:
        """The bin of each confidence [n]; -1 for those in no bin."""
        place: Array = np.searchsorted(self.edges, c.astype(np.float32), side="left") - 1
        return place


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
