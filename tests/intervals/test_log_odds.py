"""Intervals on the scale of log odds."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lscli
from lscli.intervals.log_odds import log_odds_interval
from tests.intervals.resampled_coverage import MODELS, sides


def test_it_is_normal_in_log_odds() -> None:
    drawn = np.array([0.02, 0.04, math.nan, 0.06])
    found = log_odds_interval(0.03, drawn, 50, 1.96)
    assert found is not None
    half = 1.96 * np.nanstd(drawn) * math.sqrt(50 / 49) / (0.03 * 0.97)
    centre = math.log(0.03 / 0.97)
    assert [centre - half, centre + half] == pytest.approx([math.log(end / (1 - end)) for end in found], rel=1e-12)


@pytest.mark.parametrize(("estimate", "drawn"), [(0.0, [0.0, 0.1]), (1.0, [0.9, 1.0]), (math.nan, [0.1]), (0.3, [0.3])])
def test_there_is_none_at_the_ends_or_without_variation(estimate: float, drawn: list[float]) -> None:
    assert log_odds_interval(estimate, np.array(drawn), 10, 2.0) is None


def test_a_ranking_without_errors_keeps_its_percentiles() -> None:
    report = lscli.evaluate(np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), [0, 1, 0], ci=True, metrics="aurc")
    (row,) = report.rows
    assert (0.0, 0.0, 0.0) == (row.value, row.ci_low, row.ci_high)


@pytest.mark.slow
def test_few_errors_do_not_make_it_too_narrow() -> None:
    """6 errors of 200: percentiles contain the truth in 82 to 88 % of the sets."""
    population = MODELS[1].population()
    names = ("aurc", "eaurc", "augrc", "failure_auroc")
    found = sides(population, 200, 80, 80, names)
    for name in names:
        assert sum(found[name]) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 80), name
