"""Inversion of a test: for a normal mean it is the usual interval, and it ends where the models do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lscli.intervals.inversion import Family, inverted

NORMAL = np.random.default_rng(0).standard_normal(20_000)


def shifted(most: float = math.inf, scale: float = 1.0) -> Family:
    return Family(lambda t: scale * (t + NORMAL), lambda t: scale * t, most)


@pytest.mark.parametrize("observed", [2.5, 10.0, 1234.5])
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_a_normal_mean_has_its_usual_interval(observed: float, scale: float) -> None:
    low, high = inverted(observed * scale, shifted(scale=scale), 0.95)
    assert ((observed - 1.96) * scale, (observed + 1.96) * scale) == pytest.approx((low, high), abs=0.06 * scale)


def test_the_lower_end_is_0_where_the_first_model_is_not_rejected() -> None:
    low, high = inverted(1.9, shifted(), 0.95)
    assert 0 == low
    assert 1.9 + 1.96 == pytest.approx(high, abs=0.06)
    assert (0, 0) == inverted(-3.0, shifted(), 0.95)


def test_an_end_is_that_of_the_last_model_where_none_is_rejected() -> None:
    assert 3.0 == inverted(2.5, shifted(3.0), 0.95)[1]
    assert (3.0, 3.0) == inverted(99.0, shifted(3.0), 0.95)


def test_a_value_that_several_models_have_is_not_rejected() -> None:
    # The simulated value is 1 in most samples for any t up to 2.
    family = Family(lambda t: np.where(NORMAL < 2 * t - 4, 2.0, 1.0), lambda t: t, 10.0)
    low, high = inverted(1.0, family, 0.95)
    assert (0, (4 + 1.96) / 2) == pytest.approx((low, high), abs=0.03)
    assert ((4 - 1.96) / 2, 10.0) == pytest.approx(inverted(2.0, family, 0.95), abs=0.03)


def test_an_observed_value_that_is_not_defined_has_no_interval() -> None:
    assert all(map(math.isnan, inverted(math.nan, shifted(), 0.95)))
