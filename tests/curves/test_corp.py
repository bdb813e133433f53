"""The isotonic regression against scikit-learn, its band against plain simulation, the parts against eval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

import lscli
from tests.curves.samples import logits, only, probabilities

_VIEWS: list[dict[str, Any]] = [{}, {"positive_class": 1}]


@pytest.mark.parametrize("weighted", [False, True])
def test_the_curve_is_that_of_scikit_learn(weighted: bool) -> None:
    x, y = logits(1500, 3)
    p = probabilities(x)
    c, correct = p.max(axis=1), p.argmax(axis=1) == y
    weights = np.random.default_rng(2).uniform(0.1, 3, len(y)) if weighted else None
    fit = IsotonicRegression().fit(c, correct, sample_weight=weights)
    points = only(x, y, chart="corp", weights=weights).points
    for end in ("low", "high"):
        np.testing.assert_allclose(
            fit.predict([getattr(point, end) for point in points]),
            [point.recalibrated for point in points],
            atol=1e-9,
        )
    assert sum(point.size for point in points) == pytest.approx(len(y) if weights is None else weights.sum())
    assert [point.low for point in points] == sorted(point.low for point in points)


def test_the_band_is_that_of_labels_drawn_from_the_confidences() -> None:
    x, y = logits(150, 3)
    c = np.sort(probabilities(x).max(axis=1))
    random = np.random.default_rng(3)
    fits = [IsotonicRegression().fit_transform(c, random.random(150) < c) for _ in range(1000)]
    expected = np.quantile(fits, (0.025, 0.975), axis=0)
    points = only(x, y, chart="corp").points
    place = np.searchsorted([point.high for point in points], c - 1e-12)
    actual = np.array([[points[i].band_low, points[i].band_high] for i in place]).T
    assert np.abs(expected - actual).mean() < 0.02
    assert np.abs(expected - actual)[:, 10:-10].max() < 0.15


def test_the_parts_are_those_of_eval() -> None:
    x, y = logits(300, 2)
    names = ["brier_miscalibration", "brier_discrimination", "brier_uncertainty"]
    for options in _VIEWS:
        report = lscli.evaluate(x, y, metrics=names, **options)
        facts = only(x, y, chart="corp", **options).facts
        assert [report[name] for name in names] == [facts[name] for name in names]


def test_the_same_confidence_everywhere_is_one_point() -> None:
    (point,) = only(np.zeros((30, 3)), np.arange(30) % 3, chart="corp").points
    assert (1 / 3, 30, 1 / 3) == pytest.approx((point.confidence, point.size, point.recalibrated))
    assert point.band_low < 1 / 3 < point.band_high


def test_clusters_widen_the_band_and_one_cluster_has_none() -> None:
    x, y = (np.repeat(each, 5, axis=0) for each in logits(80, 3))
    alone, clustered = (
        np.mean([point.band_high - point.band_low for point in only(x, y, chart="corp", **more).points])
        for more in ({}, {"clusters": np.arange(400) // 5})
    )
    assert clustered > 1.3 * alone
    one = only(x, y, chart="corp", clusters=np.zeros(400, int))
    assert "one cluster" in one.note
    assert math.isnan(one.points[0].band_low)
