"""Divergences of softmax rows against scipy and extended precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr, softmax

from lscli.kernels.divergence import Divergence, DivergenceKernel


def divergence(first: np.ndarray, other: np.ndarray) -> Divergence:
    return DivergenceKernel(first.shape[1]).rows(first, other)


@pytest.mark.parametrize("spread", [3, 30])
@pytest.mark.parametrize("scale", [10, 1, 0.01, 1e-3, 1e-4])
def test_divergences_keep_their_digits_where_models_nearly_agree(scale: float, spread: float) -> None:
    random = np.random.default_rng(1)
    first = random.normal(0, spread, (300, 40))
    other = first + scale * random.normal(size=first.shape)
    log_p, log_q = (x - x.max(1)[:, None] for x in (first.astype(np.longdouble), other.astype(np.longdouble)))
    log_p, log_q = (x - np.log(np.exp(x).sum(1))[:, None] for x in (log_p, log_q))
    p, q = np.exp(log_p), np.exp(log_q)
    log_m = np.log((p + q) / 2)  # and so the oracle is exact to 1e-19
    found = divergence(first, other)
    assert found.kl == pytest.approx((p * (log_p - log_q)).sum(1).astype(float), rel=1e-7, abs=1e-18)
    assert found.kl_reverse == pytest.approx((q * (log_q - log_p)).sum(1).astype(float), rel=1e-7, abs=1e-18)
    expected = ((p * (log_p - log_m)).sum(1) + (q * (log_q - log_m)).sum(1)) / 2
    assert found.js == pytest.approx(expected.astype(float), rel=1e-7, abs=1e-18)


def test_scipy_agrees() -> None:
    first, other = np.random.default_rng(2).normal(0, 3, (2, 200, 7)).astype(np.float32)
    p, q = softmax(first.astype(float), 1), softmax(other.astype(float), 1)
    found = divergence(first, other)
    assert found.kl == pytest.approx(rel_entr(p, q).sum(1))
    assert found.kl_reverse == pytest.approx(rel_entr(q, p).sum(1))
    assert found.js == pytest.approx(jensenshannon(p, q, axis=1) ** 2)


def test_equal_rows_have_no_divergence() -> None:
    x = np.random.default_rng(3).normal(0, 100, (50, 9)).astype(np.float32)
    for values in divergence(x, x.copy()):
        assert (values == 0).all()


def test_a_class_that_only_one_model_has_makes_one_direction_infinite() -> None:
    both = np.array([[0.0, -np.inf, 1.0], [0.0, 1.0, 2.0], [0.0, -np.inf, 2.0]])
    other = np.array([[0.0, -np.inf, 2.0], [0.0, -np.inf, 2.0], [0.0, 1.0, 2.0]])
    found = divergence(both, other)
    assert np.isinf(found.kl).tolist() == [False, True, False]
    assert np.isinf(found.kl_reverse).tolist() == [False, False, True]
    assert (found.js < np.log(2)).all()
    assert found.kl[0] == pytest.approx(divergence(both[:1, [0, 2]], other[:1, [0, 2]]).kl[0])


def test_logits_far_apart() -> None:
    found = divergence(np.array([[0.0, 2000.0]]), np.array([[2000.0, 0.0]]))
    assert found.js[0] == pytest.approx(np.log(2))
    assert found.kl[0] == pytest.approx(2000)


@given(st.integers(0, 1000), st.sampled_from([1e-6, 0.1, 3.0, 300.0]))
def test_laws(seed: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    first = random.normal(0, 2, (6, 5))
    other = first + scale * random.normal(size=first.shape)
    found, swapped = divergence(first, other), divergence(other, first)
    assert found.js == pytest.approx(swapped.js, rel=1e-8, abs=1e-20)
    assert found.kl == pytest.approx(swapped.kl_reverse, rel=1e-8, abs=1e-20)
    assert all((values >= 0).all() for values in found)
    assert (found.js <= np.log(2) + 1e-15).all()
    for one, alone in zip(found, divergence(first[2:3], other[2:3]), strict=True):
        assert alone[0] == one[2]  # bit for bit, whatever the other rows are
    order = random.permutation(5)
    for one, permuted in zip(found, divergence(first[:, order], other[:, order]), strict=True):
        assert permuted == pytest.approx(one, rel=1e-6, abs=1e-20)
    for one, moved in zip(found, divergence(first + 3, other - 2), strict=True):
        assert moved == pytest.approx(one, rel=1e-4, abs=1e-18)


def test_a_probability_that_underflows_is_above_0() -> None:
    first, other = np.array([[0.0, -800.0]]), np.array([[0.0, -np.inf]])
    assert (np.inf, 0.0) == (divergence(first, other).kl[0], divergence(first, other).kl_reverse[0])
    assert (0.0, np.inf) == (divergence(other, first).kl[0], divergence(other, first).kl_reverse[0])
