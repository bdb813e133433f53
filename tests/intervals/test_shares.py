"""Intervals of shares: how often they contain the truth, and the laws that they keep near 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import binom, binomtest, norm, t
from statsmodels.stats.proportion import proportion_confint

import lscli
from lscli import SampleTable
from lscli.api.report_rows import group_rows
from lscli.intervals.bootstrap import Bootstrap, resampled
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.shares import share_interval, wilson
from lscli.kernels.rowstate import PNORM_EXPONENTS
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from lscli.metrics.scores import held_out_rows
from lscli.metrics.selection import select
from lscli.metrics.selective import risk_at_coverage
from lscli.report import Row
from tests.intervals.designs import CALIBRATED
from tests.intervals.share_coverage import SHARES, SIZES, exact_coverage
from tests.metrics.tables import OF_COLUMNS, full_table, values

Array = NDArray[Any]


def rows_of(table: SampleTable, metrics: str = "accuracy,error", level: float = 0.95, seed: int = 0) -> dict[str, Row]:
    """The rows of these metrics with their intervals, without the notes on few clusters."""
    resampling = Resampling(Bootstrap(50, seed, level), 1, None)
    rows = group_rows("", "", table, select(metrics), Settings(), resampling)
    return {row.metric: row for row in rows}


def bounds(row: Row) -> tuple[float, float]:
    return row.ci_low, row.ci_high


def table_of(right: Sequence[bool] | Array, weight: Any = None, cluster: Any = None) -> SampleTable:
    return SampleTable.from_confidences(np.full(len(right), 0.7), right, weight=weight, cluster=cluster)


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_whole_numbers_of_samples_against_scipy(n: int, share: float, level: float) -> None:
    right = round(share * n)
    expected = binomtest(right, n).proportion_ci(level, method="wilson")
    found = share_interval(right / n, n, level)
    assert (expected.low, expected.high) == pytest.approx(found, rel=1e-12, abs=1e-15)


def test_a_fractional_number_of_samples_is_between_whole_ones() -> None:
    narrow, middle, wide = (share_interval(0.3, n, 0.95) for n in (11, 10.5, 10))
    assert wide[0] < middle[0] < narrow[0] < 0.3 < narrow[1] < middle[1] < wide[1]


def test_the_interval_of_nothing_and_of_all_ends_there() -> None:
    for n in range(1, 200):
        assert (0.0, 1.0) == (wilson(0.0, n, 1.96)[0], wilson(1.0, n, 1.96)[1])


@pytest.mark.parametrize("share", SHARES)
def test_intervals_of_95_percent_contain_the_truth_in_95_percent(share: float) -> None:
    """Exactly, for every number of samples: the probabilities of the binomial distribution are summed."""
    coverage = exact_coverage(share)
    many = SIZES * share * (1 - share) >= 5
    # Counts are whole, so that the coverage jumps: at .99 and .995 it is above .97 for at most 20 numbers of samples.
    assert coverage[many].min() >= 0.935
    assert coverage[many].max() <= 0.973
    assert np.count_nonzero(coverage[many] > 0.97) <= 20
    odd = (coverage < 0.9) | (coverage > 0.98)
    # Nothing can help there: an interval that contains the truth for up to one error does so in less than 90 %, for up
    # to two errors in more than 98 %.
    assert (list(range(107, 115)) if share == 0.995 else []) == SIZES[odd].tolist()
    for n in SIZES[odd]:
        assert binom.cdf(1, n, 1 - share) < 0.9
        assert binom.cdf(2, n, 1 - share) > 0.98
    assert coverage.min() > 0.894
    assert coverage.max() < 0.982


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300), st.data(), st.sampled_from([0.5, 0.95, 0.999]))
def test_accuracy_and_error_against_statsmodels(n: int, data: st.DataObject, level: float) -> None:
    right = data.draw(st.integers(0, n) | st.sampled_from([0, n]))
    found = rows_of(table_of(np.arange(n) < right), level=level)
    expected = proportion_confint(right, n, 1 - level, method="wilson")
    assert expected == pytest.approx(bounds(found["accuracy"]), rel=1e-9, abs=1e-15)
    mirrored = 1 - found["error"].ci_high, 1 - found["error"].ci_low
    assert mirrored == pytest.approx(bounds(found["accuracy"]), abs=1e-15)


WEIGHTED = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=40).filter(
    lambda samples: any(weight for _, weight in samples)
)


@settings(max_examples=60, deadline=None)
@given(WEIGHTED, st.booleans())
def test_a_weight_of_2_is_the_row_twice(samples: list[tuple[bool, int]], clustered: bool) -> None:
    right, weight = (np.array(part) for part in zip(*samples, strict=True))
    cluster = np.arange(len(right)) % 25 if clustered else None
    weighted = table_of(right, weight, cluster)
    repeated = table_of(np.repeat(right, weight), None, None if cluster is None else np.repeat(cluster, weight))
    metrics = "accuracy,error,risk_at_coverage"
    found, expected = rows_of(weighted, metrics), rows_of(repeated, metrics)
    for metric, row in expected.items():
        assert bounds(row) == pytest.approx(bounds(found[metric]), rel=1e-9, abs=1e-12, nan_ok=True), metric
        assert math.isnan(row.ci_low) == (clustered and weighted.clusters == 1)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=30),
    st.floats(1e-3, 1e3),
    st.sampled_from([0, 2, 7]),
    st.sampled_from([(0.5, 0.8), (0.9, 0.95), (0.95, 0.999)]),
)
def test_a_share_lies_in_its_interval_which_widens_with_the_level(
    right: list[bool], scale: float, clusters: int, levels: tuple[float, float]
) -> None:
    weight = scale * np.random.default_rng(len(right)).random(len(right))
    table = table_of(right, weight, np.arange(len(right)) % clusters if clusters else None)
    narrow, wide = (rows_of(table, "accuracy,error,risk_at_coverage", level) for level in levels)
    for metric, row in narrow.items():
        if clusters and len(right) == 1:
            assert all(map(math.isnan, bounds(row)))
            continue
        (low, high), (lower, higher) = bounds(row), bounds(wide[metric])
        assert 0 <= lower <= low <= row.value + 1e-12
        assert row.value - 1e-12 <= high <= higher <= 1
        assert low < high


def test_neither_seed_nor_order_matters() -> None:
    right = np.random.default_rng(0).random(500) < 0.99
    expected, found = rows_of(table_of(right), seed=0), rows_of(table_of(right[::-1]), seed=1)
    assert [bounds(row) for row in expected.values()] == [bounds(row) for row in found.values()]


@pytest.mark.parametrize("weight", [0.25, 0.5, 3.0])
def test_one_sample_says_nearly_nothing(weight: float) -> None:
    found = rows_of(table_of([True], [weight]), "accuracy,error,risk_at_coverage")
    z = norm.ppf(0.975)
    assert (weight / (weight + z * z), 1.0) == pytest.approx(bounds(found["accuracy"]))
    assert (0.0, z * z / (weight + z * z)) == pytest.approx(bounds(found["error"]))
    assert (0.0, z * z / (weight + z * z)) == pytest.approx(bounds(found["risk_at_coverage"]))


def test_no_sample_has_no_interval() -> None:
    for table in (table_of([True, False], [0, 0]), table_of([True, False], [0, 0], [0, 1])):
        for row in rows_of(table, "accuracy,risk_at_coverage").values():
            assert all(map(math.isnan, (row.value, *bounds(row))))


def test_shares_are_named_as_such() -> None:
    table = full_table(60)
    for name in {name for name, _ in OF_COLUMNS}:
        assert all((METRICS[name].interval == "share") == (value.share_of > 0) for value in values(name, table)), name
    assert {name for name, metric in METRICS.items() if metric.interval == "share"} == {
        *("accuracy", "error", "top5_accuracy", "risk_at_coverage", "eps_accuracy", "above_target"),
        *("right_to_wrong", "wrong_to_right", "changed_wrong", "top1_agreement"),
    }


@pytest.mark.parametrize("classes", [2, 10])
def test_shares_of_logits(classes: int) -> None:
    random = np.random.default_rng(classes)
    logits, labels = random.standard_normal((300, classes)), random.integers(0, classes, 300)
    logits[np.arange(300), labels] += 3
    logits -= logits.max()
    metrics = "accuracy,error,eps_accuracy,above_target" + ",top2_accuracy" * (classes > 2)
    report = lscli.evaluate(logits, labels, eps=0.1, metrics=metrics, ci=True)
    for row in report.rows:
        whole = classes / (classes - 1) if row.metric == "eps_accuracy" else 1.0
        expected = proportion_confint(round(row.value / whole * 300), 300, method="wilson")
        assert expected == pytest.approx((row.ci_low / whole, row.ci_high / whole), rel=1e-9, abs=1e-15), row.metric
    assert 4 + (classes > 2) == len(report.rows)
    clusters: dict[str, Any] = {"metrics": "error,eps_accuracy", "ci": True, "clusters": np.arange(300) // 10}
    error, eps = lscli.evaluate(logits, labels, **clusters).rows
    factor = classes / (classes - 1)
    assert (factor * error.ci_low, factor * error.ci_high) == pytest.approx(bounds(eps), rel=1e-12)
    assert error.stderr > 0


def test_eps_accuracy_of_rows_with_fewer_classes() -> None:
    """Errors of rows with fewer classes count more, so it is no share: its interval comes from resamples."""
    random = np.random.default_rng(1)
    logits, labels = random.standard_normal((200, 4)), random.integers(0, 2, 200)
    logits[np.arange(200), labels] += 3
    logits[::2, 2:] = -math.inf
    logits -= logits.max()
    how: dict[str, Any] = {"metrics": "error,eps_accuracy", "ci": True, "masked_classes": "exclude"}
    with pytest.warns(lscli.LscliWarning, match="left out"):
        error, eps = lscli.evaluate(logits, labels, **how).rows
    with pytest.warns(lscli.LscliWarning, match="left out"):
        same, other = lscli.evaluate(logits, labels, seed=1, **how).rows
    assert bounds(error) == bounds(same)
    assert bounds(eps) != bounds(other)
    wrong = logits.argmax(axis=1) != labels
    assert np.mean(wrong * np.where(np.arange(200) % 2, 4 / 3, 2)) == pytest.approx(eps.value, rel=1e-12)
    assert eps.ci_low < eps.value < eps.ci_high


def test_bounds_of_a_share_have_the_interval_of_the_bound() -> None:
    """Of top 2 log-probabilities, a label outside may be among the 3 largest, or not."""
    random = np.random.default_rng(2)
    kept = np.sort(random.uniform(-1.6, -0.9, (100, 2)))[:, ::-1]
    report = lscli.evaluate(
        kept,
        random.integers(0, 6, 100),
        topk_classes=np.tile([0, 1], (100, 1)),
        classes=6,
        metrics="top3_accuracy,accuracy",
        ci=True,
    )
    assert ["lower", "upper", ""] == [row.bound for row in report.rows]
    for row in report.rows:
        expected = proportion_confint(round(row.value * 100), 100, method="wilson")
        assert expected == pytest.approx(bounds(row), rel=1e-9, abs=1e-15)


def test_clusters_have_an_interval_of_log_odds() -> None:
    half = t.ppf(0.975, 11) * 0.04 / (0.9 * 0.1)
    expected = expit(logit(0.9) - half), expit(logit(0.9) + half)
    assert expected == pytest.approx(share_interval(0.9, 500, 0.95, 0.04, 12), rel=1e-10)
    right, cluster = np.random.default_rng(3).random(600) < 0.97, np.arange(600) // 10
    (row,) = rows_of(table_of(right, cluster=cluster), "accuracy").values()
    half = t.ppf(0.975, 59) * row.stderr / (row.value * (1 - row.value))
    assert expit(logit(row.value) + np.array([-half, half])) == pytest.approx(bounds(row), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-9, 1 - 1e-9), st.floats(1e-9, 0.5), st.integers(2, 50))
def test_a_share_of_clusters_lies_in_its_interval(share: float, stderr: float, clusters: int) -> None:
    low, high = share_interval(share, 100, 0.95, stderr, clusters)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


@pytest.mark.parametrize(
    ("share", "stderr", "clusters"), [(1.0, 0.0, 6), (0.0, 0.0, 6), (0.5, 0.0, 6), (0.5, math.nan, 1)]
)
def test_clusters_that_agree_count_as_one_sample_each(share: float, stderr: float, clusters: int) -> None:
    assert share_interval(share, clusters, 0.95) == share_interval(share, 500, 0.95, stderr, clusters)
    # Weights may sum to less than 1.
    assert share_interval(share, 0.4, 0.95) == share_interval(share, 0.4, 0.95, stderr, clusters)


@pytest.mark.parametrize(("right", "of", "clusters"), [(1, 3, 3), (1, 3, 30), (3, 7, 6), (17, 49, 6), (333, 1000, 5)])
def test_clusters_of_one_share_agree_in_spite_of_rounding(right: int, of: int, clusters: int) -> None:
    correct, cluster = np.tile(np.arange(of) < right, clusters), np.repeat(np.arange(clusters), of)
    expected = pytest.approx(share_interval(right / of, clusters, 0.95), rel=1e-12)
    table = {"c": np.full(len(correct), 0.47), "a": correct}
    (row,) = (row for row in lscli.per_bin(table, confidence="c", correct="a", clusters=cluster).rows if row.size)
    assert expected == (row.ci_low, row.ci_high)
    assert expected == bounds(rows_of(table_of(correct, cluster=cluster))["accuracy"])


def test_clusters_without_an_error_may_have_one_elsewhere() -> None:
    found = rows_of(table_of(np.ones(300, bool), cluster=np.arange(300) // 10), "accuracy,error,risk_at_coverage")
    expected = proportion_confint(30, 30, method="wilson")
    assert expected == pytest.approx(bounds(found["accuracy"]), rel=1e-9)
    for metric in ("error", "risk_at_coverage"):
        assert (0.0, 1 - expected[0]) == pytest.approx(bounds(found[metric]), rel=1e-9)


def risk_of(table: SampleTable, coverage: float) -> float:
    return risk_at_coverage(table, Settings(coverage=coverage))[0].value


@pytest.mark.parametrize("tied", [False, True])
def test_the_risk_of_all_samples_is_the_error(tied: bool) -> None:
    """At a coverage of 1, or at any coverage if all confidences are equal."""
    random = np.random.default_rng(4)
    confidence = np.full(250, 0.8) if tied else random.random(250)
    for right in (random.random(250) < 0.9, random.random(250) < 0.5):
        for cluster in (None, np.arange(250) // 5):
            table = SampleTable.from_confidences(confidence, right, cluster=cluster)
            (risk, error) = rows_of(table, f"risk_at_coverage@{0.6 if tied else 1},error").values()
            assert (error.value, error.stderr) == pytest.approx((risk.value, risk.stderr), rel=1e-9)
            assert bounds(error) == pytest.approx(bounds(risk), rel=0.02 if tied else 1e-9)


# The probability of being right at a confidence; the second falls from near 1 to near 0 around the threshold.
RIGHT: dict[str, Callable[[Array], Array]] = {"calibrated": lambda c: c, "steep": lambda c: expit(25 * (c - 0.55))}


def confidences(random: np.random.Generator, n: int, steps: int) -> Array:
    """Confidences of n samples, all different or rounded to so many steps."""
    c = CALIBRATED.confidences(random, n)
    return np.round(c * steps) / steps if steps else c


@pytest.mark.parametrize("right", RIGHT)
@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("size", [0, 10])
def test_the_standard_error_of_a_risk_is_that_of_resamples(right: str, steps: int, size: int) -> None:
    random = np.random.default_rng(5)
    confidence = confidences(random, 3000, steps)
    correct = random.random(3000) < RIGHT[right](confidence)
    # Samples of nearly the same confidence are one cluster.
    cluster = np.argsort(np.argsort(confidence + 0.3 * random.random(3000))) // size if size else None
    table = SampleTable.from_confidences(confidence, correct, cluster=cluster)
    found = risk_at_coverage(table, Settings(coverage=0.8))[0]
    drawn = resampled(table, lambda resample: [risk_of(resample, 0.8)], Bootstrap(600, 7), 2)
    assert float(drawn.std()) == pytest.approx(found.stderr, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("right", RIGHT)
@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("n", [200, 2000])
def test_the_interval_of_a_risk_contains_it_with_a_threshold_of_the_sample(right: str, steps: int, n: int) -> None:
    """93 to 97 % of intervals, up to three standard errors of 600 runs."""
    many = confidences(np.random.default_rng(8), 200_000, steps)
    weight = np.concatenate((RIGHT[right](many), 1 - RIGHT[right](many)))
    endless = SampleTable.from_confidences(np.tile(many, 2), np.repeat([True, False], len(many)), weight=weight)
    true, held = risk_of(endless, 0.8), 0
    for run in range(600):
        random = np.random.default_rng([n, run])
        c = confidences(random, n, steps)
        table = SampleTable.from_confidences(c, random.random(n) < RIGHT[right](c))
        (row,) = rows_of(table, "risk_at_coverage").values()
        held += row.ci_low <= true <= row.ci_high
    margin = 3 * math.sqrt(0.05 * 0.95 / 600)
    assert 0.93 - margin <= held / 600 <= 0.97 + margin


def test_a_share_of_the_half_that_does_not_choose_the_norm_is_of_its_clusters() -> None:
    table = full_table(600).with_clusters(np.arange(600) // 10)
    found = risk_at_coverage(table, Settings(score="max_logit_pnorm"))[0]
    rows = ~held_out_rows(table)
    score = table["pnorm_scores"][rows, PNORM_EXPONENTS.index(found.params["p"])]
    half = SampleTable(
        {"confidence": score, "correct": table["correct"][rows]}, cluster=np.asarray(table.cluster)[rows]
    )
    expected = risk_at_coverage(half, Settings())[0]
    assert expected[:2] == pytest.approx(found[:2], rel=1e-12)
    assert (expected.clusters, expected.share_of) == pytest.approx((found.clusters, found.share_of), rel=1e-12)
    assert 50 < found.clusters <= 60
