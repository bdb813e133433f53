"""Intervals over clusters: means, resamples, shares; and how often they contain the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm, t

import lscli
from lscli import SampleTable
from lscli.intervals.bootstrap import Bootstrap, resampled
from lscli.intervals.clusters import mean_interval, notes_on_clusters, quantile, share_interval, widened
from lscli.intervals.wilson import wilson
from tests.intervals.coverage import DESIGNS, coverage


def test_an_interval_of_a_mean_is_that_of_t() -> None:
    assert t.interval(0.9, 7, 0.3, 0.1) == pytest.approx(mean_interval(0.3, 0.1, 8, 0.9), rel=1e-10)


def test_the_quantile_is_normal_without_clusters_and_infinite_for_one() -> None:
    assert norm.ppf(0.975) == pytest.approx(quantile(0.95, 0), rel=1e-12)
    assert t.ppf(0.975, 4) == pytest.approx(quantile(0.95, 5), rel=1e-10)
    assert math.inf == quantile(0.95, 1)


def test_percentiles_are_widened_around_the_estimate() -> None:
    factor = math.sqrt(5 / 4) * t.ppf(0.975, 4) / norm.ppf(0.975)
    assert (0.5 - 0.1 * factor, 0.5 + 0.2 * factor) == pytest.approx(widened((0.4, 0.7), 0.5, 5, 0.95), rel=1e-10)
    # An estimate outside stays outside, and no bound moves inwards.
    assert (0.4, 0.4 + 0.3 * factor) == pytest.approx(widened((0.4, 0.7), 0.2, 5, 0.95), rel=1e-10)
    assert (0.7, math.inf) == (0.7, widened((0.4, math.inf), 0.5, 5, 0.95)[1])
    assert (math.inf, math.inf) == widened((math.inf, math.inf), math.inf, 5, 0.95)
    for bounds, clusters in (((0.4, 0.7), 1), ((math.nan, math.nan), 5)):
        assert all(map(math.isnan, widened(bounds, 0.5, clusters, 0.95)))


def test_a_share_has_an_interval_of_log_odds() -> None:
    half = t.ppf(0.975, 11) * 0.04 / (0.9 * 0.1)
    expected = expit(logit(0.9) - half), expit(logit(0.9) + half)
    assert expected == pytest.approx(share_interval(0.9, 500, 0.04, 12, 0.95), rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-9, 1 - 1e-9), st.floats(1e-9, 0.5), st.integers(2, 50))
def test_a_share_lies_in_its_interval_which_lies_between_0_and_1(share: float, stderr: float, clusters: int) -> None:
    low, high = share_interval(share, 100, stderr, clusters, 0.95)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


@pytest.mark.parametrize(
    ("share", "stderr", "clusters"), [(1.0, 0.0, 6), (0.0, 0.0, 6), (0.5, 0.0, 6), (0.5, math.nan, 1)]
)
def test_clusters_that_agree_count_as_one_sample_each(share: float, stderr: float, clusters: int) -> None:
    assert wilson(share, clusters, 0.95) == share_interval(share, 500, stderr, clusters, 0.95)
    assert wilson(share, 0.4, 0.95) == share_interval(share, 0.4, stderr, clusters, 0.95)  # weights below 1


@pytest.mark.parametrize(("right", "of", "clusters"), [(1, 3, 3), (1, 3, 30), (3, 7, 6), (17, 49, 6), (333, 1000, 5)])
def test_clusters_of_one_share_agree_in_spite_of_rounding(right: int, of: int, clusters: int) -> None:
    correct = np.tile(np.arange(of) < right, clusters)
    table = {"c": np.full(len(correct), 0.47), "a": correct}
    bins = lscli.per_bin(table, confidence="c", correct="a", clusters=np.repeat(np.arange(clusters), of))
    (row,) = (row for row in bins.rows if row.size)
    assert wilson(right / of, clusters, 0.95) == pytest.approx((row.ci_low, row.ci_high), rel=1e-12)


def test_fewer_than_20_clusters_are_warned_of() -> None:
    assert ["there are 19 clusters: with fewer than 20,"] == [note[:42] for note in notes_on_clusters(19)]
    assert ["all samples are in one cluster"] == [note[:30] for note in notes_on_clusters(1)]
    assert [] == [*notes_on_clusters(20), *notes_on_clusters(0)]
    table = SampleTable.from_confidences([0.7] * 6, [1, 0, 1, 1, 0, 1], cluster=list("aabbcc"))
    with pytest.warns(lscli.LscliWarning, match="there are 3 clusters"):
        lscli.measure(table, metrics="accuracy")


def test_clusters_are_drawn_whole() -> None:
    cluster = np.array([5, 2, 5, 2, 9, 9, 9, 4])
    weight = np.array([1.0, 2.0, 0.5, 1.0, 3.0, 1.0, 1.0, 0.0])  # cluster 4 has no weight
    for given_weight in (None, weight):
        table = SampleTable({"logit_gap": np.arange(8.0)}, 3, given_weight, cluster)
        seen: list[np.ndarray] = []

        def keep(resample: SampleTable, seen: list[np.ndarray] = seen) -> list[float]:
            seen.append(np.asarray(resample.weight))
            return [0.0]

        resampled(table, keep, Bootstrap(200, 3), 0)
        own = np.ones(8) if given_weight is None else given_weight
        with np.errstate(invalid="ignore", divide="ignore"):
            times = np.array(seen) / own
        drawn = times[:, [1, 0, 4, 7]]  # clusters 2, 5, 9 and 4
        for member, of in ((3, 0), (2, 1), (5, 2), (6, 2)):
            assert np.array_equal(times[:, member], drawn[:, of])
        count = 4 if given_weight is None else 3
        assert {float(count)} == set(drawn[:, :count].sum(axis=1))
        # Each cluster is drawn once on average, with the variance of the multinomial distribution.
        assert [1.0] * count == pytest.approx(drawn[:, :count].mean(axis=0).tolist(), abs=0.25)
        assert 1 - 1 / count == pytest.approx(float(drawn[:, :count].var(axis=0).mean()), rel=0.25)


def test_a_cluster_without_weight_is_never_drawn() -> None:
    random = np.random.default_rng(5)
    confidence, cluster = random.random(60), np.arange(60) // 10
    correct, weight = random.random(60) < confidence, np.ones(60)
    weight[cluster == 5] = 0  # the last one
    table = SampleTable.from_confidences(confidence, correct, weight=weight, cluster=cluster)
    some = SampleTable.from_confidences(confidence[:50], correct[:50], weight=weight[:50], cluster=cluster[:50])
    found, expected = (lscli.measure(each, metrics="ece", ci=True, bootstrap=50).rows[0] for each in (table, some))
    assert (expected.ci_low, expected.ci_high) == (found.ci_low, found.ci_high)


def test_resampled_intervals_of_means_are_those_of_their_standard_errors() -> None:
    """A mean has the interval of t; resamples of the same mean, widened, agree with it."""
    random = np.random.default_rng(0)
    x = np.repeat(random.standard_normal(30), 8) + random.standard_normal(240)
    table = SampleTable({"logit_gap": x}, 3, cluster=np.repeat(np.arange(30), 8))
    values = resampled(table, lambda sample: [float(np.average(x, weights=sample.weight))], Bootstrap(4000, 1), 0)[:, 0]
    (row,) = lscli.measure(table, metrics="logit_gap_mean", ci=True).rows
    bounds = (float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975)))
    low, high = widened(bounds, row.value, 30, 0.95)
    assert [row.ci_low, row.ci_high] == pytest.approx([low, high], abs=0.08 * (row.ci_high - row.ci_low))


def test_an_interval_ends_where_its_metric_does() -> None:
    random = np.random.default_rng(2)
    confidence = random.uniform(0.8, 1, 60)
    right = random.random(60) < confidence
    right[:50] = True
    table = SampleTable.from_confidences(confidence, right, cluster=np.repeat(np.arange(6), 10))
    with pytest.warns(lscli.LscliWarning, match="there are 6 clusters"):
        report = lscli.measure(table, metrics="accuracy,error,ece,smece,aurc,failure_auroc", ci=True, bootstrap=200)
    rows = {row.metric: row for row in report.rows}
    assert 1.0 == rows["accuracy"].ci_high > rows["accuracy"].ci_low
    assert 0.0 == rows["error"].ci_low
    for row in rows.values():
        assert 0 <= row.ci_low <= row.ci_high
        assert row.ci_low <= row.value <= row.ci_high or row.metric == "ece"
        assert row.ci_high <= 1 or row.metric == "smece"
    assert rows["accuracy"].value + rows["accuracy"].stderr * t.ppf(0.975, 5) > 1


@pytest.mark.parametrize("clusters", [20, 60])
def test_intervals_contain_the_truth_as_often_as_they_say(clusters: int) -> None:
    """Near-normal cluster means: 93 to 97 % of 95 % intervals, up to three standard errors of 400 runs."""
    true = [1.0, 10 / (math.e + 9)]  # the mean logit gap of the design, and eps_gap of 10 classes
    shares = coverage(DESIGNS[0], true, clusters, 400, 150)
    margin = 3 * math.sqrt(0.05 * 0.95 / 400)
    assert [share for share in shares if not 0.93 - margin <= share <= min(0.97 + margin, 0.999)] == []
