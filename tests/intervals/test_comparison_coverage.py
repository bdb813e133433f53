"""The verdicts of `compare` in simulated sets of samples: false alarms of several models, power, false equivalence."""

from __future__ import annotations

import numpy as np
import pytest

from lscli.intervals.paired import paired_with_each
from lscli.metrics.base import Settings
from lscli.metrics.selection import select
from tests.intervals.comparison_coverage import CASES, METRICS, compared, resampling, verdicts

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("place", [1, 2], ids=["over-confident", "near copies"])
def test_a_verdict_on_any_of_four_models_that_do_not_differ_is_rare(place: int) -> None:
    runs = 30
    rows = [verdicts(compared(CASES[place], 500, run)) for run in range(runs)]
    for metric in METRICS:
        alarms = sum(any(r.metric == metric and r.verdict != "no difference shown" for r in own) for own in rows)
        assert alarms <= 5, metric  # of 30; 6 are beyond three standard errors of 5 %


def test_a_real_difference_is_shown() -> None:
    rows = [row for run in range(10) for row in verdicts(compared(CASES[4], 2000, run))]
    for metric in ("accuracy", "loss_hard", "brier"):
        shown = [row.verdict for row in rows if row.metric == metric]
        assert shown.count("worse") >= 0.75 * len(shown), metric
        assert "better" not in shown


def test_models_that_differ_by_the_margin_are_rarely_called_equivalent() -> None:
    case, runs = CASES[4], 100
    margin = case.differences()["loss_hard"]
    found = []
    for run in range(runs):
        one, other = (each for each, _ in case.draw(np.random.default_rng([500, run]), 500, 1))
        (own,) = paired_with_each(one, [other], select("loss_hard"), Settings(), resampling(run), margin)
        found.append(own[0].p_equivalent < 0.05)
    assert sum(found) <= 11  # three standard errors above 5 %
    wide = [
        paired_with_each(one, [other], select("loss_hard"), Settings(), resampling(0), 4 * margin)[0][0].p_equivalent
        for one, other in [[each for each, _ in case.draw(np.random.default_rng(run), 500, 1)] for run in range(10)]
    ]
    assert max(wide) < 0.05
