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


@pytest.mark.filterwarnings("ignore:.*have a masked class")
@pytest.mark.parametrize("case", ["prior", "masked classes"])
def test_the_standard_error_is_that_of_the_samples_own_excess(case: str) -> None:
    """The floor depends on the label, or on the number of classes, so it varies with the sample as the loss does."""
    random = np.random.default_rng(3)
    logits, labels = random.standard_normal((400, 5)), random.integers(0, 5, 400)
    prior = np.array([0.5, 0.3, 0.1, 0.06, 0.04])
    options: dict[str, Any] = {"smoothing": "prior", "prior": prior}
    mixed_in = np.tile(prior, (400, 1))
    if case == "masked classes":
        masked = (random.random((400, 5)) < 0.4) & (labels[:, None] != np.arange(5))
        logits[masked], options = -np.inf, {"masked_classes": "exclude"}
        mixed_in = ~masked / (~masked).sum(axis=1, keepdims=True)
    target = 0.7 * np.eye(5)[labels] + 0.3 * mixed_in
    log_ratio = np.log(np.where(target > 0, target, 1)) - np.where(target > 0, naive.log_softmax(logits), 0)
    own = (target * log_ratio).sum(axis=1).astype(float)
    (row,) = lscli.evaluate(logits, labels, eps=0.3, metrics="loss_excess", **options).rows
    assert own.mean() == pytest.approx(row.value, rel=1e-12)
    assert own.std(ddof=1) / math.sqrt(400) == pytest.approx(row.stderr, rel=1e-12)


@pytest.mark.parametrize("smoothing", CONVENTIONS)
def test_two_classes_have_no_structure_not_even_rounding(smoothing: Any) -> None:
    logits, labels = np.random.default_rng(0).normal(size=(50, 3)) * 4, np.arange(50) % 2
    masked = np.where(np.arange(3) == 2, -np.inf, logits)
    prior: dict[str, Any] = {"prior": [0.3, 0.7]} if smoothing == "prior" else {}
    two = lscli.evaluate(
        logits[:, :2], labels, metrics="excess_structure", smoothing=smoothing, eps=0.2, ci=True, bootstrap=20, **prior
    )
    assert [(0, 0, 0, 0)] == [(row.value, row.stderr, row.ci_low, row.ci_high) for row in two.rows]
    if smoothing != "prior":
        options: dict[str, Any] = {"smoothing": smoothing, "eps": 0.2, "masked_classes": "exclude"}
        with pytest.warns(lscli.LscliWarning, match="masked"):
            one = lscli.evaluate(masked, labels, metrics="excess_structure", **options)
        assert 0 == one["excess_structure"]
