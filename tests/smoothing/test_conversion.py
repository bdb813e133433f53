"""The eps of one convention converted to another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lscli
from lscli import convert_eps, smooth_labels
from lscli.options import Smoothing
from lscli.smoothing.conventions import CONVENTIONS

NAMES: tuple[Smoothing, ...] = ("uniform", "off-target", "classy")


@given(st.floats(0, 1), st.integers(2, 60), st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_conversion_and_back_gives_the_same_eps_and_the_same_targets(
    eps: float, k: int, source: Smoothing, target: Smoothing
) -> None:
    try:
        other = convert_eps(eps, k, source, target)
    except lscli.UsageError:
        # The eps would be above 1.
        e = CONVENTIONS[source].mixture_weight(eps, k)
        assert {"uniform": 1, "off-target": k / (k - 1), "classy": 0.5}[target] < e * (1 + 1e-11)
        return
    assert 0 <= other <= 1
    assert eps == pytest.approx(convert_eps(other, k, target, source), abs=1e-12)
    np.testing.assert_allclose(
        smooth_labels([0], k, eps, source), smooth_labels([0], k, other, target), rtol=0, atol=1e-12
    )


def test_a_result_that_rounds_above_1_is_1() -> None:
    for k in range(2, 400):
        assert 1 == pytest.approx(convert_eps((k - 1) / k, k, "off-target", "uniform"), rel=1e-15)
        assert convert_eps((k - 1) / k, k, "off-target", "uniform") <= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.8, 10, "uniform", "classy"), "no eps of classy"),
        ((1, 10, "uniform", "classy"), "no eps of classy"),
        ((1, 10, "off-target", "uniform"), "no eps of uniform"),
        ((0.1, 10, "uniform", "prior"), "prior"),
        ((0.1, 10, "unifrom", "classy"), "unknown value 'unifrom'"),
        ((0.1, 1, "uniform", "classy"), "at least 2"),
        ((0.1, 2.5, "uniform", "classy"), "whole number"),
        ((-0.1, 10, "uniform", "classy"), r"in \[0, 1\]"),
        ((math.nan, 10, "uniform", "classy"), r"in \[0, 1\]"),
    ],
)
def test_an_eps_that_cannot_be_converted_is_refused(arguments: Any, words: str) -> None:
    with pytest.raises(lscli.UsageError, match=words):
        convert_eps(*arguments)


def test_published_conversions() -> None:
    assert 0.1 * 10 / 9 == pytest.approx(convert_eps(0.1, 10, "off-target", "uniform"), rel=1e-15)
    assert 0.1 / 1.1 == pytest.approx(convert_eps(0.1, 10, "classy", "uniform"), rel=1e-15)
    # The binary eps of Keras is twice that of mmpretrain.
    assert 0.2 == pytest.approx(convert_eps(0.1, 2, "off-target", "uniform"), rel=1e-15)
