"""Bin rules: edges, and the numbers of other libraries, also where a confidence is on an edge, 0 or 1."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from torchmetrics.functional.classification import multiclass_calibration_error

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.bins import COMPAT, MassBins, rule_of
from lscli.metrics.catalogue import METRICS
from lscli.options import Library

Array = NDArray[Any]
ALL_BINS = [1, 2, 3, 5, 10, 15, 16, 29, 100]
DATA = ["random", "grid", "edges", "saturated"]


def value(metric: str, table: SampleTable, **settings: Any) -> float:
    (found,) = METRICS[metric].compute(table, Settings(**settings))
    return found.value


def drawn(kind: str, bins: int, rows: int = 600) -> tuple[Array, Array]:
    """Confidences above 1/2, and whether they are right."""
    rng = np.random.default_rng(bins)
    if kind == "random":
        c = rng.uniform(0.5, 1, rows)
    elif kind == "grid":
        c = rng.integers(51, 101, rows) / 100
    elif kind == "edges":
        edges = torch.linspace(0, 1, bins + 1).double().numpy()
        edges = np.concatenate((edges, np.arange(bins + 1) / bins, np.linspace(0, 1, bins + 1)))
        c = rng.choice(edges[edges > 0.5], rows)
    else:
        c = rng.choice([0.75, 0.999999, 1 - 1e-9, 1.0], rows)
    return c, rng.random(rows) < c**2


@pytest.mark.parametrize("bins", ALL_BINS)
@pytest.mark.parametrize("kind", DATA)
@pytest.mark.parametrize(("metric", "norm"), [("ece", "l1"), ("rmsce", "l2"), ("mce", "max")])
def test_torchmetrics(metric: str, norm: Any, kind: str, bins: int) -> None:
    c, a = drawn(kind, bins)
    probabilities = torch.from_numpy(np.column_stack((c, 1 - c)))
    target = torch.from_numpy(np.where(a, 0, 1))
    expected = multiclass_calibration_error(probabilities, target, num_classes=2, n_bins=bins, norm=norm)
    found = value(metric, SampleTable.from_confidences(c, a), bins=bins, compat="torchmetrics")
    # It adds up in float32.
    assert float(expected) == pytest.approx(found, rel=2e-5, abs=2e-6)


def test_a_confidence_of_1_has_a_bin_of_its_own_in_torchmetrics() -> None:
    """torchmetrics #3510"""
    table = SampleTable.from_confidences([0.95, 1.0], [1, 0])
    assert 0.475 == pytest.approx(value("ece", table, bins=10))
    assert 0.525 == pytest.approx(value("ece", table, bins=10, compat="torchmetrics"))


def test_the_edges_of_torch_linspace() -> None:
    for bins in [*range(1, 300), 1000, 9999, 10_000]:
        edges = torch.linspace(0, 1, bins + 1)[1:-1].double().tolist()
        for compat in ("torchmetrics", "gpleiss"):
            assert edges == rule_of(Settings(bins=bins, compat=compat)).inner.tolist()


def temperature_scaling(c: torch.Tensor, a: torch.Tensor, bins: int) -> list[float]:
    """The recipe of gpleiss/temperature_scaling with what follows from it: l1, l2 and max.

    Its edges are float32, and are compared as Python numbers with confidences of any type.
    """
    edges = torch.linspace(0, 1, bins + 1)
    gaps, shares = [], []
    for low, high in itertools.pairwise(edges.tolist()):
        inside = c.gt(low) & c.le(high)
        share = inside.double().mean().item()
        if share > 0:
            gaps.append(abs(c[inside].mean().item() - a[inside].double().mean().item()))
            shares.append(share)
    return [
        sum(g * s for g, s in zip(gaps, shares, strict=True)),
        sum(g * g * s for g, s in zip(gaps, shares, strict=True)) ** 0.5,
        max(gaps),
    ]


@pytest.mark.parametrize("bins", ALL_BINS)
@pytest.mark.parametrize("kind", DATA)
def test_the_recipe_of_temperature_scaling(kind: str, bins: int) -> None:
    # Confidences are above 0, as every largest probability is: the recipe drops those of 0.
    c, a = drawn(kind, bins)
    expected = temperature_scaling(torch.from_numpy(c), torch.from_numpy(a), bins)
    table = SampleTable.from_confidences(c, a)
    found = [value(metric, table, bins=bins, compat="gpleiss") for metric in ("ece", "rmsce", "mce")]
    assert expected == pytest.approx(found, rel=1e-11, abs=1e-12)


