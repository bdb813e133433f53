"""Smoothed targets: published examples, explicit vectors as an oracle, and edge cases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lscli import smooth_labels
from lscli.options import Smoothing
from lscli.smoothing.conventions import CONVENTIONS as ALL
from lscli.smoothing.targets import Targets

Array = NDArray[Any]
CONVENTIONS: tuple[Smoothing, ...] = ("uniform", "off-target", "classy")
EPS = st.floats(0, 1)
CLASSES = st.integers(2, 60)


def entropy(q: Array) -> float:
    """H(q) of an explicit vector."""
    kept = q[q > 0]
    return float(-np.sum(kept * np.log(kept)))


def gap(q: Array, y: int) -> float:
    """The label's logit less the mean of the others, of logits log q."""
    with np.errstate(divide="ignore"):
        z = np.log(q)
    return float(z[y] - np.mean(np.delete(z, y)))


def prior_of(num_classes: int, seed: int = 0) -> Array:
    drawn = np.random.default_rng(seed).random(num_classes) + 0.01
    return np.asarray(drawn / drawn.sum())


# Published examples.


@pytest.mark.parametrize(
    ("labels", "k", "eps", "smoothing", "expected"),
    [
        pytest.param([1], 4, 0.001, "uniform", [[0.00025, 0.99925, 0.00025, 0.00025]], id="A1 the article"),
        pytest.param([[0, 1, 0, 0]], 4, 0.001, "uniform", [[0.00025, 0.99925, 0.00025, 0.00025]], id="A1 one-hot"),
        pytest.param([3], 1000, 0.1, "uniform", [[0.0001] * 3 + [0.9001] + [0.0001] * 996], id="A2 Szegedy"),
        pytest.param(
            [[0, 1, 0], [1, 0, 0]],
            *(3, 0.1, "uniform"),
            [[0.1 / 3, 2.8 / 3, 0.1 / 3], [2.8 / 3, 0.1 / 3, 0.1 / 3]],
            id="A3 optax",
        ),
        pytest.param([[0, 1, 0]], 3, 0, "uniform", [[0, 1, 0]], id="A3 eps 0"),
        pytest.param([[0, 1, 0]], 3, 1, "uniform", [[1 / 3] * 3], id="A3 eps 1"),
        pytest.param(
            [[0, 1, 0], [1, 0, 1]],
            *(3, 0.1, "uniform"),
            [[0.1 / 3, 2.8 / 3, 0.1 / 3], [2.8 / 3, 0.1 / 3, 2.8 / 3]],
            id="A4 Paddle",
        ),
        pytest.param([2], 4, 0.1, "uniform", [[0.025, 0.025, 0.925, 0.025]], id="A5 flax"),
        pytest.param([[0, 0, 0, 0, 1]], 5, 0.1, "classy", [[0.2 / 11] * 4 + [10.2 / 11]], id="A6 ClassyVision"),
        pytest.param([4], 5, 0.1, "classy", [[0.2 / 11] * 4 + [10.2 / 11]], id="A6 class number"),
        pytest.param([[-1, 0, 0, 0, 1]], 5, 0.5, "classy", [[1 / 15] * 4 + [11 / 15]], id="A7 ignored in a row"),
        pytest.param(
            [[1, 0, 0, 0, 1]], 5, 0.5, "classy", [[6 / 15, 1 / 15, 1 / 15, 1 / 15, 6 / 15]], id="A8 divided by its sum"
        ),
        pytest.param([[1, 1, 1, 1]], 4, 0.1, "classy", [[0.25] * 4], id="A9 all classes"),
        # ClassyVision counts an ignored row as a uniform one, a bug that its test pins. Here the row is 0.
        pytest.param([4, -1], 5, 0.5, "classy", [[1 / 15] * 4 + [11 / 15], [0] * 5], id="A10 ignored"),
        pytest.param([0, 1], 2, 0.2, "uniform", [[0.9, 0.1], [0.1, 0.9]], id="A12 Flux"),
        # A binary target is one of two classes here: the 0.95 and 0.05 of Keras are `uniform`.
        pytest.param([1, 0], 2, 0.1, "uniform", [[0.05, 0.95], [0.95, 0.05]], id="A13 Keras binary"),
        # The 1-eps and eps of mmpretrain's multi_label are `off-target` with two classes.
        pytest.param([1, 0], 2, 0.1, "off-target", [[0.1, 0.9], [0.9, 0.1]], id="A14 mmpretrain multi_label"),
    ],
)
def test_a_published_example(labels: Any, k: int, eps: float, smoothing: Smoothing, expected: Any) -> None:
    found = smooth_labels(labels, k, eps, smoothing, ignore_index=-1)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-17)


