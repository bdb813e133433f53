"""Losses with class weights: what PyTorch prints, and laws that hold for any weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray

import lscli
from lscli.metrics.smoothed_losses import SmoothedLosses
from lscli.options import Kernel, WeightMode
from lscli.report import Row
from lscli.smoothing.targets import Targets
from tests import naive
from tests.metrics.by_hand import CONVENTIONS, target_of
from tests.metrics.tables import table_of

Array = NDArray[Any]
ISSUE_72056 = [
    *([0.1735, 0.2191], [-0.1377, 0.3467], [-0.2162, 0.2021], [-0.1177, 0.2157], [-0.1232, 0.2620]),
    *([-0.1578, 0.4038], [-0.0209, 0.3298], [-0.0639, 0.2317], [-0.3914, 0.2106], [-0.4211, 0.3420]),
]
# (issue or test of PyTorch, logits, labels, weights, eps, ignored label, mean loss in float64).
PINNED: list[tuple[str, Any, list[int], list[float], float, int, float]] = [
    ("104776, far", [[0, 1]], [0], [0.1, 0.9], 0.1, -100, 1.3885663625),
    ("104776, near", [[0.85, 0.15]], [0], [0.1, 0.9], 0.1, -100, 0.8794604684),
    ("104776, right and yet higher", [[1, 0]], [0], [0.1, 0.9], 0.1, -100, 0.8885663625),
    ("25571", [[0.2, 0.3, 0.5], [0.5, 0.2, 0.3]], [2, 1], [2, 4, 6], 0, -100, 1.05983106084446),
    ("25571, smoothed", [[0.2, 0.3, 0.5], [0.5, 0.2, 0.3]], [2, 1], [2, 4, 6], 0.1, -100, 1.0417011062942376),
    ("69339, ignored", [[1, 2], [3, 0.4]], [-100, 1], [0.2, 0.3], 0.1, -100, 2.540450613768209),
    ("72056, ignored as -1", ISSUE_72056, [0, -1, 0, 0, 0, 0, 0, 0, -1, 0], [1, 16], 0.1, -1, 1.2842268096161926),
    ("test_nn, ignored", [[0.3, 0.4], [1, 2]], [-100, 1], [0.3, 0.6], 0.05, -100, 0.32184591642424504),
    ("test_nn, ignored as 2", [[0.3, 0.4], [1, 2]], [2, 1], [0.3, 0.6], 0.15, 2, 0.3390143742362895),
]


@pytest.mark.parametrize("case", PINNED, ids=[case[0] for case in PINNED])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_what_pytorch_prints(case: tuple[str, Any, list[int], list[float], float, int, float], kernel: Kernel) -> None:
    _, logits, labels, weights, eps, ignored, expected = case
    # One more each, so that no row sums to 1 as probabilities do.
    report = lscli.evaluate(
        1 + np.array(logits, float), labels, class_weights=weights, eps=eps, ignore_index=ignored, kernel=kernel
    )
    assert expected == pytest.approx(report["loss_smoothed"], rel=1e-10 if len(str(expected)) < 14 else 1e-14)


def drawn(classes: int, rows: int = 200, seed: int = 0) -> tuple[Array, Array, Array]:
    """Logits, labels and class weights; class 2 weighs nothing where there is one."""
    rng = np.random.default_rng((classes, seed))
    weights = rng.exponential(size=classes) * (np.arange(classes) != 2)
    return 3 * rng.standard_normal((rows, classes)), rng.integers(0, classes, rows), weights


@pytest.mark.parametrize("classes", [2, 3, 10, 200])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_the_smoothed_loss_at_any_eps_is_that_of_pytorch(classes: int, kernel: Kernel) -> None:
    logits, labels, weights = drawn(classes)
    labels[::7] = -100
    tensors = torch.from_numpy(logits), torch.from_numpy(labels)
    report = lscli.evaluate(logits, labels, class_weights=weights, eps=[0, 0.1, 0.6, 1], kernel=kernel)
    for eps in (0, 0.1, 0.6, 1):
        expected = F.cross_entropy(*tensors, weight=torch.from_numpy(weights), label_smoothing=eps)
        assert float(expected) == pytest.approx(report[f"loss_smoothed@{eps}"], rel=1e-13)
    assert report["loss_hard"] == report["loss_smoothed@0"]
    assert report["loss_uniform"] == report["loss_smoothed@1"]


@pytest.mark.parametrize("smoothing", CONVENTIONS)
@pytest.mark.parametrize("mode", ["torch", "target-only", None])
def test_every_convention_by_its_definition(smoothing: str, mode: str | None) -> None:
    classes, eps = 6, [0.0, 0.1, 0.9, 1.0]
    logits, labels, weights = drawn(classes, 60)
    prior = np.random.default_rng(1).dirichlet(np.ones(classes))
    log_p, w = naive.log_softmax(logits).astype(float), weights if mode else np.ones(classes)
    options: dict[str, Any] = {"class_weights": weights, "weight_mode": mode} if mode else {}
    options |= {"smoothing": smoothing, "prior": prior} if smoothing == "prior" else {"smoothing": smoothing}
    report = lscli.evaluate(logits, labels, eps=eps, **options)
    for e in eps:
        q = np.array([target_of(smoothing, e, y, classes, prior if smoothing == "prior" else None) for y in labels])
        by_class = q * w if mode == "torch" else q * w[labels][:, None]
        total = by_class.sum(axis=1, keepdims=True)
        best = np.divide(by_class, total, out=np.ones_like(q), where=total > 0)
        least = -(by_class * np.log(np.where(best > 0, best, 1))).sum() / w[labels].sum()
        loss = -(by_class * log_p).sum() / w[labels].sum()
        assert loss == pytest.approx(report[f"loss_smoothed@{e}"], rel=1e-12)
        assert least == pytest.approx(report[f"loss_floor@{e}"], rel=1e-12, abs=1e-14)
        assert loss - least == pytest.approx(report[f"loss_excess@{e}"], rel=1e-12)
        assert q[range(60), labels].mean() == pytest.approx(report[f"target_on@{e}"], rel=1e-14, abs=1e-16)
        off = (1 - q[range(60), labels].mean()) / (classes - 1)
        assert off == pytest.approx(report[f"target_off@{e}"], rel=1e-14, abs=1e-16)


@pytest.mark.parametrize("classes", [2, 3, 9])
@pytest.mark.parametrize("eps", [0.0, 0.05, 0.5, 1.0])
def test_no_logits_go_below_the_floor_of_weighted_targets(classes: int, eps: float) -> None:
    # For each label: the loss at p* = w q' / sum(w q') is the floor, and is not improved upon by stepping aside.
    rng = np.random.default_rng(classes)
    weights = 0.1 + rng.exponential(size=classes)
    targets = Targets("uniform", None, weights)
    for label in range(classes):
        q = weights * target_of("uniform", eps, label, classes)
        best = np.where(q > 0, np.log(np.where(q > 0, q / q.sum(), 1)), -800)
        for step in (0, 1e-4, 0.1, 3.0):
            aside = best + step * rng.standard_normal((40, classes))
            losses = SmoothedLosses(table_of(aside, np.full(40, label), targets), targets)
            excess = losses.at(eps) - losses.floor(eps)
            assert excess.min() >= -1e-12
            assert (
                excess.max() == pytest.approx(0, abs=1e-13) if step == 0 else eps == 0 or excess.max() > step**2 / 100
            )


def test_the_worked_tilt_of_the_optimum() -> None:
    # pytorch#104776: with weights .1 and .9 the best p of the label 0 is .679, as if eps were .643.
    weights = np.array([0.1, 0.9])
    how: Any = {"class_weights": weights, "eps": 0.1, "metrics": "loss_excess"}
    best = np.log([[0.6785714285714286, 0.32142857142857145]])
    assert lscli.evaluate(best, [0], **how)["loss_excess"] == pytest.approx(0, abs=1e-15)
    assert lscli.evaluate(np.log([[0.95, 0.05]]), [0], **how)["loss_excess"] > 0.1


Rows = dict[tuple[str, float | None], Row]


def rows_of(logits: Array, labels: Array, **options: Any) -> Rows:
    """The rows of the family of losses by id and eps."""
    report = lscli.evaluate(logits, labels, eps=[0, 0.1, 0.8, 1], metrics="loss", **options)
    return {(row.metric, row.params.get("eps")): row for row in report.rows}


def same(expected: Rows, found: Rows, tolerance: float, but: tuple[str, ...] = ()) -> None:
    """Compare values, and standard errors but for some metrics."""
    assert expected.keys() == found.keys()
    for name, row in expected.items():
        assert row.value == pytest.approx(found[name].value, rel=tolerance, abs=tolerance), name
        if name[0] not in but:
            assert row.stderr == pytest.approx(found[name].stderr, rel=tolerance, abs=tolerance, nan_ok=True), name


@pytest.mark.parametrize("mode", ["torch", "target-only"])
@pytest.mark.parametrize("options", [{}, {"smoothing": "off-target"}, {"smoothing": "prior", "prior": "empirical"}])
def test_weights_of_one_are_no_weights(mode: str, options: dict[str, Any]) -> None:
    logits, labels, _ = drawn(5)
    plain = rows_of(logits, labels, **options)
    ones = rows_of(logits, labels, class_weights=np.ones(5), weight_mode=mode, **options)
    if mode == "torch":  # the excess is not split
        plain = {name: row for name, row in plain.items() if not name[0].startswith("excess_")}
    # A floor that depends on the label in general has a standard error, here of 0.
    same(plain, ones, 1e-13, ("loss_floor",) if mode == "torch" and "prior" not in options else ())


@pytest.mark.parametrize("mode", ["torch", "target-only"])
@pytest.mark.parametrize("scale", [7.0, 1e-60, 1e60])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [5, 130])
def test_the_scale_of_the_weights_changes_nothing(mode: str, scale: float, dtype: str, classes: int) -> None:
    logits, labels, weights = drawn(classes)
    for options in ({}, {"smoothing": "prior", "prior": "empirical"}):
        how: Any = {"weight_mode": mode, **options}
        expected = rows_of(logits.astype(dtype), labels, class_weights=weights, **how)
        found = rows_of(logits.astype(dtype), labels, class_weights=scale * weights, **how)
        assert expected.keys() == found.keys()
        same(expected, found, 1e-12 if dtype == "float64" else 1e-6)


def jackknife(compute: Any, rows: int) -> float:
    """The standard error that leaving out one sample at a time gives."""
    left_out = np.array([compute(np.arange(rows) != i) for i in range(rows)])
    return math.sqrt((rows - 1) / rows * np.square(left_out - left_out.mean()).sum())


@pytest.mark.parametrize("mode", ["torch", "target-only"])
@pytest.mark.parametrize("smoothing", ["uniform", "prior"])
def test_standard_errors_of_weighted_means(mode: WeightMode, smoothing: str) -> None:
    logits, labels, weights = drawn(4, 2000)
    prior = np.array([0.1, 0.2, 0.3, 0.4])
    w, log_p = weights[labels], naive.log_softmax(logits).astype(float)
    spread = prior if smoothing == "prior" else np.full(4, 0.25)
    of_class = weights if mode == "torch" else w[:, None]
    x = -0.8 * w * log_p[np.arange(2000), labels] - 0.2 * (of_class * spread * log_p).sum(axis=1)
    expected = jackknife(lambda keep: x[keep].sum() / w[keep].sum(), 2000)
    options: dict[str, Any] = {"smoothing": smoothing} | ({"prior": prior} if smoothing == "prior" else {})
    report = lscli.evaluate(logits, labels, class_weights=weights, weight_mode=mode, eps=0.2, **options)
    found = {row.metric: row for row in report.rows}
    assert x.sum() / w.sum() == pytest.approx(found["loss_smoothed"].value, rel=1e-12)
    assert expected == pytest.approx(found["loss_smoothed"].stderr, rel=5e-3)
    # The floor depends on the label, so the excess has the error of its own rows.
    target = of_class * (0.8 * np.eye(4)[labels] + 0.2 * spread)
    optimum = np.divide(target, target.sum(axis=1, keepdims=True), out=np.ones((2000, 4)), where=target > 0)
    excess = x + (target * np.log(optimum)).sum(axis=1)
    expected = jackknife(lambda keep: excess[keep].sum() / w[keep].sum(), 2000)
    assert expected == pytest.approx(found["loss_excess"].stderr, rel=1e-2)
    # The linearised error by its formula, N - 1 below as for a mean.
    residual = x - x.sum() / w.sum() * w
    assert math.sqrt((residual**2).sum() / (2000 * 1999)) / w.mean() == pytest.approx(
        found["loss_smoothed"].stderr, rel=1e-10
    )


def test_infinite_losses_of_a_class_of_weight_0_are_excluded() -> None:
    logits = np.array([[0.0, 1.0, -np.inf], [2.0, 0.0, -np.inf], [0.0, 0.0, -np.inf]])
    for mode in ("torch", "target-only"):
        with pytest.warns(lscli.LscliWarning, match="masked"):
            report = lscli.evaluate(logits, [0, 1, 2], class_weights=[1, 2, 0], weight_mode=mode, eps=[0, 0.1])
        hard = (math.log1p(math.e) + 2 * math.log1p(math.e**2)) / 3
        assert hard == pytest.approx(report["loss_smoothed@0"], rel=1e-14)
        # torch weighs the masked class by 0 too; target-only has it in the uniform part.
        assert (mode == "torch") == math.isfinite(report["loss_smoothed@0.1"])


def test_with_class_weights_the_excess_has_no_parts() -> None:
    logits, labels, weights = drawn(4)
    with pytest.warns(lscli.LscliWarning, match="excess_structure is absent: with class weights the excess is not"):
        report = lscli.evaluate(logits, labels, class_weights=weights, metrics="excess_structure,loss_excess")
    assert ["loss_excess"] == [row.metric for row in report.rows]
    only = lscli.evaluate(logits, labels, class_weights=weights, weight_mode="target-only", metrics="loss")
    parts = [only[f"excess_{part}"] for part in ("overshoot", "undershoot", "structure")]
    assert sum(parts) == pytest.approx(only["loss_excess"], rel=1e-13)
    assert Targets("uniform", None, weights).class_weighted


@pytest.mark.parametrize("mode", ["torch", "target-only"])
def test_groups_and_intervals_of_weighted_losses(mode: str) -> None:
    logits, labels, weights = drawn(4, 120)
    names = np.array(["a", "b"])[np.arange(120) % 2]
    how: Any = {"class_weights": weights, "weight_mode": mode, "metrics": "loss", "ci": True, "bootstrap": 50}
    report = lscli.evaluate(logits, labels, groups=names, **how)
    for name in "ab":
        alone = lscli.evaluate(logits[names == name], labels[names == name], **how).rows
        mine = [row for row in report.rows if row.group == name]
        assert [row.metric for row in alone] == [row.metric for row in mine]
        assert [row.value for row in alone] == pytest.approx([row.value for row in mine], rel=1e-13)
    row = next(row for row in report.rows if row.metric == "loss_smoothed" and not row.group)
    # Nearly normal: the interval is that of the standard error.
    assert 2 * 1.96 * row.stderr == pytest.approx(row.ci_high - row.ci_low, rel=0.35)
    constant = {row.metric for row in report.rows if math.isnan(row.ci_low)}
    assert {"target_on", "target_off"} | ({"loss_floor"} if mode == "target-only" else set()) == constant


def soft(classes: int, rows: int = 200) -> tuple[Array, Array, Array]:
    """Logits, soft labels of which every fifth is one-hot, and class weights; class 2 weighs nothing."""
    logits, labels, weights = drawn(classes, rows)
    q = np.random.default_rng(classes).dirichlet(np.full(classes, 0.3), rows)
    q[::5] = np.eye(classes)[labels[::5]]
    return logits, q, weights


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize("classes", [2, 3, 10, 130])
def test_soft_labels_with_class_weights_are_those_of_pytorch(classes: int) -> None:
    logits, q, weights = soft(classes)
    given, kept = q.copy(), np.arange(200) % 7 != 0
    given[~kept] = -100
    counts = np.arange(200) % 3
    report = lscli.evaluate(logits, given, soft_labels=True, class_weights=weights, eps=[0, 0.1, 0.6, 1])
    counted = lscli.evaluate(
        logits, given, soft_labels=True, class_weights=weights, eps=[0, 0.1, 0.6, 1], weights=counts
    )
    x, targets, keep = torch.from_numpy(logits), torch.from_numpy(q), torch.from_numpy(kept)
    for eps in (0, 0.1, 0.6, 1):
        how: Any = {"weight": torch.from_numpy(weights), "label_smoothing": eps}
        mean = F.cross_entropy(x[keep], targets[keep], **how)
        assert float(mean) == pytest.approx(report[f"loss_smoothed@{eps}"], rel=1e-12)
        each = F.cross_entropy(x, targets, **how, reduction="none").numpy()
        by_count = np.average(each[kept], weights=counts[kept])
        assert by_count == pytest.approx(counted[f"loss_smoothed@{eps}"], rel=1e-12)
        found = next(row for row in report.rows if (row.metric, row.params.get("eps")) == ("loss_smoothed", eps))
        assert each[kept].std(ddof=1) / math.sqrt(kept.sum()) == pytest.approx(found.stderr, rel=1e-11)
        assert {"eps": eps, "class_weights": "torch"} == found.params
    assert report["loss_hard"] == report["loss_smoothed@0"]
    assert report["loss_uniform"] == pytest.approx(report["loss_smoothed@1"], rel=1e-14)


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize("smoothing", CONVENTIONS)
def test_floors_of_soft_labels_with_class_weights(smoothing: str) -> None:
    classes, all_eps = 6, [0.0, 0.1, 0.9, 1.0]
    logits, q, weights = soft(classes, 60)
    prior = np.random.default_rng(1).dirichlet(np.ones(classes)) if smoothing == "prior" else None
    options: dict[str, Any] = {"smoothing": smoothing, "prior": prior, "class_weights": weights, "soft_labels": True}
    log_p = naive.log_softmax(logits)
    found = lscli.evaluate(logits, q, eps=all_eps, **options)
    scaled = lscli.evaluate(logits, q, eps=all_eps, **options | {"class_weights": 1e60 * weights})
    for eps in all_eps:
        c = weights * naive.soft_targets(q, eps, smoothing, prior)
        best = c / np.maximum(c.sum(axis=1, keepdims=True), 1e-300)
        loss = -(c * log_p).sum(axis=1)
        least = -(c * np.log(np.where(best > 0, best, 1))).sum(axis=1)
        assert float(loss.mean()) == pytest.approx(found[f"loss_smoothed@{eps}"], rel=1e-12)
        assert float(least.mean()) == pytest.approx(found[f"loss_floor@{eps}"], rel=1e-12, abs=1e-14)
        assert float((loss - least).mean()) == pytest.approx(found[f"loss_excess@{eps}"], rel=1e-12)
        for metric in ("loss_smoothed", "loss_floor", "loss_excess"):
            name = f"{metric}@{eps}"
            assert 1e60 * found[name] == pytest.approx(scaled[name], rel=1e-12, abs=1e46)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_class_of_weight_0_and_probability_0_is_excluded_from_soft_labels() -> None:
    logits = np.array([[0.0, 1.0, -np.inf], [2.0, 0.0, 1.0]])
    q = np.array([[0.25, 0.25, 0.5], [0.5, 0.5, 0.0]])
    options: dict[str, Any] = {"soft_labels": True, "metrics": "loss_hard", "class_weights": [1.0, 2.0, 0.0]}
    found = lscli.evaluate(logits, q, **options)
    assert [] == found.warnings
    log_p = naive.log_softmax(logits).astype(float)[:, :2]
    assert -(q[:, :2] * [1.0, 2.0] * log_p).sum() / 2 == pytest.approx(found["loss_hard"], rel=1e-14)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_scores_and_corrected_losses_of_soft_labels_have_no_class_weights() -> None:
    logits, q, weights = soft(5)
    how: Any = {"soft_labels": True, "metrics": "brier,loss_noise_corrected", "noise_rate": 0.1}
    plain, found = lscli.evaluate(logits, q, **how), lscli.evaluate(logits, q, class_weights=weights, **how)
    assert [row.value for row in plain.rows] == [row.value for row in found.rows]
