"""Isotonic calibration against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from lscli.recalibrators import isotonic
from lscli.recalibrators.isotonic import Isotonic
from tests.recalibrators import binary


def test_by_hand() -> None:
    c = np.array([0.6, 0.7, 0.7, 0.8, 0.9])
    z = binary.logits(c)
    fit = binary.fitted("isotonic", z, [1, 0, 1, 1, 1])
    assert 2 == binary.number(fit, "blocks")
    np.testing.assert_allclose([0.6388888889] * 2 + [0.9166666667] * 2, fit.parameters.r, atol=1e-10)
    knots = fit.parameters.c
    at = np.array([knots[0] / 2, knots[0], knots[1], (knots[1] + knots[2]) / 2, knots[2], 0.999])
    exact = Isotonic(1.0, 1e-300, knots, fit.parameters.r)
    new = binary.softmax(binary.mapped("isotonic", binary.logits(at), exact))[:, 1]
    expected = [0.6388888889, 0.6388888889, 0.6388888889, 0.7777777778, 0.9166666667, 0.9166666667]
    np.testing.assert_allclose(expected, new, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_scikit_learn_has_the_same_lines(classes: int, weighted: bool) -> None:
    z, y = binary.sample(21, 800, classes)
    weight = np.random.default_rng(0).uniform(0.5, 2, 800) if weighted else np.ones(800)
    fit = binary.fitted("isotonic", z, y, weight)
    total = weight.sum()
    t = fit.parameters.temperature
    c, _, a = binary.seen(z, y, t, total)
    model = IsotonicRegression(out_of_bounds="clip").fit(c, a, sample_weight=weight)
    other, other_y = binary.sample(22, 500, classes)
    at, rest, _ = binary.seen(other, other_y, t, total)
    r = (total * model.predict(at) + 0.5) / (total + 1)
    new = binary.mapped("isotonic", other, fit.parameters)
    if classes == 2:
        np.testing.assert_allclose(r, binary.softmax(new)[:, 1], rtol=1e-9)
    else:
        free = np.log(r / (1 - r)) + np.log(rest) > np.sort(new, axis=1)[:, -2] + 1.0001e-4
        assert free.mean() > 0.5
        np.testing.assert_allclose(r[free], binary.softmax(new).max(axis=1)[free], rtol=1e-9)
    expected = ((model.predict(c) - a) ** 2 @ weight) / total
    assert expected == pytest.approx(binary.number(fit, "squared_error"), rel=1e-12)
    assert (binary.number(fit, "least_step") > 0, binary.number(fit, "violation") < 1e-14) == (True, True)


def test_one_block_that_should_be_several_is_certified_as_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    z, y = binary.sample(21, 300, 2)
    monkeypatch.setattr(isotonic, "isotonic_blocks", lambda outcomes: np.array([0]))
    fit = binary.fitted("isotonic", z, y)
    c, _, a = binary.seen(z, y, fit.parameters.temperature)
    missing = np.cumsum(a.mean() - a[np.argsort(c)]).max() / len(a)
    assert missing == pytest.approx(binary.number(fit, "violation"), rel=1e-9)


def test_one_value_has_one_step() -> None:
    fit = binary.fitted("isotonic", binary.logits([0.7] * 4), [1, 1, 1, 0])
    assert [[3.5 / 5]] == [fit.parameters.r.tolist()]
    new = binary.mapped("isotonic", binary.logits([0.1, 0.7, 0.99]), fit.parameters)
    np.testing.assert_allclose([0.7] * 3, binary.softmax(new)[:, 1], rtol=1e-14)
