"""Losses against smoothed targets: a worked example, numbers that other projects pin, torch, and identities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import settings
from numpy.typing import NDArray
from sklearn.metrics import log_loss

import lscli
from lscli.options import Kernel
from lscli.smoothing.targets import Targets
from tests import naive
from tests.metrics.by_hand import CONVENTIONS, options_of, target_of
from tests.metrics.tables import drawn, learned, random_logits, samples

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
    "excess_overshoot": 0.0,
    "excess_undershoot": 0.6729183970617035,
    "excess_structure": 0.029485161147316242,
    "target_on": 0.9 + 0.1 / 3,
    "target_off": 0.1 / 3,
    "loss_noise_corrected": 0.8176174711150588,
    "logit_gap_sd": math.sqrt(((1.5 - 1.25) ** 2 + (2.5 - 1.25) ** 2 + (-0.25 - 1.25) ** 2) / 2),
    "logit_gap_q05": -0.25 + 0.1 * 1.75,
    "logit_gap_q25": -0.25 + 0.5 * 1.75,
    "logit_gap_q50": 1.5,
    "logit_gap_q75": 2.0,
    "logit_gap_q95": 1.5 + 0.9 * 1.0,
    "logit_gap_optimal": 3.332204510175204,
    "above_target": 0.0,
    "maxsup_regularisation": 1.0555555555555556,
    "maxsup_error_enhancement": -0.2222222222222222,
    "off_label_entropy": 0.6236046638903109,
    "max_logit_mean": 2.5,
    "logit_margin_mean": (1 + 2 + 2) / 3,
}


@pytest.mark.parametrize("metric", GOLDEN)
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_the_worked_example(metric: str, kernel: Kernel) -> None:
    report = lscli.evaluate(LOGITS, LABELS, eps=0.1, kernel=kernel, noise_rate=0.1, metrics=metric)
    assert GOLDEN[metric] == pytest.approx(report[metric], rel=1e-14, abs=1e-15)


# The same three samples in other people's conventions; fairseq prints base 2, tensor2tensor the divergence alone.
OTHERS = [
    ("fairseq", {"smoothing": "off-target"}, "loss_smoothed", 3.1056301911229545 / 3),
    ("fairseq, base 2", {"smoothing": "off-target"}, "loss_smoothed", 1.4934924251893769 * math.log(2)),
    ("fairseq, nll", {"smoothing": "off-target"}, "loss_hard", 2.7306301911229545 / 3),
    ("tensor2tensor's floor", {"smoothing": "off-target"}, "loss_floor", 0.39439769144744274),
    ("tensor2tensor, ESPnet", {"smoothing": "off-target"}, "loss_excess", 0.6408123722602087),
    ("prior", {"smoothing": "prior", "prior": [0.5, 0.3, 0.2]}, "loss_smoothed", 0.9835433970409848),
    ("class 0", {"smoothing": "prior", "prior": [1, 0, 0]}, "loss_prior", 1.576876730374318),
    ("class 1", {"smoothing": "prior", "prior": [0, 1, 0]}, "loss_prior", 1.2435433970409846),
    ("class 2", {"smoothing": "prior", "prior": [0, 0, 1]}, "loss_prior", 2.4102100637076513),
    ("uniform as a prior", {"smoothing": "prior", "prior": [1 / 3] * 3}, "loss_prior", 1.7435433970409848),
    ("off-target's optimal gap", {"smoothing": "off-target"}, "logit_gap_optimal", math.log(18)),
]


@pytest.mark.parametrize(("options", "metric", "expected"), [case[1:] for case in OTHERS], ids=[c[0] for c in OTHERS])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_the_worked_example_in_other_conventions(
    options: dict[str, Any], metric: str, expected: float, kernel: Kernel
) -> None:
    report = lscli.evaluate(LOGITS, LABELS, eps=0.1, kernel=kernel, metrics=metric, **options)
    assert expected == pytest.approx(report[metric], rel=1e-14)


def test_params_name_a_convention_that_is_not_uniform() -> None:
    report = lscli.evaluate(LOGITS, LABELS, eps=0.1, smoothing="off-target", class_weights=[1, 2, 3])
    params = {row.metric: row.params for row in report.rows}
    weights = {"class_weights": "torch"}
    smoothed = {"eps": 0.1, "smoothing": "off-target", **weights}
    assert smoothed == params["loss_smoothed"] == params["loss_floor"]
    assert weights == params["loss_hard"] == params["loss_uniform"]
    assert {} == params["logit_gap_mean"] == params["accuracy"]
    assert not {"excess_overshoot", "excess_undershoot", "excess_structure"} & params.keys()


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
def test_losses_in_the_tests_of_other_projects(
    logits: list[list[float]], labels: list[int], eps: float, ignore_index: int, expected: float
) -> None:
    report = lscli.evaluate(np.array(logits, float), labels, eps=eps, ignore_index=ignore_index)
    assert expected == pytest.approx(report["loss_smoothed"], rel=1e-14)


# K, then for eps .05, .1 and .2: the floor and the optimal gap of uniform, of off-target; closed forms to six digits.
FLOORS = """
2     .116907 .198515 3.663562 2.944439   .198515 .325083 2.944439 2.197225   .325083 .500402 2.197225 1.386294
3     .169250 .233173 4.060443 3.637586   .291140 .394398 3.332205 2.890372   .485094 .639032 2.564949 2.079442
10    .282396 .308376 5.252273 5.141664   .500288 .544805 4.510860 4.394449   .866894 .939847 3.713572 3.583519
100   .424499 .428271 7.550135 7.539559   .777797 .784595 6.803505 6.792344   1.407451 1.419426 5.993961 5.981414
1000  .543360 .543853 9.852247 9.851194   1.014848 1.015758 9.105091 9.103979   1.880095 1.881753 8.294300 8.293049
32000 .717167 .717188 13.317932 13.317899 1.362390 1.362429 12.570719 12.570685 2.575021 2.575094 11.759793 11.759754
"""


@pytest.mark.parametrize("line", FLOORS.strip().splitlines())
def test_floors_and_optimal_gaps(line: str) -> None:
    classes, *numbers = line.split()
    logits = np.zeros((2, int(classes)))
    expected = np.array(numbers, float).reshape(3, 4)
    how: Any = {"eps": [0.05, 0.1, 0.2], "metrics": "loss_floor,logit_gap_optimal"}
    uniform, off_target = (
        np.array([row.value for row in lscli.evaluate(logits, [0, 1], smoothing=smoothing, **how).rows]).reshape(2, 3)
        for smoothing in ("uniform", "off-target")
    )
    found = np.stack([uniform[0], off_target[0], uniform[1], off_target[1]], axis=1)
    # 1e-6 and not half of it: the table's own digits of 9.151194 are cut, not rounded.
    np.testing.assert_allclose(expected, found, rtol=0, atol=1e-6)


def test_the_smallest_targets_of_the_article() -> None:
    how: Any = {"eps": 0.001, "metrics": "target_on,target_off,loss_floor,logit_gap_optimal"}
    found = [row.value for row in lscli.evaluate(np.zeros((1, 4)), [1], **how).rows]
    assert [0.99925, 0.00025, 0.0069702559097376705, 8.293299358711323] == pytest.approx(found, rel=1e-14)


@pytest.mark.parametrize(("eps", "expected"), [(0, 0), (1, math.log(7))])
def test_the_floor_at_both_ends(eps: float, expected: float) -> None:
    assert expected == pytest.approx(Targets().entropy(eps, 7), rel=1e-15)
    assert expected == pytest.approx(lscli.evaluate(2 * np.eye(7), np.arange(7), eps=eps)["loss_floor"], rel=1e-15)


def test_both_ends_of_eps_leave_out_the_other_part() -> None:
    # A masked class makes the uniform part infinite: 0 * inf must not reach the hard loss.
    logits = np.array([[0.0, 1.0, -np.inf], [0.0, 2.0, -np.inf]])
    with pytest.warns(lscli.LscliWarning, match="2 of 2 samples have a masked class"):
        report = lscli.evaluate(logits, [0, 1], eps=[0, 0.1, 1])
    assert report["loss_smoothed@0"] == report["loss_hard"] < math.inf
    assert report["loss_smoothed@0.1"] == report["loss_smoothed@1"] == math.inf


Array = NDArray[Any]


@pytest.mark.parametrize("eps", [0.0, 0.05, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("classes", [2, 10, 300])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 1e-7), ("float16", 1e-7)])
def test_the_smoothed_loss_is_that_of_torch_in_float64(classes: int, eps: float, dtype: str, tolerance: float) -> None:
    logits, labels = learned(classes, dtype)
    tensor = torch.from_numpy(logits.astype(np.float64))
    losses = F.cross_entropy(tensor, torch.from_numpy(labels), label_smoothing=eps, reduction="none").numpy()
    report = lscli.evaluate(logits, labels, eps=eps)
    row = next(row for row in report.rows if row.metric == "loss_smoothed")
    assert losses.mean() == pytest.approx(row.value, rel=tolerance)
    assert losses.std(ddof=1) / len(losses) ** 0.5 == pytest.approx(row.stderr, rel=1e-6)


@pytest.mark.parametrize("classes", [2, 6, 200])
def test_the_hard_loss_is_the_log_loss_of_scikit_learn(classes: int) -> None:
    logits, labels = learned(classes)
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    expected = log_loss(labels, probabilities, labels=np.arange(classes))
    assert expected == pytest.approx(lscli.evaluate(logits, labels)["loss_hard"], rel=1e-12)


def test_ignored_samples_are_those_of_torch() -> None:
    logits, labels = learned(7)
    labels[::3] = -100
    expected = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels), label_smoothing=0.2)
    assert float(expected) == pytest.approx(lscli.evaluate(logits, labels, eps=0.2)["loss_smoothed"], rel=1e-13)


def near(expected: float, scale: float = 1) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12 * max(scale, 1))


@settings(max_examples=40, deadline=None)
@samples
def test_noise_correction_is_a_negative_eps(**how: Any) -> None:
    logits, labels = random_logits(**how)
    for rho in (0.0, 0.1, 0.6):
        eps = -rho / (1 - rho)
        report = lscli.evaluate(logits, labels, eps=eps, noise_rate=rho, allow_negative_eps=True)
        scale = report["loss_hard"] + report["loss_uniform"]
        assert report["loss_smoothed"] == near(report["loss_noise_corrected"], scale)
        assert report["loss_smoothed"] == near((1 - eps) * report["loss_hard"] + eps * report["loss_uniform"], scale)
        assert (rho == 0) == ("loss_floor" in report)
        assert (
            report["loss_noise_corrected"]
            == lscli.evaluate(logits, labels, metrics=f"loss_noise_corrected@{rho}")["loss_noise_corrected"]
        )


def test_symmetric_noise_is_what_is_corrected() -> None:
    # Over all labels that a share rho drawn anew can give, the corrected loss is that of the clean labels.
    logits, labels = drawn(50, 5)
    rho = 0.3
    weight = (1 - rho) * np.eye(5)[labels] + rho / 5
    report = lscli.evaluate(
        np.repeat(logits, 5, axis=0), np.tile(np.arange(5), 50), weights=weight.ravel(), noise_rate=rho
    )
    assert lscli.evaluate(logits, labels)["loss_hard"] == near(report["loss_noise_corrected"])


@pytest.mark.parametrize("smoothing", CONVENTIONS)
def test_a_negative_eps_has_a_loss_and_no_targets(smoothing: str) -> None:
    logits, labels = drawn(80, 6)
    options, prior = options_of(smoothing, 6)
    report = lscli.evaluate(logits, labels, eps=[-0.3, 0.2], allow_negative_eps=True, metrics="all", **options)
    loss = np.mean(
        [
            -(target_of(smoothing, -0.3, y, 6, prior) * row).sum()
            for y, row in zip(labels, naive.log_softmax(logits), strict=True)
        ]
    )
    assert loss == near(report["loss_smoothed@-0.3"])
    at = {eps: {row.metric for row in report.rows if row.params.get("eps") == eps} for eps in (-0.3, 0.2)}
    assert {"loss_smoothed"} == at[-0.3]
    assert {
        *("loss_smoothed", "loss_floor", "loss_excess", "target_on", "target_off"),
        *("excess_overshoot", "excess_undershoot", "excess_structure", "logit_gap_optimal", "above_target"),
    } == at[0.2]
    with pytest.warns(lscli.LscliWarning, match="loss_floor is absent: targets of a negative eps are no distribution"):
        lscli.evaluate(logits, labels, eps=-0.3, allow_negative_eps=True, metrics="loss_floor,loss_hard", **options)


def test_an_overflowing_perplexity_is_infinite() -> None:
    assert lscli.evaluate(np.array([[0.0, 1000.0]]), [0])["perplexity"] == math.inf
