"""The catalogue and the selection of metrics by name."""

from __future__ import annotations

import numpy as np
import pytest

import lscli
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import FAMILIES, METRICS, family_of, find
from lscli.metrics.scores import SCORE_COLUMNS
from lscli.metrics.selection import parse_share, select
from lscli.smoothing.targets import Targets

DEFAULT = [
    *("loss_hard", "loss_uniform", "loss_prior", "perplexity", "loss_noise_corrected", "loss_smoothed"),
    *("target_on", "target_off", "loss_floor", "loss_excess"),
    *("excess_overshoot", "excess_undershoot", "excess_structure"),
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


FAMILY_MEMBERS = {
    "classwise": ["classwise_ece", "classwise_ece_max"],
    "selective": ["aurc", "aurc_pnorm_gain", "eaurc", "augrc", "failure_auroc", "risk_at_coverage", "coverage_at_risk"],
    "calibration": [
        *("ece", "rmsce", "mce", "ece_null", "ece_equal_mass", "ece_sweep", "rmsce_debiased", "smece"),
        *("ks_calibration", "spiegelhalter_z", "spiegelhalter_p"),
    ],
    "smoothing": [
        *("eps_gap", "gamma", "gamma_confidence", "eps_accuracy", "smoothing_balance"),
        *("logit_gap_sd", "logit_gap_q05", "logit_gap_q25", "logit_gap_q50", "logit_gap_q75", "logit_gap_q95"),
        *("logit_gap_optimal", "above_target", "maxsup_regularisation", "maxsup_error_enhancement"),
        *("off_label_entropy", "max_logit_mean", "logit_margin_mean"),
    ],
    "proper": [
        *("brier", "brier_half", "brier_miscalibration", "brier_discrimination", "brier_uncertainty"),
        *("nll_miscalibration", "nll_discrimination", "nll_uncertainty"),
    ],
}


@pytest.mark.parametrize("family", FAMILY_MEMBERS)
def test_the_ids_of_a_family_are_an_interface(family: str) -> None:
    assert FAMILY_MEMBERS[family] == ids(family)


def test_the_families_and_their_order() -> None:
    expected = ["loss", "confidence", "calibration", "classwise", "proper", "selective", "smoothing", "paired"]
    assert expected == list(FAMILIES)
    assert sum(len(family.metrics) for family in FAMILIES.values()) == len(METRICS)


def test_columns_are_those_of_the_targets() -> None:
    weights, prior = np.array([1.0, 2.0]), np.array([0.5, 0.5])
    expected = {
        Targets(): {"loss_hard", "loss_uniform"},
        Targets("off-target"): {"loss_hard", "loss_uniform"},
        Targets("prior", prior): {"loss_hard", "loss_prior", "label"},
        Targets("uniform", None, weights): {"loss_hard", "label", "loss_uniform_weighted"},
        Targets("uniform", None, weights, "target-only"): {"loss_hard", "label", "loss_uniform"},
        Targets("prior", prior, weights): {"loss_hard", "label", "loss_prior"},
    }
    for targets, columns in expected.items():
        assert columns == select("loss_excess")[0].columns(Settings(targets=targets))
        assert columns | {"log_not_label"} == select("excess_structure")[0].columns(Settings(targets=targets))
        of_prior = set() if targets.prior is None else {"loss_prior"}
        of_prior |= {"label"} if of_prior and targets.class_weights is not None else set()
        assert of_prior == select("loss_prior")[0].columns(Settings(targets=targets))
        # Only the floor depends on the label.
        of_loss = columns - ({"label"} if targets.class_weights is None else set())
        assert of_loss == select("loss_smoothed")[0].columns(Settings(targets=targets))


def test_soft_labels_have_a_floor_each() -> None:
    settings = Settings(eps=(0.1, -0.2), soft_labels=True)
    loss, floor, excess = select("loss_smoothed,loss_floor,loss_excess")
    assert {"loss_hard", "loss_uniform"} == loss.columns(settings)
    assert {"entropy_of_target@0.1"} == floor.columns(settings)  # those of a negative eps are no distribution
    assert loss.columns(settings) | floor.columns(settings) == excess.columns(settings)
    assert {"entropy_of_target@0.3"} == select("loss_floor@0.3")[0].columns(settings)


def test_an_eps_below_0_needs_its_flag() -> None:
    with pytest.raises(lscli.UsageError, match=r"in \[0, 1\], got -0.1"):
        select("loss_smoothed@-0.1")
    assert [-0.1] == [choice.argument for choice in select("loss_smoothed@-0.1", allow_negative_eps=True)]


def test_default_can_be_extended() -> None:
    assert ids("brier_half,default") == [*DEFAULT[:29], "brier_half", *DEFAULT[29:]]


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


def test_parameters_of_the_selective_metrics() -> None:
    names = "risk_at_coverage@0.9,risk_at_coverage,coverage_at_risk@0.1,coverage_at_risk@.25,coverage_at_risk"
    logits = np.random.default_rng(0).standard_normal((50, 3))
    report = lscli.evaluate(logits, np.arange(50) % 3, metrics=names)
    assert [
        ("risk_at_coverage", "coverage=0.9;score=msp"),
        ("risk_at_coverage", "coverage=0.8;score=msp"),
        ("coverage_at_risk", "risk=0.1;score=msp"),
        ("coverage_at_risk", "risk=0.25;score=msp"),
        ("coverage_at_risk", "risk=0.05;score=msp"),
    ] == [(row.metric, row.params) for row in report.rows]
    assert report.rows[0].value == report["risk_at_coverage@0.9"]
    assert report.rows[3].value == report["coverage_at_risk@0.25"]


def test_a_parameter_is_the_setting_of_that_name() -> None:
    setting = {name: metric.parameter for name, metric in METRICS.items() if metric.parameter}
    assert {
        **dict.fromkeys(("loss_smoothed", "loss_floor", "loss_excess", "target_on", "target_off"), "eps"),
        **dict.fromkeys(("excess_overshoot", "excess_undershoot", "excess_structure"), "eps"),
        **dict.fromkeys(("logit_gap_optimal", "above_target", "loss_difference"), "eps"),
        "loss_noise_corrected": "rho",
        "risk_at_coverage": "coverage",
        "coverage_at_risk": "risk",
    } == setting
    assert set(setting.values()) <= set(Settings._fields)


@pytest.mark.parametrize("score", SCORE_COLUMNS)
def test_a_choice_reads_the_column_of_the_score(score: str) -> None:
    for choice in (choice for choice in select("selective") if "score" in choice.metric.columns):
        assert frozenset({"correct", SCORE_COLUMNS[score]}) == choice.columns(Settings(score=score))
    both = frozenset({"correct", "confidence", "pnorm_scores"})
    assert both == select("aurc_pnorm_gain")[0].columns(Settings(score=score))
    assert METRICS["ece"].columns == select("ece")[0].columns(Settings(score=score))


@pytest.mark.parametrize(("text", "expected"), [("0", 0.0), ("1", 1.0), (".5", 0.5), (np.float32(0.25), 0.25)])
def test_a_share(text: object, expected: float) -> None:
    assert expected == parse_share(text, "eps", "--eps ")


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-0.1", "1.01", None, [0.1]])
def test_what_is_no_share(text: object) -> None:
    with pytest.raises(lscli.UsageError, match=r"^risk: must be finite and in \[0, 1\], got") as caught:
        parse_share(text, "risk", "coverage_at_risk@")
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
        ("risk_at_coverage@1.5", r"coverage: must be finite and in \[0, 1\], got 1.5", "risk_at_coverage@0.1"),
        ("coverage_at_risk@-1", r"risk: must be finite and in \[0, 1\], got -1", "coverage_at_risk@0.1"),
        ("loss_noise_corrected@1", "rho: must be below 1, got 1", "nothing is known"),
        ("aurc@0.1", "aurc takes no parameter", "aurc"),
        ("selectiv", "unknown metric 'selectiv'", "'selective'"),
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
