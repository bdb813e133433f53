"""Intervals of quantiles: order statistics, how often they contain the truth, weights and clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, expon

from lscli.intervals.quantiles import quantile_interval
from lscli.table import SampleTable


def _table(x: np.ndarray, **options: Any) -> SampleTable:
    return SampleTable({"kl": x}, None, **options)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_ends_are_the_order_statistics_of_the_exact_binomial_interval(share: float) -> None:
    x = np.random.default_rng(1).permutation(np.arange(10_000.0))
    low, high = quantile_interval(_table(x), "kl", share, 0.95)
    k = share * len(x)
    assert low == pytest.approx(len(x) * beta.ppf(0.025, k, len(x) - k + 1), abs=5)
    assert high == pytest.approx(len(x) * beta.ppf(0.975, k + 1, len(x) - k), abs=5)


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("clustered", [False, True])
def test_interval_contains_the_truth(share: float, clustered: bool) -> None:
    random, truth, runs = np.random.default_rng(2), expon.ppf(share), 400
    hits = 0
    for _ in range(runs):
        x = random.exponential(size=300)
        options = {"cluster": np.arange(300).repeat(3)} if clustered else {}
        low, high = quantile_interval(_table(x.repeat(3) if clustered else x, **options), "kl", share, 0.95)
        hits += low <= truth <= high
    assert hits / runs == pytest.approx(0.95, abs=0.03)


def test_a_weight_of_two_is_the_row_twice() -> None:
    random = np.random.default_rng(3)
    x, weight = random.exponential(size=200), random.integers(0, 4, 200)
    weighted = quantile_interval(_table(x, weight=weight.astype(float)), "kl", 0.95, 0.9)
    assert weighted == pytest.approx(quantile_interval(_table(x.repeat(weight)), "kl", 0.95, 0.9))


def test_infinite_values_and_values_that_are_not_numbers() -> None:
    x = np.arange(100.0)
    x[90:] = np.inf
    low, high = quantile_interval(_table(x), "kl", 0.9, 0.95)
    assert (low < 90, high) == (True, np.inf)
    x[0] = np.nan
    assert np.isnan(quantile_interval(_table(x), "kl", 0.5, 0.95)).all()