def test_the_targets_of_opennmt_are_a_prior_without_padding_and_label() -> None:
    # OpenNMT gives eps/(V-2) to every class but the label and the padding (class 1): one prior for each label.
    for label, expected in ((2, [0.1 / 3, 0, 0.9, 0.1 / 3, 0.1 / 3]), (3, [0.1 / 3, 0, 0.1 / 3, 0.9, 0.1 / 3])):
        prior = np.array([1, 0, 1, 1, 1]) / 3
        prior[label] = 0
        np.testing.assert_allclose(smooth_labels([label], 5, 0.1, "prior", prior), [expected], atol=1e-15)
    assert [[0.0] * 5] == smooth_labels([1], 5, 0.1, ignore_index=1).tolist()


def test_a_published_optimum_with_class_weights() -> None:
    w, q = np.array([0.1, 0.9]), np.array([0.95, 0.05])
    p = np.array([0.6785714285714286, 0.3214285714285714])
    floor = Targets(class_weights=w).weighted_floor(0.1)
    assert -np.sum(w * q * np.log(p)) == pytest.approx(floor[0], rel=1e-14)


# Published floors and gaps.


@pytest.mark.parametrize(
    ("k", "eps", "floors", "gaps"),
    [
        (2, 0.05, (0.116907, 0.198515), (3.663562, 2.944439)),
        (2, 0.1, (0.198515, 0.325083), (2.944439, 2.197225)),
        (2, 0.2, (0.325083, 0.500402), (2.197225, 1.386294)),
        (3, 0.05, (0.169250, 0.233173), (4.060443, 3.637586)),
        (3, 0.1, (0.291140, 0.394398), (3.332205, 2.890372)),
        (3, 0.2, (0.485094, 0.639032), (2.564949, 2.079442)),
        (10, 0.05, (0.282396, 0.308376), (5.252273, 5.141664)),
        (10, 0.1, (0.500288, 0.544805), (4.510860, 4.394449)),
        (10, 0.2, (0.866894, 0.939847), (3.713572, 3.583519)),
        (100, 0.05, (0.424499, 0.428271), (7.550135, 7.539559)),
        (100, 0.1, (0.777797, 0.784595), (6.803505, 6.792344)),
        (100, 0.2, (1.407451, 1.419426), (5.993961, 5.981414)),
        (1000, 0.05, (0.543360, 0.543853), (9.852247, 9.851194)),
        (1000, 0.1, (1.014848, 1.015758), (9.105091, 9.103979)),
        (1000, 0.2, (1.880095, 1.881753), (8.294300, 8.293049)),
        (32000, 0.05, (0.717167, 0.717188), (13.317932, 13.317899)),
        (32000, 0.1, (1.362390, 1.362429), (12.570719, 12.570685)),
        (32000, 0.2, (2.575021, 2.575094), (11.759793, 11.759754)),
    ],
)
def test_a_floor_and_a_gap_of_the_published_table(
    k: int, eps: float, floors: tuple[float, float], gaps: tuple[float, float]
) -> None:
    for targets, floor, best in zip((Targets(), Targets("off-target")), floors, gaps, strict=True):
        assert floor == pytest.approx(targets.entropy(eps, k), abs=6e-7)
        assert best == pytest.approx(targets.optimal_gap(eps, k), abs=6e-7)


def test_the_article_s_floor_and_gap() -> None:
    assert 0.0069702559097376705 == pytest.approx(Targets().entropy(0.001, 4), rel=1e-14)
    assert 8.293299358711323 == pytest.approx(Targets().optimal_gap(0.001, 4), rel=1e-14)
    assert math.log(91) == pytest.approx(Targets().optimal_gap(0.1, 10), rel=1e-14)


