"""Columns of top-k rows against those of all probabilities: exact ones are equal, bounds hold and are attained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from lscli.kernels.topk import COLUMNS, Bounds, TopKRows, columns_of
from tests import naive
from tests.topk import kept

Array = NDArray[Any]

EXACT = {"label", "predicted", "correct", "confidence", "one_minus_confidence"}
# Exact, too, if the label is among the k or its probability is given.
OF_LABEL = {"loss_hard", "label_prob", "log_not_label"}
EPSILON = 2.0**-52


def columns(logits: Array, labels: Array, k: int, *, own: bool) -> dict[str, Bounds]:
    top = kept(logits, labels, k)
    given_own = top.own if own else None
    rows = TopKRows(top.values, top.classes, labels, given_own, logits.shape[1], EPSILON)
    return columns_of(rows, {*COLUMNS})


@st.composite
def samples(draw: st.DrawFn) -> tuple[Array, Array, int]:
    """Logits without ties, labels and k < K."""
    classes, rows = draw(st.integers(3, 9)), draw(st.integers(1, 4))
    scale = draw(st.sampled_from([0.1, 1.0, 5.0, 30.0]))
    values = draw(arrays(np.int64, (rows, classes), elements=st.integers(-100, 100), unique=True))
    labels = draw(arrays(np.int64, rows, elements=st.integers(0, classes - 1)))
    return scale * values / 100, labels, draw(st.integers(1, classes - 1))


@given(samples(), st.booleans())
@settings(max_examples=200)
def test_all_bounds_hold(sample: tuple[Array, Array, int], own: bool) -> None:
    logits, labels, k = sample
    expected = naive.columns(logits, labels)
    for name, (lower, upper) in columns(logits, labels, k, own=own).items():
        truth = expected[name]
        slack = 1e-11 * (1 + np.abs(truth))
        assert (lower <= truth + slack).all(), name
        assert (truth - slack <= upper).all(), name


@given(samples())
def test_what_the_k_tell_is_exact(sample: tuple[Array, Array, int]) -> None:
    logits, labels, k = sample
    expected = naive.columns(logits, labels)
    found = columns(logits, labels, k, own=True)
    for name in EXACT | OF_LABEL:
        np.testing.assert_array_equal(found[name].lower, found[name].upper)
        np.testing.assert_allclose(found[name].lower, expected[name].astype(np.float64), rtol=1e-11, atol=1e-14)
    inside = expected["label_rank"] < k
    assert expected["label_rank"][inside].tolist() == found["label_rank"].lower[inside].tolist()
    assert (found["label_rank"].lower[~inside] == k).all()
    if k > 1:
        np.testing.assert_allclose(found["margin"].lower, expected["margin"].astype(float), rtol=1e-9, atol=1e-12)


def row(*p: float, label: int, k: int, own: bool = False) -> dict[str, Any]:
    """The bounds of one row, of probabilities in descending order."""
    with np.errstate(divide="ignore"):
        logits = np.log(np.array([p]))
    found = columns(logits, np.array([label]), k, own=own)
    return {name: (float(low[0]), float(high[0])) for name, (low, high) in found.items()}


EVEN, UNEVEN = (0.5, 0.2, 0.1, 0.1, 0.1), (0.5, 0.2, 0.2, 0.1, 0.0)


@pytest.mark.parametrize("name", ["entropy", "brier", "loss_uniform"])
def test_rows_with_an_even_and_an_uneven_tail_attain_the_bounds(name: str) -> None:
    even, uneven = (
        naive.columns(np.log(np.array([p]) + 0.0), np.array([0])) for p in (EVEN, (0.5, 0.2, 0.2, 0.1, 1e-300))
    )
    low, high = row(*EVEN, label=0, k=2)[name]
    expected = sorted([float(even[name][0]), math.inf if name == "loss_uniform" else float(uneven[name][0])])
    assert expected == pytest.approx([low, high], rel=1e-12)


def test_an_unknown_label_takes_anything_that_the_tail_may_give_it() -> None:
    found = row(0.6, 0.2, 0.1, 0.06, 0.04, label=3, k=2)
    assert (0.0, pytest.approx(0.2)) == found["label_prob"]
    assert (pytest.approx(-math.log(0.2)), math.inf) == found["loss_hard"]
    assert (2, 4) == found["label_rank"]
    # p_y = 0.2: the others have nothing; p_y = 0: one other has 0.2.
    others = 0.6**2 + 0.2**2
    assert (pytest.approx(others + 0.8**2), pytest.approx(others + 1 + 0.2**2)) == found["brier"]


def test_a_label_that_the_cap_forces_up_has_a_finite_loss() -> None:
    # Three classes share 0.5, none above 0.2: each has at least 0.1.
    found = row(0.3, 0.2, 0.19, 0.16, 0.15, label=4, k=2)
    assert (pytest.approx(0.1), pytest.approx(0.2)) == found["label_prob"]
    assert (pytest.approx(-math.log(0.2)), pytest.approx(-math.log(0.1))) == found["loss_hard"]
    uniform = -(math.log(0.3) + 3 * math.log(0.2) + math.log(0.1)) / 5
    assert pytest.approx(uniform) == found["loss_uniform"][1]


def test_a_tail_of_one_class_is_known() -> None:
    found = row(0.5, 0.3, 0.2, label=2, k=2)
    expected = naive.columns(np.log(np.array([[0.5, 0.3, 0.2]])), np.array([2]))
    for name in ("entropy", "brier", "loss_uniform", "loss_hard", "logit_gap", "label_prob", "label_rank"):
        assert found[name][0] == found[name][1] == pytest.approx(float(expected[name][0]), rel=1e-12)


def test_confident_rows_keep_their_digits() -> None:
    rest = np.array([1e-12, 1e-13, 1e-14])
    log_p = np.log(rest)
    stored = np.concatenate(([0.0], log_p))[None]  # log(1 - 1e-12) is rounded to 0, as in float32
    rows = TopKRows(stored, np.arange(4)[None], np.array([0]), None, 100, 2.0**-23)
    found = columns_of(rows, {*COLUMNS})
    assert rest.sum() == pytest.approx(found["one_minus_confidence"].lower[0], rel=1e-12)
    assert rest.sum() == pytest.approx(found["loss_hard"].lower[0], rel=1e-12)
    assert np.log(rest.sum()) == pytest.approx(found["log_not_label"].lower[0], rel=1e-12)
    # The tail is rounded to 0, but not known to be 0: the uniform loss is finite.
    assert math.isfinite(found["loss_uniform"].lower[0])


def test_a_label_of_its_own_is_as_small_as_it_is_stored() -> None:
    rows = TopKRows(np.array([[0.0, -20.0]]), np.array([[3, 5]]), np.array([7]), np.array([-40.0]), 100, 2.0**-23)
    assert 40.0 == pytest.approx(columns_of(rows, {"loss_hard"})["loss_hard"].lower[0], rel=1e-9)
    # Neither does it vanish where the probabilities are below the smallest number.
    rows = TopKRows(np.array([[0.0, -800.0]]), np.array([[3, 5]]), np.array([7]), np.array([-900.0]), 100, 2.0**-23)
    assert 900.0 == columns_of(rows, {"loss_hard"})["loss_hard"].lower[0]


def test_equal_values_predict_the_first_class() -> None:
    log_p = np.log(np.array([[0.25, 0.4, 0.4]]) / 1.1)
    rows = TopKRows(log_p, np.array([[0, 8, 2]]), np.array([8]), None, 10, EPSILON)
    found = columns_of(rows, {"predicted", "label_rank", "correct"})
    assert (2, 1, False) == tuple(found[name].lower[0] for name in ("predicted", "label_rank", "correct"))


def test_a_row_with_fewer_classes_has_its_own_bounds() -> None:
    log_p = np.array([[math.log(0.7), -math.inf, -math.inf]])
    rows = TopKRows(log_p, np.array([[4, -1, -1]]), np.array([4]), None, 5, EPSILON)
    found = columns_of(rows, {"margin", "entropy", "logit_margin", "label_rank"})
    assert [0.4, 0.625] == pytest.approx([found["margin"].lower[0], found["margin"].upper[0]])
    assert -(0.7 * math.log(0.7) + 0.3 * math.log(0.3)) == pytest.approx(found["entropy"].lower[0])
    assert (0, 0) == (found["label_rank"].lower[0], found["label_rank"].upper[0])
