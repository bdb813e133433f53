"""The probability of an ece under calibration, against binomial distributions and simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.bins import BinSums, bin_sums, rule_of
from lscli.metrics.null_ece import ece_tail, exceeds_noise

Array = NDArray[Any]


def sums(c: Array, a: Array, weight: Array | None = None, **settings: Any) -> BinSums:
    return bin_sums(SampleTable.from_confidences(c, a, weight=weight), rule_of(Settings(**settings)))


@pytest.mark.parametrize(("c", "n"), [(0.995, 100), (0.9, 200), (0.5, 50), (0.2, 30)])
def test_one_bin_of_equal_confidences_is_binomial(c: float, n: int) -> None:
    counts = np.arange(n + 1)
    for right in range(0, n + 1, max(1, n // 13)):
        found = ece_tail(sums(np.full(n, c), np.arange(n) < right))
        gap = abs(right - n * c)
        expected = binom.pmf(counts, n, c)[np.abs(counts - n * c) >= gap - 1e-9].sum()
        assert expected == pytest.approx(found, abs=2e-3)


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
        assert expected == pytest.approx(ece_tail(sums(c, right[place])), abs=0.035)


def test_neither_order_nor_repetition_matters() -> None:
    random = np.random.default_rng(0)
    c, weight = random.random(80), random.integers(0, 4, 80)
    a = random.random(80) < c
    again = random.permutation(np.repeat(np.arange(80), weight))
    assert ece_tail(sums(c, a, weight)) == pytest.approx(ece_tail(sums(c[again], a[again])), rel=1e-6)


def test_the_ends() -> None:
    ones = np.ones(20)
    assert 1 == ece_tail(sums(ones, ones))
    assert 0 == ece_tail(sums(ones, np.arange(20) > 0))
    c = np.concatenate((ones, np.full(20, 0.5)))
    assert 0 == ece_tail(sums(c, np.arange(40) > 0))
    assert pytest.approx(1, abs=1e-9) == ece_tail(sums(c, np.arange(40) < 30))
    wrong = ece_tail(sums(np.full(5000, 0.99), np.zeros(5000)))
    assert 0 == wrong


def test_many_bins() -> None:
    random = np.random.default_rng(3)
    c = random.random(20_000)
    found = [ece_tail(sums(c, random.random(20_000) < c, bins=300)) for _ in range(12)]
    assert 0.005 < min(found) < 0.5 < max(found) < 1


def test_far_beyond_noise_the_answer_is_that_of_the_tail() -> None:
    random = np.random.default_rng(4)
    for c in (random.random(2000), np.full(100, 0.995), 1 - 0.01 * random.random(300)):
        for bias in (0.0, 0.02, 0.05, 0.2):
            found = sums(c, random.random(len(c)) < c - bias)
            for level in (0.8, 0.95, 0.99):
                assert exceeds_noise(found, level) == (ece_tail(found) <= 1 - level)
