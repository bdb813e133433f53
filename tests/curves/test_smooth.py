"""The smoothed curve against its formula, sample by sample, and its band against plain simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from tests.curves.samples import logits, only, probabilities


def kernel(t: NDArray[np.float64], c: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """The normal density reflected at 0 and 1, [T, N]."""
    images = np.concatenate([np.stack((2 * k + c, 2 * k - c)) for k in range(-6, 7)])
    density: NDArray[np.float64] = np.exp(-(((t[:, None, None] - images) / width) ** 2) / 2).sum(axis=1)
    return density / (width * math.sqrt(2 * math.pi))


def test_the_curve_is_the_diagonal_plus_smoothed_gaps() -> None:
    x, y = logits(800, 3)
    p = probabilities(x)
    c, gap = p.max(axis=1), (p.argmax(axis=1) == y) - p.max(axis=1)
    found = only(x, y, chart="smooth")
    t = np.array([point.confidence for point in found.points])
    k = kernel(t, c, found.facts["smece"])
    np.testing.assert_allclose(k.mean(axis=1), [point.density for point in found.points], rtol=0.02)
    np.testing.assert_allclose(t + k @ gap / k.sum(axis=1), [point.accuracy for point in found.points], atol=5e-3)


def test_smece_is_the_area_between_the_curve_and_the_diagonal_by_density() -> None:
    x, y = logits(3000, 2)
    found = only(x, y, chart="smooth", positive_class=1)
    t, accuracy, density = np.array(found.points).T[:3]
    assert found.facts["smece"] == pytest.approx((np.abs(accuracy - t) * density).mean(), rel=0.03)
    report = lscli.evaluate(x, y, metrics="smece", positive_class=1, ci=True)
    assert report["smece"] == found.facts["smece"]
    row = next(iter(report.rows))
    assert (row.ci_low, row.ci_high) == (found.facts["smece_low"], found.facts["smece_high"])


def test_the_band_is_that_of_labels_drawn_from_the_confidences() -> None:
    x, y = logits(300, 3)
    c = probabilities(x).max(axis=1)
    found = only(x, y, chart="smooth")
    t = np.array([point.confidence for point in found.points])
    k = kernel(t, c, found.facts["smece"])
    random = np.random.default_rng(4)
    curves = t + ((random.random((2000, 300)) < c) - c) @ k.T / k.sum(axis=1)
    expected = np.clip(np.quantile(curves, (0.025, 0.975), axis=0), 0, 1)
    actual = np.array([[point.band_low, point.band_high] for point in found.points]).T
    assert np.abs(expected - actual).max() < 0.05
    assert np.abs(expected - actual).mean() < 0.01


def test_one_confidence_and_one_cluster() -> None:
    found = only(np.zeros((30, 4)), np.arange(30) % 4, chart="smooth")
    assert all(abs(point.confidence - 0.25) < 0.01 for point in found.points)
    one = only(*logits(50, 3), chart="smooth", clusters=np.zeros(50, int))
    assert "one cluster" in one.note
    assert math.isnan(one.points[0].band_low)


def test_the_density_counts_weights() -> None:
    x, y = logits(50, 3)
    weights = np.random.default_rng(1).integers(0, 3, 50)
    twice = only(np.repeat(x, weights, axis=0), np.repeat(y, weights), chart="smooth")
    np.testing.assert_allclose(
        np.array(twice.points), np.array(only(x, y, chart="smooth", weights=weights).points), atol=1e-6
    )


def test_clusters_widen_the_band() -> None:
    x, y = (np.repeat(each, 5, axis=0) for each in logits(80, 3))
    alone, clustered = (
        np.mean([point.band_high - point.band_low for point in only(x, y, chart="smooth", **more).points])
        for more in ({}, {"clusters": np.arange(400) // 5})
    )
    assert 2 < clustered / alone < 4
