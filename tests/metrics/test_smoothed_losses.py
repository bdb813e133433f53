"""Losses of one convention at an eps are those of another at its eps, with class weights and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from lscli.metrics.base import Settings
from lscli.metrics.selection import select
from lscli.options import Kernel, Smoothing, WeightMode
from lscli.smoothing.targets import Targets
from tests.metrics.tables import applies, drawn, table_of, values

Array = NDArray[Any]
OF_EPS = [
    *("loss_smoothed", "loss_floor", "loss_excess", "excess_overshoot", "excess_undershoot", "excess_structure"),
    *("target_on", "target_off", "logit_gap_optimal", "above_target"),
]


def numbers(logits: Array, labels: Array, eps: float, targets: Targets, masked: str = "keep") -> dict[str, Any]:
    """Values and standard errors of all metrics that depend on eps."""
    table = table_of(logits, labels, targets, masked_classes=masked)
    setting = Settings(eps=(eps,), targets=targets)
    found = {name: values(name, table, setting) for name in OF_EPS if applies(name, targets)}
    return {name: (each[0].value, each[0].stderr) for name, each in found.items()}


def same(expected: dict[str, Any], found: dict[str, Any], tolerance: float = 1e-12) -> None:
    assert expected.keys() == found.keys()
    for name, pair in expected.items():
        assert pair == pytest.approx(found[name], rel=tolerance, abs=tolerance, nan_ok=True), name


WEIGHTED = pytest.mark.parametrize("mode", [None, "torch", "target-only"])


def targets_of(smoothing: Smoothing, classes: int, mode: WeightMode | None, prior: Array | None = None) -> Targets:
    weights = np.random.default_rng(classes).exponential(size=classes) if mode else None
    return Targets(smoothing, prior, weights, mode or "torch")


@WEIGHTED
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), classes=st.integers(2, 12), share=st.floats(0.001, 0.999))
def test_off_target_is_uniform_at_k_over_k_minus_1_times_its_eps(
    mode: WeightMode | None, seed: int, classes: int, share: float
) -> None:
    logits, labels = drawn(30, classes, seed)
    eps = share * (classes - 1) / classes
    off_target = numbers(logits, labels, eps, targets_of("off-target", classes, mode))
    same(numbers(logits, labels, share, targets_of("uniform", classes, mode)), off_target)


@WEIGHTED
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), classes=st.integers(2, 12), eps=st.floats(0.001, 1))
def test_classy_is_uniform_at_eps_over_1_plus_eps(mode: WeightMode | None, seed: int, classes: int, eps: float) -> None:
    logits, labels = drawn(30, classes, seed)
    classy = numbers(logits, labels, eps, targets_of("classy", classes, mode))
    same(numbers(logits, labels, eps / (1 + eps), targets_of("uniform", classes, mode)), classy)


@WEIGHTED
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), classes=st.integers(2, 12), eps=st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.999, 1.0]))
def test_a_uniform_prior_is_uniform(mode: WeightMode | None, seed: int, classes: int, eps: float) -> None:
    logits, labels = drawn(30, classes, seed)
    prior = np.full(classes, 1 / classes)
    of_prior = numbers(logits, labels, eps, targets_of("prior", classes, mode, prior))
    uniform = numbers(logits, labels, eps, targets_of("uniform", classes, mode))
    # What depends on the label in general has a standard error, here of 0.
    of_label = ("loss_floor",) if mode != "torch" else ()
    for name in (*of_label, "target_on", "target_off", "logit_gap_optimal"):
        assert of_prior[name][1] == pytest.approx(0, abs=1e-12) or np.isnan(of_prior[name][1])
        uniform[name], of_prior[name] = uniform[name][:1], of_prior[name][:1]
    if eps in (0, 1):  # exactly at the target nothing is above it, but for rounding
        uniform.pop("above_target")
        of_prior.pop("above_target")
    same(uniform, of_prior)


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_no_smoothing_is_the_hard_loss_in_every_convention(smoothing: Smoothing, kernel: Kernel) -> None:
    logits, labels = drawn(50, 4)
    report = lscli.evaluate(logits, labels, eps=0, smoothing=smoothing, kernel=kernel)
    assert report["loss_hard"] == report["loss_smoothed"] == report["loss_excess"]
    assert (0, 1, 0) == (report["loss_floor"], report["target_on"], report["target_off"])


def test_an_empirical_prior_is_that_of_the_labels_that_count() -> None:
    logits, labels = drawn(90, 4)
    labels[::5] = -100
    weights = np.arange(90) % 3
    count = np.bincount(labels[labels >= 0], weights[labels >= 0], 4)
    given_prior = lscli.evaluate(logits, labels, smoothing="prior", prior=count / count.sum(), weights=weights)
    assert (
        given_prior.rows == lscli.evaluate(logits, labels, smoothing="prior", prior="empirical", weights=weights).rows
    )


def test_a_prior_that_leaves_classes_out_may_have_them_masked() -> None:
    # 0 * inf is nan; the loss of such a prior is that without the class.
    logits, labels = drawn(40, 4)
    wide = np.insert(logits, 1, -np.inf, axis=1)
    how: Any = {"eps": [0, 0.2, 1], "smoothing": "prior", "metrics": "loss_prior,loss_smoothed,loss_floor"}
    expected = lscli.evaluate(logits, labels, prior=[0.1, 0.2, 0.3, 0.4], **how)
    found = lscli.evaluate(wide, labels + (labels >= 1), prior=[0.1, 0, 0.2, 0.3, 0.4], **how)
    assert [row.value for row in expected.rows] == pytest.approx([row.value for row in found.rows], rel=1e-13)


def test_columns_are_those_of_the_targets() -> None:
    weights, prior = np.array([1.0, 2.0]), np.array([0.5, 0.5])
    expected = {
        Targets(): {"loss_hard", "loss_uniform"},
        Targets("off-target"): {"loss_hard", "loss_uniform"},
        Targets("prior", prior): {"loss_hard", "loss_prior", "label"},
        Targets("uniform", None, weights): {"loss_hard", "label", "loss_uniform_weighted"},
        Targets("uniform", None, weights, "target-only"): {"loss_hard", "label", "loss_uniform"},
        Targets("prior", prior, weights): {"loss_hard", "label", "loss_prior"},
    }
    for targets, columns in expected.items():
        assert columns == select("loss_excess")[0].columns(Settings(targets=targets))
        assert columns | {"log_not_label"} == select("excess_structure")[0].columns(Settings(targets=targets))
        of_prior = set() if targets.prior is None else {"loss_prior"}
        of_prior |= {"label"} if of_prior and targets.class_weights is not None else set()
        assert of_prior == select("loss_prior")[0].columns(Settings(targets=targets))
        # Only the floor depends on the label.
        of_loss = columns - ({"label"} if targets.class_weights is None else set())
        assert of_loss == select("loss_smoothed")[0].columns(Settings(targets=targets))


def test_soft_labels_have_a_floor_column_per_eps() -> None:
    settings = Settings(eps=(0.1, -0.2), soft_labels=True)
    loss, floor, excess = select("loss_smoothed,loss_floor,loss_excess")
    assert {"loss_hard", "loss_uniform"} == loss.columns(settings)
    assert {"entropy_of_target@0.1"} == floor.columns(settings)  # those of a negative eps are no distribution
    assert loss.columns(settings) | floor.columns(settings) == excess.columns(settings)
    assert {"entropy_of_target@0.3"} == select("loss_floor@0.3")[0].columns(settings)