# The explicit vector of the targets as an oracle.


@given(EPS, CLASSES, st.sampled_from([*CONVENTIONS, "prior"]), st.integers(0, 9))
def test_floor_gap_and_targets_are_those_of_the_vector(eps: float, k: int, smoothing: Smoothing, seed: int) -> None:
    prior = prior_of(k, seed) if smoothing == "prior" else None
    targets, y = Targets(smoothing, prior), seed % k
    q = smooth_labels([y], k, eps, smoothing, prior)[0]
    of_label = {
        name: np.broadcast_to(getattr(targets, name)(eps, k), k)[y]
        for name in ("target_label", "target_rest", "entropy", "optimal_gap")
    }
    assert q[y] == pytest.approx(of_label["target_label"], rel=1e-14)
    assert 1 - q[y] == pytest.approx(of_label["target_rest"], abs=1e-15)
    assert entropy(q) == pytest.approx(of_label["entropy"], abs=1e-12)
    if 1e-9 < eps < 1 - 1e-9:
        assert gap(q, y) == pytest.approx(of_label["optimal_gap"], abs=1e-12)
    assert q.min() >= 0
    assert 1 == pytest.approx(q.sum(), abs=1e-14)


@given(EPS, CLASSES, st.sampled_from(CONVENTIONS))
def test_the_mixture_weight_gives_the_targets(eps: float, k: int, smoothing: Smoothing) -> None:
    e = ALL[smoothing].mixture_weight(eps, k)
    expected = np.full(k, e / k)
    expected[k - 1] += 1 - e
    np.testing.assert_allclose(smooth_labels([k - 1], k, eps, smoothing)[0], expected, rtol=0, atol=1e-15)


@given(EPS, CLASSES, st.integers(0, 99))
def test_a_uniform_prior_is_uniform(eps: float, k: int, seed: int) -> None:
    y = [seed % k]
    found = smooth_labels(y, k, eps, "prior", np.full(k, 1 / k))
    np.testing.assert_allclose(found, smooth_labels(y, k, eps), rtol=0, atol=1e-15)
    one, other = Targets("prior", np.full(k, 1 / k)), Targets()
    assert other.entropy(eps, k) == pytest.approx(one.entropy(eps, k)[0], abs=1e-12)


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy", "prior"])
@pytest.mark.parametrize("eps", [0, 0.001, 0.3, 1])
@pytest.mark.parametrize("k", [2, 3, 20])
def test_no_prediction_has_a_loss_below_the_weighted_floor(smoothing: Smoothing, eps: float, k: int) -> None:
    random = np.random.default_rng(k)
    prior, w = prior_of(k) if smoothing == "prior" else None, random.random(k) + 0.05
    floor = Targets(smoothing, prior, w).weighted_floor(eps)
    for y in range(k):
        c = w * smooth_labels([y], k, eps, smoothing, prior)[0]
        best = c / c.sum()

        def loss(p: Array, c: Array = c) -> float:
            return float(-np.sum(np.where(c > 0, c * np.log(np.where(c > 0, p, 1)), 0)))

        assert loss(best) == pytest.approx(floor[y], abs=1e-12)
        for _ in range(20):
            other = best * np.exp(random.normal(scale=0.1, size=k))
            assert loss(other / other.sum()) >= floor[y] - 1e-12


def test_the_floor_with_equal_weights_is_the_entropy_times_the_weight() -> None:
    targets = Targets(class_weights=np.full(5, 2.0))
    np.testing.assert_allclose(targets.weighted_floor(0.3), 2 * targets.unweighted.entropy(0.3, 5), rtol=1e-14)


def test_without_class_weights_there_is_no_weighted_floor() -> None:
    with pytest.raises(TypeError, match="class weights"):
        Targets().weighted_floor(0.1)


# Edge cases.


@pytest.mark.parametrize("smoothing", CONVENTIONS)
def test_without_smoothing_the_target_is_the_label(smoothing: Smoothing) -> None:
    assert [[0, 1, 0]] == smooth_labels([1], 3, 0, smoothing).tolist()
    targets = Targets(smoothing)
    assert (0, 0, 1, math.inf) == (
        targets.entropy(0, 3),
        targets.target_rest(0, 3),
        targets.target_label(0, 3),
        targets.optimal_gap(0, 3),
    )


