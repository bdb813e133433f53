"""Checks of the options of label smoothing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import lscli
from lscli.smoothing.checks import check_class_weights, check_eps, check_prior


def test_a_prior_in_float32_is_divided_by_its_sum() -> None:
    prior = check_prior(np.full(7, 1 / 7, np.float32), 7)
    assert prior.dtype == np.float64
    assert 1 == pytest.approx(prior.sum(), abs=1e-15)


def test_eps_of_minus_zero_is_zero() -> None:
    assert "0.0" == str(check_eps(-0.0)) == str(check_eps("0"))


def test_class_weights_are_not_negative_and_not_all_0() -> None:
    assert [0, 2] == check_class_weights([0, 2], 2).tolist()
    for weights, words in (([1, -1], "weight of class 1 is negative"), ([0, 0], "above 0"), ([1, 2, 3], "3 weights")):
        with pytest.raises(lscli.InputError, match=words):
            check_class_weights(weights, 2)


@pytest.mark.parametrize("weight", [1e308, 1e101, 1e-101, 5e-324])
def test_class_weights_whose_sums_would_overflow_or_vanish_are_refused(weight: float) -> None:
    with pytest.raises(
        lscli.InputError, match=r"the weight of class 1 is .*: above 0, it must be from 1e-100 to 1e\+100"
    ):
        check_class_weights([1.0, weight], 2)
    for allowed in (0.0, 1e-100, 1e100):
        assert [1.0, allowed] == check_class_weights([1.0, allowed], 2).tolist()


@pytest.mark.parametrize("scale", [1e-50, 1e-30, 1e30, 1e49])
def test_means_do_not_depend_on_the_scale_of_weights(scale: float) -> None:
    random = np.random.default_rng(3)
    logits, labels, weights = random.normal(size=(50, 5)), random.integers(0, 5, 50), 1 + random.random(50)
    metrics = ("loss_hard", "loss_smoothed", "accuracy", "entropy_mean", "brier", "ece")
    one = lscli.evaluate(logits, labels, weights=weights, metrics=metrics, class_weights=weights[:5])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lscli.LscliWarning)  # the weights sum to less than 2
        rows, classes = weights * scale, weights[:5] / scale
        found = lscli.evaluate(logits, labels, weights=rows, metrics=metrics, class_weights=classes)
    assert [row.value for row in one.rows] == pytest.approx([row.value for row in found.rows], rel=1e-12, abs=0)