def test_float32_edges_differ_from_ours() -> None:
    # 0.7 is above torch's edge of 7/10, and on ours.
    c, a = [0.65, 0.7, 0.75], [1, 0, 1]
    table = SampleTable.from_confidences(c, a)
    theirs = temperature_scaling(torch.tensor(c, dtype=torch.float64), torch.tensor(a), 10)[0]
    assert theirs == pytest.approx(value("ece", table, bins=10, compat="gpleiss"), abs=1e-15)
    assert theirs != pytest.approx(value("ece", table, bins=10), abs=1e-3)


@pytest.mark.parametrize("bins", ALL_BINS)
@pytest.mark.parametrize("kind", [*DATA, "below"])
def test_calibration_curve_of_scikit_learn(kind: str, bins: int) -> None:
    c, a = drawn("edges" if kind == "below" else kind, bins)
    if kind == "below":
        c = 1 - c  # 0 among them
    share_right, mean_confidence = calibration_curve(a, c, n_bins=bins)
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], c), minlength=bins)
    counts = counts[counts > 0]
    gaps = np.abs(share_right - mean_confidence)
    table = SampleTable.from_confidences(c, a)
    expected = [np.average(gaps, weights=counts), np.average(gaps**2, weights=counts) ** 0.5, gaps.max()]
    found = [value(metric, table, bins=bins, compat="sklearn") for metric in ("ece", "rmsce", "mce")]
    assert expected == pytest.approx(found, rel=1e-11, abs=1e-12)


def test_documented_curves_of_scikit_learn() -> None:
    """tests/test_calibration.py::test_calibration_curve, and the example of its page."""
    table = SampleTable.from_confidences([0, 0.1, 0.2, 0.8, 0.9, 1], [0, 0, 0, 1, 1, 1])
    assert 0.1 == pytest.approx(value("ece", table, bins=2, compat="sklearn"))
    c, a = [0.1, 0.2, 0.3, 0.4, 0.65, 0.7, 0.8, 0.9, 1.0], [0, 0, 0, 0, 1, 1, 1, 1, 1]
    expected = (3 * 0.2 + 2 * abs(0.5 - 0.525) + 4 * 0.15) / 9
    assert expected == pytest.approx(value("ece", SampleTable.from_confidences(c, a), bins=3, compat="sklearn"))


GRID = [i / 10 for i in range(11)], [0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0]
SATURATED = [0.95, 1.0, 1.0, 0.0, 1e-9, 0.5], [1, 0, 1, 0, 1, 1]
FIFTEENTHS = [i / 15 for i in range(16)], [0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0]
INSIDE = [0.31, 0.44, 0.52, 0.58, 0.71, 0.79, 0.83, 0.97], [1, 0, 0, 1, 1, 0, 1, 1]
# What netcal 1.4.0 gave: ECE(bins).measure(confidence, correct) and MCE(bins).measure(confidence, correct).
NETCAL = [
    (GRID, 2, 0.22727272727272724, 0.25),
    (GRID, 3, 0.209090909090909, 0.34999999999999987),
    (GRID, 5, 0.3545454545454545, 0.5666666666666667),
    (GRID, 10, 0.3727272727272728, 0.9),
    (GRID, 15, 0.4636363636363637, 0.9999999999999998),
    (GRID, 20, 0.4636363636363637, 0.9999999999999998),
    (SATURATED, 2, 0.24166666649999982, 0.4999999994999999),
    (SATURATED, 5, 0.4083333331666665, 0.5),
    (SATURATED, 10, 0.4083333331666665, 0.5),
    (FIFTEENTHS, 3, 0.125, 0.16666666666666674),
    (FIFTEENTHS, 5, 0.12499999999999994, 0.26666666666666655),
    (FIFTEENTHS, 15, 0.4, 0.8666666666666667),
    (INSIDE, 2, 0.08125000000000007, 0.125),
    (INSIDE, 4, 0.12874999999999998, 0.19666666666666666),
    (INSIDE, 10, 0.24125, 0.69),
]


