"""Accuracy and confidence."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, top_k_accuracy_score

import lscli
from lscli import SampleTable
from tests.metrics.tables import learned


@pytest.mark.parametrize("classes", [6, 20, 200])
def test_accuracies_of_scikit_learn(classes: int) -> None:
    logits, labels = learned(classes)
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    report = lscli.evaluate(logits, labels)
    assert accuracy_score(labels, probabilities.argmax(axis=1)) == report["accuracy"]
    top5 = top_k_accuracy_score(labels, probabilities, k=5, labels=np.arange(classes))
    assert top5 == pytest.approx(report["top5_accuracy"])


def test_confidence_on_errors_is_missing_without_errors() -> None:
    report = lscli.evaluate(np.array([[2.0, 0.0], [0.0, 3.0]]), [0, 1])
    assert math.isnan(report["confidence_on_errors"])
    assert report["confidence_on_correct"] == report["confidence_mean"]


def test_a_gap_of_nothing_has_no_sign() -> None:
    table = SampleTable.from_confidences([1.0], [True])
    (row,) = lscli.measure(table, metrics="confidence_gap").rows
    assert "0.0" == repr(row.value)
