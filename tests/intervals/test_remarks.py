"""The sentence about values outside of their intervals: it names what noise makes larger, and nothing else."""

from __future__ import annotations

import math

from lscli.intervals.remarks import remark_on_intervals
from lscli.report import Row


def row(metric: str, value: float, low: float, high: float) -> Row:
    return Row("logits", "", metric, value, math.nan, low, high, 9, {})


def test_values_outside_of_their_intervals_are_named() -> None:
    one = remark_on_intervals([row("nll_discrimination", 0.3, 0.1, 0.2), row("ece", 0.1, 0.0, 0.2)])
    assert (
        "nll_discrimination lies outside of its interval, which is of the value without noise: noise makes it " in one
    )
    both = remark_on_intervals([row("ece", 0.3, 0.1, 0.2), row("smece", 0.3, 0.1, 0.2), row("ece", 0.3, 0.1, 0.2)])
    assert both.startswith("ece and smece lie outside of their intervals")
    # Of a discrimination, more is better: it is no error.
    assert "error" not in one + both


def test_nothing_is_said_of_values_inside_and_without_intervals() -> None:
    rows = [row("ece", 0.1, 0.1, 0.2), row("mce", 0.1, math.nan, math.nan), row("accuracy", 0.5, 0.6, 0.7)]
    assert remark_on_intervals(rows) == ""
