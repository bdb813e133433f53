"""Samples sorted by a value, equal values grouped: for quantiles, rankings, bins of equal count and pooled ties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]


class SortedValues(NamedTuple):
    """The V distinct values of n samples, ascending, each with the group of samples that have this value.

    Attributes:
        order: [n], the indices of the samples by ascending value.
        starts: [V], where in `order` each group begins.
        value: [V], the value of each group.
    """

    order: Array
    starts: Array
    value: Array

    @classmethod
    def of(cls, value: Array) -> SortedValues:
        """Sort values [n]."""
        order = np.argsort(value, kind="stable")
        ascending = value[order]
        starts = np.flatnonzero(np.concatenate(([True], ascending[1:] != ascending[:-1])))
        return cls(order, starts, ascending[starts])

    def sums(self, x: Array) -> Array:
        """The sum of x [n] over each group, [V]."""
        total: Array = np.add.reduceat(x[self.order], self.starts, dtype=np.float64)
        return total

    def weights(self, table: SampleTable) -> Array:
        """The weight of each group, [V]."""
        if table.weight is None:
            return np.diff(self.starts, append=len(self.order)).astype(np.float64)
        return self.sums(table.weight)

    def weighted_sums(self, table: SampleTable, x: Array) -> Array:
        """The sum of x [n] times the weights over each group, [V]."""
        return self.sums(x if table.weight is None else x * table.weight)


def sorted_by(table: SampleTable, column: str, *, descending: bool = False) -> SortedValues:
    """The samples sorted by a column, or by its negative; sorted once for a table and all its resamples."""
    return table.kept(_sorted_by, column, descending)


def _sorted_by(table: SampleTable, column: str, descending: bool) -> SortedValues:
    return SortedValues.of(-table[column] if descending else table[column])
