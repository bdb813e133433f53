"""The probability of an ece under calibration, against binomial distributions and simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from lscli.metrics.base import Settings
from lscli.metrics.bins import rule_of
from tests.metrics.uniform_p import LEVELS, p_value, shares

Array = NDArray[Any]


@pytest.mark.parametrize(("c", "n"), [(0.995, 100), (0.9, 200), (0.5, 50), (0.2, 30), (0.6, 5000)])
def test_one_bin_of_equal_confidences_is_binomial(c: float, n: int) -> None:
    counts = np.arange(n + 1)
    for right in range(0, n + 1, max(1, n // 13)):
        found = p_value(np.full(n, c), np.arange(n) < right)
        gap = abs(right - n * c)
        expected = binom.pmf(counts, n, c)[np.abs(counts - n * c) >= gap - 1e-9].sum()
        assert expected == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize(
    "draw",
    [
        lambda random: 1 - 0.04 * random.random(300) ** 3,
        lambda random: random.beta(4, 1, 300),
        lambda random: random.uniform(0.3, 1, 3000),
    ],
    ids=["near 1", "high", "spread"],
)
def test_it_is_the_share_of_simulated_labels(draw: Any) -> None:
    random = np.random.default_rng(2)
    c = draw(random)
    bins = rule_of(Settings()).bin_of(c)
    right = random.random((4000, len(c))) < c
    gaps = np.stack([(right[:, bins == b] - c[bins == b]).sum(axis=1) for b in range(15)])
    errors = np.abs(gaps).sum(axis=0)
    for place in range(12):
        expected = np.mean(errors >= errors[place] - 1e-9)
        assert expected == pytest.approx(p_value(c, right[place]), abs=0.026)  # 3.3 errors of 4,000 runs


def test_neither_order_nor_repetition_matters() -> None:
    random = np.random.default_rng(0)
    c, weight = random.random(80), random.integers(0, 4, 80)
    a = random.random(80) < c
    again = random.permutation(np.repeat(np.arange(80), weight))
    assert p_value(c, a, weight) == pytest.approx(p_value(c[again], a[again]), rel=1e-6)


def test_the_ends() -> None:
    ones = np.ones(20)
    assert 1 == p_value(ones, ones)
    assert 0 == p_value(ones, np.arange(20) > 0)
    c = np.concatenate((ones, np.full(20, 0.5)))
    assert 0 == p_value(c, np.arange(40) > 0)
    assert 1 == p_value(np.full(100, 0.995), np.ones(100))
    assert pytest.approx(1, abs=1e-9) == p_value(c, np.arange(40) < 30)
    # What is possible has a probability above 0, which is not computed below this.
    assert 1e-12 == p_value(np.full(5000, 0.99), np.zeros(5000)) == p_value(np.full(2, 1 - 1e-9), np.zeros(2))


def test_many_bins() -> None:
    random = np.random.default_rng(3)
    c = random.random(20_000)
    found = [p_value(c, random.random(20_000) < c, bins=300) for _ in range(6)]
    assert 0.005 < min(found) < 0.5 < max(found) < 1


@pytest.mark.parametrize(("accuracy", "n"), [(0.6, 100), (0.8, 1000), (0.95, 1000), (0.995, 1000)])
def test_it_is_uniform_for_calibrated_models_and_small_for_others(accuracy: float, n: int) -> None:
    runs = 100
    for level, share, power in zip(LEVELS, *shares(accuracy, n, runs), strict=True):
        assert share == pytest.approx(level, abs=3.3 * (level * (1 - level) / runs) ** 0.5)
        assert power >= 0.6 or level < 0.05


def test_equal_confidences_have_small_p_values_no_more_often_than_they_say() -> None:
    # The possible values of ece are few, so that their probabilities may not be smoothed.
    random = np.random.default_rng(5)
    for accuracy in (0.6, 0.95, 0.995):
        found = np.array([p_value(np.full(100, accuracy), random.random(100) < accuracy) for _ in range(150)])
        for level in (0.05, 0.1, 0.25):
            assert np.mean(found <= level) <= level + 3.3 * (level * (1 - level) / 150) ** 0.5
