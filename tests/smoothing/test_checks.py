"""Checks of the options of label smoothing."""

from __future__ import annotations

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
