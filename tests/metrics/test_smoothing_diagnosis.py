"""The eps that logits fit, and identities between the metrics of smoothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lscli
from tests.metrics.tables import random_logits, samples


def near(expected: float, scale: float = 1) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12 * max(scale, 1))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(2, 30), st.floats(0.01, 6), st.floats(-5, 8))
def test_identities_of_smoothing(seed: int, rows: int, classes: int, spread: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    logits = spread * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    logits[np.arange(rows), labels] += shift
    logits -= logits.max()  # rows that look like probabilities are warned of
    report = lscli.evaluate(logits, labels, eps=[0, 0.1, 0.3, 1])
    hard, uniform, k = report["loss_hard"], report["loss_uniform"], classes
    assert uniform - hard == near((k - 1) / k * report["logit_gap_mean"])
    assert report["loss_smoothed@0"] == hard
    assert report["loss_smoothed@1"] == uniform
    assert report["loss_smoothed@0.3"] == near(0.7 * hard + 0.3 * uniform)
    assert report["loss_excess@0.1"] == near(report["loss_smoothed@0.1"] - report["loss_floor@0.1"])
    assert report["loss_excess@0.1"] >= -1e-12
    balance = k / (k - 1) * (report["accuracy"] - report["confidence_mean"])
    assert report["smoothing_balance"] == near(balance)
    assert report["gamma_confidence"] - report["eps_accuracy"] == near(balance)
    assert report["gamma"] == near(k / (k - 1) * (1 - report["label_prob_mean"]))
    assert report["error"] == near(1 - report["accuracy"])
    assert report["ece"] >= abs(report["confidence_gap"]) - 1e-12
    assert report["mce"] >= report["rmsce"] - 1e-12 >= report["ece"] - 2e-12


@settings(max_examples=60, deadline=None)
@samples
def test_the_slope_of_the_loss_is_the_gap_and_splits_as_in_maxsup(**how: Any) -> None:
    logits, labels = random_logits(**how)
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
    logits, labels = random_logits(**how)
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
    logits, labels = random_logits(**how)
    report = lscli.evaluate(logits, labels, metrics="logit_gap_mean,logit_gap_optimal,loss", eps=0.1)
    if report["logit_gap_mean"] > 1e-3:
        t = report["logit_gap_mean"] / report["logit_gap_optimal"]
        tempered = lscli.evaluate(logits / t, labels, metrics="eps_gap,loss")
        assert tempered["eps_gap"] == near(0.1)
        scale = max(1, 1 / t)
        slope = (report["loss_uniform"] - report["loss_hard"]) / t
        assert slope == near(tempered["loss_uniform"] - tempered["loss_hard"], scale * report["loss_uniform"])


def test_a_negative_gap_fits_no_eps() -> None:
    assert lscli.evaluate(np.array([[0.0, 2.0]]), [0])["eps_gap"] > 1
    assert lscli.evaluate(np.array([[0.0, 0.0]]), [0])["eps_gap"] == 1
    assert lscli.evaluate(np.array([[2000.0, 0.0]]), [0])["eps_gap"] == 0
