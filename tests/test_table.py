"""SampleTable: weights, and the values that are kept under the functions that compute them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lscli import SampleTable
from lscli.errors import InputError, UsageError
from lscli.table import weighted, weighted_sum

CALLS: list[object] = []


@pytest.fixture(autouse=True)
def no_calls() -> None:
    CALLS.clear()


def above(table: SampleTable, threshold: float) -> int:
    """How many confidences are above a threshold: depends on the columns alone."""
    CALLS.append(threshold)
    return int((table["confidence"] > threshold).sum())


def weight_above(table: SampleTable, threshold: float) -> float:
    CALLS.append(threshold)
    return weighted_sum((table["confidence"] > threshold).astype(float), table.weight)


def same_arguments(table: SampleTable, threshold: float) -> str:
    return "another function"


def made() -> SampleTable:
    return SampleTable.from_confidences([0.2, 0.6, 0.9], [0, 1, 1])


def binary() -> SampleTable:
    columns = {
        "confidence": np.array([0.9, 0.8, 1.0]),
        "one_minus_confidence": np.array([0.1, 0.2, 1e-30]),
        "predicted": np.array([1, 0, 0]),
        "label": np.array([0, 0, 1]),
        "correct": np.array([False, True, False]),
    }
    return SampleTable(columns, 2)


def test_a_view_of_a_class_has_its_probability_and_whether_it_is_the_label() -> None:
    table = binary().with_weights(np.array([1.0, 2, 3]))
    for number, p, rest, a in (
        (1, [0.9, 0.2, 1e-30], [0.1, 0.8, 1.0], [False, False, True]),
        (0, [0.1, 0.8, 1.0], [0.9, 0.2, 1e-30], [True, True, False]),
    ):
        view = table.of_class(number)
        names = ("confidence", "one_minus_confidence", "correct")
        assert [p, rest, a] == [view[name].tolist() for name in names]
        assert (6.0, None) == (view.total, view.origin)
        assert view is table.of_class(number)


def test_the_view_of_a_resample_shares_what_the_view_keeps() -> None:
    table = binary()
    resamples = [table.resample(np.array([2.0, 1, 0])), table.resample(np.array([0.0, 0, 3]))]
    assert [1, 1, 1] == [each.of_class(1).kept(above, 0.5) for each in (table, *resamples)]
    assert [1, 1] == [each.of_class(1).reused(above, 0.7) for each in resamples]
    assert [0.5, 0.7] == CALLS
    assert [2.0, 0.0] == [each.of_class(1).kept_weighted(weight_above, 0.5) for each in resamples]
    assert [2.0, 0.0] == [each.of_class(1).kept_weighted(weight_above, 0.5) for each in resamples]
    assert [0.5, 0.7, 0.5, 0.5] == CALLS
    assert all(table.of_class(1) is each.of_class(1).origin for each in resamples)


def test_a_value_of_the_columns_is_computed_once_for_all_resamples() -> None:
    table = made()
    tables = [table, table.resample(np.array([2.0, 1, 0])), table.with_weights(np.ones(3))]
    assert [2, 2, 2] == [each.kept(above, 0.5) for each in tables]
    assert 1 == table.kept(above, 0.7)
    assert [0.5, 0.7] == CALLS


def test_a_value_of_the_weights_is_computed_once_per_table() -> None:
    table = made()
    resample = table.resample(np.array([2.0, 1, 0]))
    assert [2, 2] == [table.kept_weighted(weight_above, 0.5) for _ in range(2)]
    assert [1, 1] == [resample.kept_weighted(weight_above, 0.5) for _ in range(2)]
    assert [0.5, 0.5] == CALLS


def test_reused_values_are_kept_in_resamples_only() -> None:
    table = made()
    resample = table.resample(np.ones(3))
    assert [2, 2] == [table.reused(above, 0.5) for _ in range(2)]
    assert [2, 2] == [resample.reused(above, 0.5) for _ in range(2)]
    assert [2, 2] == [table.resample(np.ones(3)).reused(above, 0.5) for _ in range(2)]
    assert [0.5, 0.5, 0.5] == CALLS


def test_functions_with_the_same_arguments_have_values_of_their_own() -> None:
    table = made()
    assert (2, "another function") == (table.kept(above, 0.5), table.kept(same_arguments, 0.5))


def test_a_selection_keeps_nothing() -> None:
    table = made()
    assert 2 == table.kept(above, 0.5)
    assert 1 == table.select(np.array([True, True, False])).kept(above, 0.5)


def test_clusters_are_counted_where_there_is_a_weight() -> None:
    assert 0 == made().clusters
    table = SampleTable.from_confidences([0.2, 0.6, 0.9, 0.7], [0, 1, 1, 0], cluster=["b", "a", "b", "c"])
    fours = made().with_clusters(np.array([4, 4, 4]))
    assert 3 == table.clusters
    assert 2 == table.select(np.array([True, True, True, False])).clusters
    assert 2 == table.with_weights(np.array([0.0, 1, 2, 0])).clusters
    assert 1 == table.resample(np.array([2.0, 0, 1, 0])).clusters
    assert 0 == table.with_weights(np.zeros(4)).clusters
    assert 1 == made().with_clusters(np.array([7, 7, 7])).clusters
    assert [1, 0, 1, 2, 4, 4, 4] == np.asarray(
        table.with_clusters(np.array([1, 0, 1, 2])).joined(fours).cluster
    ).tolist()
    assert 3 == table.without({"correct"}).clusters
    view = binary().with_clusters(np.array([3, 1, 3])).of_class(1)
    assert [3, 1, 3] == np.asarray(view.cluster).tolist()


@pytest.mark.parametrize(
    "cluster", [pd.Series(["x", "y", "x"]), np.array([5.0, 1, 5]), [True, False, True], list("aba")]
)
def test_clusters_are_numbers_or_texts(cluster: Any) -> None:
    table = SampleTable.from_confidences([0.2, 0.6, 0.9], [0, 1, 1], cluster=cluster)
    assert [0, 1, 0] == np.asarray(table.cluster).tolist()


def test_clusters_of_another_length_are_refused() -> None:
    with pytest.raises(UsageError, match=r"cluster: must have one value per sample, got shape \(2,\)"):
        SampleTable.from_confidences([0.2, 0.6, 0.9], [0, 1, 1], cluster=[1, 2])
    with pytest.raises(InputError, match="cluster: row 1 has no cluster"):
        SampleTable.from_confidences([0.2, 0.6, 0.9], [0, 1, 1], cluster=[1, np.nan, 2])


def test_the_total_is_the_sum_of_the_weights() -> None:
    table = made()
    assert (3, 2.5, 0) == (
        table.total,
        table.with_weights(np.array([1, 0, 1.5])).total,
        table.resample(np.zeros(3)).total,
    )


def test_a_sample_of_weight_0_is_excluded_even_if_its_value_is_infinite() -> None:
    x, weight = np.array([math.inf, 2, math.nan, -1]), np.array([0.0, 3, 0, 0.5])
    assert [0, 6, 0, -0.5] == weighted(x, weight).tolist()
    assert 5.5 == weighted_sum(x, weight)
    assert math.inf == weighted_sum(x, np.array([1.0, 3, 0, 0.5]))
    assert 3 == weighted_sum(np.array([True, False, True, True]), None)
