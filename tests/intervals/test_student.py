"""The quantile of Student's t against scipy."""

from __future__ import annotations

import pytest
from scipy.stats import t

from lscli.intervals.student import t_quantile


@pytest.mark.parametrize("level", [0.01, 0.5, 0.9, 0.95, 0.99, 0.999])
def test_the_quantile_is_that_of_scipy(level: float) -> None:
    for freedom in (*range(1, 60), 100, 101, 398, 399, 400, 401, 1000, 10**6, 10**9):
        assert t.ppf((1 + level) / 2, freedom) == pytest.approx(t_quantile(level, freedom), rel=1e-10), freedom
