"""Samples sorted by a value, equal values grouped, against numpy.unique."""

from __future__ import annotations

import numpy as np
import pytest

from lscli import SampleTable
from lscli.metrics.sorted_values import SortedValues, sorted_by


def table_of(values: list[float], weight: list[float] | None = None) -> SampleTable:
    return SampleTable({"margin": np.array(values)}, weight=None if weight is None else np.array(weight))


@pytest.mark.parametrize("rows", [1, 2, 50])
def test_groups_are_the_distinct_values(rows: int) -> None:
    rng = np.random.default_rng(rows)
    value, x, weight = rng.integers(0, 9, rows).astype(float), rng.standard_normal(rows), rng.random(rows)
    distinct, group, count = np.unique(value, return_inverse=True, return_counts=True)
    found = SortedValues.of(value)
    assert distinct.tolist() == found.value.tolist()
    assert np.sort(value).tolist() == value[found.order].tolist()
    assert np.bincount(group, x) == pytest.approx(found.sums(x))
    assert count.tolist() == found.weights(table_of(value.tolist())).tolist()
    table = table_of(value.tolist(), weight.tolist())
    assert np.bincount(group, weight) == pytest.approx(found.weights(table))
    assert np.bincount(group, weight * x) == pytest.approx(found.weighted_sums(table, x))


def test_a_table_and_its_resamples_are_sorted_once() -> None:
    table = table_of([0.5, 0.1, 0.5])
    found = sorted_by(table, "margin")
    assert found is sorted_by(table.resample(np.array([2.0, 1, 0])), "margin")
    assert [-0.5, -0.1] == sorted_by(table, "margin", descending=True).value.tolist()
