"""Labels of every form as smoothed targets, and the labels and options that are refused."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lscli
from lscli import smooth_labels
from lscli.options import Smoothing


@given(st.floats(0, 1), st.sampled_from(get_args(Smoothing)))
def test_one_hot_rows_and_class_numbers_give_the_same_bits(eps: float, smoothing: Smoothing) -> None:
    labels, prior = [2, 0, 1, 3, 3], [0.1, 0.2, 0.3, 0.4] if smoothing == "prior" else None
    expected = smooth_labels(labels, 4, eps, smoothing, prior)
    for dtype in (np.bool_, np.uint8, np.float32):
        assert np.array_equal(expected, smooth_labels(np.eye(4, dtype=dtype)[labels], 4, eps, smoothing, prior))


def test_distributions_are_mixed_with_u() -> None:
    q, prior = np.array([[0.6, 0.3, 0.1]]), np.array([0.2, 0.2, 0.6])
    np.testing.assert_allclose(smooth_labels(q, 3, 0.1, "prior", prior), 0.9 * q + 0.1 * prior, rtol=1e-15)
    np.testing.assert_allclose(smooth_labels(q, 3, 0.1, "off-target"), 0.85 * q + 0.05, rtol=1e-15)


@pytest.mark.parametrize("ignore_index", [-100, 0, 1])
def test_truth_values_are_two_classes(ignore_index: int) -> None:
    expected = smooth_labels([1, 0, 0], 2, 0.1)
    assert np.array_equal(expected, smooth_labels([True, False, False], 2, 0.1, ignore_index=ignore_index))


def test_ignored_labels_have_targets_of_zero() -> None:
    assert [True, False, True] == smooth_labels([1, -100, 2], 3, 0.1).any(axis=1).tolist()
    assert [True, False] == smooth_labels([[0, 1], [-100, -100]], 2, 0.1).any(axis=1).tolist()
    assert [[0.0] * 3] == smooth_labels([0], 3, 0.1, ignore_index=0).tolist()


@pytest.mark.parametrize("ignore_index", [0, 1])
def test_in_a_row_0_and_1_are_values_even_if_ignore_index_is_the_same(ignore_index: int) -> None:
    rows = [[0, 1, 1]]
    assert smooth_labels(rows, 3, 0.1).tolist() == smooth_labels(rows, 3, 0.1, ignore_index=ignore_index).tolist()


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (([0], 3, 1.5), {}, r"eps: must be finite and in \[0, 1\], got 1.5"),
        (([0], 3, math.nan), {}, "got nan"),
        (([0], 3, "x"), {}, "got x"),
        (([0], 3, None), {}, "got None"),
        (([0], 3, 10**400), {}, "got 1000"),
        (([0], 3, -0.1), {}, r"must be finite and in \[0, 1\], got -0.1"),
        (([0], 3, -math.inf), {"allow_negative_eps": True}, "finite"),
        (([0], 3, -1.0, "classy"), {"allow_negative_eps": True}, "above -1"),
        (([0], 1, 0.1), {}, "classes: must be at least 2, got 1"),
        (([0], "3", 0.1), {}, "classes: must be a whole number"),
        (([0], 3, 0.1, "of-target"), {}, "smoothing: unknown value 'of-target'"),
        (([0], 3, 0.1, "prior"), {}, "needs a prior"),
        (([0], 3, 0.1, "uniform", [0.2, 0.3, 0.5]), {}, "has no prior"),
    ],
)
def test_wrong_usage_is_refused(arguments: Any, options: Any, words: str) -> None:
    with pytest.raises(lscli.UsageError, match=words) as caught:
        smooth_labels(*arguments, **options)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 3], r"label out of range at row 1 \(value 3, 3 classes\)"),
        ([0, -1], r"label out of range at row 1 \(value -1, 3 classes\)"),
        ([0.0, 1.0], "float64"),
        ([True, False], "bool"),
        (2, "need class numbers"),
        ([[[1, 0, 0]]], "need class numbers"),
        ([[0, 1]], "labels of 2 classes, not 3"),
        ([[0, 1, 0], [0, 0, 1.5]], r"row 1, class 2: 1.5 is not in \[0, 1\]"),
        ([[0, math.nan, 0]], "row 0, class 1: nan"),
        ([[0, -0.5, 0]], "row 0, class 1: -0.5"),
        ([["0", "1", "0"]], "not numbers"),
        ([[1j, 0, 0]], "not numbers"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(labels: Any, words: str) -> None:
    with pytest.raises(lscli.InputError, match=words) as caught:
        smooth_labels(labels, 3, 0.1)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        ([0.5, 0.5], "2 priors for 3 classes"),
        ([[0.2, 0.3, 0.5]], r"shape \(1, 3\)"),
        ([0.5, 0.6, -0.1], "the prior of class 2 is negative"),
        ([0.5, math.inf, 0.1], "the prior of class 1 is not finite"),
        ([0.5, math.nan, 0.1], "the prior of class 1 is not finite"),
        ([0.5, 0.3, 0.1], "sums to 0.9, not to 1"),
        ([0, 0, 0], "sums to 0, not to 1"),
        (["a", "b", "c"], "not numbers"),
    ],
)
def test_a_prior_that_cannot_be_used_is_refused(prior: Any, words: str) -> None:
    with pytest.raises(lscli.InputError, match=words) as caught:
        smooth_labels([0], 3, 0.1, "prior", prior)
    assert caught.value.hint
