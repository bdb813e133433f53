"""The bins of a reliability diagram against those of `lscli bins`, and their bands against exact distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

import lscli
from tests.curves.samples import logits, only, probabilities


@pytest.mark.parametrize(
    "options", [{}, {"bins": 3, "bin_edges": "left"}, {"compat": "torchmetrics"}, {"level": 0.5}, {"bins": 1}]
)
def test_the_bins_are_those_of_bins(options: dict[str, Any]) -> None:
    x, y = logits(500, 4)
    expected = [row[2:] for row in lscli.per_bin(x, y, **options).rows]
    actual = [(*point[:5], *point[7:]) for point in only(x, y, **options).points]
    np.testing.assert_array_equal(expected, actual)


def test_of_class_1_the_share_is_that_of_the_class() -> None:
    x, y = logits(400, 2)
    found = only(x, y, bins=2, positive_class=1)
    p = probabilities(x)[:, 1]
    np.testing.assert_allclose(
        [(p[k].mean(), (y[k] == 1).mean()) for k in (p <= 0.5, p > 0.5)],
        [(point.confidence, point.accuracy) for point in found.points],
    )
    assert found.facts["positive_class"] == 1


def test_the_measures_are_those_of_eval() -> None:
    x, y = logits(500, 4)
    report = lscli.evaluate(x, y, metrics="ece,ece_null", ci=True, bins=7)
    row = next(row for row in report.rows if row.metric == "ece")
    facts = only(x, y, bins=7).facts
    assert (row.value, row.ci_low, row.ci_high) == (facts["ece"], facts["ece_low"], facts["ece_high"])
    assert report["ece_null"] == facts["ece_null"]


@pytest.mark.parametrize(("share", "level"), [(0.3, 0.95), (0.9, 0.95), (0.7, 0.5)])
def test_the_band_of_equal_confidences_is_binomial(share: float, level: float) -> None:
    n = 60
    found = only(np.tile(np.log([share, 1 - share]), (n, 1)), np.zeros(n, int), bins=1, level=level)
    (point,) = found.points
    tail = (1 - level) / 2
    expected = binom.ppf([tail, 1 - tail], n, max(share, 1 - share)) / n
    np.testing.assert_allclose(expected, (point.band_low, point.band_high))


def test_the_band_of_other_confidences_is_that_of_the_sum_of_their_events() -> None:
    x, y = logits(40, 3)
    c = probabilities(x).max(axis=1)
    exact = np.ones(1)
    for p in c:
        exact = np.convolve(exact, [1 - p, p])
    ends = [int(np.argmax(np.cumsum(exact) >= share)) / 40 for share in (0.025, 0.975)]
    (point,) = only(x, y, bins=1).points
    np.testing.assert_allclose(ends, (point.band_low, point.band_high))


def test_a_sample_of_weight_2_is_two_samples() -> None:
    x, y = logits(60, 3)
    weights = np.random.default_rng(1).integers(0, 3, 60)
    twice = only(np.repeat(x, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(
        np.array(twice.points), np.array(only(x, y, weights=weights).points), rtol=1e-9, atol=1e-12
    )


def test_weights_that_are_no_numbers_of_samples_have_a_normal_band() -> None:
    x, y = logits(50, 3)
    weights = np.full(50, 0.5)
    c = probabilities(x).max(axis=1)
    half = 1.959963984540054 * math.sqrt(0.5 * (c * (1 - c)).sum()) / 25
    (point,) = only(x, y, bins=1, weights=weights).points
    np.testing.assert_allclose((c.mean() - half, c.mean() + half), (point.band_low, point.band_high))


def test_clusters_widen_the_band_and_one_cluster_has_none() -> None:
    x, y = (np.repeat(each, 5, axis=0) for each in logits(60, 3))
    alone, clustered = (only(x, y, bins=1, **more).points[0] for more in ({}, {"clusters": np.arange(300) // 5}))
    assert clustered.band_high - clustered.band_low > 1.5 * (alone.band_high - alone.band_low)
    one = only(x, y, clusters=np.zeros(300, int))
    assert "one cluster" in one.note
    assert all(math.isnan(point.band_low) for point in one.points)


def test_about_1_of_20_bins_of_a_calibrated_model_is_outside() -> None:
    outside = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        p = random.uniform(0.5, 1, 2000)
        y = (random.random(2000) > p).astype(int)
        points = only(np.log(np.column_stack((p, 1 - p))), y).points
        outside += [not point.band_low <= point.accuracy <= point.band_high for point in points if point.size]
    assert 0.01 < np.mean(outside) < 0.08


def test_groups_have_series_of_their_own() -> None:
    from tests.curves.samples import drawn

    x, y = logits(200, 3)
    found = drawn(x, y, groups=np.arange(200) % 2)
    assert [series.group for series in found.series] == ["", "0", "1"]
    assert [sum(point.size for point in series.points) for series in found.series] == [200, 100, 100]
