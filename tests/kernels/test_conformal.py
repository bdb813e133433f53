"""Conformal scores against sums written out, and the laws of sets."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lscli.kernels.conformal import Scoring, label_scores, within

LAC, APS, RAPS = Scoring("lac"), Scoring("aps"), Scoring("raps", 0.05, 2)
EVERY = (LAC, APS, RAPS, Scoring("aps", randomized=True), Scoring("raps", 0.05, 2, randomized=True))


def of_classes(x: Any, how: Scoring) -> Any:
    """The score of every class, [n, K], each as that of a label."""
    return np.stack([label_scores(x, np.full(len(x), k), how) for k in range(x.shape[1])], axis=1)


def written_out(x: Any, how: Scoring, u: Any) -> Any:
    x = x.astype(np.float64)
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    if how.method == "lac":
        return 1 - p
    scores = np.empty(x.shape)
    for row, k in np.ndindex(x.shape):
        at_least, equal = x[row] >= x[row, k], x[row] == x[row, k]
        scores[row, k] = p[row, at_least].sum() - u[row] * p[row, equal].sum()
        if how.method == "raps":
            scores[row, k] += how.penalty * max(0, at_least.sum() - how.rank)
    return scores


def some_rows(classes: int, dtype: Any = np.float64) -> Any:
    x = np.random.default_rng(classes).normal(size=(300 if classes < 100 else 40, classes), scale=3)
    x[::7] = np.round(x[::7])  # ties
    x[3, 1:] = x[5, 0] = -np.inf
    x[9] = 0
    x[11] *= 100
    return x.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 3, 10, 150])
def test_scores_are_the_sums_written_out(classes: int, dtype: Any) -> None:
    x = some_rows(classes, dtype)
    for how in (LAC, APS, RAPS):
        assert written_out(x, how, np.zeros(len(x))) == pytest.approx(of_classes(x, how), abs=2e-15 * classes)


def test_scores_by_hand() -> None:
    x = np.log([[0.5, 0.3, 0.2]])
    assert [[0.5, 0.7, 0.8]] == pytest.approx(of_classes(x, LAC))
    assert [[0.5, 0.8, 1.0]] == pytest.approx(of_classes(x, APS))
    assert [[0.5, 0.8, 1.05]] == pytest.approx(of_classes(x, RAPS))
    assert [[0.6, 1.0, 1.2]] == pytest.approx(of_classes(x, Scoring("raps", 0.1, 0)) - [[0, 0, 0.1]])
    tied = np.zeros((1, 4))
    assert [[1.0] * 4] == of_classes(tied, APS).tolist()
    assert [[0.75] * 4] == of_classes(tied, LAC).tolist()
    assert [[1.1] * 4] == of_classes(tied, RAPS).tolist()  # all four have the rank 4


def test_all_probabilities_sum_to_exactly_1() -> None:
    x = np.random.default_rng(0).normal(size=(2000, 37), scale=2)
    assert {1.0} == {*label_scores(x, x.argmin(axis=1), APS).tolist()}
    assert np.maximum.reduce(of_classes(x, APS), axis=None) == 1.0


def test_a_confident_row_keeps_its_digits() -> None:
    for gap in (1.0, 20.0, 40.0, 300.0):
        x = np.array([[0.0, gap, -1.0]])
        rest = math.exp(-gap) + math.exp(-gap - 1)
        assert rest / (1 + rest) == pytest.approx(label_scores(x, np.array([1]), LAC)[0], rel=1e-14, abs=0)


def test_masked_classes_have_the_largest_score() -> None:
    x = np.array([[0.0, -np.inf, 0.0], [1.0, -np.inf, -np.inf]])
    assert [[0.5, 1.0, 0.5], [0.0, 1.0, 1.0]] == of_classes(x, LAC).tolist()
    assert [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]] == of_classes(x, APS).tolist()
    inside = within(x, LAC, np.full(3, 0.99))
    assert [[True, False, True], [True, False, False]] == inside.tolist()
    assert within(x, LAC, np.full(3, np.inf)).all()


def test_huge_logits() -> None:
    x = np.array([[1e300, -1e308, 1e300], [3e38, 0.0, -3e38]])
    assert [[0.5, 1.0, 0.5], [0.0, 1.0, 1.0]] == of_classes(x, LAC).tolist()
    for how in EVERY:
        own = of_classes(x, how)
        for q in {*own.ravel().tolist()}:
            assert (own <= q).tolist() == within(x, how, np.full(3, q)).tolist()


@pytest.mark.parametrize("how", EVERY)
@pytest.mark.parametrize("classes", [2, 5, 40, 150])
def test_a_class_is_in_the_set_exactly_if_its_score_is_within_the_quantile(classes: int, how: Scoring) -> None:
    for dtype in (np.float32, np.float64):
        x = some_rows(classes, dtype)
        own = of_classes(x, how)
        for q in (-1.0, 0.0, 0.3, 0.9, 0.999, 1.0, np.inf, *own[::6].ravel()[:100]):
            assert (own <= q).tobytes() == within(x, how, np.full(classes, q)).tobytes()
        of_class = own[np.arange(classes) % len(x), np.arange(classes)]
        of_class[0] = np.inf
        assert (own <= of_class).tobytes() == within(x, how, of_class).tobytes()


@pytest.mark.parametrize("how", EVERY)
@settings(max_examples=25, deadline=None)
@given(
    x=arrays(np.float64, (4, 5), elements=st.one_of(st.integers(-3, 3).map(float), st.floats(-50, 50))),
    seed=st.integers(0, 99),
    q=st.floats(0, 1.2),
)
def test_laws(how: Scoring, x: Any, seed: int, q: float) -> None:
    scores, inside = of_classes(x, how), within(x, how, np.full(5, q))
    assert (scores <= q).tolist() == inside.tolist()
    rng = np.random.default_rng(seed)
    by_row, by_class = rng.permutation(4), rng.permutation(5)
    assert scores[by_row].tolist() == of_classes(x[by_row], how).tolist()
    assert scores[:, by_class].tolist() == of_classes(np.ascontiguousarray(x[:, by_class]), how).tolist()
    assert inside[:, by_class].tolist() == within(x[:, by_class], how, np.full(5, q)).tolist()
    assert (inside <= within(x, how, np.full(5, q + 0.1))).all()
    for row in range(4):  # the larger logit has the smaller score
        order = np.argsort(-x[row], kind="stable")
        assert (np.diff(scores[row, order]) >= 0).all()
    x = np.rint(x * 1024) / 1024  # so that no sum is rounded
    assert of_classes(x, how).tolist() == of_classes(x + 8.0, how).tolist()


def test_the_share_of_randomized_scores_is_uniform_and_the_same_for_all_classes() -> None:
    x = np.random.default_rng(0).normal(size=(5000, 6))
    plain, drawn = of_classes(x, APS), of_classes(x, Scoring("aps", randomized=True))
    p = 1 - of_classes(x, LAC)
    u = (plain - drawn) / p
    assert u == pytest.approx(np.repeat(u[:, :1], 6, axis=1), abs=1e-9)
    counts = np.bincount((u[:, 0] * 20).astype(int), minlength=20)
    assert ((counts - 250) ** 2 / 250).sum() < 43.8  # chi-squared with 19 degrees of freedom, p = 0.001
    assert abs(np.corrcoef(u[:, 0], x.max(axis=1))[0, 1]) < 0.05
    written = written_out(x, Scoring("aps"), u[:, 0])
    assert written == pytest.approx(drawn, abs=1e-9)


def test_randomized_scores_of_labels_drawn_by_the_probabilities_are_uniform() -> None:
    rng = np.random.default_rng(1)
    x = np.round(rng.normal(size=(20000, 5)))  # many ties
    x = x + rng.uniform(size=(20000, 1)) * np.array([[0, 0, 1, 1, 1]])
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    label = (rng.uniform(size=(20000, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(0, 4)
    scores = np.sort(label_scores(x, label, Scoring("aps", randomized=True)))
    distance = np.abs(scores - (np.arange(20000) + 0.5) / 20000).max()
    assert distance < 1.95 / math.sqrt(20000)  # Kolmogorov and Smirnov, p = 0.001


def test_raps_is_the_sum_of_penalties_of_its_authors() -> None:
    """As in the paper's algorithm: penalties from rank k_reg on, added up in descending order of probability."""
    x = np.random.default_rng(2).normal(size=(50, 12), scale=2)
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    order = np.argsort(-p, axis=1)
    penalties = np.zeros(12)
    penalties[3:] = 0.02
    total = np.cumsum(np.take_along_axis(p, order, axis=1), axis=1) + np.cumsum(penalties)
    found = np.take_along_axis(of_classes(x, Scoring("raps", 0.02, 3)), order, axis=1)
    assert total == pytest.approx(found, abs=1e-14)


def test_scores_of_fractions() -> None:
    """e^x is 1/2^k exactly enough for fractions: probabilities of 1/2, 1/4, 1/8, 1/8."""
    x = np.log(np.array([[4.0, 2.0, 1.0, 1.0]]))
    sums = [Fraction(1, 2), Fraction(3, 4), Fraction(1), Fraction(1)]
    assert [float(each) for each in sums] == pytest.approx(of_classes(x, APS)[0].tolist(), rel=1e-15)
