"""`lscli.measure`: metrics of a table without logits are those of logits with these confidences."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli import SampleTable
from lscli.metrics.catalogue import METRICS
from lscli.options import BinEdges, Library
from tests import naive
from tests.metrics.test_smooth_ece import by_kernel

Array = NDArray[Any]
RANDOM = np.random.default_rng(7)
CONFIDENCE = RANDOM.uniform(0.5, 1, 300)
CORRECT = CONFIDENCE**2 > RANDOM.random(300)
WEIGHT = RANDOM.integers(0, 4, 300)
TABLE = SampleTable.from_confidences(CONFIDENCE, CORRECT)
# Two classes, the first of which is predicted with these confidences; it is the label where that is right.
LOGITS = np.column_stack((np.log(CONFIDENCE), np.log1p(-CONFIDENCE)))
LABELS = np.where(CORRECT, 0, 1)
# What a confidence and right or wrong are enough for.
ENOUGH = [
    *("accuracy", "error", "confidence_mean", "confidence_gap", "confidence_on_errors", "confidence_on_correct"),
    *("ece", "rmsce", "mce", "ece_null", "ece_p", "ece_equal_mass", "ece_sweep"),
    *("rmsce_debiased", "smece", "ks_calibration", "spiegelhalter_z", "spiegelhalter_p"),
    *("brier_miscalibration", "brier_discrimination", "brier_uncertainty"),
    *("nll_miscalibration", "nll_discrimination", "nll_uncertainty"),
    *("aurc", "eaurc", "augrc", "failure_auroc", "risk_at_coverage", "coverage_at_risk"),
]


def by_metric(report: lscli.Report) -> dict[str, Any]:
    return {row.metric: row for row in report.rows}


def test_all_metrics_are_those_that_the_columns_are_enough_for() -> None:
    report = lscli.measure(TABLE, metrics="all")
    assert ENOUGH == [row.metric for row in report.rows]
    assert [] == report.warnings
    assert {("table", "", 300)} == {(row.source, row.group, row.n) for row in report.rows}


def test_calibration_errors_are_those_by_hand() -> None:
    report = lscli.measure(TABLE, metrics="calibration", bins=10)
    gaps, sizes = [], []
    for low in np.arange(10) / 10:
        inside = (low < CONFIDENCE) & (CONFIDENCE <= low + 0.1 + 1e-15)
        if inside.any():
            gaps.append(abs((CORRECT[inside] - CONFIDENCE[inside]).mean()))
            sizes.append(inside.sum() / 300)
    assert np.dot(sizes, gaps) == pytest.approx(report["ece"], rel=1e-12)
    assert math.sqrt(np.dot(sizes, np.square(gaps))) == pytest.approx(report["rmsce"], rel=1e-12)
    assert max(gaps) == pytest.approx(report["mce"], rel=1e-12)
    residual = (CORRECT - CONFIDENCE)[np.argsort(CONFIDENCE)]
    assert abs(np.cumsum(residual)).max() / 300 == pytest.approx(report["ks_calibration"], rel=1e-12)
    assert by_kernel(CONFIDENCE, CORRECT) == pytest.approx(report["smece"], abs=1e-6)
    assert {"bins": 10} == by_metric(report)["ece"].params


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bins": 7},
        {"bin_edges": "left"},
        {"norm": "max"},
        {"compat": "netcal"},
        {"ci": True, "bootstrap": 20, "seed": 3, "level": 0.8},
    ],
    ids=str,
)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_the_numbers_are_those_of_logits_with_these_confidences(options: dict[str, Any], weight: Array | None) -> None:
    table = SampleTable.from_confidences(CONFIDENCE, CORRECT, weight=weight)
    expected = by_metric(lscli.evaluate(LOGITS, LABELS, metrics=ENOUGH, kind="log-probs", weights=weight, **options))
    found = by_metric(lscli.measure(table, metrics=ENOUGH, **options))
    assert list(expected) == list(found)
    for name, row in expected.items():
        assert row[3:7] == pytest.approx(found[name][3:7], rel=1e-9, abs=1e-12, nan_ok=True), name
        assert (row.n, row.params) == (found[name].n, found[name].params)
        has_interval = "ci" in options and METRICS[name].interval != "none"
        assert has_interval == (not math.isnan(found[name].ci_low))


def test_a_weight_is_the_sample_so_many_times() -> None:
    weighted = lscli.measure(SampleTable.from_confidences(CONFIDENCE, CORRECT, weight=WEIGHT), metrics=ENOUGH)
    repeated = np.repeat(np.arange(300), WEIGHT)
    expected = by_metric(
        lscli.measure(SampleTable.from_confidences(CONFIDENCE[repeated], CORRECT[repeated]), metrics=ENOUGH)
    )
    for name, row in by_metric(weighted).items():
        assert expected[name][3:5] == pytest.approx(row[3:5], rel=1e-9, abs=1e-12, nan_ok=True), name
        assert expected[name].n == row.n == WEIGHT.sum()


def test_a_table_of_logits_has_the_metrics_of_its_columns() -> None:
    columns = naive.columns(LOGITS, LABELS)
    names = ("loss_hard", "loss_uniform", "label", "confidence", "one_minus_confidence", "correct")
    table = SampleTable({name: np.asarray(columns[name], float) for name in names}, num_classes=2)
    expected = lscli.evaluate(LOGITS, LABELS, kind="log-probs", eps=[0.1, 0.3], smoothing="off-target")
    found = lscli.measure(table, eps=[0.1, 0.3], smoothing="off-target", metrics="loss,ece")
    for name in ("loss_hard", "loss_uniform", "loss_smoothed@0.1", "loss_floor@0.3", "loss_excess@0.3", "ece"):
        assert expected[name] == pytest.approx(found[name], rel=1e-9), name


@pytest.mark.parametrize(
    "metric",
    [
        "loss_hard",
        "loss_smoothed",
        "brier",
        "top5_accuracy",
        "classwise_ece",
        "logit_gap_mean",
        "loss_prior",
        "loss_noise_corrected",
        "loss_difference",
        "gamma_confidence",
    ],
)
def test_a_metric_that_is_named_and_absent_is_warned_of_with_the_reason(metric: str) -> None:
    with pytest.warns(lscli.LscliWarning) as caught:
        report = lscli.measure(TABLE, metrics=[metric, "ece"])
    assert (
        [f"{metric} is absent: there are no logits"] == [str(warning.message) for warning in caught] == report.warnings
    )
    assert __file__ == caught[0].filename
    assert ["ece"] == [row.metric for row in report.rows]


def test_absent_metrics_that_were_not_named_cause_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = lscli.measure(TABLE)
    assert [name for name in ENOUGH if METRICS[name].default] == [row.metric for row in report.rows]


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("brier", "the table has no column brier"),
        ("loss_smoothed", "the table has no column loss_uniform"),
        ("loss_prior", "there is no prior"),
        ("loss_noise_corrected", "there is no noise rate"),
        ("loss_difference", "there is one model; lscli.sweep takes several"),
    ],
)
def test_a_table_of_logits_may_lack_a_column(metric: str, reason: str) -> None:
    table = SampleTable({"loss_hard": CONFIDENCE, "correct": CORRECT}, num_classes=2)
    with pytest.warns(lscli.LscliWarning, match=f"^{metric} is absent: {reason}$"):
        assert metric not in lscli.measure(table, metrics=[metric, "loss_hard"])


def test_metrics_that_all_need_logits_are_refused() -> None:
    for metrics in ("loss", "loss_hard,brier", ["smoothing"]):
        with pytest.raises(lscli.UsageError, match="none of these can be computed without logits") as caught:
            lscli.measure(TABLE, metrics=metrics)
        assert "say metrics='default'" in caught.value.hint


@pytest.mark.parametrize("score", ["margin", "max_logit_pnorm"])
def test_a_score_without_its_column_leaves_the_selective_metrics_out(score: Any) -> None:
    with pytest.warns(lscli.LscliWarning, match="aurc is absent: there are no logits"):
        assert "aurc" not in lscli.measure(TABLE, score=score, metrics="aurc,ece")


def test_the_report_knows_its_settings() -> None:
    edges: BinEdges = "left"
    library: Library = "netcal"
    report = lscli.measure(TABLE, eps=[0.1, 0.2], compat=library, bin_edges=edges, metrics=["ece", "mce"])
    assert {"rows": 300, "kept": 300} == report.samples
    found = {name: tuple(setting) for name, setting in report.settings.items()}
    assert (([0.1, 0.2], "argument"), ("ece,mce", "argument")) == (found["eps"], found["metrics"])
    assert ((10, "default"), ("left", "argument"), ("netcal", "argument")) == (
        found["bins"],
        found["bin_edges"],
        found["compat"],
    )
    assert {"lscli", "numpy"} == report.versions.keys()
    assert report.conclusion == "" or report.conclusion.endswith(".")
    assert "ece" in report.to_dict()["rows"][0]["metric"]


@pytest.mark.parametrize("value", [None, "logits.npy", np.eye(2), [0.5, 0.5], {"confidence": [0.5]}])
def test_only_a_table_is_measured(value: Any) -> None:
    with pytest.raises(lscli.UsageError, match=f"table: must be a SampleTable, got {type(value).__name__}") as caught:
        lscli.measure(value)
    assert "SampleTable.from_confidences" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "eec"}, "unknown metric 'eec'"),
        ({"bins": 0}, "bins: must be from 1 to 10000, got 0"),
        ({"smoothing": "prior"}, "smoothing: unknown value 'prior'"),
        ({"eps": 2}, "eps: must be finite"),
        ({"threads": 0}, "threads: must be at least 1"),
    ],
)
def test_a_wrong_value_of_an_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(lscli.UsageError, match=message):
        lscli.measure(TABLE, **options)


@pytest.mark.parametrize(
    "question",
    [
        lambda table: lscli.per_class(table),
        lambda table: lscli.sweep(table),
        lambda table: lscli.sweep(LOGITS, LABELS, others=table),
        lambda table: lscli.sweep(LOGITS, LABELS, others=[table]),
        lambda table: lscli.explain("1", table),
    ],
)
def test_questions_on_logits_say_what_takes_a_table(question: Any) -> None:
    with pytest.raises(lscli.UsageError, match="logits: is a SampleTable, not logits") as caught:
        question(TABLE)
    assert "lscli.measure, lscli.evaluate, lscli.per_bin and lscli.per_sample take tables" == caught.value.hint


def test_questions_that_confidences_answer_take_the_table() -> None:
    expected = lscli.measure(TABLE, metrics="calibration", ci=True, bootstrap=10)
    found = lscli.evaluate(TABLE, metrics="calibration", ci=True, bootstrap=10)
    assert list(expected.rows) == list(found.rows)
    assert ["table"] == [entry["role"] for entry in found.inputs]
    expected_bins = lscli.per_bin(LOGITS, LABELS, kind="log-probs", bins=6)
    for one, other in zip(expected_bins.rows, lscli.per_bin(TABLE, bins=6).rows, strict=True):
        assert one[2:] == pytest.approx(other[2:], rel=1e-9, nan_ok=True)
    rows = list(lscli.per_sample(TABLE).rows)
    assert CONFIDENCE.tolist() == [row.confidence for row in rows]
    assert CORRECT.tolist() == [row.correct for row in rows]
    assert list(range(300)) == [row.row for row in rows]
    assert all(math.isnan(row.loss_hard) and math.isnan(row.label) for row in rows)


def test_weights_and_groups_of_a_table() -> None:
    groups = np.where(CONFIDENCE > 0.75, "sure", "unsure")
    report = lscli.evaluate(TABLE, weights=WEIGHT, groups=groups, group_by="any", metrics="accuracy")
    expected = {"": np.average(CORRECT, weights=WEIGHT)}
    for name in ("sure", "unsure"):
        expected[name] = np.average(CORRECT[groups == name], weights=WEIGHT[groups == name])
    assert expected == {row.group: pytest.approx(row.value, rel=1e-12) for row in report.rows}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: lscli.evaluate(TABLE, LABELS), "labels: a SampleTable is evaluated without labels"),
        (lambda: lscli.evaluate(TABLE, confidence="c"), "confidence: a SampleTable has no columns to choose from"),
        (lambda: lscli.per_bin(TABLE, binary=True), "binary: needs logits, but the table has only confidences"),
        (
            lambda: lscli.evaluate(SampleTable.from_confidences([0.5], [1], weight=[2]), weights=[1]),
            "weights: the table already has weights",
        ),
        (lambda: lscli.per_sample(TABLE, worst=3), "worst: the loss needs logits"),
    ],
)
def test_what_does_not_go_with_a_table_is_refused(call: Any, says: str) -> None:
    with pytest.raises(lscli.UsageError, match=says) as caught:
        call()
    assert caught.value.hint


def test_progress_counts_resamples() -> None:
    seen: list[tuple[int, int]] = []
    lscli.measure(TABLE, metrics="aurc", ci=True, bootstrap=30, progress=lambda done, total: seen.append((done, total)))
    assert (30, 30) == seen[-1]
