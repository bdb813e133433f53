"""Published numbers of label smoothing: one worked example in full, and what other projects pin in their tests."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lscli
from lscli.targets import target_entropy, target_values

# Three samples and an ignored one, K = 3, eps = 0.1; computed in float64 with torch.
LOGITS = np.array([[1, 2, 3], [2, 0, -1], [0, 0, 0], [0.5, 2.5, -1]])
LABELS = [2, 0, -100, 0]
GOLDEN = {
    "loss_hard": 0.9102100637076515,
    "loss_uniform": 1.7435433970409848,
    "loss_smoothed": 0.9935433970409848,
    "loss_floor": 0.29113983883196504,
    "loss_excess": 0.7024035582090198,
    "perplexity": math.exp(0.9102100637076515),
    "accuracy": 2 / 3,
    "error": 1 / 3,
    "confidence_mean": 0.7890041669548727,
    "confidence_gap": 0.7890041669548727 - 2 / 3,
    "entropy_mean": 0.6109165888496958,
    "label_prob_mean": (0.6652409557748218 + 0.8437947344813395 + 0.11611453467414115) / 3,
    "logit_gap_mean": 1.25,
    "eps_gap": 0.5464139532345144,
    "gamma": 0.6874248875348488,
    "gamma_confidence": 0.3164937495676909,
    "eps_accuracy": 0.5,
    "smoothing_balance": 0.3164937495676909 - 0.5,
}


@pytest.mark.parametrize("metric", GOLDEN)
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_the_worked_example(metric: str, kernel: str) -> None:
    report = lscli.evaluate(LOGITS, LABELS, eps=0.1, kernel=kernel)
    assert report[metric] == pytest.approx(GOLDEN[metric], rel=1e-14, abs=1e-15)


def test_ignored_samples_are_in_neither_denominator() -> None:
    # The common recipe divides the uniform part by all four samples and prints 0.977420.
    assert lscli.evaluate(LOGITS, LABELS)["loss_smoothed"] != pytest.approx(0.977420119331663, rel=1e-3)


# (name, logits, labels, eps, ignored label, smoothed loss in float64), from the tests of the projects named.
PINNED = [
    ("mmpretrain, timm", [[1, -1]], [0], 0.1, -100, 0.2269280110429726),
    ("ClassyVision, eps/(1+eps)", [[1, -1]], [0], 0.1 / 1.1, -100, 0.21783710195206352),
    ("mmpretrain, two rows", [[1, -1], [1, -1]], [0, 1], 0.1, -100, (0.2269280110429726 + 2.0269280110429726) / 2),
    ("ClassyVision, five classes", [[0, 7, 0, 0, 2]], [4], 0.5 / 1.5, -100, 5.0760956664977055),
    ("ClassyVision, two rows", [[1, 2], [0, 2]], [0, 1], 0.2 / 1.2, -100, 0.7617615159472644),
    ("Keras, far apart", [[100, -100, -100]], [0], 0.1, -100, 13.333333333333334),
    ("Keras, two rows", [[1, 9, 0], [1, 8, 1]], [1, 2], 0.1, -100, 3.667807101704245),
    ("Keras, no smoothing", [[1, 9, 0], [1, 8, 1]], [1, 2], 0, -100, 3.501140435037578),
    ("PyTorch, an ignored row", [[0.3, 0.4], [1, 2]], [-100, 1], 0.05, -100, 0.33826168751822283),
    ("PyTorch, ignored as 2", [[0.3, 0.4], [1, 2]], [2, 1], 0.15, 2, 0.3882616875182228),
    (
        "PyTorch, ten rows, ignored as -1",
        [
            *([0.1735, 0.2191], [-0.1377, 0.3467], [-0.2162, 0.2021], [-0.1177, 0.2157], [-0.1232, 0.2620]),
            *([-0.1578, 0.4038], [-0.0209, 0.3298], [-0.0639, 0.2317], [-0.3914, 0.2106], [-0.4211, 0.3420]),
        ],
        [0, -1, 0, 0, 0, 0, 0, 0, -1, 0],
        0.1,
        -1,
        0.8943345162092529,
    ),
]


@pytest.mark.parametrize(
    ("logits", "labels", "eps", "ignore_index", "expected"),
    [case[1:] for case in PINNED],
    ids=[case[0] for case in PINNED],
)
def test_losses_that_others_pin(
    logits: list[list[float]], labels: list[int], eps: float, ignore_index: int, expected: float
) -> None:
    report = lscli.evaluate(np.array(logits, float), labels, eps=eps, ignore_index=ignore_index)
    assert report["loss_smoothed"] == pytest.approx(expected, rel=1e-14)


# (K, eps, floor, optimal gap), closed forms to six digits.
FLOORS = [
    (2, 0.05, 0.116907),
    (2, 0.1, 0.198515),
    (3, 0.2, 0.485094),
    (10, 0.1, 0.500288),
    (100, 0.05, 0.424499),
    (1000, 0.1, 1.014848),
    (32000, 0.2, 2.575021),
]


@pytest.mark.parametrize(("classes", "eps", "floor"), FLOORS)
def test_floors(classes: int, eps: float, floor: float) -> None:
    assert target_entropy(eps, classes) == pytest.approx(floor, abs=5e-7)


def test_the_smallest_targets_of_the_article() -> None:
    assert target_values(0.001, 4) == pytest.approx((0.99925, 0.00025), rel=1e-15)
    assert target_entropy(0.001, 4) == pytest.approx(0.0069702559097376705, rel=1e-14)


@pytest.mark.parametrize(("eps", "expected"), [(0, 0), (1, math.log(7))])
def test_the_floor_at_both_ends(eps: float, expected: float) -> None:
    assert target_entropy(eps, 7) == pytest.approx(expected, rel=1e-15)


def test_both_ends_of_eps_leave_out_the_other_part() -> None:
    # A masked class makes the uniform part infinite: 0 * inf must not reach the hard loss.
    logits = np.array([[0.0, 1.0, -np.inf], [0.0, 2.0, -np.inf]])
    with pytest.warns(lscli.LscliWarning, match="2 of 2 samples have a masked class"):
        report = lscli.evaluate(logits, [0, 1], eps=[0, 0.1, 1])
    assert report["loss_smoothed@0"] == report["loss_hard"] < math.inf
    assert report["loss_smoothed@0.1"] == report["loss_smoothed@1"] == math.inf
