"""Published numbers of binned calibration errors; the edges and saturated confidences above all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.bins import rule_of
from lscli.metrics.catalogue import METRICS


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


def test_15_bins_unless_told_otherwise() -> None:
    c, a = [0.31, 0.39, 0.5, 0.72, 0.74, 0.99], [0, 1, 0, 0, 1, 1]
    for metric in ("ece", "rmsce", "mce", "ece_null", "rmsce_debiased", "ece_equal_mass"):
        assert value(metric, c, a, bins=15) == value(metric, c, a)
    assert value("ece", c, a, bins=2) != value("ece", c, a)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bins": 0}, "bins: must be from 1 to 10000, got 0"),
        ({"bins": 10_001}, "bins: must be from 1 to 10000, got 10001"),
        ({"bin_edges": "middle"}, "bin-edges: unknown value 'middle'"),
        ({"compat": "torchmetric"}, "compat: unknown library 'torchmetric'"),
    ],
)
def test_what_is_no_rule(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(lscli.UsageError, match=message):
        value("ece", [0.5], [1], **settings)


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(lscli.UsageError, match="norm: unknown norm 'l3'"):
        value("ece_equal_mass", [0.5], [1], norm="l3")
    with pytest.raises(lscli.UsageError, match="norm: unknown norm 'l3'"):
        lscli.evaluate([[2.0, 0.0]], [0], norm="l3", metrics="accuracy")


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
