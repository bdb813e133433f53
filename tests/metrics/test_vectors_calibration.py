"""Published numbers of binned calibration errors; the edges and saturated confidences above all."""

from __future__ import annotations

import numpy as np
import pytest

from lscli import SampleTable
from lscli.metrics import METRICS
from lscli.metrics.base import Settings
from lscli.metrics.bins import equal_width


def value(metric: str, confidence: list[float], correct: list[int], **options: list[float]) -> float:
    table = SampleTable.from_confidences(confidence, correct, **options)
    return METRICS[metric].compute(table, Settings())[0].value


def binned(confidence: list[float], correct: list[int], bins: int) -> dict[str, float]:
    """ece, rmsce and mce for another number of bins than the 15 of the metrics, by their definitions."""
    c, a = np.array(confidence), np.array(correct)
    index = equal_width(c, bins)
    gaps = np.array([abs(a[index == b].mean() - c[index == b].mean()) for b in np.unique(index)])
    share = np.array([np.mean(index == b) for b in np.unique(index)])
    return {"ece": float(share @ gaps), "rmsce": float(share @ gaps**2) ** 0.5, "mce": float(gaps.max())}


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
    found = binned(confidence, correct, bins)
    assert {name: pytest.approx(number, abs=1e-9) for name, number in expected.items()} == {
        name: found[name] for name in expected
    }


@pytest.mark.parametrize(("confidence", "correct"), [case[1:3] for case in CASES], ids=[case[0] for case in CASES])
@pytest.mark.parametrize("metric", ["ece", "rmsce", "mce"])
def test_the_metrics_are_their_definitions_at_15_bins(metric: str, confidence: list[float], correct: list[int]) -> None:
    assert binned(confidence, correct, 15)[metric] == pytest.approx(value(metric, confidence, correct), abs=1e-15)


@pytest.mark.parametrize("bins", [1, 2, 3, 7, 10, 15, 30, 49, 300])
def test_an_edge_belongs_to_the_bin_below_it(bins: int) -> None:
    edges = np.arange(bins + 1) / bins
    assert [0, *range(bins)] == equal_width(edges, bins).tolist()
    assert list(range(bins)) == equal_width(np.nextafter(edges[:-1], 1), bins).tolist()
    assert list(range(bins)) == equal_width(np.nextafter(edges[1:], 0), bins).tolist()


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
    simulated = [
        value("ece", confidence.tolist(), (rng.random(2000) < confidence).astype(int).tolist()) for _ in range(200)
    ]
    assert value("ece_null", confidence.tolist(), [1] * 2000) == pytest.approx(np.mean(simulated), rel=0.05)
