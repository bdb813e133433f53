"""Logistic regression against scikit-learn, and its certificate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from lscli.metrics.isotonic import Outcomes
from lscli.recalibrators.logistic import gradient, logistic


def made(seed: int, columns: int = 2, groups: int = 40) -> tuple[np.ndarray, Outcomes]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((columns, groups)) * 10.0 ** np.arange(columns)[:, None] + 3
    right = rng.integers(0, 6, groups).astype(float)
    return x, Outcomes(right, rng.integers(1, 4, groups).astype(float))


@pytest.mark.parametrize("columns", [1, 2])
def test_scikit_learn_finds_the_same(columns: int) -> None:
    x, outcomes = made(1, columns)
    found = logistic(x, outcomes)
    rows = np.concatenate([x.T, x.T])
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    model.fit(rows, [1] * 40 + [0] * 40, sample_weight=np.concatenate(outcomes))
    expected = [*model.coef_[0], model.intercept_[0]]
    np.testing.assert_allclose(expected, found.coefficients, rtol=1e-6, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_gradient_vanishes(seed: int) -> None:
    x, outcomes = made(seed)
    found = logistic(x, outcomes)
    log_odds = found.coefficients[:2] @ x + found.coefficients[2]
    slope = gradient(x, log_odds, outcomes)
    assert np.abs(slope / np.abs(x).max()).max() < 1e-11
    assert found.decrement < 1e-20
    assert found.steps < 30


def test_the_gradient_by_differences() -> None:
    x, outcomes = made(5)
    at = np.array([0.1, -0.02, 0.3])
    full = np.concatenate([x, np.ones((1, x.shape[1]))])

    def loss(at: np.ndarray) -> float:
        g = at @ full
        nll = outcomes.right * np.log1p(np.exp(-g)) + outcomes.wrong * np.log1p(np.exp(g))
        return float(nll.sum() / outcomes.size.sum())

    step = 1e-6 * np.eye(3)
    expected = [(loss(at + each) - loss(at - each)) / 2e-6 for each in step]
    np.testing.assert_allclose(expected, gradient(x, at @ full, outcomes), rtol=1e-6, atol=1e-9)


def test_nearly_separated() -> None:
    x = np.array([[-1.0, 0.0, 1e-9, 1.0]])
    found = logistic(x, Outcomes(np.array([0.0, 1, 0, 1]), np.array([1.0, 0, 1, 0])))
    assert np.isfinite(found.coefficients).all()
    assert found.loss == pytest.approx(np.log(2) / 2, rel=1e-6)


def test_without_columns_the_share() -> None:
    x, outcomes = made(2, 0)
    found = logistic(x, outcomes)
    assert [np.log(outcomes.right.sum() / outcomes.wrong.sum())] == pytest.approx(found.coefficients.tolist())
    assert 0 == found.steps
