"""The quantile of conformal scores, and the distribution of the coverage."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats

from lscli.intervals.conformal import coverage_interval, fewest, quantile, rank


@pytest.mark.parametrize(("n", "alpha", "expected"), [(9, 0.1, 9), (19, 0.05, 19), (99, 0.01, 99), (10, 0.1, 10)])
def test_rank_by_hand(n: int, alpha: float, expected: int) -> None:
    assert expected == rank(n, alpha) == rank(n, str(alpha)) == rank(n, Decimal(str(alpha)))
    assert expected == rank(n, Fraction(str(alpha))) == rank(n, np.float64(alpha))


def test_rank_is_exact_where_floats_are_not() -> None:
    assert 7 == rank(9, 0.3)
    off = [
        (n, a) for n in range(1, 300) for a in range(1, 100) if math.ceil((n + 1) * (1 - a / 100)) != rank(n, a / 100)
    ]
    assert off  # floats go wrong somewhere
    for n, a in off:
        assert -(-(n + 1) * (100 - a) // 100) == rank(n, a / 100)


def test_fewest_is_the_smallest_n_whose_rank_is_at_most_n() -> None:
    for alpha in (0.5, 0.3, 0.1, 0.07, 0.05, 0.01, 1e-3):
        n = fewest(alpha)
        assert rank(n, alpha) <= n < rank(n - 1, alpha) + 1
        assert rank(n - 1, alpha) > n - 1


def test_quantile_by_counting() -> None:
    scores = np.random.default_rng(0).normal(size=57)
    for alpha in (0.5, 0.2, 0.1, 0.05, 0.02):
        q = quantile(scores, alpha)
        # The smallest score with (n+1)(1-alpha) scores or more at most as large.
        enough = [s for s in scores if np.count_nonzero(scores <= s) >= 58 * (1 - Fraction(str(alpha)))]
        assert min(enough) == q
    assert math.inf == quantile(scores, 0.01)
    assert math.inf == quantile(scores[:0], 0.1)


@pytest.mark.parametrize(("n", "alpha"), [(100, 0.1), (1000, 0.05), (50, 0.5)])
def test_the_usual_recipe_with_numpy_is_off_by_one(n: int, alpha: float) -> None:
    scores = np.arange(1.0, n + 1)
    k = rank(n, alpha)
    assert k == quantile(scores, alpha)
    assert k + 1 == np.quantile(scores, k / n, method="higher")
    assert k == np.quantile(scores, k / n, method="inverted_cdf")


@pytest.mark.parametrize(("n", "alpha"), [(9, 0.1), (100, 0.1), (1000, 0.05), (50, 0.5)])
def test_coverage_of_uniform_scores_has_a_beta_distribution(n: int, alpha: float) -> None:
    k = rank(n, alpha)
    beta = scipy.stats.beta(k, n + 1 - k)
    assert beta.interval(0.9) == pytest.approx(coverage_interval(n, k, 0.9), rel=1e-12)
    # The coverage of a quantile of uniform scores is the quantile itself.
    draws = np.random.default_rng(n).uniform(size=(2000, n))
    found = np.array([quantile(row, alpha) for row in draws])
    assert 0.01 < scipy.stats.kstest(found, beta.cdf).pvalue
    assert k / (n + 1) == pytest.approx(float(beta.mean()))


def test_every_class_is_in_the_set_below_the_fewest_samples() -> None:
    assert (1.0, 1.0) == coverage_interval(8, rank(8, 0.1), 0.9)
