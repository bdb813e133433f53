"""Whether a gap between confidence and accuracy is beyond noise: exact tails, clusters, and false alarms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, norm

import lscli
from lscli import SampleTable
from lscli.intervals.gap_test import beyond_noise, gap_interval, null_tails
from lscli.intervals.shares import wilson

Array = NDArray[Any]


def table(confidence: Any, correct: Any, **more: Any) -> SampleTable:
    return SampleTable.from_confidences(confidence, correct, **more)


@pytest.mark.parametrize("c", [0.995, 0.9, 0.5, 0.25, 0.01])
@pytest.mark.parametrize("right", [0, 50, 180, 190, 199, 200])
def test_equal_confidences_have_binomial_tails(c: float, right: int) -> None:
    found = null_tails(table(np.full(200, c), np.arange(200) < right))
    assert binom.cdf(right, 200, c) == pytest.approx(found.at_most, abs=1e-11)
    assert binom.sf(right - 1, 200, c) == pytest.approx(found.at_least, abs=1e-11)


def test_many_uncertain_samples_have_normal_tails() -> None:
    c = np.full(1000, 0.8)
    found = null_tails(table(c, np.arange(1000) < 830))
    assert norm.cdf(30 / np.sqrt(160)) == pytest.approx(found.at_most, rel=1e-12)
    assert norm.sf(30 / np.sqrt(160)) == pytest.approx(found.at_least, rel=1e-12)
    # Where the exact tails take over, the normal ones agree with them but for the width of one sample.
    exact = null_tails(table(np.full(600, 0.8), np.arange(600) < 498))
    assert exact.at_least == pytest.approx(norm.sf(17.5 / np.sqrt(96)), rel=0.06)


def test_certain_samples_leave_no_room() -> None:
    ones = np.ones(10)
    assert (1, 1) == null_tails(table(ones, ones))
    assert beyond_noise(table(ones, ones), 0.95) == ""
    assert null_tails(table(ones, np.arange(10) > 0)).at_most == pytest.approx(0, abs=1e-12)
    assert "over-confident" == beyond_noise(table(ones, np.arange(10) > 0), 0.95)
    assert "under-confident" == beyond_noise(table(0 * ones, np.arange(10) == 0), 0.95)


def test_weights_are_counts_and_order_does_not_matter() -> None:
    random = np.random.default_rng(0)
    c, weight = 1 - 0.2 * random.random(50), random.integers(0, 4, 50)
    a = random.random(50) < c
    again = random.permutation(np.repeat(np.arange(50), weight))
    one, two = null_tails(table(c, a, weight=weight)), null_tails(table(c[again], a[again]))
    assert one == pytest.approx(two, rel=1e-9)


def test_weights_that_are_not_whole_claim_no_more_than_whole_ones_beside_them() -> None:
    c, a = np.full(100, 0.99), np.arange(100) >= 4
    whole = null_tails(table(c, a))
    more = null_tails(table(c, a, weight=np.where(a, 1.0, 1.1)))
    # 4.4 errors count as 4, of slightly more samples.
    assert whole.at_most < more.at_most < 1.1 * whole.at_most


def test_no_error_among_confident_samples_is_no_finding() -> None:
    random = np.random.default_rng(1)
    c = 1 - 0.01 * random.random(200)
    assert "" == beyond_noise(table(c, np.ones(200)), 0.95)
    # Among 2,000, of which ten should be wrong, it is.
    assert "under-confident" == beyond_noise(table(np.tile(c, 10), np.ones(2000)), 0.95)


def test_the_level_is_that_of_both_sides() -> None:
    found = table(np.full(100, 0.9), np.arange(100) < 84)
    tail = binom.cdf(84, 100, 0.9)
    assert "over-confident" == beyond_noise(found, 1 - 2 * tail * 1.001)
    assert "" == beyond_noise(found, 1 - 2 * tail * 0.999)


def test_few_clusters_need_a_larger_gap() -> None:
    c, a = np.full(400, 0.8), np.arange(400) < 300  # 2.5 standard errors
    assert "over-confident" == beyond_noise(table(c, a), 0.95)
    assert "over-confident" == beyond_noise(table(c, a, cluster=np.arange(400) % 50), 0.95)
    assert "" == beyond_noise(table(c, a, cluster=np.arange(400) % 4), 0.95)
    assert "" == beyond_noise(table(c, a, cluster=np.zeros(400, int)), 0.95)


@pytest.mark.parametrize(("accuracy", "n"), [(0.7, 1000), (0.95, 200), (0.995, 100), (0.995, 1000)])
def test_the_interval_contains_the_gap_and_agrees_with_the_verdict(accuracy: float, n: int) -> None:
    random = np.random.default_rng([n, int(1000 * accuracy)])
    for over in (0.0, 2.0):
        missed = 0
        for _ in range(150):
            c = random.beta(accuracy / (1 - accuracy), 1.0, n)
            right = np.clip(c - over * np.sqrt(accuracy * (1 - accuracy) / n), 0, 1)
            drawn = table(c, random.random(n) < right)
            low, high = gap_interval(drawn, 0.95)
            missed += not low <= float((c - right).mean()) <= high
            assert ("over-confident" if low > 0 else "under-confident" if high < 0 else "") == beyond_noise(drawn, 0.95)
            if beyond_noise(drawn, 0.95):
                assert min(null_tails(drawn)) <= 0.025
        assert missed <= 17  # 7.5 expected, and 3.5 standard errors more


def test_equal_confidences_shift_the_interval_of_the_accuracy() -> None:
    for wrong in (0, 1, 7, 60):
        gap = gap_interval(table(np.full(100, 0.7), np.arange(100) >= wrong), 0.95)
        low, high = wilson(1 - wrong / 100, 100, norm.ppf(0.975))
        assert gap == pytest.approx((0.7 - high, 0.7 - low), abs=2e-3)


def test_the_report_has_the_interval_of_the_verdict() -> None:
    random = np.random.default_rng(3)
    c = random.random(300)
    drawn = table(c, random.random(300) < c - 0.05, weight=random.integers(1, 3, 300))
    for given in (drawn, drawn.with_clusters(np.arange(300) // 10)):
        (row,) = lscli.measure(given, metrics="confidence_gap", ci=True, level=0.9, bootstrap=2).rows
        assert gap_interval(given, 0.9) == (row.ci_low, row.ci_high)
        assert row.ci_low < row.value < row.ci_high
    assert all(map(math.isnan, gap_interval(drawn.with_clusters(np.zeros(300, int)), 0.9)))
    assert all(map(math.isnan, gap_interval(drawn.with_weights(np.zeros(300)), 0.9)))
