"""The bins of equal count with `--compat focal`, against the recipe in torch."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS


def recipe(confidence: Any, correct: Any, bins: int) -> list[float]:
    """The l1, l2 and largest gap as Mukhoti et al. 2020 bin: (lo, hi] between interpolated order statistics."""
    c = torch.as_tensor(np.asarray(confidence, np.float32))
    a = torch.as_tensor(np.asarray(correct, np.float64))
    n = len(c)
    edges = np.interp(np.linspace(0, n, bins + 1), np.arange(n), np.sort(c.numpy()))
    gaps, shares = [], []
    for low, high in itertools.pairwise(edges.tolist()):
        inside = (c > low) & (c <= high)
        if inside.any():
            gaps.append(abs(c[inside].double().mean().item() - a[inside].mean().item()))
            shares.append(inside.double().mean().item())
    pairs = list(zip(gaps, shares, strict=True))
    return [sum(g * s for g, s in pairs), sum(g * g * s for g, s in pairs) ** 0.5, max(gaps, default=0.0)]


def found(table: SampleTable, bins: int) -> list[float]:
    compute = METRICS["ece_equal_mass"].compute
    norms: list[Any] = ["l1", "l2", "max"]
    return [compute(table, Settings(compat="focal", bins=bins, norm=norm))[0].value for norm in norms]


CONFIDENCES = st.one_of(
    st.floats(0, 1), st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]), st.integers(1, 12).map(lambda d: 1 - 10.0**-d)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(CONFIDENCES, st.booleans(), st.integers(0, 3)), min_size=1, max_size=40), st.integers(1, 20))
def test_any_samples(samples: list[tuple[float, bool, int]], bins: int) -> None:
    c, a, w = (np.array(column) for column in zip(*samples, strict=True))
    w[0] += 1
    assert recipe(c, a, bins) == pytest.approx(found(SampleTable.from_confidences(c, a), bins), rel=1e-9, abs=1e-12)
    weighted = found(SampleTable.from_confidences(c, a, weight=w), bins)
    assert recipe(np.repeat(c, w), np.repeat(a, w), bins) == pytest.approx(weighted, rel=1e-9, abs=1e-12)


def test_the_least_confident_sample_is_in_no_bin() -> None:
    c, a = np.linspace(0.3, 0.9, 31), np.zeros(31)
    assert c[1:].sum() / 31 == pytest.approx(found(SampleTable.from_confidences(c, a), 5)[0], rel=1e-6)
    # All of them have the smallest confidence.
    assert [0.0] * 3 == found(SampleTable.from_confidences([0.7] * 4, [1, 0, 0, 0]), 5)


def test_logits_of_float32() -> None:
    rng = np.random.default_rng(0)
    logits = (4 * rng.standard_normal((3000, 10))).astype(np.float32)
    labels = np.where(rng.random(3000) < 0.7, logits.argmax(axis=1), rng.integers(0, 10, 3000))
    c, predicted = torch.softmax(torch.from_numpy(logits), dim=1).max(dim=1)
    expected = recipe(c.numpy(), (predicted.numpy() == labels), 15)[0]
    report = lscli.evaluate(logits, labels, metrics="ece_equal_mass", compat="focal")
    assert expected == pytest.approx(report["ece_equal_mass"], rel=1e-5)
    assert {"bins": 15, "compat": "focal"} == report.rows[0].params
    bins = lscli.per_bin(logits, labels, equal_mass=True, compat="focal").rows
    assert expected == pytest.approx(sum(row.size * abs(row.gap) for row in bins if row.size) / 3000, rel=1e-5)
    assert 2999 == sum(row.size for row in bins)
    assert c.min().item() == pytest.approx(bins[0].low, rel=1e-6)


def test_clusters_of_the_bins() -> None:
    rng = np.random.default_rng(1)
    table = SampleTable.from_confidences(rng.random(60), rng.random(60) < 0.5, cluster=np.arange(60) // 4)
    bins = lscli.per_bin(table, equal_mass=True, compat="focal", bins=3).rows
    assert 59 == sum(row.size for row in bins)
    assert all(0 < row.ci_low < row.accuracy < row.ci_high < 1 for row in bins)
