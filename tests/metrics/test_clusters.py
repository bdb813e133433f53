"""Standard errors of samples that belong together, against statsmodels and the formula written out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.regression.linear_model import OLS, WLS

import lscli
from lscli import SampleTable
from lscli.metrics.base import mean, ratio
from lscli.metrics.bins import bin_sums, clustered_shares, rule_of

Array = NDArray[Any]


def drawn(seed: int, rows: int, clusters: int) -> tuple[Array, Array]:
    """Values [n] that differ from cluster to cluster, and the number of each one's cluster."""
    random = np.random.default_rng(seed)
    cluster = np.append(np.arange(clusters), random.integers(0, clusters, rows - clusters))
    random.shuffle(cluster)
    return random.standard_normal(clusters)[cluster] * 3 + random.standard_normal(rows) + 5, cluster


def by_statsmodels(model: Any, cluster: Array) -> tuple[float, float]:
    """The estimate of a constant, and its standard error by clusters."""
    found = model.fit(cov_type="cluster", cov_kwds={"groups": cluster})
    return float(found.params[0]), float(found.bse[0])


def table_of(x: Array, cluster: Array, weight: Array | None = None) -> SampleTable:
    return SampleTable({"logit_gap": x}, 3, weight, cluster)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(0, 200))
def test_the_error_of_a_mean_is_that_of_statsmodels(seed: int, clusters: int, more: int) -> None:
    x, cluster = drawn(seed, clusters + more, clusters)
    expected = by_statsmodels(OLS(x, np.ones(len(x))), cluster)
    found = mean(table_of(x, cluster), x)
    assert expected == pytest.approx((found.value, found.stderr), rel=1e-9)
    assert clusters == found.clusters


def test_a_weight_is_so_many_rows_in_one_cluster() -> None:
    x, cluster = drawn(0, 90, 12)
    weight = np.random.default_rng(1).integers(0, 4, 90)
    weight[cluster == 3] = 0
    whole = np.repeat(x, weight)
    expected = by_statsmodels(OLS(whole, np.ones(len(whole))), np.repeat(cluster, weight))
    for scale in (1.0, 1e-3):  # the error does not depend on the unit of the weights
        found = mean(table_of(x, cluster, scale * weight), x)
        assert expected == pytest.approx((found.value, found.stderr), rel=1e-9)
        assert 11 == found.clusters  # one has no weight


def test_a_ratio_is_a_weighted_regression() -> None:
    x, cluster = drawn(2, 120, 25)
    by = np.random.default_rng(3).uniform(0.2, 4, 120)
    expected = by_statsmodels(WLS(x, np.ones(len(x)), weights=by), cluster)
    found = ratio(table_of(x, cluster), x * by, by)
    assert expected == pytest.approx((found.value, found.stderr), rel=1e-9)
    assert 25 == found.clusters


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_clusters_of_one_sample_are_independent_samples(seed: int, rows: int) -> None:
    x, cluster = drawn(seed, rows, rows)
    expected, found = mean(SampleTable({"logit_gap": x}, 3), x), mean(table_of(x, cluster), x)
    assert (expected.value, expected.stderr) == pytest.approx((found.value, found.stderr), rel=1e-12)
    assert 0 == expected.clusters


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 5))
def test_copies_of_every_sample_in_its_cluster_change_nothing(seed: int, clusters: int, copies: int) -> None:
    x, cluster = drawn(seed, 3 * clusters, clusters)
    expected = mean(table_of(x, cluster), x)
    again = mean(table_of(np.tile(x, copies), np.tile(cluster, copies)), np.tile(x, copies))
    assert expected.stderr == pytest.approx(again.stderr, rel=1e-9)


def test_no_error_of_one_cluster_or_of_infinite_values() -> None:
    x = np.arange(5.0)
    for found in (mean(table_of(x, np.zeros(5, int)), x), mean(table_of(x + np.inf, np.arange(5)), x + np.inf)):
        assert math.isnan(found.stderr)
        assert 0 == found.clusters


def test_infinite_values_without_a_weight_are_left_out() -> None:
    x, cluster = drawn(4, 30, 6)
    weight = np.ones(30)
    x[[3, 8]], weight[[3, 8]] = np.inf, 0
    kept = weight > 0
    expected = mean(table_of(x[kept], cluster[kept]), x[kept])
    assert expected[:2] == pytest.approx(mean(table_of(x, cluster, weight), x)[:2], rel=1e-12)


def test_every_metric_with_an_error_has_that_of_its_clusters() -> None:
    random = np.random.default_rng(5)
    logits, labels = random.standard_normal((200, 7)), random.integers(0, 7, 200)
    logits[np.arange(200), labels] += np.repeat(random.standard_normal(20), 10) * 2
    document = np.repeat(np.arange(20), 10)
    how: dict[str, Any] = {"metrics": "all", "eps": (0.0, 0.1), "noise_rate": 0.1}
    plain, found = (lscli.evaluate(logits, labels, clusters=clusters, **how) for clusters in (None, document))
    # Doubled documents: samples count twice, but documents no more than before.
    twice = lscli.evaluate(np.tile(logits, (2, 1)), np.tile(labels, 2), clusters=np.tile(document, 2), **how)
    common = [row for row in plain.rows if row.metric not in ("ece_p", "spiegelhalter_p")]
    for one, two, double in zip(common, found.rows, twice.rows, strict=True):
        if one.metric not in ("refinement_loss", "calibration_loss"):  # the folds are those of clusters, too
            assert one.value == pytest.approx(two.value, rel=1e-12, nan_ok=True), one.metric
        assert math.isnan(one.stderr) == math.isnan(two.stderr), one.metric
        if one.stderr > 0:
            assert two.stderr != pytest.approx(one.stderr, rel=1e-3), one.metric
            assert two.stderr == pytest.approx(double.stderr, rel=1e-9), one.metric


def test_the_shares_of_bins_have_the_error_of_statsmodels() -> None:
    random = np.random.default_rng(6)
    cluster = random.integers(0, 15, 400)
    confidence = np.clip(0.6 + 0.2 * random.standard_normal(400), 0.01, 0.99)
    right = random.random(400) < 0.7
    weight = random.integers(0, 3, 400)
    table = SampleTable.from_confidences(confidence, right, weight=weight, cluster=cluster)
    rule = rule_of(lscli.metrics.base.Settings(bins=4))
    sums, bins = bin_sums(table, rule), rule.bin_of(confidence)
    found = clustered_shares(table, bins, sums.size, sums.correct)
    for place in range(4):
        inside = np.repeat(bins == place, weight)
        y, of = np.repeat(right, weight)[inside].astype(float), np.repeat(cluster, weight)[inside]
        stderr, clusters = found.of(place)
        assert len(np.unique(of)) == clusters
        assert by_statsmodels(OLS(y, np.ones(len(y))), of)[1] == pytest.approx(stderr, rel=1e-9)
