"""Published numbers of errors over bins of equal count, by class, and without bins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.bins import MassBins
from lscli.metrics.catalogue import METRICS

Array = NDArray[Any]
# verified_calibration, util_test.py: the top labels of test_ece
TOP_LABEL = [0.8, 0.6, 0.9, 1.0, 0.4, 0.85], [1, 1, 1, 1, 0, 1]
# TorchUncertainty, test_calibration.py: p = .3, .24, .25, .2, .8
TORCH_UNCERTAINTY = [0.7, 0.76, 0.75, 0.8, 0.8], [1, 1, 1, 0, 1]


def value(metric: str, confidence: Any, correct: Any, **settings: Any) -> float:
    (found,) = METRICS[metric].compute(SampleTable.from_confidences(confidence, correct), Settings(**settings))
    assert math.isnan(found.stderr)
    return found.value


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
    sums = MassBins.of(table).sums(bins)
    assert expected == pytest.approx(sums.edge.tolist(), abs=1e-15)
    assert len(confidence) == sums.size.sum() == sums.correct.sum()


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


def test_spiegelhalter_of_mapie() -> None:
    assert -0.75669720 == pytest.approx(value("spiegelhalter_z", *MAPIE), abs=5e-9)
    # Theirs is one-sided: 1 - Phi(z) = .8486, z < 0.
    c, a = [0.8, 0.3, 0.5, 0.5, 0.7, 0.1], [1, 0, 1, 0, 1, 0]
    assert value("spiegelhalter_z", c, a) < 0
    assert 2 * (1 - 0.8486) == pytest.approx(value("spiegelhalter_p", c, a), abs=1e-4)


def test_what_has_no_variance_has_no_z() -> None:
    for c in ([0.5, 0.5], [0.0, 1.0], [0.5, 1.0]):
        assert math.isnan(value("spiegelhalter_z", c, [0, 1]))
        assert math.isnan(value("spiegelhalter_p", c, [0, 1]))


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
