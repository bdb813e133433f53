"""Measures of ID and OOD scores: by hand, against scikit-learn and scipy, and the laws that they keep."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu
from sklearn.metrics import average_precision_score, roc_auc_score

from lscli.errors import InputError
from lscli.metrics.detection import Ranks, measures, separation
from lscli.metrics.sorted_values import rounding_of

Array = NDArray[Any]
SCORES = st.lists(st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6)), min_size=1, max_size=30)


def test_by_hand() -> None:
    inside, outside = np.array([4.0, 3.0, 3.0, 1.0]), np.array([3.0, 2.0, 0.0])
    found = separation(inside, outside, 0.75)
    # Of 12 pairs, 4 wins 3, each 3 wins 2.5, 1 wins 1.
    assert 9 / 12 == found.auroc
    # One of one, then 3 of 4 twice, and 4 of 6.
    assert pytest.approx((1 + 2 * 3 / 4 + 4 / 6) / 4, rel=1e-15) == found.aupr_in
    # From below: 0 is one of one, 2 is 2 of 3, 3 is 3 of 6.
    assert pytest.approx((1 + 2 / 3 + 3 / 6) / 3, rel=1e-15) == found.aupr_out
    assert 1 / 3 == found.fpr  # from the threshold 3 on


@pytest.mark.parametrize(
    ("recall", "n", "threshold"),
    [(0.95, 20, 1), (0.95, 21, 1), (0.9, 10, 1), (0.29, 100, 71), (1.0, 7, 0), (0.07, 100, 93), (1e-9, 50, 49)],
)
def test_the_recall_is_a_decimal_number(recall: float, n: int, threshold: int) -> None:
    # OOD samples are at each ID score, so that the rate says which threshold was taken.
    scores = np.arange(n, dtype=float)
    assert (n - threshold) / n == separation(scores, scores, recall).fpr


@pytest.mark.parametrize(("n", "m"), [(50, 70), (1000, 300), (1, 9), (40, 1)])
@pytest.mark.parametrize("decimals", [1, 2, 17])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_scikit_learn_and_scipy(n: int, m: int, decimals: int, dtype: str) -> None:
    random = np.random.default_rng([n, decimals])
    inside = random.normal(1, 1, n).round(decimals).astype(dtype)
    outside = random.normal(0, 1, m).round(decimals).astype(dtype)
    scores, is_id = np.concatenate((inside, outside)), np.repeat([1, 0], [n, m])
    found = separation(inside, outside, 0.95)
    assert float(mannwhitneyu(inside, outside, method="asymptotic").statistic) / (n * m) == found.auroc
    # scikit-learn adds up an area of floats, so that its last bits are rounded.
    assert pytest.approx(roc_auc_score(is_id, scores), rel=0, abs=5e-16) == found.auroc
    assert pytest.approx(average_precision_score(is_id, scores), rel=0, abs=2e-15) == found.aupr_in
    assert pytest.approx(average_precision_score(1 - is_id, -scores), rel=0, abs=2e-15) == found.aupr_out
    reached = [t for t in np.unique(inside) if 100 * (inside >= t).sum() >= 95 * n]
    assert (outside >= max(reached)).mean() == found.fpr


def test_infinite_scores_are_ordered() -> None:
    inside, outside = np.array([math.inf, math.inf, -math.inf]), np.array([math.inf, -math.inf])
    found = separation(inside, outside, 0.5, rounding_of("energy"))
    assert (0.5 + 1 + 0.5 + 1 + 0 + 0.5) / 6 == found.auroc
    assert 0.5 == found.fpr


def test_nan_is_refused() -> None:
    with pytest.raises(InputError, match="not a number"):
        Ranks.of(np.array([1.0, math.nan]), np.array([0.0]))


@pytest.mark.parametrize("column", ["confidence", "margin", "entropy", "energy"])
def test_scores_that_differ_by_rounding_are_equal(column: str) -> None:
    value, other = 0.3, 0.3 + 2 * np.spacing(0.3)
    for sign in (1, -1):
        inside, outside = sign * np.array([value, value]), sign * np.array([other])
        assert 0.5 == separation(inside, outside, 0.95, rounding_of(column)).auroc
    assert 0.5 != separation(np.array([value]), np.array([other]), 0.95, rounding_of("largest_logit")).auroc


def test_many_pairs_are_counted_exactly() -> None:
    n = 40_000_000
    ranks = Ranks.of(np.array([0.0, 2.0]), np.array([1.0, 3.0]))
    found = measures(ranks, 0.5, np.array([n, 1]), np.array([n, n - 1]))
    assert n / ((n + 1) * (2 * n - 1)) == found.auroc


@given(inside=SCORES, outside=SCORES)
def test_the_other_set_as_id_gives_the_rest(inside: list[float], outside: list[float]) -> None:
    one, other = (separation(np.array(a), np.array(b), 0.95) for a, b in ((inside, outside), (outside, inside)))
    assert pytest.approx(1 - one.auroc, rel=0, abs=2e-16) == other.auroc
    swapped = separation(-np.array(outside), -np.array(inside), 0.95)
    assert one.auroc == swapped.auroc
    assert pytest.approx((one.aupr_out, one.aupr_in), rel=0, abs=2e-15) == (swapped.aupr_in, swapped.aupr_out)


@given(inside=SCORES, outside=SCORES, random=st.randoms(use_true_random=False), recall=st.floats(0.01, 1))
def test_only_the_order_of_the_scores_counts(
    inside: list[float], outside: list[float], random: Any, recall: float
) -> None:
    found = separation(np.array(inside), np.array(outside), recall)
    places = np.unique(inside + outside)
    mapped = [np.searchsorted(places, random.sample(x, len(x))).astype(float) for x in (inside, outside)]
    assert found == separation(np.exp(mapped[0] / 10), np.exp(mapped[1] / 10), recall)


@given(data=st.data(), inside=SCORES, outside=SCORES)
def test_a_sample_that_counts_twice_is_there_twice(
    data: st.DataObject, inside: list[float], outside: list[float]
) -> None:
    times = [
        np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(x), max_size=len(x)))) for x in (inside, outside)
    ]
    for counts in times:
        counts[0] += not counts.any()
    own, other = (np.repeat(x, counts) for x, counts in zip((inside, outside), times, strict=True))
    found = measures(Ranks.of(np.array(inside), np.array(outside)), 0.9, *times)
    assert pytest.approx(separation(own, other, 0.9), rel=0, abs=2e-15) == found
