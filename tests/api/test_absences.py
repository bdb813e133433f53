"""Why metrics are absent: one note for a reason, and the reason that holds."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.metrics.catalogue import METRICS

RANDOM = np.random.default_rng(4)
LOGITS, LABELS = RANDOM.standard_normal((40, 3)), RANDOM.integers(0, 3, 40)
CLUSTERS = np.arange(40) // 4


def said(metrics: str, logits: Any = LOGITS, labels: Any = LABELS, **options: Any) -> tuple[list[str], str]:
    """The warnings and the conclusion."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lscli.LscliWarning)
        report = lscli.evaluate(logits, labels, metrics=metrics, **options)
    return list(report.warnings), report.conclusion


def test_metrics_with_the_same_reason_share_a_note() -> None:
    notes, _ = said("loss_hard,skce_p,loss_prior,ece_p", clusters=CLUSTERS)
    assert notes[:2] == [
        "skce_p, ece_p are absent: samples in clusters are not independent",
        "loss_prior is absent: there is no prior",
    ]


def test_a_metric_that_was_named_twice_is_named_once() -> None:
    notes, _ = said("loss_hard,loss_floor@-0.1,loss_floor@-0.2", allow_negative_eps=True)
    assert ["loss_floor is absent: targets of a negative eps are no distribution"] == notes


def test_a_negative_eps_is_not_blamed_for_other_absences() -> None:
    two = {"logits": LOGITS[:, :2], "labels": LABELS % 2}
    notes, _ = said("loss_hard,top5_accuracy,target_on", **two, eps=-0.1, allow_negative_eps=True)
    assert notes == [
        "top5_accuracy is absent: not defined for K = 2 classes",
        "target_on is absent: targets of a negative eps are no distribution",
    ]


def test_of_metrics_that_were_not_named_those_that_the_samples_cannot_have_are_told() -> None:
    notes, sentence = said("all", clusters=CLUSTERS, ci=True, bootstrap=5)
    assert [note for note in notes if "absent" in note] == []
    assert sentence.endswith("Absent, because samples in clusters are not independent: ece_p, spiegelhalter_p.")
    assert "prior" not in sentence


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.absent is not None])
def test_a_metric_is_there_or_has_a_reason(name: str) -> None:
    notes, _ = said(f"{name},accuracy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lscli.LscliWarning)
        there = name in {row.metric for row in lscli.evaluate(LOGITS, LABELS, metrics=f"{name},accuracy").rows}
    absent = [word for note in notes for word in note.partition(" absent: ")[0].replace(",", "").split()]
    assert there == (name not in absent)
