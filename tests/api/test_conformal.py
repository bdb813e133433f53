"""`lscli.conformal`: quantiles by hand, laws, and sets of further samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import beta, betabinom

import lscli
from lscli.intervals.coverage_shift import chance_of_fewer
from tests.api.input_kinds import KINDS, Given, given_as, probabilities
from tests.cli.test_conformal import drawn


def test_a_quantile_by_hand() -> None:
    # Nine rows of two classes, whose label has the probability 0.1, ..., 0.9: the 9th smallest score is 1 - 0.1.
    p = np.arange(1, 10) / 10
    found = lscli.conformal(np.log(np.stack([p, 1 - p], axis=1)), np.zeros(9, int), alpha=0.1)
    assert 0.9 == pytest.approx(found.quantile)
    assert 0.9 == found.coverage
    assert beta(9, 1).interval(0.95) == pytest.approx((found.rows[0].coverage_low, found.rows[0].coverage_high))
    assert found.sets is None
    assert math.isnan(found.mean_size)


def test_by_class_by_hand() -> None:
    x, y = drawn(300, 1)
    u, v = drawn(200, 2)
    found = lscli.conformal(x, y, u, v, by_class=True, alpha=0.1)
    scores = 1 - softmax(x.astype(np.float64), axis=1)
    expected = []
    for number in range(4):
        own = np.sort(scores[y == number, number])
        expected.append(own[math.ceil(round((len(own) + 1) * 0.9, 9)) - 1])
    assert expected == pytest.approx(found.quantiles)
    inside = 1 - softmax(u.astype(np.float64), axis=1) <= np.array(expected) + 1e-12
    assert found.sets is not None
    assert np.array_equal(inside, found.sets.to_numpy())
    held = inside[np.arange(200), v]
    assert held.mean() == found.coverage
    assert [held[v == number].mean() for number in range(4)] == pytest.approx([row.coverage for row in found.rows[5:]])
    assert inside.sum(axis=1).mean() == pytest.approx(found.mean_size)
    assert math.isnan(found.quantile)


def test_rows_of_test_arrays_are_told_from_those_of_calibration() -> None:
    found = lscli.conformal(*drawn(300, 1), *drawn(200, 2))
    assert ["logits", "test logits"] == [row.source for row in found.rows]


def test_sets_are_read_again_and_made_for_further_samples() -> None:
    (x, y), (u, v) = drawn(200, 1), drawn(100, 2)
    found = lscli.conformal(x, y, u, v, method="aps")
    assert found.sets is not None
    whole = found.sets.to_numpy()
    assert (100, 4) == whole.shape
    assert np.array_equal(whole, found.predict_sets(u))
    first, again = list(found.sets), list(found.sets)
    assert first == again
    assert [tuple(np.flatnonzero(row)) for row in whole] == [each.classes for each in first]
    assert v.tolist() == [each.label for each in first]
    frame = found.sets.to_frame()
    assert ["row", "label", "size", "classes"] == list(frame.columns)
    assert whole.sum() == frame["size"].sum()
    for each in found.sets:  # a reader may stop
        assert 0 == each.row
        break
    with pytest.raises(lscli.InputError, match="has 3 classes, and calibration has 4"):
        found.predict_sets(u[:, :3])


def test_skipped_rows_have_no_set() -> None:
    (x, y), (u, v) = drawn(200, 1), drawn(100, 2)
    u[3] = np.nan
    v[5] = -100
    with pytest.warns(lscli.LscliWarning, match="1 of 100 rows are not finite"):
        found = lscli.conformal(x, y, u, v, nonfinite="skip")
    assert found.sets is not None
    assert [row for row in range(100) if row not in (3, 5)] == [each.row for each in found.sets]
    assert 98 == found.rows[1].n


def test_words_of_python() -> None:
    x, y = drawn(8, 1)
    with pytest.raises(lscli.InputError, match="too few") as error:
        lscli.conformal(x, y)
    assert "alpha=0.1112" in error.value.hint


@settings(max_examples=25, deadline=None)
@given(
    st.integers(20, 60),
    st.sampled_from([0.05, 0.1, 0.25]),
    st.sampled_from(["lac", "aps", "raps"]),
    st.booleans(),
    st.integers(0, 10**6),
)
def test_the_order_of_the_rows_changes_nothing(n: int, alpha: float, method: str, randomized: bool, seed: int) -> None:
    (x, y), (u, _) = drawn(n, seed), drawn(n, seed + 1)
    order = np.random.default_rng(seed).permutation(n)
    words = {"alpha": alpha, "method": method, "randomized": randomized and method != "lac"}
    one = lscli.conformal(x, y, u, **words)  # type: ignore[arg-type]
    other = lscli.conformal(x[order], y[order], u[order], **words)  # type: ignore[arg-type]
    assert one.quantile == other.quantile
    assert one.sets is not None
    assert other.sets is not None
    assert np.array_equal(one.sets.to_numpy()[order], other.sets.to_numpy())
    # Calibration samples themselves: at least k of n scores are within the quantile.
    k = math.ceil(round((n + 1) * (1 - alpha), 9))
    assert k <= one.predict_sets(x)[np.arange(n), y].sum()


@pytest.mark.parametrize(("hits", "m", "n", "k"), [(80, 100, 50, 46), (0, 3, 9, 9), (100, 100, 200, 181)])
def test_the_chance_is_that_of_a_beta_binomial(hits: int, m: int, n: int, k: int) -> None:
    assert betabinom.cdf(hits, m, k, n + 1 - k) == pytest.approx(chance_of_fewer(hits, m, n, k), rel=1e-9)


@pytest.mark.parametrize("method", ["lac", "aps", "raps"])
@pytest.mark.parametrize("by_class", [False, True])
def test_rows_that_are_left_out_change_nothing(method: Any, by_class: bool) -> None:
    (x, y), (u, v) = drawn(200, 1), drawn(100, 2)
    odd = np.zeros((6, 4), np.float32)
    odd[0, 1], odd[1], odd[2], odd[3, 2], odd[4, 0], odd[5] = np.nan, np.nan, -np.inf, np.inf, -np.nan, np.inf
    how = {"method": method, "by_class": by_class, "randomized": method != "lac"}
    expected = lscli.conformal(x, y, u, v, **how)
    middle, labels = np.concatenate([x[:50], odd, x[50:]]), np.concatenate([y[:50], [0, 1, 2, 3, 0, 1], y[50:]])
    with pytest.warns(lscli.LscliWarning, match="not finite"):
        found = lscli.conformal(
            middle, labels, np.concatenate([odd, u]), np.append([0, 1, 2, 3, 0, 1], v), nonfinite="skip", **how
        )
    assert expected.quantiles.tolist() == found.quantiles.tolist()
    assert repr([row[1:] for row in expected.rows]) == repr([row[1:] for row in found.rows])


def test_there_is_no_second_pass_unless_sets_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def passed(*_: object) -> None:
        raise RuntimeError("a second pass")

    monkeypatch.setattr("lscli.scan.conformal.pass_over", passed)
    found = lscli.conformal(*drawn(200, 1), *drawn(100, 2), method="aps")
    assert found.sets is not None
    with pytest.raises(RuntimeError, match="a second pass"):
        list(found.sets)


@pytest.mark.filterwarnings("ignore:.*left out:lscli.LscliWarning", "ignore:.*masked:lscli.LscliWarning")
@pytest.mark.parametrize("method", ["lac", "aps", "raps"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_input_has_the_sets_of_its_plain_logits(kind: str, method: Any) -> None:
    cal, test = given_as(kind, 1), given_as(kind, 2, 80)

    def scores(of: Given) -> np.ndarray:
        """[n, K], of each class."""
        p = probabilities(of.plain)
        if method == "lac":
            return 1 - p
        at_least = of.plain[:, None, :] >= of.plain[:, :, None]
        found = (at_least * p[:, None, :]).sum(axis=2)
        return np.asarray(found + (0.2 * np.maximum(at_least.sum(axis=2) - 1, 0) if method == "raps" else 0))

    of_label = scores(cal)[np.arange(len(cal.truth)), cal.truth]
    quantile = np.sort(of_label)[math.ceil(round((len(of_label) + 1) * 0.8, 9)) - 1]
    inside = scores(test) <= quantile + 1e-12
    words = {"raps_penalty": 0.2, "raps_rank": 1} if method == "raps" else {}
    options: dict[str, Any] = {**cal.options, **words, "alpha": 0.2, "method": method}
    found = lscli.conformal(cal.logits, cal.labels, test.logits, test.labels, **options)
    assert quantile == pytest.approx(found.quantile, rel=1e-9)
    assert found.sets is not None
    assert np.array_equal(inside, found.sets.to_numpy())
    assert test.places.tolist() == [each.row for each in found.sets]
    assert inside[np.arange(len(test.truth)), test.truth].mean() == pytest.approx(found.coverage)
    assert inside.sum(axis=1).mean() == pytest.approx(found.mean_size)
    # Without labels, none is ignored: row 5 alone is left out.
    again = found.predict_sets(test.logits)
    assert np.array_equal(inside, np.delete(again, 6, axis=0) if kind == "left-out" else again)
