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


def test_a_value_that_is_small_by_luck_does_not_show_that_there_is_none() -> None:
    # It counts as the 16 % quantile of the first model, one standard deviation below its mean.
    for observed in (-3.0, -99.0):
        low, high = inverted(observed, shifted(), 0.95)
        assert 0 == low
        assert 1.96 - 1 == pytest.approx(high, abs=0.06)


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


def test_infinite_values_are_beyond_any_observed_one() -> None:
    # At any t above 0, a third of the values are infinite, as losses of samples that cannot be wrong.
    family = Family(lambda t: np.where((NORMAL > 0.43) & (t > 0), math.inf, t + NORMAL), lambda t: t, 100.0)
    low, high = inverted(2.5, family, 0.95)
    assert 0 < low < 0.02
    assert 2.5 + 1.96 == pytest.approx(high, abs=0.06)
    everywhere = Family(lambda t: np.full(9, math.inf), lambda t: t, 100.0)
    assert (0, 100) == inverted(2.5, everywhere, 0.95)


@pytest.mark.parametrize("draws", [2, 3, 20])
@pytest.mark.parametrize("level", [1e-9, 0.5])
def test_the_lower_end_is_never_above_the_upper_one(draws: int, level: float) -> None:
    for observed in np.linspace(0.1, 3.0, 30):
        family = Family(lambda t: t + 1e-3 * NORMAL[:draws], lambda t: t, math.inf)
        low, high = inverted(float(observed), family, level)
        assert low <= high
