"""The identities of label smoothing, on random logits: each to 1e-12 of the numbers that it is made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from tests import naive
from tests.metrics.by_hand import CONVENTIONS, divergence, split, target_of
from tests.metrics.tables import drawn

Array = NDArray[Any]
EPS = [0.0, 0.05, 0.5, 0.97, 1.0]

samples = given(
    seed=st.integers(0, 10_000),
    rows=st.integers(2, 25),
    classes=st.integers(2, 12),
    spread=st.floats(0.01, 8),
    shift=st.floats(-5, 30),
)


def random(seed: int, rows: int, classes: int, spread: float, shift: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    logits = spread * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    logits[np.arange(rows), labels] += shift * rng.random(rows)
    return logits, labels


def near(expected: float, scale: float = 1) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12 * max(scale, 1))


def options_of(smoothing: str, classes: int) -> tuple[dict[str, Any], Array | None]:
    if smoothing != "prior":
        return {"smoothing": smoothing}, None
    prior = np.random.default_rng(classes).dirichlet(np.ones(classes))
    prior[1] = 0  # a class that nothing is mixed in of
    prior /= prior.sum()
    return {"smoothing": smoothing, "prior": prior}, prior


@pytest.mark.parametrize("smoothing", CONVENTIONS)
@settings(max_examples=40, deadline=None)
@samples
def test_the_loss_is_its_floor_and_three_parts(smoothing: str, **how: Any) -> None:
    logits, labels = random(**how)
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


@settings(max_examples=60, deadline=None)
@samples
def test_the_slope_of_the_loss_is_the_gap_and_splits_as_in_maxsup(**how: Any) -> None:
    logits, labels = random(**how)
    k, label_logit = how["classes"], logits[np.arange(len(labels)), labels][:, None]
    report = lscli.evaluate(logits, labels, metrics="loss,smoothing,logit_gap_mean")
    slope = report["loss_uniform"] - report["loss_hard"]
    assert slope == near((k - 1) / k * report["logit_gap_mean"], report["loss_uniform"])
    takes, adds = report["maxsup_regularisation"], report["maxsup_error_enhancement"]
    assert takes == near(np.maximum(label_logit - logits, 0).sum(axis=1).mean() / k, np.abs(logits).max())
    assert -adds == near(np.maximum(logits - label_logit, 0).sum(axis=1).mean() / k, np.abs(logits).max())
    assert slope == near(takes + adds, report["loss_uniform"])


@settings(max_examples=60, deadline=None)
@samples
def test_eps_gap_has_the_least_mean_divergence(**how: Any) -> None:
    logits, labels = random(**how)
    best = lscli.evaluate(logits, labels)["eps_gap"]
    if 1e-6 < best < 1 / 1.1:
        eps = [best * (1 + step) for step in (-0.1, -0.01, -0.001, 0, 0.001, 0.01, 0.1)]
        report = lscli.evaluate(logits, labels, eps=eps, metrics="loss_excess,logit_gap_mean,logit_gap_optimal")
        excess = [row.value for row in report.rows if row.metric == "loss_excess"]
        assert excess[0] > excess[1] > excess[3] < excess[5] < excess[6]
        assert excess[3] <= min(excess[2], excess[4]) + 1e-12
        # There the mean gap is the optimal one.
        assert report["logit_gap_mean"] == near(report[f"logit_gap_optimal@{best}"])


@settings(max_examples=60, deadline=None)
@samples
def test_a_temperature_brings_the_mean_gap_to_the_optimum(**how: Any) -> None:
    logits, labels = random(**how)
    report = lscli.evaluate(logits, labels, metrics="logit_gap_mean,logit_gap_optimal,loss", eps=0.1)
    if report["logit_gap_mean"] > 1e-3:
        t = report["logit_gap_mean"] / report["logit_gap_optimal"]
        tempered = lscli.evaluate(logits / t, labels, metrics="eps_gap,loss")
        assert tempered["eps_gap"] == near(0.1)
        scale = max(1, 1 / t)
        slope = (report["loss_uniform"] - report["loss_hard"]) / t
        assert slope == near(tempered["loss_uniform"] - tempered["loss_hard"], scale * report["loss_uniform"])


@settings(max_examples=40, deadline=None)
@samples
def test_noise_correction_is_a_negative_eps(**how: Any) -> None:
    logits, labels = random(**how)
    for rho in (0.0, 0.1, 0.6):
        eps = -rho / (1 - rho)
        report = lscli.evaluate(logits, labels, eps=eps, noise_rate=rho, allow_negative_eps=True)
        scale = report["loss_hard"] + report["loss_uniform"]
        assert report["loss_smoothed"] == near(report["loss_noise_corrected"], scale)
        assert report["loss_smoothed"] == near((1 - eps) * report["loss_hard"] + eps * report["loss_uniform"], scale)
        assert (rho == 0) == ("loss_floor" in report)
        assert (
            report["loss_noise_corrected"]
            == lscli.evaluate(logits, labels, metrics=f"loss_noise_corrected@{rho}")["loss_noise_corrected"]
        )


def test_symmetric_noise_is_what_is_corrected() -> None:
    # Over all labels that a share rho drawn anew can give, the corrected loss is that of the clean labels.
    logits, labels = drawn(50, 5)
    rho = 0.3
    weight = (1 - rho) * np.eye(5)[labels] + rho / 5
    report = lscli.evaluate(
        np.repeat(logits, 5, axis=0), np.tile(np.arange(5), 50), weights=weight.ravel(), noise_rate=rho
    )
    assert lscli.evaluate(logits, labels)["loss_hard"] == near(report["loss_noise_corrected"])


@pytest.mark.parametrize("smoothing", CONVENTIONS)
def test_a_negative_eps_has_a_loss_and_no_targets(smoothing: str) -> None:
    logits, labels = drawn(80, 6)
    options, prior = options_of(smoothing, 6)
    report = lscli.evaluate(logits, labels, eps=[-0.3, 0.2], allow_negative_eps=True, metrics="all", **options)
    loss = np.mean(
        [
            -(target_of(smoothing, -0.3, y, 6, prior) * row).sum()
            for y, row in zip(labels, naive.log_softmax(logits), strict=True)
        ]
    )
    assert loss == near(report["loss_smoothed@-0.3"])
    at = {eps: {row.metric for row in report.rows if row.params.get("eps") == eps} for eps in (-0.3, 0.2)}
    assert {"loss_smoothed"} == at[-0.3]
    assert {
        *("loss_smoothed", "loss_floor", "loss_excess", "target_on", "target_off"),
        *("excess_overshoot", "excess_undershoot", "excess_structure", "logit_gap_optimal", "above_target"),
    } == at[0.2]
    with pytest.warns(lscli.LscliWarning, match="loss_floor is absent: targets of a negative eps are no distribution"):
        lscli.evaluate(logits, labels, eps=-0.3, allow_negative_eps=True, metrics="loss_floor,loss_hard", **options)


def test_the_ranking_of_two_models_flips_where_their_lines_cross() -> None:
    logits, labels = drawn(100, 5)
    logits /= 4
    softer = logits / 2
    ends = [lscli.evaluate(each, labels) for each in (logits, softer)]
    hard, uniform = (ends[1][name] - ends[0][name] for name in ("loss_hard", "loss_uniform"))
    flip = -hard / (uniform - hard)
    assert 0 < flip < 1
    assert lscli.evaluate(logits, labels, eps=flip)["loss_smoothed"] == near(
        lscli.evaluate(softer, labels, eps=flip)["loss_smoothed"]
    )
