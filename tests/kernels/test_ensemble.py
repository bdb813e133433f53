"""The rows of an ensemble against the textbook's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lscli.kernels import ensemble
from lscli.kernels.ensemble import EnsembleMean, Rows
from lscli.options import EnsembleOf
from tests import ensembles
from tests.ensembles import Array

SHAPES = ((5, "float64"), (130, "float32"), (130, "float64"), (1000, "float32"))


def computed(x: Array, element: str, of: EnsembleOf = "probs", sums: float | None = None) -> tuple[Array, Rows]:
    """The rows of members x [S, N, K], tile by tile."""
    count, rows, classes = x.shape
    mean = EnsembleMean(classes, count, element, of, sums, entropies=True)
    out = np.empty((rows, classes), element)
    parts = [
        mean.rows([*x[:, start : start + mean.tile]], out[start : start + mean.tile])
        for start in range(0, rows, mean.tile)
    ]
    return out, Rows(*map(np.concatenate, zip(*parts, strict=True)))


def odd(x: Array) -> Array:
    """Members with masked classes, huge logits and equal ones."""
    x[:, 3, 1] = -np.inf  # masked in all members
    x[0, 4, 2] = -np.inf  # masked in one
    x[:, 5] *= 100  # exponentials underflow
    x[1, 6] *= 400
    x[:, 7] = 0
    x[:, 8] += 1e4
    return x


@pytest.mark.parametrize(("classes", "element"), SHAPES)
@pytest.mark.parametrize("of", ["probs", "logits"])
def test_rows_are_those_of_the_textbook(classes: int, element: str, of: EnsembleOf) -> None:
    x = odd(ensembles.members(40, classes, 4, element))
    found, rows = computed(x, element, of)
    expected = ensembles.log_mean(x) if of == "probs" else x.astype(np.longdouble).mean(axis=0)
    tolerance = 1e-13 if element == "float64" else 4e-6
    assert [True] == np.unique(np.isneginf(found) == np.isneginf(expected)).tolist()
    finite = np.isfinite(expected)
    # Logits are shifted by a constant of the row, which is rounded, too.
    np.testing.assert_allclose(found[finite], expected[finite].astype(float), rtol=tolerance, atol=tolerance)
    entropy, information = ensembles.disagreement(x)
    np.testing.assert_allclose(rows.expected_entropy, entropy.astype(float), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(rows.mutual_information, information.astype(float), rtol=tolerance, atol=tolerance)
    assert [-1] == np.unique(rows.fault).tolist()


@pytest.mark.parametrize(("classes", "element"), SHAPES)
def test_confident_rows_keep_their_digits(classes: int, element: str) -> None:
    x = ensembles.members(40, classes, 3, element)
    x[:, :, 2] = x.max(axis=2) + 30  # 1 - c is about 1e-12
    found, rows = computed(x, element)
    p = np.exp(ensembles.log_probabilities(x))
    p[:, :, 2] = 0
    tail = np.exp(found.astype(float) - found.max(axis=1, keepdims=True).astype(float))
    tail[:, 2] = 0
    tolerance = 1e-12 if element == "float64" else 4e-6
    np.testing.assert_allclose(tail.sum(axis=1), p.mean(axis=0).sum(axis=1).astype(float), rtol=tolerance)
    entropy = ensembles.disagreement(x)[0].astype(float)
    assert entropy.max() < 1e-9
    np.testing.assert_allclose(rows.expected_entropy, entropy, rtol=max(tolerance, 1e-6))


@pytest.mark.parametrize("above", [90.0, 200.0])
def test_members_keep_their_digits_where_float32_underflows(above: float) -> None:
    x = ensembles.members(40, 130, 3, "float32")
    x[:, :30, 2] = x[:, :30].max(axis=2) + np.float32(above)  # 1 - c is 1e-38 or 1e-86
    x[:, 3, 1] = -np.inf  # masked in all members
    x[0, 4, 5] = -np.inf  # masked in one
    rows = computed(x, "float32")[1]
    exact = computed(x.astype(np.float64), "float64")[1]
    np.testing.assert_allclose(rows.expected_entropy[:30], exact.expected_entropy[:30], rtol=1e-12)
    np.testing.assert_allclose(rows.mutual_information[:30], exact.mutual_information[:30], rtol=1e-11)
    # No bit depends on the rows beside.
    for start, stop in ((0, 1), (1, 8), (8, 40)):
        some = computed(x[:, start:stop], "float32")[1]
        assert rows.expected_entropy[start:stop].tolist() == some.expected_entropy.tolist()
        assert rows.mutual_information[start:stop].tolist() == some.mutual_information.tolist()


@pytest.mark.parametrize(("distance", "tolerance"), [(1e-3, 1e-9), (1e-6, 1e-7), (1e-8, 1e-4)])
def test_members_that_nearly_agree_keep_their_digits(distance: float, tolerance: float) -> None:
    x = ensembles.members(30, 6, 1, "float64")[0]
    x = x + distance * np.random.default_rng(2).standard_normal((4, 30, 6))
    # By log1p of the exact difference, since the textbook's own digits cancel.
    p = np.exp(ensembles.log_probabilities(x))
    r = p / p.mean(axis=0) - 1
    expected = (p.mean(axis=0) * ((1 + r) * np.log1p(r) - r)).sum(axis=2).mean(axis=0).astype(float)
    assert expected.max() < distance**2
    np.testing.assert_allclose(computed(x, "float64")[1].mutual_information, expected, rtol=tolerance)


def test_a_row_that_is_not_finite_has_the_value_of_its_member() -> None:
    x = ensembles.members(6, 4)
    x[2, 0, 1], x[1, 1, 3], x[1, 2], x[0, 3, 0], x[2, 3] = np.nan, np.inf, -np.inf, np.inf, -np.inf
    for of in ("probs", "logits"):
        found, rows = computed(x, "float64", of)
        assert [2, 1, 1, 0, -1, -1] == rows.fault.tolist()
        assert np.isnan(found[0]).all()
        assert [np.inf, -np.inf, np.inf] == [row[0] for row in found[1:4]]
        assert np.isfinite(found[4:]).all()


@pytest.mark.parametrize("of", ["probs", "logits"])
def test_probabilities_that_do_not_sum_to_1_give_a_row_of_their_sum(of: EnsembleOf) -> None:
    x = ensembles.log_probabilities(ensembles.members(5, 4)).astype(float)
    x[1, 3] += np.log(1.25)
    x[2, 3] += np.log(2)
    found, rows = computed(x, "float64", of, sums=0.01)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), [1, 1, 1, 1.25, 1], rtol=1e-14)
    assert [-1, -1, -1, 1, -1] == rows.fault.tolist()


@pytest.mark.parametrize(("classes", "element"), SHAPES)
@pytest.mark.parametrize("of", ["probs", "logits"])
def test_no_bit_depends_on_the_tiles(
    classes: int, element: str, of: EnsembleOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = odd(ensembles.members(31, classes, 3, element))
    row, rows = computed(x, element, of)
    expected = [part.tobytes() for part in (row, *rows)]
    size = 3 * classes * np.dtype(element).itemsize
    for tile in (2, 3, 10, 30):
        monkeypatch.setattr(ensemble, "_TILES", tile * size)
        row, rows = computed(x, element, of)
        assert expected == [part.tobytes() for part in (row, *rows)]


many = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(many, st.sampled_from([2, 7, 140]), st.integers(2, 6), st.floats(0.01, 60))
def test_equal_members_are_one_member(seed: int, classes: int, count: int, spread: float) -> None:
    x = spread * np.random.default_rng(seed).standard_normal((9, classes))
    found, rows = computed(np.stack([x] * count), "float64")
    np.testing.assert_allclose(found, ensembles.log_probabilities(x).astype(float), rtol=1e-12, atol=1e-12)
    assert [0.0] == np.unique(rows.mutual_information).tolist()
    log_p = ensembles.log_probabilities(x)
    np.testing.assert_allclose(rows.expected_entropy, -(np.exp(log_p) * log_p).sum(axis=1).astype(float), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(many, st.sampled_from([2, 7, 140]), st.integers(2, 6), st.floats(0.01, 60))
def test_the_entropy_of_the_mean_has_two_parts(seed: int, classes: int, count: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    x = spread * rng.standard_normal((count, 9, classes))
    found, rows = computed(x, "float64")
    assert (rows.mutual_information >= 0).all()
    assert (rows.mutual_information <= np.log(count) + 1e-12).all()
    entropy = -(np.exp(found) * found).sum(axis=1)
    np.testing.assert_allclose(rows.expected_entropy + rows.mutual_information, entropy, rtol=1e-11, atol=1e-12)
    again, others = computed(x[rng.permutation(count)], "float64")
    np.testing.assert_allclose(again, found, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(others.mutual_information, rows.mutual_information, rtol=1e-12, atol=1e-12)
