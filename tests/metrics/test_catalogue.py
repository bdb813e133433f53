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
