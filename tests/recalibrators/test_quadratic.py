"""Quadratic scaling against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from lscli.metrics.isotonic import Outcomes
from lscli.recalibrators import quadratic
from lscli.recalibrators.logistic import Logistic, logistic
from tests.recalibrators import binary


@pytest.mark.parametrize("classes", [2, 5])
def test_scikit_learn_finds_the_same(classes: int) -> None:
    z, y = binary.sample(11, 2000, classes)
    fit = binary.fitted("quadratic", z, y)
    c, rest, a = binary.seen(z, y, fit.parameters.temperature)
    t = np.log(c) - np.log(rest)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(np.stack([t, t * t], axis=1), a)
    np.testing.assert_allclose([model.intercept_[0], *model.coef_[0]], fit.parameters.q, rtol=1e-6, atol=1e-8)
    g = model.intercept_[0] + model.coef_[0] @ [t, t * t]
    assert fit.after == pytest.approx(np.logaddexp(0, np.where(a, -g, g)).mean(), rel=1e-10)
    assert binary.number(fit, "gradient") < 1e-12


def test_says_where_it_turns() -> None:
    rng = np.random.default_rng(0)
    t = rng.uniform(-2, 3, 3000)
    y = (rng.random(3000) < 1 / (1 + np.exp(-(1 + 1.2 * t - 0.6 * t * t)))).astype(int)
    fit = binary.fitted("quadratic", np.stack([0 * t, t], axis=1), y)
    _, q1, q2 = fit.parameters.q
    turn = -q1 / (2 * q2)
    assert turn == pytest.approx(binary.number(fit, "turns_at"))
    assert (f"the map turns at c = {1 / (1 + np.exp(-turn)):.3g}: above it falls as c grows",) == fit.notes


def test_says_nothing_where_it_turns_outside() -> None:
    rng = np.random.default_rng(0)
    t = rng.uniform(-2, 3, 3000)
    y = (rng.random(3000) < 1 / (1 + np.exp(-t))).astype(int)
    fit = binary.fitted("quadratic", np.stack([0 * t, t], axis=1), y)
    assert ((), False) == (fit.notes, "turns_at" in fit.certificate)


def test_a_search_that_misses_is_certified_with_its_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    def missed(columns: NDArray[Any], outcomes: Outcomes) -> Logistic:
        found = logistic(columns, outcomes)
        return found._replace(coefficients=found.coefficients + 0.01)

    z, y = binary.sample(15, 300, 2)
    monkeypatch.setattr(quadratic, "logistic", missed)
    fit = binary.fitted("quadratic", z, y)
    c, rest, a = binary.seen(z, y, fit.parameters.temperature)
    p = binary.softmax(binary.mapped("quadratic", z, fit.parameters))[:, 1]
    slope = (np.log(c) - np.log(rest)) ** np.arange(3)[:, None] @ (p - a) / 300
    assert np.abs(slope).max() == pytest.approx(binary.number(fit, "gradient"), rel=1e-9)
