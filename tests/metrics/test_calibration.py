"""Calibration errors of the top label: published numbers, and definitions written slowly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchmetrics.functional.classification import multiclass_calibration_error

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from tests import naive
from tests.metrics.tables import learned


def value(metric: str, confidence: Any, correct: Any, **settings: Any) -> float:
    (found,) = METRICS[metric].compute(SampleTable.from_confidences(confidence, correct), Settings(**settings))
    assert math.isnan(found.stderr)
    return found.value


# (source, confidences, correct, bins, expected)
CASES = [
    (
        "torchmetrics, binary",
        [0.25, 0.25, 0.55, 0.75, 0.75],
        [0, 0, 1, 1, 1],
        2,
        {"ece": 0.29, "rmsce": 0.2918332857, "mce": 0.3166666667},
    ),
    (
        "torchmetrics, multiclass",
        [0.55, 0.55, 0.60, 0.90],
        [0, 0, 1, 1],
        3,
        {"ece": 0.2, "rmsce": 0.2081665999, "mce": 0.2333333333},
    ),
    ("torchmetrics #3510: 1.0 is in the last bin", [0.95, 1.0], [1, 0], 10, {"ece": 0.475}),
    (
        "robustness_metrics, binary",
        [0.51, 0.55, 0.61, 0.66, 0.68, 0.71, 0.81, 0.85],
        [0, 1, 1, 1, 0, 0, 1, 1],
        10,
        {"ece": 0.145},
    ),
    (
        "robustness_metrics, a row that sums to .90",
        [0.32, 0.37, 0.39, 0.61, 0.65, 0.91],
        [1, 1, 0, 0, 0, 1],
        10,
        {"ece": 0.3783333333},
    ),
    (
        "robustness_metrics, consistency",
        [0.42610548, 0.47721294, 0.66233578, 0.8561222, 0.51465609],
        [1, 1, 1, 1, 1],
        30,
        {"ece": 0.412713502},
    ),
    (
        "robustness_metrics, one-dimensional",
        [0.91, 0.68, 0.66, 0.67, 0.57, 0.98, 0.59, 0.81],
        [1, 1, 1, 1, 0, 1, 1, 1],
        30,
        {"ece": 0.18125},
    ),
    (
        "verified_calibration",
        [0.8, 0.6, 0.9, 1.0, 0.4, 0.85],
        [1, 1, 1, 1, 0, 1],
        3,
        {"ece": 0.075},
    ),
    ("verified_calibration, binary", [0.6, 0.7, 0.8, 0.9], [0, 0, 1, 1], 2, {"ece": 0.25}),
    ("verified_calibration, one class", [0.9, 0.8], [1, 1], 2, {"ece": 0.15}),
    ("PyCalib", [0.1, 0.2, 0.3, 0.7, 0.8, 0.9], [0, 0, 0, 1, 1, 1], 2, {"ece": 0.2}),
    ("PyCalib, two values", [0.4, 0.4, 0.4, 0.6, 0.6, 0.6], [0, 0, 0, 1, 1, 1], 2, {"ece": 0.4}),
    ("PyCalib, largest gap", [0.1, 0.2, 0.3, 0.9, 0.9, 0.9], [0, 0, 0, 1, 1, 1], 2, {"mce": 0.2}),
    ("evaluate #784", [0.25, 0.25, 0.75, 0.75], [0, 0, 1, 1], 2, {"ece": 0.25, "mce": 0.25}),
    ("fd-shifts, all at 1", [1.0] * 100, [0, 1] * 50, 20, {"ece": 0.5, "mce": 0.5}),
    ("fd-shifts, 0 and 1", [0.0, 1.0] * 50, [0, 1] * 50, 20, {"ece": 0.0, "mce": 0.0}),
    ("fd-shifts, none sure", [0.0] * 100, [0, 1] * 50, 20, {"ece": 0.5, "mce": 0.5}),
    ("verified_calibration, one bin, all 0", [0.9, 0.1, 0.3], [0, 0, 0], 1, {"ece": 1.3 / 3}),
    ("verified_calibration, one bin, all 1", [0.9, 0.1, 0.3], [1, 1, 1], 1, {"ece": 1.7 / 3}),
    ("PyCalib, all at 1/3", [1 / 3, 1 / 3], [1, 1], 2, {"mce": 2 / 3}),
    ("PyCalib, calibrated", [0.6] * 10, [1] * 6 + [0] * 4, 15, {"ece": 0.0, "mce": 0.0}),
    (
        "fd-shifts, steps of .1",
        (np.arange(10).repeat(10) * 0.1).tolist(),
        [0, 1] * 50,
        20,
        {"ece": 0.25, "mce": 0.5},
    ),
]


@pytest.mark.parametrize(
    ("confidence", "correct", "bins", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_published_values(confidence: list[float], correct: list[int], bins: int, expected: dict[str, float]) -> None:
    found = {name: value(name, confidence, correct, bins=bins) for name in expected}
    assert expected == pytest.approx(found, abs=1e-9)


def test_15_bins_by_default() -> None:
    c, a = [0.31, 0.39, 0.5, 0.72, 0.74, 0.99], [0, 1, 0, 0, 1, 1]
    for metric in ("ece", "rmsce", "mce", "ece_null", "rmsce_debiased", "ece_equal_mass"):
        assert value(metric, c, a, bins=15) == value(metric, c, a)
    assert value("ece", c, a, bins=2) != value("ece", c, a)


def test_saturated_confidences_keep_their_gap() -> None:
    # 1 - 1e-12 is in the last bin, and its distance from 1 is no rounding error.
    table = SampleTable(
        {
            "confidence": np.ones(1000),
            "one_minus_confidence": np.full(1000, 1e-18),
            "correct": np.ones(1000, bool),
        }
    )
    assert METRICS["ece"].compute(table, Settings())[0].value == pytest.approx(1e-18, rel=1e-12)
    assert METRICS["confidence_gap"].compute(table, Settings())[0].value == pytest.approx(-1e-18, rel=1e-12)


def test_ece_null_by_its_definition() -> None:
    confidence = [0.5, 0.52, 0.9]
    expected = np.sqrt(2 / np.pi) * (np.sqrt(0.25 + 0.52 * 0.48) + np.sqrt(0.09)) / 3
    assert value("ece_null", confidence, [0, 1, 1]) == pytest.approx(expected, rel=1e-14)


def test_ece_null_is_the_ece_of_calibrated_models() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 2000)
    simulated = [value("ece", confidence, rng.random(2000) < confidence) for _ in range(200)]
    assert value("ece_null", confidence, np.ones(2000)) == pytest.approx(np.mean(simulated), rel=0.05)


# verified_calibration, util_test.py: the top labels of test_ece
TOP_LABEL = [0.8, 0.6, 0.9, 1.0, 0.4, 0.85], [1, 1, 1, 1, 0, 1]
# TorchUncertainty, test_calibration.py: p = .3, .24, .25, .2, .8
TORCH_UNCERTAINTY = [0.7, 0.76, 0.75, 0.8, 0.8], [1, 1, 1, 0, 1]
Array = NDArray[Any]


@pytest.mark.parametrize(
    ("confidence", "correct", "bins", "expected"),
    [
        ([0.1, 0.7], [0, 1], 2, 0.2),
        ([0.1, 0.1, 0.7], [0, 1, 1], 2, 0.4 * 2 / 3 + 0.3 / 3),
        ([0.1, 0.1, 0.1, 0.1, 0.7], [0, 1, 0, 0, 1], 2, 0.15 * 4 / 5 + 0.3 / 5),
        ([0.1, 0.7, 0.5, 0.9], [0, 1, 0, 1], 2, 0.25),
        ([0.1, 0.7, 0.5, 0.9], [0, 1, 0, 1], 4, 0.25),
        ([0.6, 0.7, 0.8, 0.9], [0, 0, 1, 1], 2, 0.4),
        ([0.1, 0.7, 0.5, 0.9], [0, 1, 1, 1], 2, 0.2),
        ([0.1, 0.7, 0.5, 0.9], [0, 1, 1, 1], 4, 0.25),
        # evaluate #784
        ([0.25, 0.25, 0.75, 0.75], [0, 0, 1, 1], 2, 0.25),
    ],
)
def test_equal_mass_of_verified_calibration(
    confidence: list[float], correct: list[int], bins: int, expected: float
) -> None:
    assert expected == pytest.approx(value("ece_equal_mass", confidence, correct, bins=bins), abs=1e-15)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (TOP_LABEL, {"l1": 0.075, "l2": 0.0754615428}),
        (TORCH_UNCERTAINTY, {"l1": 0.278, "l2": 0.2785797313, "max": 0.3}),
    ],
    ids=["verified_calibration", "TorchUncertainty"],
)
def test_norms(data: tuple[list[float], list[int]], expected: dict[str, float]) -> None:
    found = {norm: value("ece_equal_mass", *data, bins=2, norm=norm) for norm in expected}
    assert expected == pytest.approx(found, abs=1e-10)


def test_bins_of_one_sample_each() -> None:
    """robustness_metrics, test_correctness_rmsce: adaptive bins."""
    c, a = [0.32, 0.37, 0.39, 0.61, 0.65, 0.91], [1, 1, 0, 0, 0, 1]
    assert 0.5498636195 == pytest.approx(value("ece_equal_mass", c, a, bins=6, norm="l2"), abs=1e-10)


def test_the_sweep_of_robustness_metrics() -> None:
    """uncertainty_test.py::test_sweep"""
    c = [0.42610548, 0.47721294, 0.66233578, 0.8561222, 0.51465609]
    assert 0.412713502 == pytest.approx(value("ece_sweep", c, [1] * 5), abs=1e-9)


@pytest.mark.parametrize(
    ("correct", "bins", "expected"),
    [
        ([0, 0, 1, 1], 4, (0.6 + 0.7 + 0.2 + 0.1) / 4),  # each value a bin
        ([0, 1, 0, 1], 2, ((1.3 - 1) + (1.7 - 1)) / 4),
        ([1, 1, 0, 0], 1, (3 - 2) / 4),
    ],
)
def test_a_sweep_stops_where_accuracies_fall(correct: list[int], bins: int, expected: float) -> None:
    table = SampleTable.from_confidences([0.6, 0.7, 0.8, 0.9], correct)
    (found,) = METRICS["ece_sweep"].compute(table, Settings())
    assert {"bins": bins} == found.params
    assert expected == pytest.approx(found.value, abs=1e-15)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("correct", [[0, 0, 1, 1], [0, 1, 0, 1], [1, 1, 0, 0]])
def test_a_sweep_is_the_error_over_its_bins_in_the_norm_that_is_asked_for(correct: list[int], norm: Any) -> None:
    table = SampleTable.from_confidences([0.6, 0.7, 0.8, 0.9], correct)
    (found,) = METRICS["ece_sweep"].compute(table, Settings(norm=norm))
    (over,) = METRICS["ece_equal_mass"].compute(table, Settings(norm=norm, bins=found.params["bins"]))
    assert over == found


def test_debiased_of_verified_calibration() -> None:
    # One bin a distinct value, and the top labels of two binary problems: the debiased square is not above 0.
    p, y = [0.5, 0.5, 0.5, 0.6, 0.5, 0.6, 0.6, 0.6, 0.6], [0, 1, 0, 1, 0, 1, 1, 1, 0]
    assert 0.2222222222 == pytest.approx(value("ece", p, y, bins=10), abs=1e-10)
    assert 0.2236067977 == pytest.approx(value("rmsce", p, y, bins=10), abs=1e-10)
    assert 0.0 == pytest.approx(value("rmsce_debiased", p, y, bins=10), abs=1e-7)
    rows = [0.6] * 6 + [0.8] * 4 + [0.9] * 4
    right = [1] * 5 + [0] + [1] * 3 + [0] + [1] * 4
    assert {"ece": 0.1428571429, "rmsce": 0.1640267109, "rmsce_debiased": 0.0} == pytest.approx(
        {name: value(name, rows, right, bins=10) for name in ("ece", "rmsce", "rmsce_debiased")}, abs=1e-10
    )


# MAPIE, metrics/calibration.py
MAPIE = [0.1, 0.9, 0.21, 0.9, 0.5], [0, 1, 0, 1, 0]


def test_cumulative_differences_of_mapie() -> None:
    assert 0.162 == pytest.approx(value("ks_calibration", *MAPIE), abs=1e-15)
    # cumulative_differences of y = 1, 0, 0 and s = .7, .3, .6, sorted by s: -.1, -.3, -.2
    assert 0.3 == pytest.approx(value("ks_calibration", [0.7, 0.3, 0.6], [1, 0, 0]), abs=1e-15)


Samples = tuple[SampleTable, Array, Array, Array]


def close_to(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-11, abs=1e-12, nan_ok=True)


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    """A table, and its confidences, outcomes and weights."""
    bins = draw(st.sampled_from([2, 3, 7, 10, 15, 49]))
    edge = st.integers(0, bins).map(lambda i: i / bins)
    beside = st.tuples(edge, st.sampled_from([-1.0, 2.0])).map(
        lambda pair: min(1.0, max(0.0, float(np.nextafter(*pair))))
    )
    confidence = st.one_of(edge, beside, st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]))
    rows = draw(st.lists(st.tuples(confidence, st.booleans(), st.integers(0, 3)), min_size=1, max_size=40))
    c, a, w = (np.array(column, float) for column in zip(*rows, strict=True))
    if draw(st.booleans()) or not w.any():
        w = np.ones(len(c))
        return SampleTable.from_confidences(c, a), c, a, w
    return SampleTable.from_confidences(c, a, weight=w), c, a, w


def value_of(metric: str, table: SampleTable, **options: Any) -> float:
    (found,) = METRICS[metric].compute(table, Settings(**options))
    return found.value


BINS = st.one_of(st.sampled_from([1, 2, 3, 7, 10, 15, 49]), st.integers(1, 60))
EDGES = st.sampled_from(["right", "left"])


@settings(max_examples=250, deadline=None)
@given(samples(), BINS, EDGES)
def test_errors_over_bins_of_equal_width(drawn: Samples, bins: int, edges: str) -> None:
    table, c, a, w = drawn
    found = naive.equal_width(c, a, w, bins, edges)
    options: dict[str, Any] = {"bins": bins, "bin_edges": edges}
    assert naive.norm(found) == close_to(value_of("ece", table, **options))
    assert naive.norm(found, "l2") == close_to(value_of("rmsce", table, **options))
    assert naive.norm(found, "max") == close_to(value_of("mce", table, **options))
    # Of squares, which the root makes less exact near 0.
    assert naive.debiased(found) ** 2 == close_to(value_of("rmsce_debiased", table, **options) ** 2)
    spread = [math.sqrt((b.w * b.c * (1 - b.c)).sum()) for b in found]
    assert math.sqrt(2 / math.pi) * sum(spread) / w.sum() == close_to(value_of("ece_null", table, **options))


@settings(max_examples=250, deadline=None)
@given(samples(), BINS)
def test_errors_over_bins_of_equal_count(drawn: Samples, bins: int) -> None:
    table, c, a, w = drawn
    found = naive.equal_mass(naive.pooled(c), a, w, bins)
    for kind in ("l1", "l2", "max"):
        assert naive.norm(found, kind) == close_to(value_of("ece_equal_mass", table, bins=bins, norm=kind))


@settings(max_examples=250, deadline=None)
@given(samples())
def test_errors_without_a_number_of_bins(drawn: Samples) -> None:
    table, c, a, w = drawn
    assert naive.sweep(naive.pooled(c), a, w) == close_to(value_of("ece_sweep", table))
    assert naive.ks(naive.pooled(c), a, w) == close_to(value_of("ks_calibration", table))
    variance = (w * (1 - 2 * c) ** 2 * c * (1 - c)).sum()
    if variance == 0 or variance > 1e-9:  # else z is a matter of last digits, of 1 - c and of 1 - 2c
        z = naive.spiegelhalter(c, a, w)
        assert z == close_to(value_of("spiegelhalter_z", table))
        p = value_of("spiegelhalter_p", table)
        assert (math.isnan(z) and math.isnan(p)) or 0 <= p <= 1
        if (w * c * (1 - c)).sum() >= 20:
            assert math.erfc(abs(z) / math.sqrt(2)) == close_to(p)


@pytest.mark.parametrize("classes", [2, 10, 150])
@pytest.mark.parametrize(("metric", "norm"), [("ece", "l1"), ("rmsce", "l2"), ("mce", "max")])
def test_torchmetrics_calibration_errors(classes: int, metric: str, norm: Any) -> None:
    # Its bins differ from ours for confidences that are exactly 1 or on an edge; there are none here.
    logits, labels = learned(classes, rows=5000)
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1)
    expected = multiclass_calibration_error(
        probabilities, torch.from_numpy(labels), num_classes=classes, n_bins=15, norm=norm
    )
    # It keeps confidences and sums in float32.
    assert float(expected) == pytest.approx(lscli.evaluate(logits, labels)[metric], rel=2e-5)
