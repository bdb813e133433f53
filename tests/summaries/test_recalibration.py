"""The sentence of `lscli recalibrate` is true whatever the samples show."""

from __future__ import annotations

import math

import pytest

from lscli.recalibrators.base import Fit
from lscli.recalibrators.before_after import BeforeAfterRow
from lscli.recalibrators.methods import METHODS
from lscli.recalibrators.temperature import Temperature
from lscli.summaries.recalibration import conclude

NAN, INF = math.nan, math.inf
FIT = Fit(Temperature(1.5), 0.6, 0.5, {}, {"temperature": 0.0123})


def row(metric: str, before: float, after: float, *rest: float, group: str = "") -> BeforeAfterRow:
    """A row with the ends of the interval and the p-value, or without them."""
    low, high, p = rest or (NAN, NAN, NAN)
    return BeforeAfterRow("x.npy", group, metric, before, after, after - before, low, high, p)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [row("loss_hard", 0.6, 0.5, -0.15, -0.05, 0.01)],
            "lowers the loss of the test samples by 0.1 (95 % interval 0.05 to 0.15).",
        ),
        (
            [row("loss_hard", 0.5, 0.6, 0.05, 0.15, 0.01)],
            "raises the loss of the test samples by 0.1 (95 % interval 0.05 to 0.15).",
        ),
        (
            [row("loss_hard", 0.5, 0.6, -0.1, 0.3, 0.3)],
            "shows no effect on the loss of the test samples beyond noise (+0.1, 95 % interval -0.1 to 0.3).",
        ),
        ([row("loss_hard", 0.5, 0.5, 0, 0, 1)], "leaves the loss of the test samples as it is."),
        ([row("loss_hard", 0.5, 0.6)], "raises the loss of the test samples by 0.1, without an interval."),
        ([row("loss_hard", INF, INF)], "is fitted; the loss of the test samples is infinite before and after."),
        ([row("loss_hard", 0.5, INF)], "is fitted; the loss of the test samples is infinite after."),
        ([row("loss_hard", INF, 0.5)], "is fitted; the loss of the test samples is infinite before."),
        ([row("brier", 0.6, 0.5, -0.15, -0.05, 0.01)], "lowers the Brier score of the test samples by 0.1"),
        ([row("aurc", 0.6, 0.5, -0.15, -0.05, 0.01)], "is fitted."),
        ([row("ece", 0.1, 0.05, -0.07, -0.01, 0.01)], "is fitted; ece goes from 0.1 to 0.05."),
        ([row("ece", 0.1, 0.05, -0.1, 0.01, 0.1)], "is fitted; ece goes from 0.1 to 0.05, not beyond noise."),
        ([row("ece", 0.1, 0.05)], "is fitted; ece goes from 0.1 to 0.05."),
        ([row("accuracy", 0.9, 0.9, 0, 0, 1)], "is fitted; accuracy stays at 0.9."),
        ([row("accuracy", 0.9, 0.8, -0.2, 0.1, 0.3)], "is fitted; accuracy goes from 0.9 to 0.8, not beyond noise."),
        ([row("loss_hard", 0.5, 0.6, 0.05, 0.15, 0.01, group="a")], "is fitted."),
    ],
)
def test_the_sentence_says_what_the_samples_show(rows: list[BeforeAfterRow], words: str) -> None:
    sentence = conclude(METHODS["temperature"], FIT, rows, 0.95)
    assert sentence.startswith(f"Temperature 1.5 (standard error 0.012) {words}")


def test_the_level_is_that_of_the_interval() -> None:
    rows = [row("loss_hard", 0.6, 0.5, -0.15, -0.05, 0.07)]
    assert "lowers" in conclude(METHODS["temperature"], FIT, rows, 0.9)
    assert "90 % interval" in conclude(METHODS["temperature"], FIT, rows, 0.9)
    assert "beyond noise" in conclude(METHODS["temperature"], FIT, rows, 0.95)


def test_other_methods_have_their_title_and_notes() -> None:
    fit = FIT._replace(notes=("in 5 rows, it turns",))
    sentence = conclude(METHODS["ets"], fit, [], 0.95)
    assert sentence.startswith("Ensemble temperature scaling (")
    assert sentence.endswith("is fitted. In 5 rows, it turns.")
