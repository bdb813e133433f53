"""The conclusion of an evaluation says what the numbers say, and no more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import lscli
from lscli import SampleTable
from lscli.intervals.gap_test import Side
from lscli.metrics.smoothing_marks import Marks
from lscli.summaries.evaluation import conclude
from lscli.summaries.evidence import Evidence
from tests.summaries.false_verdicts import SHAPES, calibrated, documents, shares
from tests.summaries.rows import row

NOTHING = Evidence()


def sentence(gap: float, stderr: float, ece: float, null: float, side: Side = "", beyond: bool | None = False) -> str:
    rows = [row("confidence_gap", gap, stderr), row("ece", ece), row("ece_null", null)]
    return conclude(rows, Evidence(gap=side, ece=beyond))


def test_over_confidence() -> None:
    assert sentence(0.05, 0.01, 0.06, 0.01, "over-confident", True) == (
        "Over-confident: confidence is 0.05 above accuracy, and ece 0.06 is 6 times the 0.01 that noise alone gives."
    )


def test_an_ece_of_a_class_is_not_taken_for_that_of_the_prediction() -> None:
    ece = row("ece", 0.06)._replace(params={"bins": 15, "positive_class": 1})
    rows = [row("confidence_gap", 0.05, 0.01), ece, row("ece_null", 0.01)]
    assert conclude(rows, Evidence(gap="over-confident", ece=True)) == (
        "Over-confident: confidence is 0.05 above accuracy, "
        "and the ece of class 1, 0.06, is 6 times the 0.01 that noise alone gives."
    )
    assert "and the ece of class 1 is 0.06, where noise alone gives" in conclude(
        rows, Evidence(gap="over-confident", ece=False)
    )


def test_under_confidence() -> None:
    assert sentence(-0.05, 0.01, 0.06, 0.01, "under-confident").startswith(
        "Under-confident: confidence is 0.05 below accuracy"
    )


def test_a_gap_within_noise_is_no_verdict() -> None:
    within = (
        "Confidence is 0.01 above accuracy, within noise, "
        "and ece 0.02 is within the noise of a calibrated model, 0.015 on average."
    )
    assert within == sentence(0.01, 0.01, 0.02, 0.015)
    assert within == sentence(0.01, 0.001, 0.02, 0.015)
    assert sentence(0.0, 0.1, 0.02, 0.015).startswith("Confidence equals accuracy on average, and ece 0.02 is within")


def test_what_is_miscalibrated_is_not_called_noise() -> None:
    assert sentence(0.05, 0.01, 0.06, 0.05, "over-confident") == (
        "Over-confident: confidence is 0.05 above accuracy, and ece is 0.06, where noise alone gives 0.05."
    )


def test_clusters_make_no_claim_about_ece() -> None:
    rows = [row("confidence_gap", 0.05, 0.01), row("ece", 0.06), row("ece_null", 0.01)]
    assert conclude(rows, Evidence(clusters=30, gap="over-confident")) == (
        "Over-confident: confidence is 0.05 above accuracy, "
        "and ece is 0.06, where noise alone gives 0.01 if samples are independent."
    )
    assert conclude(rows, Evidence(clusters=3)).startswith("Confidence is 0.05 above accuracy, within noise")
    assert "(one cluster has no standard error)" in conclude(rows, Evidence(clusters=1))


def test_large_numbers_have_no_exponent() -> None:
    assert "ece 0.34 is 170 times the 0.002 that" in sentence(0.3, 0.01, 0.34, 0.002, "over-confident", True)
    loss = [row("loss_excess", 21946.0, eps=0.1), row("loss_floor", 0.5, eps=0.1)]
    assert "is 21900 nats above its floor of 0.5" in conclude(loss, NOTHING)


def test_an_ece_of_noise_of_zero_is_not_divided_by() -> None:
    assert "above the 0" in sentence(0.5, 0.01, 0.5, 0.0, "over-confident", True)


def test_the_smoothed_loss_and_the_eps_of_logits_that_look_smoothed() -> None:
    rows = [row("loss_floor", 0.5, eps=0.1), row("loss_excess", 1.25, eps=0.1), row("eps_gap", 0.12)]
    loss = "The smoothed loss at eps 0.1 is 1.25 nats above its floor of 0.5"
    smoothed = Marks(eps=0.12, gap=4.3, spread=1.2, entropy=0.9)
    assert f"{loss}; the logits look smoothed, and fit eps 0.12 best." == conclude(rows, Evidence(marks=smoothed))
    for marks in (None, smoothed._replace(spread=1.5), smoothed._replace(entropy=0.8), smoothed._replace(eps=0.6)):
        assert f"{loss}." == conclude(rows, Evidence(marks=marks))


def test_the_first_of_several_eps_is_reported() -> None:
    rows = [row("loss_excess", 1, eps=0.2), row("loss_excess", 2, eps=0.3), row("loss_floor", 0.5)]
    assert "at eps 0.2 is 1 nats" in conclude(rows, NOTHING)


@pytest.mark.parametrize(("fit", "words"), [(1.5, "No eps fits these logits"), (0.3, "")])
def test_no_eps_above_one_is_offered(fit: float, words: str) -> None:
    assert conclude([row("eps_gap", fit)], NOTHING).startswith(words)


def test_masked_classes_are_named_as_the_reason() -> None:
    rows = [row("loss_floor", 0.5, eps=0.1), row("loss_excess", math.inf, eps=0.1)]
    assert "infinite, since a class is masked" in conclude(rows, NOTHING)


def test_other_metrics_give_no_conclusion() -> None:
    assert "" == conclude([row("brier", 0.1), row("eps_gap", math.nan)], NOTHING)


@pytest.mark.parametrize(
    ("accuracy", "n", "shape"),
    [
        (0.5, 300, "beta"),
        (0.95, 100, "saturated"),
        (0.984, 300, "beta"),
        (0.995, 100, "equal"),
        (0.995, 1000, "beta"),
        (0.998, 300, "saturated"),
    ],
)
def test_calibrated_models_are_rarely_called_anything(accuracy: float, n: int, shape: str) -> None:
    runs = 200
    over, under, ece = shares(calibrated(SHAPES[shape], accuracy, n), runs)
    # 2.5, 2.5 and 5 %, and three standard errors; "under-confident" was said in up to 85 % of such runs.
    assert max(over, under) <= 2.5 + 3 * 1.1
    assert ece <= 5 + 3 * 1.55


def test_documents_are_not_taken_for_independent_samples() -> None:
    over, under, _ = shares(documents(0.0), 150)
    assert over + under <= 5 + 3 * 1.8
    assert 100 == shares(documents(0.03), 10)[0]


def test_the_evidence_follows_weights_and_the_class() -> None:
    random = np.random.default_rng(0)
    c = 1 - 0.02 * random.random(150)
    few = SampleTable.from_confidences(c, np.ones(150))
    many = SampleTable.from_confidences(c, np.ones(150), weight=np.full(150, 20))
    how: dict[str, Any] = {"metrics": "confidence_gap,ece,ece_null"}
    assert "within noise" in lscli.measure(few, **how).conclusion
    assert lscli.measure(many, **how).conclusion.startswith("Under-confident")
    # Class 1 is calibrated, and so is the predicted class.
    p = random.random(4000)
    logits, labels = np.stack([np.zeros(4000), np.log(p / (1 - p))], axis=1), random.random(4000) < p
    found = lscli.evaluate(logits, labels.astype(int), positive_class=1, **how).conclusion
    assert "the ece of class 1, " in found
    assert "within the noise of a calibrated model" in found
    biased = lscli.evaluate(logits + np.array([0, 0.5]), labels.astype(int), positive_class=1, **how).conclusion
    assert "times the" in biased


def test_an_interval_that_begins_at_0_leaves_ece_without_a_claim() -> None:
    rows = [row("confidence_gap", 0.01, 0.01), row("ece", 0.06), row("ece_null", 0.01)]
    assert "6 times" in conclude(rows, Evidence(ece=True))
    rows[1] = rows[1]._replace(ci_low=0.0, ci_high=0.1)
    assert "and ece is 0.06, where noise alone gives 0.01." in conclude(rows, Evidence(ece=True))
    assert "within the noise" in conclude(rows, Evidence(ece=False))
    assert "where noise alone gives" in conclude(rows, Evidence(ece=None))
