"""Bootstrap intervals: reproducible, as wide as they should be, and absent for constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import lscli
from lscli import SampleTable
from lscli.intervals.bootstrap import Bootstrap, interval, resampled
from lscli.metrics.base import Settings
from lscli.metrics.binned_errors import GAPS
from lscli.metrics.catalogue import METRICS
from lscli.report import Row
from tests.command import LABELS, LOGITS

Compute = Callable[[SampleTable], list[float]]
Interval = tuple[str, str, Mapping[str, Any], float, float]

# Metrics of the targets, which are the same for all samples.
CONSTANT = {"loss_floor", "target_on", "target_off"}


def drawn(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((rows, 6))
    labels = rng.integers(0, 6, rows)
    logits[np.arange(rows), labels] += 2
    return logits, labels


def intervals(logits: Any, labels: Any, **options: Any) -> list[Interval]:
    report = lscli.evaluate(logits, labels, ci=True, **{"bootstrap": 60, **options})
    return [(row.group, row.metric, row.params, row.ci_low, row.ci_high) for row in report.rows]


def rows_of(report: lscli.Report) -> dict[str, Row]:
    return {row.metric: row for row in report.rows}


def compute_of(*metrics: str) -> Compute:
    return lambda table: [METRICS[metric].compute(table, Settings())[0].value for metric in metrics]


def interval_of(table: SampleTable, metric: str, resamples: int, seed: int = 0) -> tuple[float, float, float]:
    """The estimate and its interval of 95 %."""
    compute = compute_of(metric)
    values = resampled(table, compute, Bootstrap(resamples, seed), 2)[:, 0]
    (estimate,) = compute(table)
    return estimate, *interval(estimate, values, 0.95)


@pytest.mark.parametrize("score", ["msp", "max_logit_pnorm"])
def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(score: str) -> None:
    logits, labels = drawn()
    options: dict[str, Any] = {"metrics": "all", "score": score, "groups": labels % 2}
    expected = repr(intervals(logits, labels, threads=1, **options))
    for threads in (1, 2, 5):
        assert expected == repr(intervals(logits, labels, threads=threads, chunk_rows=50 * threads, **options))


def test_another_seed_gives_other_intervals_of_the_same_values() -> None:
    logits, labels = drawn()
    one, other = (lscli.evaluate(logits, labels, ci=True, bootstrap=60, seed=seed) for seed in (0, 1))
    for mine, theirs in zip(one.rows, other.rows, strict=True):
        assert mine.value == theirs.value
        if mine.metric not in {*CONSTANT, "ece_null", "ece_p"}:
            same = (mine.ci_low, mine.ci_high) == (theirs.ci_low, theirs.ci_high)
            assert same == (METRICS[mine.metric].interval in ("share", "gap")), mine.metric
            assert not math.isnan(mine.ci_low + mine.ci_high + theirs.ci_low + theirs.ci_high), mine.metric


def test_an_interval_does_not_depend_on_the_other_metrics() -> None:
    logits, labels = drawn()
    together = {entry[1]: entry for entry in intervals(logits, labels, metrics="all")}
    for metric in ("accuracy", "ece", "ece_sweep", "aurc", "brier_discrimination"):
        assert [together[metric]] == intervals(logits, labels, metrics=metric)


def test_without_ci_there_is_no_interval() -> None:
    assert all(math.isnan(row.ci_low) and math.isnan(row.ci_high) for row in lscli.evaluate(*drawn()).rows)


def test_a_higher_level_is_wider() -> None:
    logits, labels = drawn()
    levels = [
        {e[1]: e[3:] for e in intervals(logits, labels, level=level, bootstrap=200)} for level in (0.5, 0.8, 0.99)
    ]
    for metric in levels[0].keys() - CONSTANT - {"ece_p", "ece_null"}:
        lows, highs = zip(*(level[metric] for level in levels), strict=True)
        assert lows[0] > lows[1] > lows[2] or lows[2] == 0, metric
        assert highs[0] < highs[1] < highs[2] or METRICS[metric].interval == "inversion", metric
        assert highs[0] <= highs[1] <= highs[2], metric


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    report = lscli.evaluate(*drawn(2000), ci=True, bootstrap=2000, metrics="loss_hard,accuracy,gamma,brier,perplexity")
    for row in report.rows:
        if row.metric != "perplexity":
            assert [1.96 * row.stderr] * 2 == pytest.approx([row.value - row.ci_low, row.ci_high - row.value], rel=0.12)
    found = rows_of(report)
    # The resamples are the same, so that a rising function of a metric has the function of its interval.
    assert math.exp(found["loss_hard"].ci_low) == pytest.approx(found["perplexity"].ci_low, rel=1e-4)


@pytest.mark.parametrize("groups", [False, True])
def test_weights_of_two_are_rows_given_twice(groups: bool) -> None:
    logits, labels = drawn(400, 1)
    options: dict[str, Any] = {"ci": True, "bootstrap": 800, "metrics": "accuracy,loss_hard,ece,aurc,eps_gap"}
    names = np.where(labels > 2, "high", "low")
    of_two, of_one = (np.tile(names, 2), names) if groups else (None, None)
    repeated = lscli.evaluate(np.tile(logits, (2, 1)), np.tile(labels, 2), groups=of_two, **options)
    weighted = lscli.evaluate(logits, labels, weights=np.full(400, 2), groups=of_one, **options)
    assert len(repeated.rows) == (15 if groups else 5)
    for mine, theirs in zip(repeated.rows, weighted.rows, strict=True):
        assert (mine.group, mine.metric, mine.n) == (theirs.group, theirs.metric, theirs.n)
        assert mine.value == pytest.approx(theirs.value, rel=1e-9)
        width = mine.ci_high - mine.ci_low
        assert width == pytest.approx(theirs.ci_high - theirs.ci_low, rel=0.15), mine.metric
        assert mine.ci_low == pytest.approx(theirs.ci_low, abs=0.12 * width), mine.metric
        assert mine.ci_high == pytest.approx(theirs.ci_high, abs=0.12 * width), mine.metric


def test_a_weight_of_0_is_never_drawn() -> None:
    table = SampleTable.from_confidences([0.5, 0.6, 0.7], [0, 1, 1], weight=[3, 0, 2])
    weights = resampled(table, lambda resample: list(np.array(resample.weight)), Bootstrap(200), 2)
    assert [True] * 200 == (weights.sum(axis=1) == 5).tolist()
    assert 0.0 == weights[:, 1].max() < weights[:, 0].max()
    assert 3 == pytest.approx(weights[:, 0].mean(), abs=0.3)


@pytest.mark.parametrize("metrics", ["default", "all"])
def test_the_intervals_of_the_sample_data_hold_their_estimates(metrics: str) -> None:
    report = lscli.evaluate(LOGITS, LABELS, ci=True, bootstrap=100, metrics=metrics)
    without = {row.metric for row in report.rows if math.isnan(row.ci_low)}
    more = {"classwise_ece", "classwise_ece_max", "logit_gap_optimal", "spiegelhalter_p"} if metrics == "all" else set()
    assert CONSTANT | more | {"ece_p", "ece_null"} == without
    for row in report.rows:
        if row.metric not in without:
            assert row.ci_low < row.ci_high, row.metric
            assert row.ci_low < row.value < row.ci_high or row.metric in GAPS, row.metric


def test_no_calibration_error_has_an_interval_below_0() -> None:
    report = lscli.evaluate(*drawn(40), ci=True, bootstrap=100, metrics="calibration")
    assert all(row.ci_low >= 0 for row in report.rows if METRICS[row.metric].interval == "inversion")
    assert any(row.ci_low == 0 for row in report.rows)


def test_an_estimate_that_is_not_defined_has_no_interval() -> None:
    logits = np.array([[3.0, 0.0], [0.0, 2.0], [1.0, 0.0]])
    found = rows_of(lscli.evaluate(logits, [0, 1, 0], ci=True, bootstrap=50, metrics="confidence,failure_auroc"))
    for metric in ("confidence_on_errors", "failure_auroc"):
        assert all(map(math.isnan, (found[metric].value, found[metric].ci_low, found[metric].ci_high)))
    assert 1.0 == found["accuracy"].value == found["accuracy"].ci_high > found["accuracy"].ci_low > 0


def test_resamples_that_are_not_defined_are_left_out() -> None:
    # One wrong sample of three: three resamples in ten have none.
    logits = np.array([[3.0, 0.0], [0.0, 2.0], [1.0, 0.0]])
    found = rows_of(lscli.evaluate(logits, [0, 1, 1], ci=True, bootstrap=50, metrics="confidence_on_errors"))
    row = found["confidence_on_errors"]
    assert [row.value] * 2 == pytest.approx([row.ci_low, row.ci_high], rel=1e-12)


def test_infinite_losses() -> None:
    logits, labels = drawn(60)
    logits[0] = [-np.inf, 0, 0, 0, 0, 0]
    labels[0] = 0
    with pytest.warns(lscli.LscliWarning, match="masked class"):
        report = lscli.evaluate(logits, labels, ci=True, bootstrap=200, metrics="loss,ece")
    found = rows_of(report)
    for metric in ("loss_hard", "loss_uniform", "perplexity"):
        assert math.inf == found[metric].value == found[metric].ci_high
        # Resamples without the row, a third of them, are finite.
        assert math.isfinite(found[metric].ci_low)
    assert math.isfinite(found["ece"].ci_high)


@pytest.mark.parametrize(
    ("estimate", "values", "expected"),
    [
        (0.5, np.arange(101) / 100, (0.1, 0.9)),
        (0.5, [0.0, 1.0], (0.1, 0.9)),
        (math.nan, [0.0, 1.0], (math.nan, math.nan)),
        (0.5, [math.nan, math.nan], (math.nan, math.nan)),
        (0.5, [math.nan, 0.0, math.nan, 1.0], (0.1, 0.9)),
        (math.inf, [0.0] + [math.inf] * 99, (math.inf, math.inf)),
        (math.inf, [1.0] * 50 + [math.inf] * 50, (1.0, math.inf)),
        (0.0, [-math.inf] * 50 + [math.inf] * 50, (-math.inf, math.inf)),
    ],
)
def test_percentiles(estimate: float, values: Any, expected: tuple[float, float]) -> None:
    found = interval(estimate, np.array(values, float), 0.8)
    assert expected == pytest.approx(found, nan_ok=True)


def test_percentiles_are_those_of_numpy_in_any_order() -> None:
    values = np.random.default_rng(0).standard_normal(997)
    expected = np.quantile(values, [0.025, 0.975])
    assert expected == pytest.approx(interval(0.0, values, 0.95), rel=1e-12)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_in_a_metric_is_raised(threads: int, error: type[BaseException]) -> None:
    calls = []

    def compute(table: SampleTable) -> list[float]:
        calls.append(table.total)
        if len(calls) == 5:
            raise error("here")
        return [0.0]

    with pytest.raises(error, match="here"):
        resampled(SampleTable.from_confidences([0.5, 0.7], [0, 1]), compute, Bootstrap(10_000), threads)
    assert len(calls) < 5 + threads


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bootstrap": 1}, "bootstrap: must be from 2 to 1000000, got 1"),
        ({"bootstrap": -5}, "bootstrap: must be from 2 to 1000000, got -5"),
        ({"seed": -1}, "seed: must be at least 0, got -1"),
        ({"level": 0}, "level: must be between 0 and 1, got 0"),
        ({"level": 1.0}, "level: must be between 0 and 1, got 1.0"),
        ({"level": 95}, "level: must be between 0 and 1, got 95"),
        ({"level": math.nan}, "level: must be between 0 and 1, got nan"),
    ],
)
@pytest.mark.parametrize("ci", [False, True])
def test_a_value_out_of_its_range_is_refused(options: dict[str, Any], message: str, ci: bool) -> None:
    with pytest.raises(lscli.UsageError, match=message):
        lscli.evaluate(*drawn(10), ci=ci, **options)


@pytest.mark.slow
def test_the_interval_of_the_confidence_gap_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for run in range(400):
        rng = np.random.default_rng(run)
        table = SampleTable.from_confidences(rng.uniform(0.5, 1, 200), rng.random(200) < 0.7)
        _, low, high = interval_of(table, "confidence_gap", 200, run)
        held += low <= 0.05 <= high
    assert 0.92 <= held / 400 <= 0.97
