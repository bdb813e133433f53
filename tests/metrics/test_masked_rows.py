"""Metrics of rows with masked classes: kept, they are infinite and never nan; left out, K is each row's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.options import Kernel, Smoothing
from tests.metrics.by_hand import divergence, split, target_of
from tests.metrics.tables import drawn

Array = NDArray[Any]
CONVENTIONS = ("uniform", "off-target", "classy")
EPS = [0.0, 0.1, 0.5, 0.8, 1.0]
FAMILIES = "loss,smoothing,logit_gap_mean"


def printed(params: Mapping[str, Any]) -> str:
    return ";".join(f"{name}={value}" for name, value in params.items())


def rows_of(logits: Array, labels: Array, **options: Any) -> list[tuple[str, str, float, float]]:
    options = {"eps": EPS, "metrics": FAMILIES, "noise_rate": 0.2, **options}
    if not np.isneginf(logits).any():
        report = lscli.evaluate(logits, labels, **options)
    else:
        with pytest.warns(lscli.LscliWarning, match="masked class"):
            report = lscli.evaluate(logits, labels, **options)
    return [(row.metric, printed(row.params), row.value, row.stderr) for row in report.rows]


@pytest.mark.parametrize("smoothing", CONVENTIONS)
@pytest.mark.parametrize("mode", [None, "target-only"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_class_masked_in_all_rows_equals_a_file_without_it(smoothing: str, mode: str | None, weighted: bool) -> None:
    logits, labels = drawn(80, 5)
    options: dict[str, Any] = {"smoothing": smoothing}
    if weighted:
        options["weights"] = np.arange(80) % 3
    class_weights = np.array([1, 2, 0.5, 3, 0.1])
    extra = {"class_weights": class_weights, "weight_mode": mode} if mode else {}
    expected = rows_of(logits, labels, **options, **extra)
    if mode:
        extra["class_weights"] = np.insert(class_weights, 2, 9)
    wide = np.insert(logits, 2, -np.inf, axis=1)
    found = rows_of(wide, labels + (labels >= 2), masked_classes="exclude", **options, **extra)
    found = [row for row in found if row[0] != "aurc_pnorm_gain"]
    assert len(expected) == len(found) > 50
    for (name, params, value, error), (other, others, again, other_error) in zip(expected, found, strict=True):
        assert (name, params) == (other, others)
        assert value == pytest.approx(again, rel=1e-12, abs=1e-12, nan_ok=True), (name, params)
        # A number that depends on K is a mean here: its standard error is 0.
        if not math.isnan(error):
            assert error == pytest.approx(other_error, rel=1e-9, abs=1e-12), (name, params)


def ragged(rows: int = 60, classes: int = 6) -> tuple[Array, Array, list[Array], list[int]]:
    """Logits of which each row masks some but the label's, and the rows without these with their labels."""
    logits, labels = drawn(rows, classes)
    rng = np.random.default_rng(9)
    for i in range(rows):
        gone = rng.permutation(np.delete(np.arange(classes), labels[i]))[: rng.integers(0, classes - 1)]
        logits[i, gone] = -np.inf
    seen = np.isfinite(logits)
    own = [int(seen[i, : labels[i]].sum()) for i in range(rows)]
    return logits, labels, [logits[i, seen[i]] for i in range(rows)], own


@pytest.mark.parametrize("smoothing", CONVENTIONS)
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_each_row_has_its_own_k(smoothing: Smoothing, kernel: Kernel) -> None:
    logits, labels, rows, own = ragged()
    with pytest.warns(lscli.LscliWarning, match="it is left out of their row"):
        report = lscli.evaluate(
            logits, labels, eps=EPS, smoothing=smoothing, masked_classes="exclude", kernel=kernel, metrics=FAMILIES
        )
    log_p = [x - np.logaddexp.reduce(x.astype(np.longdouble)) for x in rows]
    assert {2, 6} <= {len(x) for x in rows}
    for eps in EPS:
        targets = [target_of(smoothing, eps, y, len(x)) for x, y in zip(rows, own, strict=True)]
        parts = np.array([split(q, p, y) for q, p, y in zip(targets, log_p, own, strict=True)]).mean(axis=0)
        floor = np.mean([-divergence(q, np.zeros(len(q))) for q in targets])
        loss = np.mean([-(q * p).sum() for q, p in zip(targets, log_p, strict=True)])
        on = np.mean([q[y] for q, y in zip(targets, own, strict=True)])
        off = np.mean([(1 - q[y]) / (len(q) - 1) for q, y in zip(targets, own, strict=True)])
        gaps = [gap_of(q, y) for q, y in zip(targets, own, strict=True)]
        expected = {
            "loss_smoothed": loss,
            "loss_floor": floor,
            "loss_excess": loss - floor,
            "target_on": on,
            "target_off": off,
            "logit_gap_optimal": np.mean(gaps),
            **dict(zip(("excess_overshoot", "excess_undershoot", "excess_structure"), parts, strict=True)),
        }
        for name, value in expected.items():
            assert float(value) == pytest.approx(report[f"{name}@{eps}"], rel=1e-12, abs=1e-12), name
    assert report["loss_uniform"] == pytest.approx(float(np.mean([-p.mean() for p in log_p])), rel=1e-13)


def gap_of(q: Array, label: int) -> float:
    """The optimal gap of a target."""
    with np.errstate(divide="ignore"):
        return float(np.log(q[label]) - np.log(np.delete(q, label)).mean())


