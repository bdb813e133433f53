"""`check --threshold`: the error of the samples that a threshold keeps, against numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

import lscli
from lscli.decisions.checked import CheckRow
from lscli.decisions.saved_threshold import KeptSamples, SavedThreshold
from lscli.errors import InputError, LscliWarning, UsageError
from tests.calibrators import fitted_on

RANDOM = np.random.default_rng(8)
N = 900
X = 2 * RANDOM.normal(size=(N, 4))
Y = np.where(RANDOM.random(N) < 0.75, X.argmax(axis=1), RANDOM.integers(0, 4, N))
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
TOP, WRONG, PREDICTED = P.max(axis=1), X.argmax(axis=1) != Y, X.argmax(axis=1)
AT = float(np.quantile(TOP, 0.4))


def saved(*rows: KeptSamples, **changes: Any) -> SavedThreshold:
    given: dict[str, Any] = {
        "score": "msp",
        "max_error": 0.25,
        "confidence": 0.95,
        "classes": 4,
        "calibrator": None,
        "temperature": None,
    }
    return SavedThreshold(**(given | changes), rows=rows or [KeptSamples("", None, AT, 1000, 600, 0.2)])


def only(rows: Sequence[CheckRow]) -> CheckRow:
    [row] = rows
    return row


def test_the_error_of_the_kept_samples() -> None:
    row = only(lscli.check(X, Y, threshold=saved()).rows)
    keep = TOP >= AT
    expected = WRONG[keep].mean()
    assert ("", "threshold_error", "max", 0.25) == (row.group, row.metric, row.bound, row.limit)
    assert expected == pytest.approx(row.value, rel=1e-12)
    wilson = binomtest(int(WRONG[keep].sum()), int(keep.sum())).proportion_ci(method="wilson")
    assert (wilson.low, wilson.high) == pytest.approx((row.ci_low, row.ci_high), rel=1e-9)
    assert row.passed == (expected <= 0.25)


def test_a_strict_check_demands_the_one_sided_bound_at_the_confidence_of_the_file() -> None:
    keep = TOP >= AT
    test = binomtest(int(WRONG[keep].sum()), int(keep.sum()), alternative="less")
    bound = test.proportion_ci(0.9, method="exact").high
    for limit, passes in ((bound + 1e-9, True), (bound - 1e-9, False)):
        threshold = saved(max_error=limit, confidence=0.9)
        row = only(lscli.check(X, Y, threshold=threshold, strict=True).rows)
        assert (0.0, passes) == (row.ci_low, row.passed)
        assert bound == pytest.approx(row.ci_high, rel=1e-9)
        assert lscli.check(X, Y, threshold=threshold).passed


def test_in_coverage_mode_the_bound_was_promised() -> None:
    rows = [KeptSamples("", None, AT, 1000, 600, 0.2), KeptSamples("", 2, 0.5, 300, 200, 0.3)]
    found = lscli.check(X, Y, threshold=saved(*rows, max_error=None)).rows
    assert [("threshold_error", 0.2), ("threshold_error@2", 0.3)] == [(row.metric, row.limit) for row in found]


def test_thresholds_of_classes_and_groups() -> None:
    groups = np.where(np.arange(N) % 3 == 0, "a", "b")
    rows = [
        KeptSamples("", 1, 0.5, 100, 60, 0.2),
        KeptSamples("", 3, float("nan"), 100, 0, float("nan")),
        KeptSamples("a", None, 0.6, 100, 60, 0.2),
        KeptSamples("a", 1, 0.7, 100, 60, 0.2),
    ]
    found = lscli.check(X, Y, threshold=saved(*rows), groups=groups).rows
    is_a = groups == "a"
    expected = {
        ("", "threshold_error@1"): (TOP >= 0.5) & (PREDICTED == 1),
        ("a", "threshold_error"): (TOP >= 0.6) & is_a,
        ("a", "threshold_error@1"): (TOP >= 0.7) & (PREDICTED == 1) & is_a,
    }
    assert [*expected] == [(row.group, row.metric) for row in found]
    assert [row.value for row in found] == pytest.approx([WRONG[keep].mean() for keep in expected.values()])


def test_groups_that_are_not_there_are_named() -> None:
    rows = [KeptSamples(group, None, AT, 100, 60, 0.2) for group in ("", "a", "c")]
    with pytest.warns(LscliWarning, match="the thresholds of 2 groups are not checked without groups"):
        lscli.check(X, Y, threshold=saved(*rows))
    with pytest.warns(LscliWarning, match="group c has a threshold, but no samples here"):
        found = lscli.check(X, Y, threshold=saved(*rows), groups=np.where(np.arange(N) % 3, "a", "b"))
    assert ["", "a"] == [row.group for row in found.rows]


def test_weights_count_samples() -> None:
    counts = RANDOM.integers(0, 4, N)
    for strict in (False, True):
        given = lscli.check(X, Y, threshold=saved(), weights=counts, strict=strict).rows
        repeated = lscli.check(
            np.repeat(X, counts, axis=0), np.repeat(Y, counts), threshold=saved(), strict=strict
        ).rows
        assert only(repeated)[3:6] == pytest.approx(only(given)[3:6], rel=1e-9)


def test_clusters_widen_the_interval_and_decide_a_strict_check() -> None:
    x, y = np.repeat(X, 5, axis=0), np.repeat(Y, 5)
    clusters = np.repeat(np.arange(N), 5)
    row = only(lscli.check(x, y, threshold=saved(), clusters=clusters).rows)
    once = only(lscli.check(X, Y, threshold=saved()).rows)
    assert once.value == pytest.approx(row.value)
    assert once.ci_high == pytest.approx(row.ci_high, abs=0.003)
    between = saved(max_error=(row.value + row.ci_high) / 2)
    assert not lscli.check(x, y, threshold=between, clusters=clusters, strict=True).passed
    assert row[:6] == only(lscli.check(x, y, threshold=between, clusters=clusters, strict=True).rows)[:6]


def test_no_kept_sample_fails() -> None:
    with pytest.warns(LscliWarning, match="no sample is kept by threshold_error, so it has no error"):
        found = lscli.check(X, Y, threshold=saved(KeptSamples("", None, 1.5, 1000, 600, 0.2)))
    assert (True, False) == (np.isnan(only(found.rows).value), found.passed)
    assert "threshold_error has no value" in found.conclusion


def test_a_clear_drop_of_coverage_is_named_and_noise_is_not() -> None:
    with pytest.warns(LscliWarning, match=r"keeps 60\.0 % of the samples, and 90\.0 % of those of calibration"):
        lscli.check(X, Y, threshold=saved(KeptSamples("", None, AT, 1000, 900, 0.2)))
    for kept in (300, 610, 640):
        found = lscli.check(X, Y, threshold=saved(KeptSamples("", None, AT, 1000, kept, 0.2)))
        assert [] == [*found.warnings]
        assert (
            f"keeps 60.0 % of the samples; of the calibration samples, it kept {kept / 10:.1f} %." in found.conclusion
        )


def test_with_other_limits_and_a_baseline() -> None:
    found = lscli.check(X, Y, threshold=saved(), max={"ece": 0.5}, baseline=X + 0.1 * X[::-1], max_rise="loss_hard=1")
    assert ["ece", "loss_hard", "threshold_error"] == [row.metric for row in found.rows]
    assert only(found.rows[2:])[:6] == only(lscli.check(X, Y, threshold=saved()).rows)[:6]


@pytest.mark.parametrize("score", ["msp", "margin", "entropy", "max_logit", "energy"])
def test_found_and_checked_on_the_same_samples(score: Any) -> None:
    found = lscli.threshold(X, Y, max_error=0.3, score=score)
    row = only(lscli.check(X, Y, threshold=found, strict=True).rows)
    assert (found.rows[0].error, found.rows[0].bound, True) == (row.value, row.ci_high, row.passed)


@pytest.mark.parametrize(("confidence", "n", "errors"), [(0.9, 20, 0), (0.9, 59, 0), (0.95, 30, 2), (0.8, 5, 1)])
def test_a_bound_that_is_equal_to_its_limit_is_kept_by_the_same_samples(confidence: float, n: int, errors: int) -> None:
    table = lscli.SampleTable.from_confidences(np.linspace(0.6, 1, n), np.arange(n) >= errors)
    of_share = lscli.threshold(table, coverage=1, confidence=confidence)
    of_limit = lscli.threshold(table, max_error=of_share.bound + 1e-15, confidence=confidence)
    for found in (of_share, of_limit):
        row = only(lscli.check(table, threshold=found, strict=True).rows)
        assert (of_share.bound, True) == (row.ci_high, row.passed)


def test_digits_depend_on_no_thread_or_chunk() -> None:
    found = [lscli.check(X, Y, threshold=saved(), threads=t, chunk_rows=c).rows for t, c in ((1, 7), (2, 900))]
    assert found[0] == found[1]
    order = RANDOM.permutation(N)
    assert found[0] == lscli.check(X[order], Y[order], threshold=saved()).rows


def test_two_classes_of_one_logit() -> None:
    z, bits = X[:, 1] - X[:, 0], (Y % 2)
    found = lscli.threshold(z, bits, binary=True, max_error=0.6)
    row = only(lscli.check(z, bits, threshold=found, binary=True).rows)
    assert found.rows[0].error == row.value
    assert [row] == [*lscli.check(z, bits, threshold=found, binary=True, top_label=True).rows]


def test_a_calibrator_must_be_the_same() -> None:
    own, other = fitted_on(X[::2], Y[::2]), fitted_on(X[::3], Y[::3])
    found = lscli.threshold(X[1::2], Y[1::2], max_error=0.5, calibrator=own)
    row = only(lscli.check(X[1::2], Y[1::2], threshold=found, calibrator=own).rows)
    assert found.rows[0].error == row.value
    for given in (None, other):
        with pytest.raises(UsageError, match="calibrator"):
            lscli.check(X, Y, threshold=found, calibrator=given)


def test_members_of_an_ensemble() -> None:
    members = np.stack([X, X + RANDOM.normal(size=X.shape)])
    found = lscli.threshold(members, Y, ensemble_axis=0, score="mutual_information", max_error=0.4)
    row = only(lscli.check(members, Y, threshold=found, ensemble_axis=0).rows)
    assert found.rows[0].error == row.value


def test_a_table_without_logits() -> None:
    table = lscli.SampleTable.from_confidences(TOP, ~WRONG)
    row = only(lscli.check(table, threshold=saved()).rows)
    assert WRONG[TOP >= AT].mean() == pytest.approx(row.value)
    with pytest.raises(InputError, match="needs the score energy"):
        lscli.check(table, threshold=saved(score="energy"))


def test_ignored_and_skipped_samples_do_not_count() -> None:
    x, y = X.copy(), Y.copy()
    x[5], y[9] = np.nan, -100
    keep = (TOP >= AT) & ~np.isin(np.arange(N), [5, 9])
    with pytest.warns(LscliWarning, match="left out"):
        row = only(lscli.check(x, y, threshold=saved(), nonfinite="skip").rows)
    assert WRONG[keep].mean() == pytest.approx(row.value)


def test_the_provenance_names_the_threshold(tmp_path: Any) -> None:
    saved().save(tmp_path / "t.json")
    found = lscli.check(X, Y, threshold=tmp_path / "t.json")
    assert [str(tmp_path / "t.json")] == [each["path"] for each in found.inputs if each["role"] == "threshold"]
    assert str(tmp_path / "t.json") == found.settings["threshold"].value


@pytest.mark.parametrize("score", ["msp", "margin", "entropy", "energy"])
def test_the_order_of_the_classes_keeps_the_same_samples(score: Any) -> None:
    # Rows of few kinds, so that many scores are equal but for the order in which exponentials are added.
    random = np.random.default_rng(5)
    kinds = random.integers(-3, 4, (12, 10)).astype(np.float64)
    kinds[:, 0] = random.integers(4, 6, 12)
    x = kinds[random.integers(0, 12, 400)]
    y = np.where(random.random(400) < 0.85, x.argmax(axis=1), 9)
    for place in range(10):
        order = random.permuted(np.tile(np.arange(10), (400, 1)), axis=1)
        u, v = np.take_along_axis(x, order, axis=1), (order == y[:, None]).argmax(axis=1)
        found = lscli.threshold(x, y, coverage=(place + 1) / 10, score=score, test=(u, v))
        assert found.rows[0][4:] == found.rows[1][4:]
        assert found.rows[0].error == only(lscli.check(u, v, threshold=found).rows).value
