"""Verdicts on differences, with p-values adjusted for several models, against statsmodels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from lscli.decisions.comparison import ComparisonRow, Verdict
from lscli.decisions.verdicts import holm, judged, verdict
from lscli.metrics.base import Better

NAN = math.nan


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_p_values_are_adjusted_as_statsmodels_does(p_values: list[float]) -> None:
    assert list(multipletests(p_values, method="holm")[1]) == pytest.approx(holm(p_values))


def test_a_missing_p_value_is_no_test() -> None:
    assert [0.02, 0.03] == pytest.approx([p for p in holm([0.01, NAN, 0.03]) if not math.isnan(p)])
    assert math.isnan(holm([0.01, NAN, 0.03])[1])
    assert [] == holm([])


@pytest.mark.parametrize(
    ("expected", "centre", "p", "better", "p_equivalent"),
    [
        ("better", 0.1, 0.01, "higher", NAN),
        ("worse", -0.1, 0.01, "higher", NAN),
        ("better", -0.1, 0.01, "lower", NAN),
        ("worse", 0.1, 0.01, "lower", NAN),
        ("no difference shown", 0.1, 0.051, "lower", NAN),
        ("no difference shown", 0.1, 0.2, "lower", 0.051),
        ("equivalent", 0.1, 0.2, "lower", 0.04),
        ("equivalent", 0.1, 0.001, "lower", 0.04),
        ("", 0.1, 0.001, "", 0.04),
        ("", 0.1, NAN, "lower", NAN),
    ],
)
def test_a_verdict(expected: Verdict, centre: float, p: float, better: Better, p_equivalent: float) -> None:
    assert expected == verdict(centre, p, better, 0.95, p_equivalent)


def row(source: str, metric: str, p: float, low: float, group: str = "", **options: Any) -> ComparisonRow:
    return ComparisonRow(source, group, metric, 1.0, 0.0, 1.0, low, low + 0.1, p, **options)


def better(metric_id: str) -> Better:
    return "lower" if metric_id == "ece" else ""


def test_the_models_of_a_metric_and_group_are_one_set_of_tests() -> None:
    rows = [
        row("b", "ece", 0.03, 0.1),
        row("b", "ece", 0.03, 0.1, "g"),
        row("b", "gamma", 0.03, 0.1),
        row("c", "ece", 0.02, -0.3),
        row("d", "ece", 0.01, 0.1),
        row("e", "ece", 0.03, 0.1, params={"eps": 0.1}),
    ]
    found = judged(rows, [NAN] * len(rows), 0.95, better)
    assert [each.source for each in rows] == [each.source for each in found]
    assert [0.04, 0.03, 0.03, 0.04, 0.03, 0.03] == pytest.approx([each.p_adjusted for each in found])
    assert ["worse", "worse", "", "better", "worse", "worse"] == [each.verdict for each in found]


def test_the_tests_of_equivalence_are_adjusted_for_the_models_too() -> None:
    rows = [row(name, "ece", 0.5, -0.05) for name in "bcd"]
    found = judged(rows, [0.02, 0.02, 0.04], 0.95, better)
    assert ["no difference shown"] * 3 == [each.verdict for each in found]
    found = judged(rows, [0.01, 0.02, 0.04], 0.95, better)
    assert ["equivalent"] * 3 == [each.verdict for each in found]


def test_the_side_of_the_interval_decides_where_the_difference_is_biased() -> None:
    (found,) = judged([row("b", "ece", 0.01, -0.3)], [NAN], 0.95, better)
    assert found.difference > 0
    assert "better" == found.verdict


@pytest.mark.slow
def test_the_chance_of_any_false_verdict_of_several_models_is_at_most_that_of_one() -> None:
    random, runs = np.random.default_rng(0), 2000
    shared = random.standard_normal((runs, 1))
    z = np.sqrt(0.5) * (shared + random.standard_normal((runs, 5)))
    p = np.vectorize(math.erfc)(np.abs(z) / math.sqrt(2))
    assert np.mean([min(holm(each)) < 0.05 for each in p]) < 0.06
    assert (p.min(axis=1) < 0.05).mean() > 0.1
