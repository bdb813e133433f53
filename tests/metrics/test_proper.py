"""The Brier score against scikit-learn; its decomposition is tested in test_corp_decomposition.py."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import brier_score_loss

import lscli
from tests.metrics.tables import learned


@pytest.mark.parametrize("classes", [2, 6, 200])
def test_the_brier_score_of_scikit_learn(classes: int) -> None:
    logits, labels = learned(classes)
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    expected = brier_score_loss(labels, probabilities, labels=np.arange(classes), scale_by_half=False)
    report = lscli.evaluate(logits, labels, metrics="brier,brier_half")
    assert [expected, expected / 2] == pytest.approx([report["brier"], report["brier_half"]], rel=1e-12)
