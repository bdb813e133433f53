"""Bin rules, and the sums of a table over its bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.metrics.confidence import residual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.samples import SampleTable

BINS = 15


class BinSums(NamedTuple):
    """Sums over the samples of each bin, [M].

    Attributes:
        size: weights.
        residual: a - c.
        variance: c (1 - c).
    """

    size: NDArray[Any]
    residual: NDArray[Any]
    variance: NDArray[Any]


def equal_width(confidence: NDArray[Any], bins: int = BINS) -> NDArray[Any]:
    """The bin of each confidence [n] in (i/M, (i+1)/M], 0 in the first and 1 in the last.

    The edges are i/M in float64 and the comparison is exact: c * M would round some confidences
    that lie on an edge into the next bin.
    """
    edges = np.arange(1, bins, dtype=np.float64) / bins
    smallest = np.uint8 if bins <= 256 else np.intp
    return np.searchsorted(edges, confidence, side="left").astype(smallest)


def bin_sums(table: SampleTable, bins: int = BINS) -> BinSums:
    """The sums over equal-width bins, computed once a table."""
    return table.derived(f"bin_sums_{bins}", lambda: _bin_sums(table, bins), weighted=True)


def _bin_sums(table: SampleTable, bins: int) -> BinSums:
    index = table.derived(f"equal_width_{bins}", lambda: equal_width(table["confidence"], bins))
    weight = 1.0 if table.weight is None else table.weight
    return BinSums(
        np.bincount(index, table.weight, bins).astype(np.float64),
        np.bincount(index, weight * residual(table), bins),
        np.bincount(index, weight * (table["confidence"] * table["one_minus_confidence"]), bins),
    )
