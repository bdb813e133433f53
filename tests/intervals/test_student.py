"""The quantile of Student's t against scipy."""

from __future__ import annotations

import math

import pytest
from scipy.stats import t

from lscli.intervals.student import NORMAL, t_quantile, t_tail


@pytest.mark.parametrize("level", [0.01, 0.5, 0.9, 0.95, 0.99, 0.999])
def test_the_quantile_is_that_of_scipy(level: float) -> None:
    for freedom in (*range(1, 60), 100, 101, 398, 399, 400, 401, 1000, 10**6, 10**9):
        assert t.ppf((1 + level) / 2, freedom) == pytest.approx(t_quantile(level, freedom), rel=1e-10), freedom


@pytest.mark.parametrize("freedom", [1, 2, 3, 19, 399, 400, 100_000, NORMAL - 1, NORMAL])
def test_the_tail_is_that_of_scipy(freedom: int) -> None:
    for x in (0.0, 1e-9, 0.3, 1.0, 1.96, 5.0, 37.0, -2.0):
        assert 2 * t.sf(abs(x), freedom) == pytest.approx(
            t_tail(x, freedom), rel=1e-4 if freedom >= NORMAL else 1e-7
        ), x


@pytest.mark.parametrize("freedom", [1, 4, 99, 399, 400, 5000])
def test_the_tail_of_a_quantile_is_what_its_level_leaves(freedom: int) -> None:
    for level in (0.5, 0.95, 0.999):
        assert 1 - level == pytest.approx(t_tail(t_quantile(level, freedom), freedom), rel=1e-9)
    assert 0 == t_tail(math.inf, freedom)
    assert math.isnan(t_tail(math.nan, freedom))