@pytest.mark.parametrize("k", [2, 3, 7, 50, 1000])
def test_eps_of_1(k: int) -> None:
    uniform, off_target = smooth_labels([1], k, 1)[0], smooth_labels([1], k, 1, "off-target")[0]
    assert {1 / k} == set(uniform)
    assert 0 == Targets().optimal_gap(1, k)
    # The target of the label is 0 exactly, not a rounding error below.
    assert (0, {1 / (k - 1)}) == (off_target[1], set(np.delete(off_target, 1)))
    targets = Targets("off-target")
    assert (1, -math.inf) == (targets.target_rest(1, k), targets.optimal_gap(1, k))
    assert math.log(k - 1) == pytest.approx(targets.entropy(1, k), abs=1e-14)
    assert (1 + 1 / k) / 2 == pytest.approx(smooth_labels([1], k, 1, "classy")[0, 1], rel=1e-15)


def test_a_class_with_prior_0_has_an_optimal_logit_of_minus_infinity() -> None:
    targets = Targets("prior", np.array([0.5, 0.5, 0.0]))
    gaps = targets.optimal_gap(0.1, 3)
    assert [math.inf, math.inf] == gaps[:2].tolist()
    assert math.log(0.9 / 0.05) == pytest.approx(gaps[2], rel=1e-14)
    np.testing.assert_allclose(
        targets.entropy(0.1, 3), [entropy(q) for q in smooth_labels([0, 1, 2], 3, 0.1, "prior", [0.5, 0.5, 0])]
    )


def test_there_is_no_gap_where_the_label_and_another_class_have_targets_of_0() -> None:
    assert math.isnan(Targets("prior", np.array([0.0, 1.0, 0.0])).optimal_gap(1, 3)[0])


@pytest.mark.parametrize("smoothing", CONVENTIONS)
def test_one_number_of_classes_per_row(smoothing: Smoothing) -> None:
    """Rows with excluded masked classes have these; a row with one class is not smoothed."""
    targets, classes = Targets(smoothing), np.array([1, 2, 3, 1000], np.int32)
    for name in ("target_label", "target_other", "target_rest", "entropy", "optimal_gap"):
        several = getattr(targets, name)(0.3, classes)
        assert [getattr(targets, name)(0.3, k) for k in (2, 3, 1000)] == pytest.approx(several[1:].tolist(), rel=1e-14)
    alone = [getattr(targets, name)(0.3, classes)[0] for name in ("target_rest", "entropy")]
    assert [0, 0] == pytest.approx(alone, abs=1e-15)
    assert 1 == pytest.approx(targets.target_label(0.3, classes)[0], abs=1e-15)
    assert math.isnan(targets.optimal_gap(0.3, classes)[0])


def test_with_two_classes_an_eps_of_off_target_is_twice_that_of_uniform() -> None:
    np.testing.assert_allclose(smooth_labels([0, 1], 2, 0.1, "off-target"), smooth_labels([0, 1], 2, 0.2), atol=1e-16)


@pytest.mark.parametrize(("smoothing", "expected"), [("uniform", 1.2), ("off-target", 1.3), ("classy", 9 / 7)])
def test_a_negative_eps_gives_the_label_more_than_1(smoothing: Smoothing, expected: float) -> None:
    row = smooth_labels([1], 3, -0.3, smoothing, allow_negative_eps=True)[0]
    assert expected == pytest.approx(row[1], rel=1e-14)
    assert 1 == pytest.approx(row.sum(), abs=1e-14)


@pytest.mark.parametrize(
    ("targets", "described", "class_weighted"),
    [
        (Targets(), {}, False),
        (Targets("classy"), {"smoothing": "classy"}, False),
        (Targets(class_weights=np.ones(2)), {"class_weights": "torch"}, True),
        (Targets(class_weights=np.ones(2), weight_mode="target-only"), {"class_weights": "target-only"}, False),
    ],
)
def test_params_name_what_differs_from_the_default(
    targets: Targets, described: dict[str, str], class_weighted: bool
) -> None:
    assert (described, class_weighted) == (targets.described, targets.class_weighted)
