"""Comparisons of few samples, of perfect and of useless models, and of metrics that some models lack."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from lscli.decisions.comparison import Comparison
from lscli.errors import LscliWarning
from lscli.metrics.catalogue import METRICS

Array = NDArray[Any]
MANY = "accuracy,ece,loss_hard,brier,aurc,failure_auroc,perplexity,coverage_at_risk"
SUMS = "classwise_ece,ece_canonical,temperature,ece_tempered"


def two(n: int, seed: int = 0, apart: float = 0.5) -> tuple[Array, Array, Array]:
    """The logits of two models, and labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, n)
    one = random.standard_normal((n, 3)) + 2 * np.eye(3)[labels]
    return one, 1.2 * one + apart * random.standard_normal((n, 3)), labels


def compared(one: Array, other: Array, labels: Array, **options: Any) -> Comparison:
    return lscli.compare({"a": one, "b": other}, labels, **{"metrics": MANY, "bootstrap": 20, "threads": 1, **options})


def said(*models: Array, **options: Any) -> tuple[Comparison, list[str]]:
    """A comparison and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = compared(*models, **options)
    return found, [str(each.message) for each in caught]


def check_verdicts(found: Comparison, level: float) -> None:
    """With one further model, a verdict says what the interval shows, and nothing without one."""
    for row in found.rows:
        if abs(row.p_value - (1 - level)) < 1e-12:  # an end of the interval is 0 but for rounding
            continue
        outside = row.ci_low > 0 or row.ci_high < 0
        assert math.isnan(row.p_value) == math.isnan(row.ci_low) == (row.verdict == ""), row
        assert outside == (row.p_value < 1 - level), row
        if row.verdict in ("better", "worse"):
            assert outside, row
            assert (row.verdict == "better") == ((row.ci_low > 0) == (METRICS[row.metric].better == "higher")), row
        if row.verdict == "no difference shown":
            assert not outside, row


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(2, 60),
    seed=st.integers(0, 50),
    apart=st.sampled_from([0.0, 0.05, 1.0, 5.0]),
    level=st.sampled_from([0.5, 0.9, 0.95, 0.99]),
    kind=st.sampled_from(["", "weights", "clusters", "sure", "wrong"]),
    margin=st.sampled_from([None, 1e-300, 0.1, 1e300]),
)
def test_a_verdict_never_contradicts_its_interval(
    n: int, seed: int, apart: float, level: float, kind: str, margin: float | None
) -> None:
    one, other, labels = two(n, seed, apart)
    options: dict[str, Any] = {"level": level, "margin": margin, "metrics": "accuracy,ece,loss_hard,aurc"}
    if kind == "weights":
        options["weights"] = np.arange(n) % 3
        options["weights"][:2] = 1, 2
    elif kind == "clusters":
        options["clusters"] = np.arange(n) % 3
    elif kind in ("sure", "wrong"):
        other = 40.0 * np.eye(3)[(labels + (kind == "wrong")) % 3] - 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LscliWarning)  # about these data
        check_verdicts(compared(one, other, labels, **options), level)


@pytest.mark.parametrize("margin", [None, 1e-9])
def test_a_model_and_itself_differ_by_exactly_0(margin: float | None) -> None:
    one, _, labels = two(150)
    for row in compared(one, one.copy(), labels, margin=margin).rows:
        assert (0.0, 0.0, 0.0, 1.0, 1.0) == (row.difference, row.ci_low, row.ci_high, row.p_value, row.p_adjusted)
        assert row.verdict == ("no difference shown" if margin is None else "equivalent")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "two samples or more"),
        ({"clusters": [4]}, "two clusters or more"),
    ],
)
def test_one_sample_has_differences_but_no_verdict(options: dict[str, Any], says: str) -> None:
    one, other, labels = two(1)
    found, notes = said(one, other, labels, metrics="accuracy,ece,loss_hard", **options)
    assert any(says in each for each in notes), notes
    assert 3 == len(found.rows)
    assert all(row.verdict == "" and math.isfinite(row.difference) for row in found.rows)


def test_groups_of_one_sample_are_named() -> None:
    one, other, labels = two(60)
    groups = np.array(["many"] * 55 + ["few"] * 4 + ["one"])
    found, notes = said(one, other, labels, metrics="accuracy,loss_hard", groups=groups)
    assert any("no verdict for group one: differences are tested with two samples" in each for each in notes), notes
    assert {("many", True), ("few", True), ("one", False), ("", True)} == {
        (r.group, bool(r.verdict)) for r in found.rows
    }


def test_a_label_of_probability_0_has_no_verdict_and_is_named() -> None:
    one, other, labels = two(50)
    other[3, labels[3]] = -np.inf
    found, notes = said(one, other, labels, metrics="loss_hard,perplexity,accuracy")
    assert "no verdict on loss_hard, perplexity: infinite in b" in notes
    assert {"loss_hard": math.inf, "perplexity": math.inf} == {
        row.metric: row.difference for row in found.rows if not row.verdict
    }
    _, notes = said(other, other.copy(), labels, metrics="loss_hard")
    assert any("infinite in a and b" in each for each in notes), notes


def test_a_value_that_one_model_lacks_is_named() -> None:
    one, _, labels = two(50)
    sure = 9.0 * np.eye(3)[labels] - 1
    _, notes = said(one, sure, labels, metrics="failure_auroc,temperature,accuracy")
    assert "no verdict on failure_auroc: not defined in b" in notes
    assert any(each.startswith("b: temperature") and "no temperature is best" in each for each in notes)


def test_metrics_of_sums_have_the_values_of_each_model() -> None:
    one, other, labels = two(300)
    found, notes = said(one, other, labels, metrics=SUMS)
    assert any("differences of this kind have no interval" in each for each in notes), notes
    reports = [lscli.evaluate(each, labels, metrics=SUMS) for each in (one, other)]
    assert {"classwise_ece", "ece_canonical", "temperature", "loss_hard_tempered", "ece_tempered"} == {
        row.metric for row in found.rows
    }
    for row in found.rows:
        assert (reports[1][row.metric], reports[0][row.metric]) == (row.value, row.baseline)
        assert row.value - row.baseline == pytest.approx(row.difference, abs=1e-15)
        assert (row.metric in ("loss_hard_tempered", "ece_tempered")) == bool(row.verdict)


def test_sums_of_models_that_keep_different_rows_are_absent_and_named() -> None:
    one, other, labels = two(40)
    other[5] = np.nan
    found, notes = said(one, other, labels, metrics="classwise_ece,ece_canonical,accuracy", nonfinite="skip")
    assert any("classwise_ece, ece_canonical are absent: the models keep different rows" in each for each in notes), (
        notes
    )
    assert ["accuracy"] == [row.metric for row in found.rows]


def test_few_clusters_give_a_warning() -> None:
    one, other, labels = two(60)
    _, notes = said(one, other, labels, metrics="accuracy", clusters=np.arange(60) % 3)
    assert any("there are 3 clusters" in each for each in notes), notes


def test_two_resamples_show_little() -> None:
    one, other, labels = two(200)
    few, many = (compared(one, other, labels, metrics="aurc,ece", bootstrap=count) for count in (2, 400))
    assert not any(row.verdict in ("better", "worse") for row in few.rows)
    widths = [[row.ci_high - row.ci_low for row in each.rows] for each in (few, many)]
    assert widths[0][0] > widths[1][0] > 0


def test_a_score_of_members_needs_an_ensemble() -> None:
    x = np.eye(3)[[0, 1, 2]]
    with pytest.raises(lscli.UsageError, match="score: needs several members"):
        lscli.compare([x, 2 * x], [0, 1, 2], metrics="aurc", score="mutual_information")