def test_diagnosis_of_rows_of_different_k() -> None:
    logits, labels, rows, own = ragged()
    with pytest.warns(lscli.LscliWarning, match="masked"):
        report = lscli.evaluate(
            logits, labels, masked_classes="exclude", metrics="smoothing,confidence,loss,logit_gap_mean"
        )
    k = np.array([len(x) for x in rows])
    p = [np.exp(x - np.logaddexp.reduce(x)) for x in rows]
    # The mean over the rows, each with its own K.
    wrong = np.array([x.argmax() != y for x, y in zip(rows, own, strict=True)])
    scaled = {
        "gamma": k / (k - 1) * (1 - np.array([each[y] for each, y in zip(p, own, strict=True)])),
        "gamma_confidence": k / (k - 1) * (1 - np.array([each.max() for each in p])),
        "eps_accuracy": k / (k - 1) * wrong,
    }
    scaled["smoothing_balance"] = scaled["gamma_confidence"] - scaled["eps_accuracy"]
    for row in report.rows:
        if row.metric in scaled:
            x = scaled[row.metric]
            assert x.mean() == pytest.approx(row.value, rel=1e-12)
            assert x.std(ddof=1) / math.sqrt(len(x)) == pytest.approx(row.stderr, rel=1e-12)
    slope = report["loss_uniform"] - report["loss_hard"]
    assert slope == pytest.approx(report["maxsup_regularisation"] + report["maxsup_error_enhancement"], rel=1e-12)
    takes = np.mean([np.maximum(x[y] - x, 0).mean() for x, y in zip(rows, own, strict=True)])
    assert takes == pytest.approx(report["maxsup_regularisation"], rel=1e-12)
    shapes = [np.delete(each, y) for each, y in zip(p, own, strict=True) if len(each) > 2]
    entropies = [-(r / r.sum() * np.log(r / r.sum())).sum() / math.log(len(r)) for r in shapes]
    assert np.mean(entropies) == pytest.approx(report["off_label_entropy"], rel=1e-12)
    best = report["eps_gap"]
    eps = [best * (1 + step) for step in (-0.05, -0.001, 0, 0.001, 0.05)]
    with pytest.warns(lscli.LscliWarning, match="masked"):
        around = lscli.evaluate(logits, labels, eps=eps, masked_classes="exclude", metrics="loss_excess")
    excess = [row.value for row in around.rows]
    assert excess[0] > excess[2] < excess[4]
    assert excess[2] <= min(excess[1], excess[3]) + 1e-13


@pytest.mark.parametrize("smoothing", CONVENTIONS)
def test_a_class_alone_in_its_row_has_no_loss(smoothing: str) -> None:
    logits = np.array([[0.0, -np.inf, -np.inf], [1.0, 3.0, -np.inf], [0.5, 2.0, 1.0]])
    found = rows_of(logits, np.array([0, 1, 1]), smoothing=smoothing, masked_classes="exclude")
    values = {(name, params.split(";")[0]): value for name, params, value, _ in found}
    assert math.isnan(values.pop(("logit_gap_mean", "")))  # it has no gap
    rest = rows_of(logits[1:], np.array([1, 1]), smoothing=smoothing, masked_classes="exclude")
    others = {(name, params.split(";")[0]): value for name, params, value, _ in rest}
    for name in [(part, f"eps={eps}") for eps in EPS for part in ("loss_smoothed", "loss_floor", "loss_excess")]:
        assert values[name] == pytest.approx(others[name] * 2 / 3, rel=1e-14, abs=1e-15)
    for part in ("maxsup_regularisation", "maxsup_error_enhancement"):
        assert values[part, ""] == pytest.approx(others[part, ""] * 2 / 3, rel=1e-14)
    for part in ("eps_gap", "off_label_entropy", "gamma", "gamma_confidence", "eps_accuracy", "smoothing_balance"):
        assert values[part, ""] == pytest.approx(others[part, ""], rel=1e-14)
    parts = [
        sum(values[f"excess_{part}", f"eps={eps}"] for part in ("overshoot", "undershoot", "structure")) for eps in EPS
    ]
    assert parts == pytest.approx([values["loss_excess", f"eps={eps}"] for eps in EPS], rel=1e-13)


@pytest.mark.parametrize("smoothing", CONVENTIONS)
@pytest.mark.parametrize("mode", [None, "torch", "target-only"])
@pytest.mark.parametrize("masked_classes", ["keep", "exclude"])
@pytest.mark.parametrize("label", [0, 2])
def test_masked_classes_make_no_loss_nan(smoothing: str, mode: str | None, masked_classes: str, label: int) -> None:
    if mode == "torch" and masked_classes == "exclude":
        with pytest.raises(lscli.UsageError, match="class weights of mode torch cannot be applied where each row"):
            lscli.evaluate(np.zeros((1, 3)), [0], class_weights=[1, 2, 3], masked_classes="exclude")
        return
    logits = np.array([[0.0, 1.0, -np.inf], [2.0, 0.5, -np.inf], [1.0, 0.5, 0.25]])
    options = {"class_weights": [1, 2, 3], "weight_mode": mode} if mode else {}
    found = rows_of(logits, np.array([label, 1, 0]), smoothing=smoothing, masked_classes=masked_classes, **options)
    for name, params, value, _ in found:
        eps = float(params.split(";")[0].removeprefix("eps=")) if params.startswith("eps") else None
        if name in ("loss_hard", "loss_uniform", "loss_smoothed", "loss_excess"):
            infinite = label == 2 or (masked_classes == "keep" and name != "loss_hard" and eps != 0)
            if (
                label == 2
                and masked_classes == "exclude"
                and (name == "loss_uniform" or (eps == 1 and smoothing == "uniform"))
            ):
                infinite = False  # U itself, without the class
            if label == 2 and smoothing == "off-target" and eps == 1:
                assert math.isnan(value)  # all of the target is on the others: the columns do not tell
            else:
                assert infinite == (value == math.inf), (name, params, value)
                assert not math.isnan(value), (name, params)
        if name == "excess_structure" and eps == 0:
            assert value == 0
