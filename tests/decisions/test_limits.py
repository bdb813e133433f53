"""Limits are read as they are typed, and one that its metric cannot break or cannot keep is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lscli.decisions.limits import Limit, limits_of
from lscli.errors import UsageError
from lscli.options import LimitOptions


def read(**options: Any) -> list[Limit]:
    return limits_of(LimitOptions(**options))


def read_short(**options: Any) -> list[tuple[str, str, float]]:
    return [(limit.bound, limit.name, limit.limit) for limit in read(**options)]


@pytest.mark.parametrize(
    "typed",
    [
        "ece=0.05,loss_hard=2",
        ["ece=0.05", "loss_hard=2"],
        ["ece=0.05,loss_hard=2"],
        {"ece": 0.05, "loss_hard": 2},
        " ece = 5e-2 , loss_hard = 2,",
        ("ece=.05,", "loss_hard=2.0"),
        {"ece": "0.05", "loss_hard": 2.0},
    ],
)
def test_the_same_limits_in_every_form(typed: Any) -> None:
    assert [("max", "ece", 0.05), ("max", "loss_hard", 2.0)] == read_short(max=typed)


def test_each_option_has_its_bound_and_a_number_may_follow_the_metric() -> None:
    found = read_short(
        max="risk_at_coverage@0.9=0.02", min="accuracy=0", max_rise="ece=0", max_drop="accuracy=1", baseline="b.npy"
    )
    assert [
        ("max", "risk_at_coverage@0.9", 0.02),
        ("min", "accuracy", 0.0),
        ("max-rise", "ece", 0.0),
        ("max-drop", "accuracy", 1.0),
    ] == found
    assert 0.9 == read(max="risk_at_coverage@0.9=0.02")[0].choice.argument


def test_one_limit_that_is_given_twice_counts_once() -> None:
    assert [("max", "ece", 0.1)] == read_short(max="ece=0.1,ece=0.10")
    assert 2 == len(read(max="risk_at_coverage@0.9=0.1,risk_at_coverage@0.8=0.2"))
    assert 2 == len(read(min="accuracy=0.5", max="accuracy=0.5"))


@pytest.mark.parametrize(
    ("options", "where", "words"),
    [
        ({}, "", "no limit"),
        ({"max": ""}, "max", "names no metric"),
        ({"max": []}, "max", "names no metric"),
        ({"max": "ece"}, "max", "'ece' has no number"),
        ({"max": "ece="}, "max", "no number"),
        ({"max": "ece=abc"}, "max", "ece=abc is not a finite number"),
        ({"max": "ece=nan"}, "max", "ece=nan is not a finite number"),
        ({"min": "loss_hard=-inf"}, "min", "finite"),
        ({"max": "ece=\x1b[2J"}, "max", r"ece=\x1b[2J is not"),
        ({"max": {"ece": None}}, "max", "finite"),
        ({"max": {"ece": True}}, "max", "finite"),
        ({"max": "=0.1"}, "max", "no metric"),
        ({"max": "ecee=0.1"}, "max", "unknown metric 'ecee'"),
        ({"max": "loss=1"}, "max", "loss is not one metric"),
        ({"min": "default=1"}, "min", "default is not one metric"),
        ({"max": "ece@0.1=1"}, "max", "takes no parameter"),
        ({"max": "risk_at_coverage@9=0.1"}, "max: coverage", "[0, 1]"),
        ({"max": "ece=0.1,ece=0.2"}, "max", "ece has two limits, 0.1 and 0.2"),
        ({"min": "accuracy=0.9", "max": "accuracy=0.8"}, "min", "no accuracy is at least 0.9 and at most 0.8"),
        ({"max_rise": "ece=0.1"}, "max-rise", "nothing to compare with"),
        ({"max": "ece=0.1", "baseline": "b.npy"}, "baseline", "no limit compares"),
        ({"max_rise": "ece=-0.1", "baseline": "b.npy"}, "max-rise", "below 0"),
        ({"max_drop": "accuracy=1.5", "baseline": "b.npy"}, "max-drop", "always kept"),
        ({"min": "accuracy=90"}, "min", "never kept"),
        ({"max": "accuracy=90"}, "max", "always kept"),
        ({"max": "ece=5"}, "max", "always kept"),
        ({"max": "loss_hard=-1"}, "max", "never kept"),
        ({"min": "loss_hard=-1"}, "min", "always kept"),
        ({"max": "classwise_ece=0.1", "strict": True}, "strict", "never has an interval"),
    ],
)
def test_what_is_no_limit_is_refused(options: dict[str, Any], where: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(**options)
    assert where == refused.value.where
    assert words in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"min": "accuracy=90"}, "write accuracy=0.9 for 90 %"),
        ({"max_drop": "accuracy=1.5", "baseline": "b"}, "write accuracy=0.015 for 1.5 %"),
        ({"max": "ecee=0.1"}, "'ece'"),
        ({"max": "ece=0,05"}, "write a point for the comma: ece=0.05"),
        ({"max": "loss_hard=-1"}, "loss_hard is at least 0"),
        ({"max": "loss=1"}, "loss_hard"),
    ],
)
def test_the_hint_names_what_was_meant(options: dict[str, Any], hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(**options)
    assert hint in refused.value.hint


NUMBERS = st.floats(0, 1)


@given(NUMBERS, NUMBERS)
def test_a_value_at_the_limit_passes_and_one_beyond_it_does_not(value: float, limit: float) -> None:
    most, least = read(max={"accuracy": limit})[0], read(min={"accuracy": limit})[0]
    assert (value <= limit, value >= limit) == (most.keeps(value), least.keeps(value))
    assert most.keeps(limit)
    assert least.keeps(limit)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_difference_of_two_decimals_at_its_limit_passes(now: int, before: int) -> None:
    difference, scale = now / 1000 - before / 1000, max(now, before) / 1000
    [rise] = read(max_rise={"accuracy": abs(now - before) / 1000}, baseline="b")
    [drop] = read(max_drop={"accuracy": abs(now - before) / 1000}, baseline="b")
    assert rise.keeps(difference, scale)
    assert drop.keeps(difference, scale)
    assert now <= before or not rise.keeps(difference + 1e-6, scale)
    assert now >= before or not drop.keeps(difference - 1e-6, scale)


def test_nan_never_passes_and_infinities_compare() -> None:
    most, least = read(max="loss_hard=1")[0], read(min="loss_hard=1")[0]
    assert [False, False] == [limit.keeps(math.nan) for limit in (most, least)]
    assert [False, True] == [limit.keeps(math.inf) for limit in (most, least)]
    rise, drop = read(max_rise="loss_hard=1", max_drop="loss_hard=1", baseline="b")
    assert [False, True] == [limit.keeps(math.inf, math.inf) for limit in (rise, drop)]
    assert [True, False] == [limit.keeps(-math.inf, math.inf) for limit in (rise, drop)]


@pytest.mark.parametrize("metric", ["kl", "mcnemar_p", "right_to_wrong", "top1_agreement"])
def test_a_metric_of_two_models_needs_a_baseline_and_has_no_rise(metric: str) -> None:
    (limit,) = read(max={metric: 0.5}, baseline="old.npy")
    assert limit.of_pair
    with pytest.raises(UsageError, match="there is nothing to compare with"):
        read(max={metric: 0.5})
    with pytest.raises(UsageError, match=f"{metric} itself compares with the baseline") as caught:
        read(max_rise={metric: 0.5}, baseline="old.npy")
    assert f"--max {metric}=0.5 --baseline FILE" in caught.value.hint
