"""Losses and calibration errors against other people's libraries, where the definition is the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, top_k_accuracy_score
from torchmetrics.functional.classification import multiclass_calibration_error

import lscli

Array = NDArray[Any]


def data(classes: int, dtype: str = "float64", rows: int = 2000) -> tuple[Array, Array]:
    rng = np.random.default_rng(classes)
    logits = 2 * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    logits[np.arange(rows), labels] += 3
    return logits.astype(dtype), labels


@pytest.mark.parametrize("eps", [0.0, 0.05, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("classes", [2, 10, 300])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-7), ("float16", 1e-7)])
def test_the_smoothed_loss_is_torch_s_in_float64(classes: int, eps: float, dtype: str, tolerance: float) -> None:
    logits, labels = data(classes, dtype)
    tensor = torch.from_numpy(logits.astype(np.float64))
    losses = F.cross_entropy(tensor, torch.from_numpy(labels), label_smoothing=eps, reduction="none").numpy()
    report = lscli.evaluate(logits, labels, eps=eps)
    row = next(row for row in report.rows if row.metric == "loss_smoothed")
    assert row.value == pytest.approx(losses.mean(), rel=tolerance)
    assert row.stderr == pytest.approx(losses.std(ddof=1) / len(losses) ** 0.5, rel=1e-6)


def test_ignored_samples_are_torch_s() -> None:
    logits, labels = data(7)
    labels[::3] = -100
    expected = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels), label_smoothing=0.2)
    assert lscli.evaluate(logits, labels, eps=0.2)["loss_smoothed"] == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.parametrize("classes", [6, 20, 200])
def test_scikit_learn_s_scores(classes: int) -> None:
    logits, labels = data(classes)
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    names = np.arange(classes)
    report = lscli.evaluate(logits, labels)
    assert report["loss_hard"] == pytest.approx(log_loss(labels, probabilities, labels=names), rel=1e-12)
    assert report["accuracy"] == accuracy_score(labels, probabilities.argmax(axis=1))
    assert report["top5_accuracy"] == pytest.approx(top_k_accuracy_score(labels, probabilities, k=5, labels=names))
    assert report["brier"] == pytest.approx(brier_score_loss(labels, probabilities, labels=names), rel=1e-12)


@pytest.mark.parametrize("classes", [2, 10, 150])
@pytest.mark.parametrize(("metric", "norm"), [("ece", "l1"), ("rmsce", "l2"), ("mce", "max")])
def test_torchmetrics_calibration_errors(classes: int, metric: str, norm: Any) -> None:
    # Its bins are ours but for confidences that are exactly 1 or on an edge, of which there are none here.
    logits, labels = data(classes, rows=5000)
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1)
    expected = multiclass_calibration_error(
        probabilities, torch.from_numpy(labels), num_classes=classes, n_bins=15, norm=norm
    )
    # It keeps confidences and sums in float32.
    assert lscli.evaluate(logits, labels)[metric] == pytest.approx(float(expected), rel=2e-5)
