"""The catalogue of metrics."""

from __future__ import annotations

import pytest

from lscli.metrics.base import Metric
from lscli.metrics.catalogue import FAMILIES, METRICS, family_of, find
from lscli.metrics.selection import select


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_selects_its_metrics(family: str) -> None:
    expected = [metric.id for metric in FAMILIES[family].metrics if metric.chosen_by != "name"]
    assert expected == [choice.metric.id for choice in select(family)]
    assert {family} == {family_of(metric.id) for metric in FAMILIES[family].metrics}


def test_every_id_is_of_one_metric() -> None:
    assert sum(len(family.metrics) for family in FAMILIES.values()) == len(METRICS)


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_a_description_fits_its_line(metric: Metric) -> None:
    assert "\n" not in metric.definition
    assert 0 < len(metric.gist) <= 30


def test_any_top_k_is_found_by_name() -> None:
    assert ["top3_accuracy", "ece"] == [choice.metric.id for choice in select("top3_accuracy,ece")]
    assert "confidence" == family_of("top12_accuracy")


@pytest.mark.parametrize(
    "name",
    ["top0_accuracy", "top03_accuracy", "top_accuracy", "topk_accuracy", "top-1_accuracy", f"top{'9' * 5000}_accuracy"],
)
def test_top_k_needs_a_positive_whole_number(name: str) -> None:
    assert find(name) is None


def test_sums_that_resamples_lack_have_no_interval() -> None:
    of_sums = {name: metric.interval for name, metric in METRICS.items() if metric.sums in ("classes", "tuples")}
    assert {"classwise_ece", "ece_canonical"} <= of_sums.keys()
    assert {"none"} == {*of_sums.values()}


# Of these, no value is better: they describe, their best value is 0, or they reward confidence alone.
WITHOUT_DIRECTION = {
    *("loss_uniform", "loss_prior", "target_on", "target_off", "loss_floor", "confidence_mean", "confidence_gap"),
    *("confidence_on_errors", "confidence_on_correct", "entropy_mean", "margin_mean", "label_prob_mean"),
    *("logit_gap_mean", "expected_entropy", "mutual_information", "ece_null", "ece_p", "spiegelhalter_z"),
    *("spiegelhalter_p", "skce_p", "skce_linear_p", "brier_uncertainty", "nll_uncertainty", "aurc_pnorm_gain"),
    *("eps_gap", "gamma", "gamma_confidence", "eps_accuracy", "smoothing_balance", "logit_gap_sd"),
    *("logit_gap_q05", "logit_gap_q25", "logit_gap_q50", "logit_gap_q75", "logit_gap_q95", "logit_gap_optimal"),
    *("above_target", "maxsup_regularisation", "maxsup_error_enhancement", "off_label_entropy", "max_logit_mean"),
    *("logit_margin_mean", "temperature", "loss_difference", "loss_flip_eps"),
}
HIGHER = {"accuracy", "top5_accuracy", "brier_discrimination", "nll_discrimination", "failure_auroc"}


def test_each_metric_says_which_of_its_values_are_better() -> None:
    of_pairs = {metric.id for name in ("changes", "divergence") for metric in FAMILIES[name].metrics}
    assert {name for name, metric in METRICS.items() if not metric.better} == WITHOUT_DIRECTION | of_pairs
    higher = {name for name, metric in METRICS.items() if metric.better == "higher"}
    assert HIGHER | {"coverage_at_risk"} == higher
    (choice,) = select("top3_accuracy")
    assert "higher" == choice.metric.better