@pytest.mark.parametrize(("data", "bins", "ece", "mce"), NETCAL)
def test_netcal(data: tuple[list[float], list[int]], bins: int, ece: float, mce: float) -> None:
    table = SampleTable.from_confidences(*data)
    found = [value(metric, table, bins=bins, compat="netcal") for metric in ("ece", "mce")]
    assert [ece, mce] == pytest.approx(found, rel=1e-13)


def test_edges_belong_to_the_bin_above_in_netcal() -> None:
    ours = [value("ece", SampleTable.from_confidences(*GRID), bins=5, bin_edges=edges) for edges in ("right", "left")]
    theirs = value("ece", SampleTable.from_confidences(*GRID), bins=5, compat="netcal")
    assert theirs == pytest.approx(ours[1], rel=1e-12)
    assert theirs != pytest.approx(ours[0], rel=1e-3)


@pytest.mark.parametrize("compat", COMPAT)
def test_each_library_has_its_own_default_number_of_bins(compat: Library) -> None:
    c, a = drawn("grid", 15)
    table, bins = SampleTable.from_confidences(c, a), {"netcal": 10, "sklearn": 5}.get(compat, 15)
    for metric in ("ece", "rmsce", "mce", "ece_null", "rmsce_debiased"):
        (plain,) = METRICS[metric].compute(table, Settings(compat=compat))
        assert {"bins": bins, "compat": compat} == plain.params
        assert plain == METRICS[metric].compute(table, Settings(compat=compat, bins=bins))[0]
    # Its rule is not that of the other errors.
    assert {"bins": 15} == METRICS["ece_equal_mass"].compute(table, Settings(compat=compat))[0].params


@pytest.mark.parametrize("compat", COMPAT)
def test_the_rule_of_a_library_in_a_report(compat: Library) -> None:
    c, a = drawn("random", 15)
    logits = np.log(np.column_stack((c, 1 - c)))
    labels = np.where(a, 0, 1)
    report = lscli.evaluate(logits, labels, compat=compat, bins=12, metrics="ece,classwise_ece")
    table = SampleTable.from_confidences(c, a)
    assert report["ece"] == pytest.approx(value("ece", table, bins=12, compat=compat), rel=1e-6)
    assert [{"bins": 12, "compat": compat}, {"bins": 12}] == [row.params for row in report.rows]


@pytest.mark.parametrize("bins", [1, 2, 3, 7, 10, 15, 30, 49, 300, 10_000])
def test_an_edge_belongs_to_the_bin_below_it_or_above(bins: int) -> None:
    edges = np.arange(bins + 1) / bins
    right, left = rule_of(Settings(bins=bins)), rule_of(Settings(bins=bins, bin_edges="left"))
    assert [0, *range(bins)] == right.bin_of(edges).tolist()
    assert [*range(bins), bins - 1] == left.bin_of(edges).tolist()
    for rule in (right, left):
        assert list(range(bins)) == rule.bin_of(np.nextafter(edges[:-1], 1)).tolist()
        assert list(range(bins)) == rule.bin_of(np.nextafter(edges[1:], 0)).tolist()
        assert edges.tolist() == rule.edges.tolist()


@pytest.mark.parametrize(
    ("confidence", "bins", "expected"),
    [
        ([0.3, 0.5, 0.2, 0.3, 0.5, 0.7], 2, [0.4, 1]),
        ([0.3, 0.5, 0.2, 0.3, 0.5, 0.7], 3, [0.3, 0.5, 1]),
        ([0.3, 0.5, 1, 1, 1, 1], 3, [0.75, 1]),
        ([0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], 3, [0.55, 0.75, 1]),
        ([0.5], 15, [1]),
        ([0.2, 0.4], 15, [0.3, 1]),
        ([0.4] * 30, 15, [1]),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_edges_of_verified_calibration(
    confidence: list[float], bins: int, expected: list[float], weighted: bool
) -> None:
    weight = np.ones(len(confidence)) if weighted else None
    table = SampleTable.from_confidences(confidence, np.ones(len(confidence)), weight=weight)
    mass = MassBins.of(table)
    starts = mass.starts(bins)
    sums = mass.sums(starts)
    assert expected == pytest.approx(mass.edges(starts, bins).tolist(), abs=1e-15)
    assert len(confidence) == sums.size.sum() == sums.correct.sum()
