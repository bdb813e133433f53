"""The interval of a row, and normal intervals."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm

from lscli.intervals.normal import band, normal_quantile
from lscli.report import Row


def row(stderr: float, low: float = math.nan, high: float = math.nan) -> Row:
    return Row("a", "", "accuracy", 0.7, stderr, low, high, 10, {})


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_a_row_without_an_interval_has_that_of_its_standard_error(level: float) -> None:
    expected = norm.interval(level, 0.7, 0.02)
    assert expected == pytest.approx(band(row(0.02), normal_quantile(level)), rel=1e-12)
    assert norm.ppf((1 + level) / 2) == pytest.approx(normal_quantile(level), rel=1e-12)


def test_the_interval_of_a_row_comes_first() -> None:
    assert (0.6, 0.9) == band(row(0.02, 0.6, 0.9), 1.96)


def test_a_row_without_either_has_no_band() -> None:
    assert all(map(math.isnan, band(row(math.nan), 1.96)))
