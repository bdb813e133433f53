"""Intervals of calibration errors over bins: they contain the truth, and depend on nothing but the sums of the bins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import lscli
from lscli import SampleTable
from lscli.intervals.binned import binned_interval
from lscli.intervals.bootstrap import Bootstrap
from lscli.metrics.base import Settings
from lscli.metrics.binned_errors import GAPS
from tests.intervals import calibration_coverage as coverage
from tests.intervals.designs import CALIBRATED, DESIGNS

METRICS = tuple(GAPS)


def measured(table: SampleTable, metrics: str = ",".join(METRICS), **options: Any) -> dict[str, tuple[float, float]]:
    """The interval of each metric."""
    report = lscli.measure(table, metrics=metrics, ci=True, **{"bootstrap": 200, **options})
    return {row.metric: (row.ci_low, row.ci_high) for row in report.rows}


def close(one: dict[str, tuple[float, float]], other: dict[str, tuple[float, float]]) -> bool:
    return one.keys() == other.keys() and all(one[name] == pytest.approx(other[name], rel=1e-6) for name in one)


@pytest.mark.parametrize("place", range(len(DESIGNS)))
def test_the_interval_contains_the_truth_about_as_often_as_it_says(place: int) -> None:
    counts = coverage.counted(coverage.independent(place, 300, 40), ("ece", "ece_equal_mass"), 200)
    for metric, count in counts.items():
        assert count.below + count.above <= 8, metric  # 2 expected; more than 8 in one of ten thousand
        if DESIGNS[place] is CALIBRATED:
            assert 34 <= count.from_zero, metric


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(DESIGNS)))
def test_coverage_of_2000_samples(place: int) -> None:
    counts = coverage.counted(coverage.independent(place, 2000, 120), ("ece", "mce", "ece_sweep"), 500)
    for metric, count in counts.items():
        assert count.coverage >= 0.88, metric  # 0.95 less 3.5 standard errors


@pytest.mark.slow
@pytest.mark.parametrize("over", [0.0, 0.13])
def test_coverage_of_clusters(over: float) -> None:
    counts = coverage.counted(coverage.in_clusters(over, 50, 100), ("ece", "rmsce"), 500)
    for metric, count in counts.items():
        assert count.coverage >= 0.87, metric


@given(st.integers(0, 10**6), st.integers(2, 60), st.sampled_from([0.5, 0.9, 0.999]))
@settings(max_examples=15, deadline=None)
def test_neither_order_nor_repetition_matters(seed: int, n: int, highest: float) -> None:
    random = np.random.default_rng(seed)
    c = highest * np.round(random.random(n), 2)
    right = random.random(n) < c
    order = random.permutation(n)
    weight = random.integers(1, 4, n)
    repeated = SampleTable.from_confidences(np.repeat(c, weight), np.repeat(right, weight))
    weighted = SampleTable.from_confidences(c[order], right[order], weight=weight[order])
    options: dict[str, Any] = {"metrics": "ece,mce,ece_equal_mass", "bootstrap": 50}
    assert close(measured(repeated, **options), measured(weighted, **options))


@given(st.integers(0, 10**6), st.integers(1, 200))
@settings(max_examples=15, deadline=None)
def test_a_higher_level_contains_the_interval_of_a_lower_one(seed: int, n: int) -> None:
    table = DESIGNS[seed % 5].draw(np.random.default_rng(seed), n)
    for metric in ("ece", "rmsce", "mce"):
        low, high = binned_interval(metric, table, Settings(), Bootstrap(200, 0, 0.8))
        lower, higher = binned_interval(metric, table, Settings(), Bootstrap(200, 0, 0.99))
        # The search for an end stops at a small share of the spread.
        slack = 0.02 * (higher - lower)
        assert 0 <= lower <= low + slack
        assert high - slack <= higher <= 1 + 1e-12


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1e-12, 0.3, 0.5, 0.9, 1 - 1e-12, 1.0]), st.booleans(), st.sampled_from([0.1, 1, 3])
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(METRICS),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_odd_samples_have_an_interval_within_0_and_1(
    samples: list[tuple[float, bool, float]], metric: str, clustered: bool
) -> None:
    c, right, weight = (np.array(column) for column in zip(*samples, strict=True))
    cluster = np.arange(len(c)) % 3 if clustered else None
    table = SampleTable.from_confidences(c, right, weight=weight, cluster=cluster)
    low, high = binned_interval(metric, table, Settings(), Bootstrap(30, 0, 0.95))
    if clustered and table.clusters < 2:
        assert math.isnan(low)
    else:
        assert 0 <= low <= high <= 1 + 1e-9


def test_a_sample_without_errors_does_not_say_that_there_are_none() -> None:
    table = SampleTable.from_confidences(np.full(100, 0.995), np.ones(100))
    (low, high) = measured(table, "ece", bootstrap=2000)["ece"]
    # One error among 100 has the same ece as none. At most one occurs in 2.5 % if the error rate is this one.
    assert 0 == low
    assert stats.beta.ppf(0.975, 2, 99) - 0.005 == pytest.approx(high, abs=0.004)


def test_a_large_sample_has_the_interval_of_its_confidence_gap() -> None:
    table = DESIGNS[3].draw(np.random.default_rng(0), 50_000)
    found = measured(table, "ece,ece_sweep,confidence_gap", bootstrap=1000)
    for metric in ("ece", "ece_sweep"):
        assert found["confidence_gap"] == pytest.approx(found[metric], abs=0.0006)


def test_the_debiased_error_has_the_interval_of_what_it_estimates() -> None:
    found = measured(DESIGNS[2].draw(np.random.default_rng(0), 500))
    assert found["rmsce"] == found["rmsce_debiased"]


def test_the_seed_and_the_number_of_simulations_count() -> None:
    table = DESIGNS[1].draw(np.random.default_rng(0), 500)
    first = measured(table)
    assert first == measured(table, threads=3)
    others: tuple[dict[str, Any], ...] = ({"seed": 1}, {"bootstrap": 300})
    for other in others:
        found = measured(table, **other)
        assert first != found
        for metric, bounds in first.items():
            assert bounds == pytest.approx(found[metric], abs=0.2)


def test_bins_norms_and_classes_change_the_interval() -> None:
    random = np.random.default_rng(0)
    p = random.random(400)
    label = random.random(400) < p**1.5
    logits = np.log(np.column_stack((1 - p, p)))
    how: dict[str, Any] = {"metrics": "ece,ece_equal_mass", "ci": True, "bootstrap": 200}
    seen = set()
    for options in (
        {},
        {"bins": 5},
        {"norm": "l2"},
        {"positive_class": 1},
        {"compat": "sklearn"},
        {"bin_edges": "left"},
    ):
        rows = lscli.evaluate(logits, label.astype(int), **how, **options).rows
        seen.add(tuple((row.ci_low, row.ci_high) for row in rows))
        assert all(0 <= row.ci_low <= row.ci_high <= 1 for row in rows)
    assert 5 <= len(seen)
    # The class of interest is a table of its own.
    rows = lscli.evaluate(logits, label.astype(int), positive_class=1, **how).rows
    table = SampleTable.from_confidences(p, label)
    assert measured(table, "ece,ece_equal_mass") == {
        row.metric: pytest.approx((row.ci_low, row.ci_high), rel=1e-6) for row in rows
    }


def test_a_group_has_the_interval_of_its_samples() -> None:
    table = DESIGNS[2].draw(np.random.default_rng(1), 600)
    columns = {"c": table["confidence"], "a": table["correct"].astype(int), "g": np.arange(600) % 2}
    how: dict[str, Any] = {"metrics": "ece", "ci": True, "bootstrap": 100}
    report = lscli.evaluate(columns, confidence="c", correct="a", group_by="g", groups=columns, **how)
    alone = SampleTable.from_confidences(columns["c"][1::2], columns["a"][1::2])
    (row,) = (row for row in report.rows if row.group == "1")
    assert measured(alone, "ece", bootstrap=100)["ece"] == pytest.approx((row.ci_low, row.ci_high), rel=1e-9)


def test_clusters_of_one_sample_are_nearly_independent_samples() -> None:
    table = DESIGNS[3].draw(np.random.default_rng(2), 2000)
    own = table.with_clusters(np.arange(2000))
    for metric in ("ece", "ece_equal_mass"):
        plain, found = (binned_interval(metric, each, Settings(), Bootstrap(1000, 0, 0.95)) for each in (table, own))
        assert plain == pytest.approx(found, abs=0.12 * (plain[1] - plain[0]))


def test_repeated_clusters_are_wider_by_the_root_of_their_size() -> None:
    table = DESIGNS[3].draw(np.random.default_rng(3), 1000)
    cluster = np.repeat(np.arange(1000), 4)
    repeated = SampleTable.from_confidences(
        np.repeat(table["confidence"], 4), np.repeat(table["correct"], 4), cluster=cluster
    )
    for metric in ("ece", "ece_sweep"):
        low, high = binned_interval(metric, table, Settings(), Bootstrap(1000, 0, 0.95))
        found = binned_interval(metric, repeated, Settings(), Bootstrap(1000, 0, 0.95))
        assert (low, high) == pytest.approx(found, abs=0.15 * (high - low)), metric


def test_neither_the_order_of_clusters_nor_that_of_rows_matters() -> None:
    # 10 clusters in 15 bins: each cluster has a random number of its own.
    table = DESIGNS[2].draw(np.random.default_rng(4), 300)
    cluster, order = np.arange(300) % 10, np.random.default_rng(5).permutation(300)
    renamed = SampleTable.from_confidences(
        table["confidence"][order], table["correct"][order], cluster=(9 - cluster)[order]
    )
    assert close(measured(table.with_clusters(cluster)), measured(renamed))


@pytest.mark.parametrize("confidence", [1.0, 1 - 2.0**-53, 1 - 1e-9, 0.9999])
def test_certain_forecasts_that_are_all_right_may_yet_be_wrong(confidence: float) -> None:
    # Of 200 samples none is wrong, with probability .025, if 1.8 % are: -ln(.025) / 200.
    table = SampleTable.from_confidences(np.full(200, confidence), np.ones(200))
    low, high = measured(table, "ece", bootstrap=1000)["ece"]
    assert 0 == low
    assert -math.log(0.025) / 200 == pytest.approx(high, rel=0.2)


def test_one_cluster_has_no_interval() -> None:
    table = SampleTable.from_confidences([0.4, 0.9], [0, 1], cluster=[3, 3])
    assert all(map(math.isnan, binned_interval("ece", table, Settings(), Bootstrap())))


def test_few_bins_and_few_clusters_have_the_same_noise() -> None:
    # 10 clusters of 100 samples in 3 bins: fewer bins than clusters, and more bins than clusters.
    table = DESIGNS[2].draw(np.random.default_rng(4), 1000).with_clusters(np.repeat(np.arange(10), 100))
    found = [binned_interval("ece", table, Settings(bins=bins), Bootstrap(1000, 0, 0.95)) for bins in (9, 11)]
    assert found[0] == pytest.approx(found[1], abs=0.03)
