"""Calibration errors by class: published numbers, the definition, and laws."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from lscli.metrics.catalogue import METRICS
from lscli.options import BinEdges, Kernel
from tests import naive
from tests.metrics.tables import drawn

Array = NDArray[Any]


def by_class(p: Any, labels: Any, **options: Any) -> tuple[float, float]:
    with np.errstate(divide="ignore"):
        logits = np.log(np.array(p, np.float64))
    report = lscli.evaluate(logits, labels, metrics="classwise", **options)
    return report["classwise_ece"], report["classwise_ece_max"]


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize(
    ("first", "labels", "options", "expected"),
    [
        ([0.9, 0.8, 0.7, 0.3, 0.2, 0.1], [0, 0, 0, 1, 1, 1], {"bins": 2}, 0.2),
        ([0.8, 0.1], [0, 1], {"bins": 2, "norm": "max"}, 0.2),
        ([0.8, 0.7, 0.6, 0.1, 0.1, 0.1], [0, 0, 0, 1, 1, 1], {"bins": 2, "norm": "max"}, 0.3),
    ],
)
def test_classwise_of_pycalib(
    kernel: str, first: list[float], labels: list[int], options: dict[str, Any], expected: float
) -> None:
    found = by_class(np.column_stack((first, 1 - np.array(first))), labels, kernel=kernel, **options)
    assert expected == pytest.approx(found[0], abs=1e-12)


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_a_calibrated_model_has_no_error_in_any_class(kernel: str, norm: str) -> None:
    """PyCalib, test_metrics.py."""
    found = by_class([[0.6, 0.2, 0.2]] * 10, [0] * 6 + [1] * 2 + [2] * 2, norm=norm, kernel=kernel)
    assert (0.0, 0.0) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_marginal_errors_of_verified_calibration(kernel: str) -> None:
    """util_test.py::test_get_three_label_ce, where each distinct value is a bin; the worst class by hand."""
    p = [[0.6, 0.3, 0.1]] * 6 + [[0.1, 0.8, 0.1]] * 4 + [[0.1, 0.0, 0.9]] * 4
    labels = [0] * 5 + [1] * 4 + [2] * 5
    found = by_class(p, labels, bins=20, kernel=kernel)
    worst = (6 * (5 / 6 - 0.6) + 8 * 0.1) / 14
    assert (0.0857142857, worst) == pytest.approx(found, abs=1e-10)


BINS = st.one_of(st.sampled_from([1, 2, 3, 7, 10, 15, 49]), st.integers(1, 60))
EDGES = st.sampled_from(["right", "left"])


# Few rows of rounded logits may by chance sum to 1, or have a column that equals the labels.
@pytest.mark.filterwarnings(
    "ignore:logits. every row sums to 1", "ignore:logits. column [0-9] holds only whole numbers"
)
@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 40),
    st.sampled_from([2, 3, 9]),
    st.sampled_from(["spread", "ties", "sure", "halves"]),
    BINS,
    EDGES,
    st.sampled_from(["l1", "l2", "max"]),
    st.booleans(),
)
def test_errors_by_class(
    seed: int, rows: int, classes: int, kind: str, bins: int, edges: str, norm: str, weighted: bool
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((rows, classes)) * {"spread": 2, "ties": 1, "sure": 60, "halves": 1}[kind]
    if kind == "ties":
        logits = np.round(logits)
    if kind == "halves":  # p of exactly 0, 1/2 and 1
        logits = np.full((rows, classes), -np.inf)
        for row in logits:
            row[rng.choice(classes, rng.integers(1, 3), replace=False)] = 0
        logits[:, 0] -= 0.125
    logits[:, 0] += 0.125  # rows that sum to 1 are warned of
    labels = rng.integers(0, classes, rows)
    weight = rng.integers(0, 4, rows) if weighted else None
    if weight is not None:
        weight[0] += 2  # less is warned of
    options: dict[str, Any] = {"bins": bins, "bin_edges": edges, "norm": norm, "weights": weight}
    report = lscli.evaluate(logits, labels, metrics="classwise,ece_marginal", threads=1, **options)
    p = naive.probabilities(logits)
    counts = np.ones(rows) if weight is None else weight.astype(float)
    expected = naive.classwise(p, labels, counts, bins, edges, norm)
    pooled = naive.marginal(p, labels, counts, bins, edges, norm)
    found = [row.value for row in report.rows]
    assert [np.mean(expected), max(expected), pooled] == pytest.approx(found, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("edges", ["right", "left"])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_a_probability_on_an_edge(edges: BinEdges, kernel: Kernel) -> None:
    # Of two bins: 1/2 shares one with 0 or with 1, and their gaps are of opposite signs.
    logits = [[0.0, 0.0], [0.0, 0.0], [0.0, 3.0], [3.0, 0.0]]
    p = naive.probabilities(np.array(logits))
    for labels in ([0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]):
        expected = naive.classwise(p, np.array(labels), np.ones(4), 2, edges, "l1")
        found = lscli.evaluate(logits, labels, metrics="classwise", bins=2, bin_edges=edges, kernel=kernel)
        assert [np.mean(expected), max(expected)] == pytest.approx([row.value for row in found.rows], abs=1e-12)
    assert naive.norm(naive.equal_width(p[:, 0], np.array([0, 1, 0, 1]), np.ones(4), 2)) != naive.norm(
        naive.equal_width(p[:, 0], np.array([0, 1, 0, 1]), np.ones(4), 2, "left")
    )


def mukhoti(logits: Array, labels: Array, bins: int) -> list[float]:
    """The errors by class of Mukhoti et al. 2020: (lo, hi] with float32 edges, of classes up to the largest label."""
    p = torch.softmax(torch.from_numpy(logits), dim=1)
    target, errors = torch.from_numpy(labels), []
    for k in range(int(labels.max()) + 1):
        error = 0.0
        for low, high in itertools.pairwise(torch.linspace(0, 1, bins + 1).tolist()):
            inside = (p[:, k] > low) & (p[:, k] <= high)
            if inside.any():
                gap = p[inside, k].double().mean() - (target[inside] == k).double().mean()
                error += abs(gap.item()) * inside.double().mean().item()
        errors.append(error)
    return errors


@pytest.mark.parametrize("bins", [2, 10, 15])
def test_focal_counts_the_classes_up_to_the_largest_label(bins: int) -> None:
    logits, labels = drawn(300, 6, 1)
    labels %= 4
    expected = mukhoti(logits, labels, bins)
    report = lscli.evaluate(logits, labels, metrics="classwise,ece_marginal", compat="focal", bins=bins)
    assert [np.mean(expected), max(expected)] == pytest.approx([row.value for row in report.rows[:2]], rel=1e-9)
    assert [{"bins": bins, "compat": "focal"}] * 3 == [row.params for row in report.rows]
    everything = lscli.evaluate(logits, labels, metrics="classwise", bins=bins)
    assert everything["classwise_ece"] != report["classwise_ece"]
    # A sample of weight 0 is excluded, and its label too.
    weight = np.append(np.ones(300), 0)
    more = np.vstack((logits, logits[:1])), np.append(labels, 5)
    assert (
        report["classwise_ece"]
        == lscli.evaluate(*more, metrics="classwise", compat="focal", bins=bins, weights=weight)["classwise_ece"]
    )


def test_lscli_classes_has_the_errors_that_eval_takes_the_mean_of() -> None:
    logits, labels = drawn(300, 6, 1)
    rows = lscli.per_class(logits, labels).rows
    report = lscli.evaluate(logits, labels, metrics="classwise")
    errors = [row.ece for row in rows]
    assert [np.mean(errors), max(errors)] == pytest.approx([row.value for row in report.rows], rel=1e-12)
    means = naive.probabilities(logits).mean(axis=0).tolist()
    assert means == pytest.approx([row.mean_prob for row in rows], rel=1e-12)


BY_CLASS = [name for name, metric in METRICS.items() if metric.sums in ("classes", "tuples")]
CLASSWISE = [
    {"norm": norm, "bin_edges": edges, "bins": bins}
    for norm in ("l1", "l2", "max")
    for edges, bins in (("right", 15), ("left", 10))
]


def classwise(logits: Array, labels: Array, **options: Any) -> list[float]:
    report = lscli.evaluate(logits, labels, metrics=["classwise", *BY_CLASS], **options)
    assert BY_CLASS == [row.metric for row in report.rows]
    assert all(math.isnan(row.stderr) for row in report.rows)
    return [row.value for row in report.rows]


@pytest.mark.parametrize("options", CLASSWISE, ids=str)
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("classes", [2, 8, 200])
def test_the_laws_of_the_errors_by_class(options: dict[str, Any], kernel: str, classes: int) -> None:
    logits, labels = drawn(400, classes, 3)
    expected = classwise(logits, labels, kernel=kernel, **options)
    assert all(0 < number < 1 for number in expected)
    rng = np.random.default_rng(4)
    order = rng.permutation(len(labels))
    shuffled = classwise(logits[order], labels[order], kernel=kernel, **options)
    assert expected == pytest.approx(shuffled, rel=1e-13, abs=1e-13)
    ones = classwise(logits, labels, kernel=kernel, weights=np.ones(len(labels)), **options)
    assert expected == pytest.approx(ones, rel=1e-13, abs=1e-13)
    weight = rng.integers(0, 4, len(labels))
    repeated = classwise(np.repeat(logits, weight, axis=0), np.repeat(labels, weight), kernel=kernel, **options)
    weighted = classwise(logits, labels, kernel=kernel, weights=weight, **options)
    assert repeated == pytest.approx(weighted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("options", CLASSWISE, ids=str)
def test_the_errors_by_class_of_a_group_are_those_of_its_samples(options: dict[str, Any]) -> None:
    logits, labels = drawn(400, 5, 5)
    weight = np.random.default_rng(6).integers(0, 3, 400)
    names = np.array(["a", "b", "c"])[np.arange(400) % 3]
    report = lscli.evaluate(logits, labels, metrics=BY_CLASS, weights=weight, groups=names, **options)
    for name in "abc":
        mine = names == name
        expected = classwise(logits[mine], labels[mine], weights=weight[mine], **options)
        assert expected == pytest.approx([row.value for row in report.rows if row.group == name], rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("classes", [3, 10])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("bins", [4, 10])
def test_probabilities_are_binned_as_they_are_stored(kernel: Kernel, classes: int, dtype: str, bins: int) -> None:
    """Tenths and eighths, as those of forests, lie on edges or beside them, and a logarithm or a sum moves them."""
    rng = np.random.default_rng(classes)
    parts = 8 if dtype == "float16" else 10  # float16 tenths do not sum to 1: such rows are divided by their sum
    counts = rng.multinomial(parts, np.full(classes, 1 / classes), size=400)
    p, labels = (counts / parts).astype(dtype), rng.integers(0, classes, 400)
    report = lscli.evaluate(p, labels, kind="probs", bins=bins, metrics="classwise_ece", kernel=kernel)
    own, errors = p.astype(np.float64), []
    for k in range(classes):
        place = np.searchsorted(np.arange(1, bins) / bins, own[:, k], side="left")
        gaps = np.bincount(place, (labels == k) - own[:, k], bins)
        errors.append(np.abs(gaps).sum() / 400)
    assert np.mean(errors) == pytest.approx(report["classwise_ece"], abs=1e-7)


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_a_row_that_sums_to_1_but_for_its_last_digits_is_not_divided_by_its_sum(kernel: Kernel) -> None:
    p = np.array([[0.5, 0.25, 0.25 - 1.5e-7], [0.5, 0.25, 0.25 - 1.5e-7]], np.float32)
    # 0.25 over the sum would lie above the edge, in one bin with nothing else; 0.5 likewise.
    errors = [abs(1 - 2 * 0.5) / 2, abs(1 - 2 * 0.25) / 2, 0.25]
    report = lscli.evaluate(p, [0, 1], kind="probs", bins=4, bin_edges="right", metrics="classwise_ece", kernel=kernel)
    assert np.mean(errors) == pytest.approx(report["classwise_ece"], abs=1e-6)
    mixed = np.vstack((p, [[0.75, 0.2, 0.05]])).astype(np.float32)
    report = lscli.evaluate(mixed, [0, 1, 2], kind="probs", bins=4, metrics="classwise_ece", kernel=kernel)
    # Class 1: 0.25, 0.25 and 0.2 share the first bin; class 0: 0.5, 0.5 the second and 0.75 the third.
    errors = [(abs(1 - 1.0) + 0.75) / 3, abs(1 - 0.7) / 3, abs(1 - 0.55) / 3]
    assert np.mean(errors) == pytest.approx(report["classwise_ece"], abs=1e-6)
