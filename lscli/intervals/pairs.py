"""Samples that two models share: which rows both keep, and whether two tables hold the same samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]


def in_common(one: SampleTable, other: SampleTable) -> tuple[SampleTable, SampleTable]:
    """Both tables on the rows that both keep; the tables themselves if they keep the same."""
    if np.array_equal(one["row"], other["row"]):
        return one, other
    return one.select(np.isin(one["row"], other["row"])), other.select(np.isin(other["row"], one["row"]))


def check_same_samples(one: SampleTable, other: SampleTable) -> None:
    """Compare the rows, labels, weights and clusters of two tables, as far as both have them.

    Raises:
        ValueError: they differ, or only one table has weights or clusters.
    """
    names = {"row", "label"} & one.columns.keys() & other.columns.keys()
    if (
        len(one) != len(other)
        or _differ(one.weight, other.weight)
        or _differ(one.cluster, other.cluster)
        or any(_differ(one[name], other[name]) for name in names)
    ):
        raise ValueError("the tables must hold the same samples, in one order, with the same weights and clusters")


def _differ(one: Array | None, other: Array | None) -> bool:
    return one is not other and (one is None or other is None or not np.array_equal(one, other))
