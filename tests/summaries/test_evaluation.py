"""The conclusion of an evaluation says what the numbers say, and no more."""

from __future__ import annotations

import math

import pytest

from lscli.summaries.evaluation import conclude
from tests.summaries.rows import row


def sentence(gap: float, stderr: float, ece: float, null: float) -> str:
    return conclude([row("confidence_gap", gap, stderr), row("ece", ece), row("ece_null", null)])


def test_over_confidence() -> None:
    assert sentence(0.05, 0.01, 0.06, 0.01) == (
        "Over-confident: confidence is 0.05 above accuracy, and ece 0.06 is 6 times the 0.01 that noise alone gives."
    )


def test_an_ece_of_a_class_is_not_taken_for_that_of_the_prediction() -> None:
    ece = row("ece", 0.06)._replace(params={"bins": 15, "positive_class": 1})
    assert conclude([row("confidence_gap", 0.05, 0.01), ece, row("ece_null", 0.01)]) == (
        "Over-confident: confidence is 0.05 above accuracy, "
        "and the ece of class 1, 0.06, is 6 times the 0.01 that noise alone gives."
    )


def test_under_confidence() -> None:
    assert sentence(-0.05, 0.01, 0.06, 0.01).startswith("Under-confident: confidence is 0.05 below accuracy")


def test_a_gap_within_noise_is_no_verdict() -> None:
    assert sentence(0.01, 0.01, 0.02, 0.015) == (
        "Confidence matches accuracy on average (+0.01, within noise), "
        "and ece 0.02 is near the 0.015 that noise alone gives."
    )


def test_no_standard_error_gives_no_verdict() -> None:
    assert "within noise" in sentence(0.3, math.nan, 0.3, 0.1)


def test_large_numbers_have_no_exponent() -> None:
    assert "ece 0.34 is 170 times the 0.002 that" in sentence(0.3, 0.01, 0.34, 0.002)
    loss = [row("loss_excess", 21946.0, eps=0.1), row("loss_floor", 0.5, eps=0.1)]
    assert "is 21900 nats above its floor of 0.5" in conclude(loss)


def test_an_ece_of_noise_of_zero_is_not_divided_by() -> None:
    assert "above the 0" in sentence(0.5, 0.01, 0.5, 0.0)


def test_the_smoothed_loss_and_the_eps_that_fits() -> None:
    rows = [row("loss_floor", 0.5, eps=0.1), row("loss_excess", 1.25, eps=0.1), row("eps_gap", 0.02)]
    assert conclude(rows) == (
        "The smoothed loss at eps 0.1 is 1.25 nats above its floor of 0.5; the eps that these logits fit best is 0.02."
    )


def test_the_first_of_several_eps_is_reported() -> None:
    rows = [row("loss_excess", 1, eps=0.2), row("loss_excess", 2, eps=0.3), row("loss_floor", 0.5)]
    assert "at eps 0.2 is 1 nats" in conclude(rows)


@pytest.mark.parametrize(("fit", "words"), [(1.5, "No eps fits"), (0.3, "best is 0.3")])
def test_no_eps_above_one_is_offered(fit: float, words: str) -> None:
    assert words in conclude([row("eps_gap", fit)])


def test_masked_classes_are_named_as_the_reason() -> None:
    rows = [row("loss_floor", 0.5, eps=0.1), row("loss_excess", math.inf, eps=0.1)]
    assert "infinite, since a class is masked" in conclude(rows)


def test_other_metrics_give_no_conclusion() -> None:
    assert "" == conclude([row("brier", 0.1), row("eps_gap", math.nan)])
