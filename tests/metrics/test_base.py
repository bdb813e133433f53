"""Means and their standard errors against the textbook, and metrics whose columns a table lacks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from tests import naive


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([2, 3, 6, 12, 140]), st.floats(0.01, 8))
def test_every_mean_against_the_textbook(seed: int, rows: int, classes: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    logits = spread * rng.standard_normal((rows, classes))
    logits -= logits.max()  # rows that look like probabilities are warned of
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
        assert column.mean() == pytest.approx(found[name].value, rel=1e-12, abs=1e-12), name
        if rows > 1:
            stderr = column.std(ddof=1) / math.sqrt(rows)
            assert stderr == pytest.approx(found[name].stderr, rel=1e-9, abs=1e-12), name
    assert ("top5_accuracy" in report) == (classes > 5)
    index = np.clip(np.ceil(columns["confidence"] * 15).astype(int) - 1, 0, 14)
    gaps = [abs((columns["correct"] - columns["confidence"])[index == b].sum()) for b in range(15)]
    assert report["ece"] == pytest.approx(sum(gaps) / rows, rel=1e-12, abs=1e-12)


def test_metrics_whose_columns_a_table_lacks_are_absent() -> None:
    table = SampleTable.from_confidences([0.5, 0.9], [1, 0])
    present = {name for name, metric in METRICS.items() if table.has(metric.columns_for(Settings()))}
    assert {"ece", "rmsce", "mce", "ece_null", "accuracy", "confidence_gap"} <= present
    assert not {"loss_hard", "brier", "logit_gap_mean"} & present
