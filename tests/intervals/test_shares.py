"""Wilson's interval against scipy."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from lscli.intervals.wilson import wilson


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_whole_numbers_of_samples_against_scipy(n: int, share: float, level: float) -> None:
    right = round(share * n)
    expected = binomtest(right, n).proportion_ci(level, method="wilson")
    assert (expected.low, expected.high) == pytest.approx(wilson(right / n, n, level), rel=1e-12, abs=1e-15)


def test_a_fractional_number_of_samples_is_between_whole_ones() -> None:
    narrow, middle, wide = (wilson(0.3, n, 0.95) for n in (11, 10.5, 10))
    assert wide[0] < middle[0] < narrow[0] < 0.3 < narrow[1] < middle[1] < wide[1]


def test_the_interval_of_nothing_and_of_all_ends_there() -> None:
    for n in range(1, 200):
        assert (0.0, 1.0) == (wilson(0.0, n, 0.95)[0], wilson(1.0, n, 0.95)[1])
