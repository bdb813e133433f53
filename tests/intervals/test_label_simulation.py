"""Intervals of calibration errors without bins: how often they hold the truth, and what must not change them."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lscli
from lscli import SampleTable
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.label_simulation import SIMULATED
from lscli.intervals.label_simulation import label_interval as interval_of
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from tests.intervals.designs import CALIBRATED, DESIGNS, Design

ALTERNATING, MILD, OVER, UNDER = DESIGNS[1:]
MISCALIBRATIONS = sorted(metric for metric in SIMULATED if not metric.endswith("discrimination"))


def label_interval(metric: str, table: SampleTable, bootstrap: Bootstrap) -> tuple[float, float]:
    return interval_of(metric, table, Settings(), bootstrap)


@cache
def truth(metric: str, design: Design) -> float:
    """The value of endlessly many samples."""
    confidence = design.confidences(np.random.default_rng(0), 20_000)
    return value(metric, design.expected(confidence))


def value(metric: str, table: SampleTable) -> float:
    return METRICS[metric].compute(table, Settings())[0].value


def found(metric: str, design: Design, n: int, runs: int, draws: int = 100) -> np.ndarray:
    """The intervals of several samples, [runs, 2]."""
    tables = (design.draw(np.random.default_rng([n, run]), n) for run in range(runs))
    return np.array([label_interval(metric, table, Bootstrap(draws, run)) for run, table in enumerate(tables)])


def misses(metric: str, design: Design, intervals: np.ndarray) -> tuple[int, int]:
    """How many intervals are above the truth, and how many below."""
    true = truth(metric, design)
    return int((intervals[:, 0] > true).sum()), int((intervals[:, 1] < true).sum())


@pytest.mark.slow
@pytest.mark.parametrize("metric", MISCALIBRATIONS)
def test_the_lower_end_is_0_for_a_calibrated_model(metric: str) -> None:
    intervals = found(metric, CALIBRATED, 200, 50)
    # 2.5 % of 50 lie above 0: more than 5 in one of 1,000 tests.
    assert (intervals[:, 0] > 0).sum() <= 5
    assert (intervals[:, 0] == 0).sum() >= 45
    # The upper end is 0, too, where the error is less than in 97.5 % of the samples of calibrated models.
    assert (intervals[:, 1] > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("design", [ALTERNATING, MILD, OVER, UNDER], ids=lambda design: design.name)
@pytest.mark.parametrize("metric", sorted(SIMULATED))
def test_intervals_contain_the_truth(metric: str, design: Design) -> None:
    above, below = misses(metric, design, found(metric, design, 200, 20))
    # 2.5 % of 20 on either side: more than 3 in one of 600 tests.
    assert max(above, below) <= 3


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["brier_miscalibration", "ks_calibration", "nll_discrimination", "smece"])
def test_intervals_of_many_samples_contain_the_truth_and_are_narrow(metric: str) -> None:
    intervals = found(metric, ALTERNATING, 20_000, 12)
    above, below = misses(metric, ALTERNATING, intervals)
    assert max(above, below) <= 3
    assert np.diff(intervals).mean() < 0.6 * np.diff(found(metric, ALTERNATING, 500, 6)).mean()


@pytest.mark.parametrize("metric", sorted(SIMULATED))
def test_neither_order_nor_repetition_matters(metric: str) -> None:
    table = OVER.draw(np.random.default_rng(3), 300)
    c, a = table["confidence"], table["correct"]
    weight = np.random.default_rng(4).integers(0, 4, 300)
    order = np.random.default_rng(5).permutation(int(weight.sum()))
    of_weights = SampleTable.from_confidences(c, a, weight=weight)
    repeated = SampleTable.from_confidences(*(np.repeat(x, weight)[order] for x in (c, a)))
    expected = label_interval(metric, of_weights, Bootstrap(100, 1))
    assert expected == pytest.approx(label_interval(metric, repeated, Bootstrap(100, 1)), rel=1e-6)
    assert expected == label_interval(metric, SampleTable.from_confidences(c, a, weight=weight), Bootstrap(100, 1))
    assert expected != label_interval(metric, of_weights, Bootstrap(100, 2))


@pytest.mark.parametrize("design", [CALIBRATED, OVER], ids=lambda design: design.name)
@pytest.mark.parametrize("metric", sorted(SIMULATED))
def test_a_higher_level_holds_the_interval_of_a_lower_one(metric: str, design: Design) -> None:
    table = design.draw(np.random.default_rng(1), 200)
    lows, highs = zip(*(label_interval(metric, table, Bootstrap(100, 0, x)) for x in (0.5, 0.8, 0.95)), strict=True)
    assert lows[0] >= lows[1] >= lows[2] >= 0
    assert highs[0] <= highs[1] <= highs[2]
    assert highs[0] < highs[2]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1e-300, 0.3, 0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=12),
    st.sampled_from(sorted(SIMULATED)),
)
def test_odd_samples_have_an_interval(samples: list[tuple[float, bool]], metric: str) -> None:
    low, high = label_interval(metric, SampleTable.from_confidences(*zip(*samples, strict=True)), Bootstrap(20))
    assert 0 <= low <= high


def test_a_wrong_sample_of_confidence_1_has_an_infinite_upper_end() -> None:
    table = OVER.draw(np.random.default_rng(0), 400)
    c, a = np.append(table["confidence"], 1.0), np.append(table["correct"], False)
    low, high = label_interval("nll_miscalibration", SampleTable.from_confidences(c, a), Bootstrap(100))
    assert math.inf == high
    assert label_interval("nll_miscalibration", table, Bootstrap(100))[0] == pytest.approx(low, rel=1e-9)
    assert 0 < low < math.inf


def test_without_weight_there_is_no_interval() -> None:
    table = SampleTable.from_confidences([0.5, 0.9], [1, 0], weight=[0, 0])
    for metric in SIMULATED:
        assert all(map(math.isnan, label_interval(metric, table, Bootstrap(20))))


def test_the_positive_class_has_the_interval_of_its_forecasts() -> None:
    random = np.random.default_rng(0)
    p = random.uniform(0.02, 0.98, 300)
    labels = (random.random(300) < p**1.3).astype(int)
    logits = np.log(np.column_stack((1 - p, p)))
    names = ",".join(sorted(SIMULATED))
    report = lscli.evaluate(logits, labels, metrics=names, positive_class=1, ci=True, bootstrap=50)
    table = SampleTable.from_confidences(p, labels)
    for row in report.rows:
        assert label_interval(row.metric, table, Bootstrap(50)) == pytest.approx((row.ci_low, row.ci_high), rel=1e-6)


def test_threads_do_not_matter() -> None:
    random = np.random.default_rng(0)
    logits, labels = 2 * random.standard_normal((400, 5)), random.integers(0, 5, 400)
    options: dict[str, Any] = {"metrics": "smece,ks_calibration,nll_miscalibration", "ci": True, "bootstrap": 30}
    one = lscli.evaluate(logits, labels, threads=1, **options)
    several = lscli.evaluate(logits, labels, threads=3, chunk_rows=70, **options)
    assert repr(one.rows) == repr(several.rows)


@pytest.mark.parametrize("rest", [0.0, 2.0**-53, 1e-9, 1e-5, 1e-4])
@pytest.mark.parametrize("metric", sorted(SIMULATED))
def test_no_errors_at_confidences_near_1_do_not_show_that_there_are_none(metric: str, rest: float) -> None:
    table = SampleTable.from_confidences(np.full(200, 1 - rest), np.ones(200, bool))
    (row,) = lscli.measure(table, metrics=metric, ci=True, bootstrap=200).rows
    if metric.endswith("discrimination"):  # of equal confidences nothing is discriminated
        assert (0, 0) == (row.ci_low, row.ci_high)
    else:
        assert 0 == row.ci_low < 1.5e-4 < row.ci_high


def test_impossible_samples_have_an_infinite_upper_end_alone() -> None:
    table = SampleTable.from_confidences(np.ones(50), np.zeros(50, bool))
    (row,) = lscli.measure(table, metrics="nll_miscalibration", ci=True, bootstrap=50).rows
    assert (0, np.inf) == (row.ci_low, row.ci_high)
