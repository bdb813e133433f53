"""What is missing, the textbook's means, and identities between metrics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from tests import naive


def test_confidence_on_errors_is_missing_without_errors() -> None:
    report = lscli.evaluate(np.array([[2.0, 0.0], [0.0, 3.0]]), [0, 1])
    assert math.isnan(report["confidence_on_errors"])
    assert report["confidence_on_correct"] == report["confidence_mean"]


def test_what_a_table_lacks_is_absent() -> None:
    table = SampleTable.from_confidences([0.5, 0.9], [1, 0])
    present = {name for name, metric in METRICS.items() if table.has(metric.columns_for(Settings()))}
    assert {"ece", "rmsce", "mce", "ece_null", "accuracy", "confidence_gap"} <= present
    assert not {"loss_hard", "brier", "logit_gap_mean"} & present


def near(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(2, 30), st.floats(0.01, 6), st.floats(-5, 8))
def test_identities_of_smoothing(seed: int, rows: int, classes: int, spread: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    logits = spread * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    logits[np.arange(rows), labels] += shift
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
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([2, 3, 6, 12, 140]), st.floats(0.01, 8))
def test_every_mean_against_the_textbook(seed: int, rows: int, classes: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    logits = spread * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    report = lscli.evaluate(logits, labels)
    columns = {name: column.astype(float) for name, column in naive.columns(logits, labels).items()}
    expected = {
        "loss_hard": columns["loss_hard"],
        "loss_uniform": columns["loss_uniform"],
        "loss_smoothed": 0.9 * columns["loss_hard"] + 0.1 * columns["loss_uniform"],
        "accuracy": columns["correct"],
        "confidence_mean": columns["confidence"],
        "confidence_gap": columns["confidence"] - columns["correct"],
        "entropy_mean": columns["entropy"],
        "margin_mean": columns["margin"],
        "label_prob_mean": columns["label_prob"],
        "logit_gap_mean": columns["logit_gap"],
        "brier": columns["brier"],
        "gamma": classes / (classes - 1) * (1 - columns["label_prob"]),
    } | ({"top5_accuracy": columns["label_rank"] < 5} if classes > 5 else {})
    found = {row.metric: row for row in report.rows}
    for name, column in expected.items():
        assert found[name].value == pytest.approx(column.mean(), rel=1e-12, abs=1e-12), name
        if rows > 1:
            stderr = column.std(ddof=1) / math.sqrt(rows)
            assert found[name].stderr == pytest.approx(stderr, rel=1e-9, abs=1e-12), name
    assert ("top5_accuracy" in report) == (classes > 5)
    index = np.clip(np.ceil(columns["confidence"] * 15).astype(int) - 1, 0, 14)
    gaps = [abs((columns["correct"] - columns["confidence"])[index == b].sum()) for b in range(15)]
    assert report["ece"] == pytest.approx(sum(gaps) / rows, rel=1e-12, abs=1e-12)


def test_a_negative_gap_fits_no_eps() -> None:
    assert lscli.evaluate(np.array([[0.0, 2.0]]), [0])["eps_gap"] > 1
    assert lscli.evaluate(np.array([[0.0, 0.0]]), [0])["eps_gap"] == 1
    assert lscli.evaluate(np.array([[2000.0, 0.0]]), [0])["eps_gap"] == 0


def test_an_overflowing_perplexity_is_infinite() -> None:
    assert lscli.evaluate(np.array([[0.0, 1000.0]]), [0])["perplexity"] == math.inf
