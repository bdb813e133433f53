"""The selection of metrics by name."""

from __future__ import annotations

import numpy as np
import pytest

import lscli
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import FAMILIES, METRICS
from lscli.metrics.scores import SCORE_COLUMNS
from lscli.metrics.selection import select
from lscli.options import Score
from lscli.smoothing.checks import check_share


def ids(names: str | list[str]) -> list[str]:
    return [choice.metric.id for choice in select(names)]


BY_NAME = [name for name, metric in METRICS.items() if metric.chosen_by == "name"]


def test_all_is_the_whole_catalogue_but_for_what_is_selected_by_name() -> None:
    assert {"ece_canonical", "ece_marginal", "skce", "skce_p", "skce_linear", "skce_linear_p"} <= {*BY_NAME}
    assert ids("all") == [name for name in METRICS if name not in BY_NAME]
    assert not {*BY_NAME} & {*ids(["default", *FAMILIES])}
    assert BY_NAME == ids(BY_NAME)
    assert all(METRICS[name].described.endswith("; by name only") for name in BY_NAME)


def test_names_are_comma_separated_or_several_and_keep_their_order() -> None:
    assert ids("ece,loss_hard") == ids(["ece", " loss_hard ", "ece"]) == ["ece", "loss_hard"]
    assert ids("loss_hard,ece,top3_accuracy") == ["loss_hard", "ece", "top3_accuracy"]


def test_a_family_has_the_catalogue_s_order_at_its_place() -> None:
    calibration = [metric.id for metric in FAMILIES["calibration"].metrics if metric.chosen_by != "name"]
    assert ["accuracy", *calibration, "brier"] == ids("accuracy,calibration,brier")
    others = [name for name in calibration if name != "smece"]
    assert ["smece", *others] == ids("smece,calibration")


def test_a_metric_that_is_named_in_a_set_too_has_its_first_place_and_is_missed() -> None:
    choices = select("default,accuracy")
    assert ids("default") == [choice.metric.id for choice in choices]
    assert ["accuracy"] == [choice.metric.id for choice in choices if choice.named]


def test_an_eps_below_0_must_be_allowed() -> None:
    with pytest.raises(lscli.UsageError, match=r"in \[0, 1\], got -0.1"):
        select("loss_smoothed@-0.1")
    assert [-0.1] == [choice.argument for choice in select("loss_smoothed@-0.1", allow_negative_eps=True)]


def test_default_can_be_extended() -> None:
    default = [name for name, metric in METRICS.items() if metric.chosen_by == "default"]
    assert ["brier_half", *default] == ids("brier_half,default")
    assert [*default, "brier_half"] == ids("default,brier_half")


def test_a_parameter_follows_the_id() -> None:
    report = lscli.evaluate([[2.0, 0.0]], [0], eps=0.1, metrics="loss_smoothed@0.2,loss_smoothed@0.4,loss_floor")
    assert [("loss_smoothed", {"eps": 0.2}), ("loss_smoothed", {"eps": 0.4}), ("loss_floor", {"eps": 0.1})] == [
        (row.metric, row.params) for row in report.rows
    ]


def test_parameters_of_the_selective_metrics() -> None:
    names = "risk_at_coverage@0.9,risk_at_coverage,coverage_at_risk@0.1,coverage_at_risk@.25,coverage_at_risk"
    logits = np.random.default_rng(0).standard_normal((50, 3))
    report = lscli.evaluate(logits, np.arange(50) % 3, metrics=names)
    assert [
        ("risk_at_coverage", {"coverage": 0.9, "score": "msp"}),
        ("risk_at_coverage", {"coverage": 0.8, "score": "msp"}),
        ("coverage_at_risk", {"risk": 0.1, "score": "msp"}),
        ("coverage_at_risk", {"risk": 0.25, "score": "msp"}),
        ("coverage_at_risk", {"risk": 0.05, "score": "msp"}),
    ] == [(row.metric, row.params) for row in report.rows]
    assert report.rows[0].value == report["risk_at_coverage@0.9"]
    assert report.rows[3].value == report["coverage_at_risk@0.25"]


@pytest.mark.parametrize("score", SCORE_COLUMNS)
def test_a_choice_reads_the_column_of_the_score(score: Score) -> None:
    for choice in select("aurc,eaurc,augrc,failure_auroc,risk_at_coverage,coverage_at_risk"):
        halves = {"row_hash"} if score == "max_logit_pnorm" else set()
        assert {"correct", SCORE_COLUMNS[score], *halves} == choice.columns(Settings(score=score))
    both = frozenset({"correct", "confidence", "pnorm_scores", "row_hash"})
    assert both == select("aurc_pnorm_gain")[0].columns(Settings(score=score))
    assert METRICS["ece_sweep"].columns == select("ece_sweep")[0].columns(Settings(score=score))


@pytest.mark.parametrize(("text", "expected"), [("0", 0.0), ("1", 1.0), (".5", 0.5), (np.float32(0.25), 0.25)])
def test_a_share(text: object, expected: float) -> None:
    assert expected == check_share(text, "--eps ", "eps")


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-0.1", "1.01", None, [0.1]])
def test_a_value_that_is_no_share_is_refused(text: object) -> None:
    with pytest.raises(lscli.UsageError, match=r"^risk: must be finite and in \[0, 1\], got") as caught:
        check_share(text, "coverage_at_risk@", "risk")
    assert "for example coverage_at_risk@0.1" == caught.value.hint


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        ("ecee", "unknown metric 'ecee'", "'ece'"),
        ("confidance", "unknown metric 'confidance'", "'confidence'"),
        ("qwertyuiop", "unknown metric", "lscli metrics"),
        ("ece@0.1", "ece takes no parameter", "ece"),
        ("loss_smoothed@2", r"must be finite and in \[0, 1\], got 2", "0.1"),
        ("loss_smoothed@", r"must be finite and in \[0, 1\], got", "0.1"),
        ("risk_at_coverage@1.5", r"metrics: coverage: must be finite and in \[0, 1\], got 1.5", "risk_at_coverage@0.1"),
        ("coverage_at_risk@-1", r"metrics: risk: must be finite and in \[0, 1\], got -1", "coverage_at_risk@0.1"),
        ("loss_noise_corrected@1", "metrics: rho: must be below 1, got 1", "loss_noise_corrected@0.1"),
        ("aurc@0.1", "aurc takes no parameter", "aurc"),
        ("ECE", "unknown metric 'ECE'", "did you mean 'ece'?"),
        ("nll", "metrics: unknown metric 'nll'", "did you mean 'loss_hard'?"),
        ("acc@5", "unknown metric 'acc'", "did you mean 'top5_accuracy'?"),
        ("f1", "unknown metric 'f1'", "sklearn.metrics.f1_score"),
        ("selectiv", "unknown metric 'selectiv'", "'selective'"),
        (" , ", "no metric is named", "default"),
    ],
)
def test_an_unknown_name_or_a_wrong_parameter_is_refused(names: str, message: str, hint: str) -> None:
    with pytest.raises(lscli.UsageError, match=message) as caught:
        select(names)
    assert hint in caught.value.hint


def test_a_named_metric_that_does_not_apply_is_absent_with_a_warning() -> None:
    with pytest.warns(lscli.LscliWarning, match="top5_accuracy is absent.*K = 2"):
        report = lscli.evaluate([[2.0, 0.0]], [0], metrics="top5_accuracy,accuracy")
    assert [row.metric for row in report.rows] == ["accuracy"]
