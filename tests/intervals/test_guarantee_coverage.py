"""The promises of `threshold` and `conformal` in simulated sets of samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, binom, kstest

from lscli.intervals.conformal import coverage_interval
from tests.intervals.guarantee_coverage import (
    DELTA,
    SCORINGS,
    WORLDS,
    World,
    coverages,
    population,
    scored,
    share_broken,
)


def most(runs: int) -> float:
    """The share that 1 of 10,000 series of runs exceeds, if the promise is broken in 5 % of all runs."""
    return float(binom.isf(1e-4, runs, DELTA)) / runs


@pytest.mark.parametrize("place", range(len(WORLDS)))
@pytest.mark.parametrize(("n", "limit"), [(60, 0.05), (500, 0.01)])
def test_a_threshold_rarely_keeps_more_errors_than_it_promises(place: int, n: int, limit: float) -> None:
    assert share_broken(WORLDS[place], n, limit, 200) <= most(200)


# The error rate of the first three is just above the limit everywhere, so that they show the most.
@pytest.mark.slow
@pytest.mark.parametrize(("place", "runs"), [*((place, 2_000) for place in range(3)), (3, 500), (4, 500), (5, 500)])
def test_it_holds_in_many_runs(place: int, runs: int) -> None:
    assert share_broken(WORLDS[place], 500, 0.05, runs) <= most(runs)


def test_sixty_samples_are_tested_as_the_binomial_distribution_says() -> None:
    """At the limit itself only 59 samples without an error pass, and then perhaps 60."""
    n, limit, runs = 60, 0.05, 1500
    expected = (1 - 1.001 * limit) ** 59
    error = math.sqrt(expected * (1 - expected) / runs)
    assert share_broken(WORLDS[0], n, limit, runs) == pytest.approx(expected, abs=4 * error)


def test_samples_without_an_error_have_a_threshold_in_every_run() -> None:
    """So a low share above is not that of runs without any threshold."""
    good = World("no error", lambda score, limit: np.zeros(len(score)), lambda t, limit: 1.0)
    assert 1 == share_broken(good, 500, 0.05, 200)


@pytest.mark.parametrize("how", SCORINGS, ids=str)
@pytest.mark.parametrize(("n", "alpha"), [(50, 0.1), (400, 0.05)])
def test_the_coverage_of_a_calibration_set_follows_its_beta_distribution(how, n: int, alpha: float) -> None:  # type: ignore[no-untyped-def]
    x, y = population(20_000)
    found, k = coverages(scored(x, y, how), n, alpha, 1500), {50: 46, 400: 381}[n]
    assert kstest(found, beta(k, n + 1 - k).cdf).pvalue > 1e-3
    low, high = coverage_interval(n, k, 0.95)
    assert 0.95 == pytest.approx(np.mean((low <= found) & (found <= high)), abs=0.02)


@pytest.mark.parametrize("how", SCORINGS, ids=str)
def test_tied_scores_cover_at_least_as_often(how) -> None:  # type: ignore[no-untyped-def]
    x, y = population(20_000, tied=True)
    assert coverages(scored(x, y, how), 100, 0.1, 1000).mean() >= 91 / 101 - 0.003


def test_a_quantile_for_each_class_covers_each_class() -> None:
    x, y = population(20_000)
    scores = scored(x, y, SCORINGS[0])
    together = [np.mean(scores[y == c] <= np.quantile(scores, 0.9)) for c in range(5)]
    assert min(together) < 0.87
    for c in range(5):
        assert coverages(scores[y == c], 199, 0.1, 1000).mean() == pytest.approx(180 / 200, abs=0.005)
