"""Samples in the order of a value, equal values as one: what ranks, bins by count and pools ties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]


class Runs(NamedTuple):
    """Runs of equal values, ascending; R of them.

    Attributes:
        order: [n], the samples by ascending value.
        starts: [R], where in `order` each run begins.
        value: [R], the value of each.
    """

    order: Array
    starts: Array
    value: Array

    @classmethod
    def of(cls, value: Array) -> Runs:
        """The runs of a value [n]."""
        order = np.argsort(value, kind="stable")
        ascending = value[order]
        starts = np.flatnonzero(np.concatenate(([True], ascending[1:] != ascending[:-1])))
        return cls(order, starts, ascending[starts])

    def sums(self, x: Array) -> Array:
        """The sum of x [n] over each run, [R]."""
        total: Array = np.add.reduceat(x[self.order], self.starts, dtype=np.float64)
        return total

    def weights(self, table: SampleTable) -> Array:
        """The weight of each run, [R]."""
        if table.weight is None:
            return np.diff(self.starts, append=len(self.order)).astype(np.float64)
        return self.sums(table.weight)

    def weighted(self, table: SampleTable, x: Array) -> Array:
        """The sum of x [n] times the weights over each run, [R]."""
        return self.sums(x if table.weight is None else x * table.weight)


def runs(table: SampleTable, name: str, value: Callable[[], Array]) -> Runs:
    """The runs of a value of each sample, [n], sorted once for a table and all its resamples."""
    return table.derived(f"runs_{name}", lambda: Runs.of(value()))
