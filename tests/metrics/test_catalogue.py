"""The catalogue and the selection of metrics by name."""

from __future__ import annotations

import pytest

import lscli
from lscli.metrics import FAMILIES, METRICS, family_of, find, select

DEFAULT = [
    *("loss_hard", "loss_uniform", "loss_smoothed", "loss_floor", "loss_excess", "perplexity"),
    *("accuracy", "error", "top5_accuracy", "confidence_mean", "confidence_gap", "confidence_on_errors"),
    *("confidence_on_correct", "entropy_mean", "margin_mean", "label_prob_mean", "logit_gap_mean"),
    *("ece", "rmsce", "mce", "ece_null", "brier"),
    *("eps_gap", "gamma", "gamma_confidence", "eps_accuracy", "smoothing_balance"),
]


def ids(names: str | list[str]) -> list[str]:
    return [choice.metric.id for choice in select(names)]


def test_the_default_set_is_an_interface() -> None:
    assert ids("default") == DEFAULT


def test_all_is_the_whole_catalogue() -> None:
    assert ids("all") == list(METRICS)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_names_its_metrics(family: str) -> None:
    assert ids(family) == [metric.id for metric in FAMILIES[family].metrics]
    assert {family} == {family_of(metric.id) for metric in FAMILIES[family].metrics}


def test_names_are_joined_by_commas_or_repeated_and_come_in_the_catalogue_s_order() -> None:
    assert ids("ece,loss_hard") == ids(["ece", " loss_hard ", "ece"]) == ["loss_hard", "ece"]


def test_default_can_be_extended() -> None:
    assert ids("brier_half,default") == [*DEFAULT[:22], "brier_half", *DEFAULT[22:]]


def test_any_top_k_is_found_by_name() -> None:
    assert ids("top3_accuracy,ece") == ["top3_accuracy", "ece"]
    assert family_of("top12_accuracy") == "confidence"


@pytest.mark.parametrize("name", ["top0_accuracy", "top03_accuracy", "top_accuracy", "topk_accuracy", "top-1_accuracy"])
def test_what_is_no_top_k(name: str) -> None:
    assert find(name) is None


def test_a_parameter_follows_the_id() -> None:
    report = lscli.evaluate([[2.0, 0.0]], [0], eps=0.1, metrics="loss_smoothed@0.2,loss_smoothed@0.4,loss_floor")
    assert [("loss_smoothed", "eps=0.2"), ("loss_smoothed", "eps=0.4"), ("loss_floor", "eps=0.1")] == [
        (row.metric, row.params) for row in report.rows
    ]


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        ("ecee", "unknown metric 'ecee'", "'ece'"),
        ("confidance", "unknown metric 'confidance'", "'confidence'"),
        ("qwertyuiop", "unknown metric", "lscli metrics"),
        ("ece@0.1", "ece takes no parameter", "ece"),
        ("loss_smoothed@2", r"must be finite and in \[0, 1\], got 2", "0.1"),
        ("loss_smoothed@", r"must be finite and in \[0, 1\], got", "0.1"),
        (" , ", "no metric is named", "default"),
    ],
)
def test_what_is_not_understood_is_said(names: str, message: str, hint: str) -> None:
    with pytest.raises(lscli.UsageError, match=message) as caught:
        select(names)
    assert hint in caught.value.hint


def test_every_metric_is_described() -> None:
    for metric in METRICS.values():
        assert len(metric.definition) > 8, metric.id
        assert "\n" not in metric.definition, metric.id
        assert 0 < len(metric.gist) <= 30, metric.id
        assert metric.columns, metric.id


def test_a_named_metric_that_does_not_apply_is_absent_with_a_warning() -> None:
    with pytest.warns(lscli.LscliWarning, match="top5_accuracy is absent.*K = 2"):
        report = lscli.evaluate([[2.0, 0.0]], [0], metrics="top5_accuracy,accuracy")
    assert [row.metric for row in report.rows] == ["accuracy"]
