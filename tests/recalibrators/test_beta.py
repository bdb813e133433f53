"""Beta calibration against an optimiser of scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize

from lscli.errors import InputError
from lscli.metrics.isotonic import Outcomes
from lscli.recalibrators import beta
from lscli.recalibrators.logistic import Logistic, logistic
from tests.recalibrators import binary

Array = NDArray[Any]


def objective(z: Array, y: Array, t: float, at: Any) -> float:
    c, rest, a = binary.seen(z, y, t)
    g = at[0] * np.log(c) - at[1] * np.log(rest) + at[2]
    return float(np.logaddexp(0, np.where(a, -g, g)).mean())


def test_known_numbers() -> None:
    z, y = binary.known()
    fit = binary.fitted("beta", z[:1000], y[:1000])
    np.testing.assert_allclose([0.62213092, 1.86236644, -0.99859825], fit.parameters[2:], atol=1e-8)
    new = binary.mapped("beta", z[1000:], fit.parameters)
    assert binary.loss(new, y[1000:]) == pytest.approx(1.2043005420, abs=1e-9)
    top = np.sort(new, axis=1)
    assert (171, True) == (int((top[:, -1] - top[:, -2] < 1.0001e-4).sum()), binary.number(fit, "rows_at_floor") > 0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), classes=st.sampled_from([2, 3, 6]))
def test_scipy_finds_nothing_better(seed: int, classes: int) -> None:
    z, y = binary.sample(seed, 150, classes)
    try:
        fit = binary.fitted("beta", z, y)
    except InputError:
        return
    t, _, *found = fit.parameters
    best = minimize(
        lambda at: objective(z, y, t, at), [1.0, 1, 0], bounds=[(0, None), (0, None), (None, None)], tol=1e-12
    )
    assert fit.after == pytest.approx(objective(z, y, t, found), rel=1e-10)
    assert fit.after <= best.fun + 1e-9
    assert fit.after <= objective(z, y, t, (1, 1, 0))  # the temperature alone


@pytest.mark.parametrize(("held", "a", "b", "m"), [("A", -0.4, 2.0, -1.5), ("B", 2.0, -0.4, 0.5)], ids=["A", "B"])
def test_a_parameter_at_0(held: str, a: float, b: float, m: float) -> None:
    """Where a parameter would be negative it is 0, and the loss grows with it."""
    rng = np.random.default_rng(0)
    c = rng.uniform(0.05, 0.95, 4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-(a * np.log(c) - b * np.log1p(-c) + m)))).astype(int)
    z = binary.logits(c)
    fit = binary.fitted("beta", z, y)
    assert 0 == getattr(fit.parameters, held)
    assert [f"gradient_{held}"] == [key for key in fit.certificate if key.startswith("gradient_")]
    step = np.array([held == "A", held == "B", 0]) * 1e-6
    t, _, *found = fit.parameters
    slope = (objective(z, y, t, np.array(found) + step) - fit.after) / 1e-6
    assert slope == pytest.approx(binary.number(fit, f"gradient_{held}"), rel=1e-3)
    assert slope > 0


@pytest.mark.parametrize("separated", [True, False])
def test_larger_c_with_fewer_of_class_1(separated: bool) -> None:
    """No map that keeps the order is better than a constant."""
    if separated:
        z, y = binary.logits([0.6, 0.7, 0.8, 0.9]), np.array([1, 1, 1, 0])
    else:
        rng = np.random.default_rng(0)
        t = rng.uniform(0.5, 3, 2000)
        z, y = np.stack([0 * t, t], axis=1), (rng.random(2000) < 0.95 - 0.1 * t).astype(int)
    fit = binary.fitted("beta", z, y)
    assert (0, 0) == fit.parameters[2:4]
    assert fit.parameters.m == pytest.approx(np.log(y.mean() / (1 - y.mean())), rel=1e-9)
    assert min(binary.number(fit, f"gradient_{name}") for name in "AB") > 0


def test_parameters_are_recovered() -> None:
    rng = np.random.default_rng(3)
    z = binary.logits(rng.uniform(0.02, 0.98, 100_000))
    fit = binary.fitted("beta", z, (rng.random(len(z)) < _of(z, 1.0)).astype(int))
    t = fit.parameters.temperature
    log_c, log_rest = (np.log(binary.seen(z, np.zeros(len(z)), t)[k]) for k in (0, 1))
    g = fit.parameters.A * log_c - fit.parameters.B * log_rest + fit.parameters.m
    true = _of(z, 1.0)
    assert np.abs(1 / (1 + np.exp(-g)) - true).max() < 0.015


def _of(z: Array, t: float) -> Array:
    c, rest, _ = binary.seen(z, np.zeros(len(z)), t)
    share: Array = 1 / (1 + np.exp(-(0.5 * np.log(c) - 1.6 * np.log(rest) - 0.7)))
    return share


def test_a_search_that_misses_is_certified_with_its_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    def missed(columns: NDArray[Any], outcomes: Outcomes) -> Logistic:
        found = logistic(columns, outcomes)
        return found._replace(coefficients=found.coefficients + 0.01)

    z, y = binary.sample(15, 300, 2)
    monkeypatch.setattr(beta, "logistic", missed)
    fit = binary.fitted("beta", z, y)
    c, rest, a = binary.seen(z, y, fit.parameters.temperature)
    p = binary.softmax(binary.mapped("beta", z, fit.parameters))[:, 1]
    slope = np.stack([np.log(c), -np.log(rest), np.ones(300)]) @ (p - a) / 300
    assert np.abs(slope).max() == pytest.approx(binary.number(fit, "gradient"), rel=1e-9)
