"""The sentence of `lscli check` names the limits that are not kept."""

from __future__ import annotations

import math

import pytest

from lscli.decisions.checked import CheckRow
from lscli.summaries.check import conclude

NAN = math.nan
ECE = CheckRow("x", "", "ece", 0.08, 0.06, 0.1, "max", 0.05, False)
KEPT = ECE._replace(metric="brier", limit=0.2, passed=True)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], ""),
        ([KEPT], "The limit is kept."),
        ([KEPT, KEPT], "All 2 limits are kept."),
        ([ECE], "The limit is not kept: ece 0.08 is above its limit 0.05."),
        ([KEPT, ECE], "1 of 2 limits is kept: ece 0.08 is above its limit 0.05."),
        ([KEPT, KEPT, KEPT, ECE], "3 of 4 limits are kept: ece 0.08 is above its limit 0.05."),
        ([ECE, ECE], "0 of 2 limits are kept: ece 0.08 is above its limit 0.05; ece 0.08 is above its limit 0.05."),
        ([ECE._replace(bound="min", limit=0.9)], "The limit is not kept: ece 0.08 is below its limit 0.9."),
        ([ECE._replace(group="g")], "The limit is not kept: ece of group g 0.08 is above its limit 0.05."),
        ([ECE._replace(value=NAN)], "The limit is not kept: ece has no value."),
        (
            [ECE._replace(limit=0.09)],
            "The limit is not kept: the interval of ece, 0.06 to 0.1, reaches above its limit 0.09.",
        ),
        (
            [ECE._replace(limit=0.09, ci_low=NAN, ci_high=NAN)],
            "The limit is not kept: ece 0.08 has no interval that could be within its limit 0.09.",
        ),
        (
            [ECE._replace(bound="max-rise", difference=0.07)],
            "The limit is not kept: ece rises by 0.07, above its limit of 0.05.",
        ),
        (
            [ECE._replace(bound="max-drop", difference=-0.07)],
            "The limit is not kept: ece drops by 0.07, above its limit of 0.05.",
        ),
        ([ECE._replace(bound="max-drop")], "The limit is not kept: ece has no difference to the baseline."),
        (
            [ECE._replace(bound="max-rise", difference=0.01)],
            "The limit is not kept: the interval of the difference of ece, 0.06 to 0.1, reaches beyond a rise of 0.05.",
        ),
        ([ECE] * 6, "0 of 6 limits are kept: " + "ece 0.08 is above its limit 0.05; " * 4 + "2 more are not kept."),
    ],
)
def test_the_sentence_says_which_limits_are_kept(rows: list[CheckRow], words: str) -> None:
    assert words == conclude(rows)
