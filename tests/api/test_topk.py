"""Top-k log-probabilities against the full logits: each metric is equal, bounded, or absent and named."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lscli
from lscli.errors import InputError, LscliError, LscliWarning, UsageError
from tests.topk import kept, log_softmax

pytestmark = pytest.mark.filterwarnings("ignore:.* are not among the top", "ignore:.* are left out", "ignore:.* absent")

RANDOM = np.random.default_rng(11)
N, K, TOP = 300, 30, 8
X = 3 * RANDOM.normal(size=(N, K))
Y = np.where(RANDOM.random(N) < 0.6, X.argmax(axis=1), RANDOM.integers(0, K, N))
KEPT = kept(X, Y, TOP, shuffled=True)
OUTSIDE = (KEPT.classes != Y[:, None]).all(axis=1)
FULL = lscli.evaluate(X, Y, metrics="all", noise_rate=0.1)

EXACT = (
    *("accuracy", "error", "top5_accuracy", "confidence_mean", "confidence_gap", "confidence_on_errors"),
    *("confidence_on_correct", "margin_mean", "ece", "rmsce", "mce", "ece_null", "ece_equal_mass", "ece_sweep"),
    *("rmsce_debiased", "smece", "ks_calibration", "spiegelhalter_z", "brier_miscalibration", "nll_miscalibration"),
    *("brier_discrimination", "brier_uncertainty", "nll_discrimination", "nll_uncertainty", "aurc", "eaurc", "augrc"),
    *("failure_auroc", "risk_at_coverage", "coverage_at_risk", "gamma_confidence", "eps_accuracy"),
    *("smoothing_balance", "loss_floor", "target_on", "target_off", "logit_gap_optimal", "logit_margin_mean"),
)
WITH_OWN = (
    "loss_hard",
    "perplexity",
    "label_prob_mean",
    "gamma",
    "excess_overshoot",
    "excess_undershoot",
    "above_target",
)


def report(**options: Any) -> lscli.Report:
    usual: dict[str, Any] = {"topk_classes": KEPT.classes, "classes": K, "metrics": "all", "noise_rate": 0.1}
    return lscli.evaluate(KEPT.values, Y, **{**usual, **options})


def test_what_depends_on_the_k_alone_is_that_of_the_full_logits() -> None:
    found = report()
    assert {name: FULL[name] for name in EXACT} == pytest.approx({name: found[name] for name in EXACT}, rel=1e-12)


def test_what_depends_on_the_label_is_exact_with_its_own_log_probability() -> None:
    found = report(label_log_probs=KEPT.own)
    assert {name: FULL[name] for name in WITH_OWN} == pytest.approx({name: found[name] for name in WITH_OWN}, rel=1e-11)


@pytest.mark.parametrize("own", [None, KEPT.own])
@pytest.mark.parametrize("k", [1, 3, TOP, K - 1])
def test_every_metric_is_equal_bounded_or_named(own: Any, k: int) -> None:
    top = kept(X, Y, k)
    options: dict[str, Any] = {"metrics": "all", "noise_rate": 0.1, "eps": "0,0.1,0.5", "label_log_probs": own}
    found = lscli.evaluate(top.values, Y, topk_classes=top.classes, classes=K, **options)
    full = lscli.evaluate(X, Y, metrics="all", noise_rate=0.1, eps="0,0.1,0.5")
    named = " ".join([*found.warnings, found.conclusion])
    for row in full.rows:
        eps = row.params.get("eps")
        rows = [each for each in found.rows if each.metric == row.metric and each.params.get("eps") == eps]
        assert rows or f"{row.metric}" in named, row
        for each in rows:
            slack = 1e-9 * (1 + abs(row.value)) if math.isfinite(row.value) else 0
            if each.bound != "upper":
                assert each.value <= row.value + slack, each
            if each.bound != "lower":
                assert each.value >= row.value - slack, each
            assert each.n == row.n
            assert math.isfinite(each.value) or not each.bound


def test_all_classes_are_the_full_logits_to_the_last_metric() -> None:
    top = kept(X, Y, K, shuffled=True)
    found = lscli.evaluate(top.values, Y, topk_classes=top.classes, classes=K, metrics="all")
    plain = lscli.evaluate(log_softmax(X), Y, kind="log-probs", metrics="all")
    assert plain.to_frame().drop(columns="source").equals(found.to_frame().drop(columns="source"))
    assert [] == found.warnings


def test_bounds_have_names() -> None:
    found = report(eps=[0.1, 0.2], label_log_probs=KEPT.own)
    assert found["entropy_mean@lower"] < FULL["entropy_mean"] < found["entropy_mean@upper"]
    assert found["loss_smoothed@0.1"] == found["loss_smoothed@0.1@lower"] < found["loss_smoothed@0.2@lower"]
    assert "loss_smoothed@0.1@upper" not in found
    assert repr(found).startswith("Report(loss_hard=")
    assert "loss_uniform@0.1@lower=" not in repr(found)
    assert "loss_uniform@lower=" in repr(found)
    with pytest.raises(KeyError, match="entropy_mean@lower, entropy_mean@upper"):
        found["entropy_mean"]
    with pytest.raises(KeyError, match=r"loss_smoothed@0.1@lower, loss_smoothed@0.2@lower"):
        found["loss_smoothed"]


def test_a_bound_has_the_standard_error_and_the_interval_of_the_bound() -> None:
    found = {row.name: row for row in report(metrics="entropy_mean,loss_hard", ci=True, bootstrap=40).rows}
    assert {"entropy_mean@lower", "entropy_mean@upper", "loss_hard@lower"} == {*found}
    for row in found.values():
        assert row.ci_low < row.value < row.ci_high
        assert row.stderr * 2 < row.ci_high - row.ci_low < row.stderr * 6


def test_weights_count_samples_and_groups_select_them() -> None:
    weights, groups = RANDOM.integers(0, 3, N), np.where(np.arange(N) % 3, "a", "b")
    options: dict[str, Any] = {"metrics": "entropy_mean,ece,accuracy,brier"}
    found = report(weights=weights, groups=groups, **options)
    again = np.repeat(np.arange(N), weights)
    repeated = lscli.evaluate(KEPT.values[again], Y[again], topk_classes=KEPT.classes[again], classes=K, **options)
    only_a = report(**options, weights=np.where(groups == "a", weights, 0))
    values = {(row.group, row.name): row.value for row in found.rows}
    assert {row.name: row.value for row in repeated.rows} == pytest.approx(
        {name: value for (group, name), value in values.items() if not group}
    )
    assert {row.name: row.value for row in only_a.rows} == pytest.approx(
        {name: value for (group, name), value in values.items() if group == "a"}
    )


def test_the_provenance_says_what_is_left_out() -> None:
    unknown = f"the labels of {OUTSIDE.sum()} of {N} samples are not among the top {TOP}, .*label_log_probs=KEY"
    with pytest.warns(LscliWarning, match=unknown):
        found = lscli.evaluate(KEPT.values, Y, topk_classes=KEPT.classes, classes=K)
    assert f"The top {TOP} of {K} classes leave out " in found.conclusion
    outside = f"the labels of {OUTSIDE.sum()} of {N} samples"
    assert f"{outside}: metrics that depend on these have bounds." in found.conclusion
    assert [] == report(metrics="accuracy,ece").warnings
    assert [] == report(metrics="default", noise_rate=None, label_log_probs=KEPT.own).warnings
    entry = found.inputs[0]
    assert ([N, TOP], K) == (entry["shape"], entry["classes"])
    assert entry["tail_mass"] == pytest.approx(1 - np.exp(KEPT.values).sum(axis=1).mean())
    assert OUTSIDE.mean() == entry["labels_outside"]
    assert "log-probs" == found.settings["kind"].value


def test_absent_metrics_are_named() -> None:
    found = report(metrics="default")
    assert [] == [note for note in found.warnings if "absent" in note]
    lacks = "the top k of each row give neither values nor bounds"
    assert f"Absent, because {lacks}: loss_noise_corrected, excess_overshoot" in found.conclusion
    assert "loss_noise_corrected" not in report(metrics="default", noise_rate=None).conclusion
    assert ["classwise_ece is absent: the top k of each row give neither values nor bounds"] == [
        note for note in report(metrics="classwise_ece,accuracy").warnings if "absent" in note
    ]
    few = kept(X[:, :4], Y % 4, 2)
    four = lscli.evaluate(few.values, Y % 4, topk_classes=few.classes, classes=4, metrics="top5_accuracy,accuracy")
    assert ["top5_accuracy is absent: not defined for K = 4 classes"] == [
        note for note in four.warnings if "absent" in note
    ]


def test_a_negative_eps_bounds_nothing() -> None:
    found = report(metrics="loss_smoothed,loss_hard", eps=-0.1, allow_negative_eps=True, label_log_probs=KEPT.own)
    assert ["loss_hard"] == [row.name for row in found.rows]
    assert any(note.startswith("loss_smoothed is absent") for note in found.warnings)


def test_probabilities_and_tensors_of_any_type_are_read() -> None:
    expected = report(metrics="accuracy,ece,entropy_mean")
    as_probs = lscli.evaluate(
        np.exp(KEPT.values), Y, topk_classes=KEPT.classes, classes=K, kind="probs", metrics="accuracy,ece,entropy_mean"
    )
    values, classes = torch.tensor(KEPT.values), torch.tensor(KEPT.classes, dtype=torch.int32)
    tensors = [(values.to(dtype), classes) for dtype in (torch.float64, torch.float32, torch.bfloat16)]
    found = [lscli.evaluate(v, Y, topk_classes=c, classes=K, metrics="accuracy,ece,entropy_mean") for v, c in tensors]
    for answer, tolerance in zip((as_probs, *found), (1e-12, 1e-12, 1e-5, 0.05), strict=True):
        assert [row.value for row in expected.rows] == pytest.approx([row.value for row in answer.rows], rel=tolerance)


def test_bins_are_those_of_the_full_logits() -> None:
    found = lscli.per_bin(KEPT.values, Y, topk_classes=KEPT.classes, classes=K)
    full = lscli.per_bin(X, Y)
    for one, other in zip(full.rows, found.rows, strict=True):
        assert one[2:] == pytest.approx(other[2:], rel=1e-11, nan_ok=True)


def test_samples_leave_out_what_is_not_known() -> None:
    found = list(lscli.per_sample(KEPT.values, Y, topk_classes=KEPT.classes, classes=K).rows)
    full = list(lscli.per_sample(X, Y).rows)
    for one, other, outside in zip(full, found, OUTSIDE.tolist(), strict=True):
        for name, value in other._asdict().items():
            if name in ("source", "expected_entropy", "mutual_information"):
                continue
            expected = getattr(one, name)
            unknown = name in ("loss_uniform", "entropy", "brier", "logit_gap")
            unknown |= outside and name in ("label_prob", "loss_hard", "label_rank")
            if unknown:
                assert math.isnan(value)
            else:
                assert type(value) is type(expected)
                assert (value == pytest.approx(expected, rel=1e-11)) if isinstance(value, float) else value == expected
    worst = list(lscli.per_sample(KEPT.values, Y, topk_classes=KEPT.classes, classes=K, worst=5).rows)
    assert 5 == len(worst)
    assert any(math.isnan(sample.loss_hard) for sample in worst)


def test_wide_columns_have_the_names_of_bounds() -> None:
    from lscli.api.wide import wide

    found = wide(report(metrics="entropy_mean,loss_smoothed,accuracy"))
    assert ["entropy_mean@lower", "entropy_mean@upper", "loss_smoothed@0.1@lower", "accuracy"] == list(found.metrics)


def test_rows_that_keep_fewer_classes_are_filled() -> None:
    values, classes = KEPT.values.copy(), KEPT.classes.copy()
    order = np.argsort(values, axis=1)
    smallest = order[:, :3]
    some = np.arange(N) % 2 == 0
    for column in smallest[some].T:
        values[np.flatnonzero(some), column], classes[np.flatnonzero(some), column] = -np.inf, -1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = lscli.evaluate(
            values, Y, topk_classes=classes, classes=K, metrics="accuracy,ece,entropy_mean,top3_accuracy"
        )
        full = lscli.evaluate(X, Y, metrics="accuracy,ece,entropy_mean,top3_accuracy")
    for name in ("accuracy", "ece", "top3_accuracy"):
        assert full[name] == pytest.approx(found[name], rel=1e-12)
    assert found["entropy_mean@lower"] < full["entropy_mean"] < found["entropy_mean@upper"]


def test_rows_of_tokens_are_flattened() -> None:
    shape = (30, 10)
    found = lscli.evaluate(
        KEPT.values.reshape(*shape, TOP),
        Y.reshape(shape),
        topk_classes=KEPT.classes.reshape(*shape, TOP),
        label_log_probs=KEPT.own.reshape(shape),
        classes=K,
        flatten=True,
        metrics="default",
    )
    assert [row.value for row in report(metrics="default", noise_rate=None, label_log_probs=KEPT.own).rows] == [
        row.value for row in found.rows
    ]


def test_ignored_labels_and_rows_that_are_not_finite_are_left_out() -> None:
    values, labels = KEPT.values.copy(), Y.copy()
    values[3, 2], labels[5], values[5] = np.nan, -100, np.nan
    with pytest.raises(InputError, match="row 3 holds nan"):
        lscli.evaluate(values, labels, topk_classes=KEPT.classes, classes=K)
    found = lscli.evaluate(values, labels, topk_classes=KEPT.classes, classes=K, nonfinite="skip")
    assert (298, 1, 1) == tuple(found.samples[name] for name in ("kept", "ignored", "skipped"))
    keep = np.delete(np.arange(N), [3, 5])
    expected = lscli.evaluate(KEPT.values[keep], Y[keep], topk_classes=KEPT.classes[keep], classes=K)
    assert [row.value for row in expected.rows] == [row.value for row in found.rows]
    with pytest.raises(InputError, match="no row is finite"):
        lscli.evaluate(np.full((2, 3), np.nan), [0, 1], topk_classes=[[0, 1, 2]] * 2, classes=9, nonfinite="skip")


def changed(place: tuple[int, ...], value: float, of: str = "values") -> dict[str, Any]:
    """Arguments with one changed value."""
    made: dict[str, Any] = {"values": KEPT.values.copy(), "classes": KEPT.classes.copy(), "own": KEPT.own.copy()}
    made[of][place] = value
    return made


ROW = int(np.flatnonzero(OUTSIDE)[0])
INSIDE = int(np.flatnonzero(~OUTSIDE)[0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (changed((7, 0), 0.5), "row 7 has a log-probability of 0.5, above 0"),
        (changed((7, 0), -0.001), "row 7 sums to 1"),
        (changed((7, 0), KEPT.classes[7, 1], "classes"), f"row 7 has class {KEPT.classes[7, 1]} twice"),
        (changed((7, 0), K, "classes"), f"row 7 has class {K}, but there are {K} classes"),
        (changed((7, 0), -2, "classes"), "row 7 has class -2"),
        (changed((7, 0), -1, "classes"), "row 7 has a value other than -inf for class -1"),
        (changed((7, 0), -30.0), "row 7 has a probability of"),
        (changed((ROW,), 0.0, "own"), f"the label of row {ROW}, of log-probability 0, is not among the top k"),
        (changed((INSIDE,), -44.0, "own"), f"the label of row {INSIDE} has log-probability"),
        (changed((ROW,), np.nan, "own"), f"row {ROW} holds nan"),
        (changed((ROW, 0), -np.inf), f"the label of row {ROW}"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_row_that_cannot_be_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as refused:
        lscli.evaluate(change["values"], Y, topk_classes=change["classes"], label_log_probs=change["own"], classes=K)
    assert says in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"topk_classes": None}, "classes: needs topk_classes"),
        ({"classes": None}, "the number of classes is not known"),
        ({"classes": 5}, "8 log-probabilities in a row, more than the 5 classes"),
        ({"classes": 1}, "classes: must be from 2"),
        ({"topk_classes": KEPT.classes[:5]}, "do not fit"),
        ({"topk_classes": KEPT.values}, "a class number that is not whole"),
        ({"topk_classes": "ids"}, "names an array of a file, but the log-probabilities are an array"),
        ({"topk_classes": Path("ids.npy")}, "must be the key of an array in the same file, not a file"),
        ({"label_log_probs": KEPT.own[:5]}, "rows differ"),
        ({"binary": True}, "cannot be combined"),
        ({"class_axis": 0}, "cannot be combined"),
        ({"soft_labels": True}, "cannot be combined"),
        ({"masked_classes": "exclude"}, "cannot be combined"),
        ({"kernel": "torch"}, "cannot be combined"),
        ({"smoothing": "prior", "prior": "empirical"}, "needs the log-probabilities of all classes"),
        ({"class_weights": np.ones(K)}, "needs the log-probabilities of all classes"),
        ({"kind": "probs"}, "nan or a negative probability"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(LscliError) as refused:
        report(**options)
    assert says in str(refused.value)
    assert refused.value.hint


def test_all_classes_need_no_label_of_their_own() -> None:
    top = kept(X, Y, K)
    with pytest.raises(UsageError, match="is not needed"):
        lscli.evaluate(top.values, Y, topk_classes=top.classes, classes=K, label_log_probs=top.own)


@pytest.mark.parametrize("function", [lscli.sweep, lscli.per_class])
def test_questions_that_need_all_classes_say_who_reads_the_top_k(function: Any) -> None:
    with pytest.raises(UsageError, match="is not an option") as refused:
        function(KEPT.values, Y, topk_classes=KEPT.classes, classes=K)
    hint = "lscli.evaluate, lscli.per_bin, lscli.per_sample, lscli.compare, lscli.check, lscli.plot, lscli.html_report"
    assert f"{hint} and lscli.threshold take it" == refused.value.hint
