"""Fixed-sequence testing of thresholds: bounds, exact small cases, and the promise over many runs."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, binomtest

from lscli.intervals.fixed_sequence import (
    Ranked,
    chosen,
    fewest,
    rest_of,
    sequence,
    size_of,
    sufficient_limit,
    upper_bound,
)
from lscli.metrics.sorted_values import SortedValues


def ranked(score: object, wrong: object) -> Ranked:
    values = np.asarray(score, np.float64)
    return Ranked.of(values, np.asarray(wrong, np.bool_))


@pytest.mark.parametrize(("errors", "n"), [(0, 1), (0, 59), (1, 7), (3, 1000), (59, 60), (7, 7), (40, 5_000_000)])
@pytest.mark.parametrize("delta", [0.05, 0.1, 0.001])
def test_the_bound_is_that_of_clopper_and_pearson(errors: int, n: int, delta: float) -> None:
    expected = binomtest(errors, n, alternative="less").proportion_ci(1 - delta, "exact").high
    assert expected == pytest.approx(upper_bound(errors, n, delta), rel=1e-9)
    if errors < n:
        assert beta.ppf(1 - delta, errors + 1, n - errors) == pytest.approx(upper_bound(errors, n, delta), rel=1e-9)


def test_the_fewest_samples_at_the_border_are_exact() -> None:
    assert [59, 29, 2, 3, 1] == [fewest(0.05, 0.05), fewest(0.1, 0.05), fewest(0.5, 0.25), fewest(0.1, 0.729), 1]
    for percent in range(1, 100):
        for power in range(1, 6):
            alpha, delta = percent / 100, float(Fraction(100 - percent, 100) ** power)
            if repr(delta) == repr(round(delta, 10)):
                assert power == fewest(alpha, delta), (alpha, delta)


@given(st.floats(0.001, 0.9), st.floats(0.001, 0.5))
def test_the_fewest_samples_do_and_one_less_does_not(max_error: float, delta: float) -> None:
    n = fewest(max_error, delta)
    assert upper_bound(0, n, delta) <= max_error * (1 + 1e-12)
    assert n == 1 or upper_bound(0, n - 1, delta) > max_error * (1 - 1e-12)


def test_shares_are_decimals() -> None:
    assert [0.05, 0.1, 0.7] == [rest_of(0.95), rest_of(0.9), rest_of(0.3)]
    assert [7, 1, 100, 56] == [size_of(100, 0.07), size_of(100, 0.001), size_of(100, 1.0), size_of(100, 0.56)]


def test_a_case_by_hand() -> None:
    """Of 100 samples only the 60 lowest are wrong: 59 rows at least, so the first point is of 59, with 19 errors."""
    score, wrong = np.arange(100.0), np.arange(100) < 60
    points = sequence(ranked(score, wrong), 0.05, 0.05)
    assert [(41.0, 59, 19)] == [point[:3] for point in points]
    assert chosen(points, 0.05) is None
    points = sequence(ranked(score, wrong), 0.3, 0.05)
    assert [10, 15, 20, 25, 30, 35, 40, 45, 50] == [point.kept for point in points]
    assert [0] * 7 + [5, 10] == [point.errors for point in points]
    best = chosen(points, 0.3)
    assert best is not None
    assert (55.0, 45) == (best.threshold, best.kept)


def test_ties_are_kept_whole_and_points_with_the_same_samples_are_one() -> None:
    score = np.repeat([3.0, 2.0, 1.0], [30, 50, 20])
    points = sequence(ranked(score, np.zeros(100)), 0.5, 0.05)
    assert [(3.0, 30), (2.0, 80), (1.0, 100)] == [(point.threshold, point.kept) for point in points]
    equal = sequence(ranked(np.ones(100), np.zeros(100)), 0.5, 0.05)
    assert [(1.0, 100)] == [point[:2] for point in equal]


def test_scores_within_rounding_are_a_tie_whose_threshold_is_the_smallest() -> None:
    score = np.array([0.5, 0.5 + 1e-16 * 2, 0.5 + 1e-16 * 4] * 20)
    found = Ranked.of(score, np.zeros(60, np.bool_), lambda x: 1e-13 * x)
    assert {(score.min(), 60)} == {found.point(size, 0.05)[:2] for size in range(1, 61)}


@pytest.mark.parametrize("step", [0.0, 1e-16, 3e-14, 1e-9])
def test_points_are_those_of_the_groups_of_sorted_values(step: float) -> None:
    random = np.random.default_rng(0)
    score = np.round(random.random(4000), 1) + random.integers(0, 9000, 4000) * step
    wrong, rounding = random.random(4000) < 0.2, lambda x: 1e-13 * x
    found, groups = Ranked.of(score, wrong, rounding), SortedValues.of(score, rounding)
    for size in (*range(1, 4000, 37), 4000):
        start = groups.starts[groups.starts <= 4000 - size][-1]
        point, kept = found.point(size, 0.05), groups.order[start:]
        assert (score[kept].min(), len(kept)) == point[:2]
        assert np.count_nonzero(wrong[kept]) == point.errors


LABELLED = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=300)


@given(LABELLED, st.floats(0.02, 0.9))
def test_the_points_are_what_counting_gives(rows: list[tuple[int, bool]], max_error: float) -> None:
    score, wrong = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    points = sequence(ranked(score, wrong), max_error, 0.05)
    for point in points:
        kept = score >= point.threshold
        assert (int(kept.sum()), int(wrong[kept].sum())) == (point.kept, point.errors)
    assert all(point.within(max_error) for point in points[:-1])
    free = sequence(ranked(score, np.zeros(len(rows))), max_error, 0.05)
    assert [point.kept for point in points] == [point.kept for point in free[: len(points)]], "labels change no point"


@given(LABELLED, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_scale_of_scores_change_nothing(rows: list[tuple[int, bool]], random: object) -> None:
    other = list(rows)
    random.shuffle(other)  # type: ignore[attr-defined]
    one = sequence(ranked([row[0] for row in rows], [row[1] for row in rows]), 0.3, 0.1)
    two = sequence(ranked([math.exp(row[0]) for row in other], [row[1] for row in other]), 0.3, 0.1)
    assert [point[1:] for point in one] == [point[1:] for point in two]


@given(LABELLED, st.floats(0.001, 0.3))
def test_a_sufficient_limit_suffices(rows: list[tuple[int, bool]], max_error: float) -> None:
    found = ranked([row[0] for row in rows], [row[1] for row in rows])
    limit = sufficient_limit(found, max_error, 0.05)
    if limit is not None:
        assert limit > max_error
        assert chosen(sequence(found, limit, 0.05), limit) is not None
        assert limit == float(f"{limit:.3g}")


def broken(random: np.random.Generator, n: int, error: float, runs: int, *, falls: bool) -> float:
    """The share of runs whose promise of an error of at most 0.1 is broken; the scores are uniform.

    Args:
        random: the generator.
        n: the number of calibration samples.
        error: the error rate at the score 0.
        runs: the number of runs.
        falls: whether the error rate falls to 0 at the score 1; or is the same at every score.
    """
    count = 0
    for _ in range(runs):
        score = random.random(n)
        rate = error * (1 - score) if falls else np.full(n, error)
        best = chosen(sequence(ranked(score, random.random(n) < rate), 0.1, 0.05), 0.1)
        if best is not None:
            true = error * (1 - best.threshold) / 2 if falls else error
            count += true > 0.1
    return count / runs


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 500])
@pytest.mark.parametrize("falls", [False, True])
def test_the_promise_is_broken_in_at_most_5_percent_of_runs(n: int, falls: bool) -> None:
    runs = 5_000
    share = broken(np.random.default_rng(18), n, 0.4 if falls else 0.1001, runs, falls=falls)
    assert share <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_the_promise_of_the_first_point_is_exact() -> None:
    """Where the error is just above the limit at every score, only the first point can break it: P(X <= k) <= 5 %."""
    for n in (29, 60, 500):
        size = max(-(-n // 10), fewest(0.1, 0.05))
        passing = sum(
            math.comb(size, errors) * 0.1**errors * 0.9 ** (size - errors)
            for errors in range(size)
            if upper_bound(errors, size, 0.05) <= 0.1
        )
        assert 0 < passing <= 0.05


@pytest.mark.parametrize(("n", "limit", "delta"), [(13, 0.5, 0.05), (14, 0.3, 0.05), (22, 0.2, 0.05), (9, 0.25, 0.25)])
def test_the_promise_holds_exactly_for_two_scores_of_any_error(n: int, limit: float, delta: float) -> None:
    # What is chosen follows from three counts: samples of the high score, wrong ones among them, and among the others.
    counts, chosen_level = [], []
    for high in range(n + 1):
        for wrong in range(high + 1):
            for others in range(n - high + 1):
                score = np.repeat([0.9, 0.1], [high, n - high])
                is_wrong = np.arange(n) < wrong
                is_wrong[high : high + others] = True
                best = chosen(sequence(Ranked.of(score, is_wrong), limit, delta), limit)
                counts.append((high, wrong, others))
                chosen_level.append(-1 if best is None else int(best.threshold < 0.5))
    high, wrong, others = np.array(counts).T
    level = np.array(chosen_level)
    broken = 0.0
    for share in (0.02, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 0.95):
        for first, second in itertools.product(limit * np.array([0, 0.2, 0.6, 1, 1.05, 1.3, 1.8]), repeat=2):
            errors_of = np.array([first, share * first + (1 - share) * second])  # of all samples from each score on
            p = binom.pmf(high, n, share) * binom.pmf(wrong, high, first) * binom.pmf(others, n - high, second)
            assert p.sum() == pytest.approx(1)
            broken = max(broken, float(p[(level >= 0) & (errors_of[level] > limit + 1e-9)].sum()))
    assert 0.3 * delta < broken <= delta
