"""The excess of the smoothed loss is a KL divergence, and the sum of its three parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

import lscli
from tests import naive
from tests.metrics.by_hand import CONVENTIONS, divergence, options_of, split, target_of
from tests.metrics.tables import random_logits, samples

Array = NDArray[Any]
EPS = [0.0, 0.05, 0.5, 0.97, 1.0]


def near(expected: float, scale: float = 1) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12 * max(scale, 1))


@pytest.mark.parametrize("smoothing", CONVENTIONS)
@settings(max_examples=40, deadline=None)
@samples
def test_the_loss_is_its_floor_and_three_parts(smoothing: str, **how: Any) -> None:
    logits, labels = random_logits(**how)
    k = how["classes"]
    options, prior = options_of(smoothing, k)
    metrics = "loss,logit_gap_optimal,above_target,target_on"
    report = lscli.evaluate(logits, labels, eps=EPS, metrics=metrics, **options)
    log_p = naive.log_softmax(logits)
    scale = report["loss_hard"] + report["loss_uniform"]
    for eps in EPS:
        targets = [target_of(smoothing, eps, y, k, prior) for y in labels]
        parts = np.array([split(q, row, y) for q, row, y in zip(targets, log_p, labels, strict=True)]).mean(axis=0)
        floor = np.mean([-divergence(q, np.zeros(k)) for q in targets])
        excess = np.mean([divergence(q, row) for q, row in zip(targets, log_p, strict=True)])
        names = ("excess_overshoot", "excess_undershoot", "excess_structure")
        found = [report[f"{name}@{eps}"] for name in names]
        assert floor == near(report[f"loss_floor@{eps}"])
        assert report[f"loss_floor@{eps}"] >= 0
        assert excess == near(report[f"loss_excess@{eps}"], scale)
        assert report[f"loss_excess@{eps}"] >= -1e-12 * scale
        assert min(found) >= 0
        assert sum(found) == near(report[f"loss_excess@{eps}"], scale)
        assert parts.tolist() == pytest.approx(found, rel=1e-12, abs=1e-12 * max(scale, 1))
        left = [1 - q[y] for q, y in zip(targets, labels, strict=True)]
        above = [q > 0 and math.log(q) > row for q, row in zip(left, log_rest(log_p, labels), strict=True)]
        assert np.mean(above) == near(report[f"above_target@{eps}"])
    assert (report["excess_overshoot@0.0"], report["excess_structure@0.0"]) == (0, 0)
    assert report["excess_undershoot@0.0"] == near(report["loss_hard"])
    assert report["loss_smoothed@0.0"] == report["loss_hard"]


def log_rest(log_p: Array, labels: Array) -> list[float]:
    """log(1 - p_y) of each sample."""
    return [float(np.logaddexp.reduce(np.delete(row, y))) for row, y in zip(log_p, labels, strict=True)]
