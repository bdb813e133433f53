"""A map that is measured on the samples of its fit is noticed, and other samples raise no alarm."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.api.fit_rows import checked_rows
from lscli.api.inputs import Inputs
from lscli.api.leakage import Leakage
from lscli.options import EvaluateOptions
from lscli.recalibrators.calibrator import Calibrator
from tests.api.test_cross_fit import drawn
from tests.calibrators import fitted_on

Array = NDArray[Any]
X, Y = drawn(1200, 3, 11)
VAL, TEST = slice(0, 600), slice(600, 1200)
CALIBRATOR = fitted_on(X[VAL], Y[VAL])
SAME, SOME = "was fitted on these samples", " % of the samples that the calibrator was fitted on are among these"


def warned(x: Any, y: Any, calibrator: Calibrator = CALIBRATOR, **options: Any) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lscli.evaluate(x, y, metrics="loss_hard", calibrator=calibrator, **options)
    return "\n".join(str(each.message) for each in caught)


def test_other_samples_are_no_matter() -> None:
    assert "" == warned(X[TEST], Y[TEST])


@pytest.mark.parametrize("chunk_rows", [1, 50, None])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_samples_in_any_order_are_noticed(dtype: str, chunk_rows: int | None) -> None:
    order = np.random.default_rng(0).permutation(600)
    said = warned(X[VAL][order].astype(dtype), Y[VAL][order], chunk_rows=chunk_rows, threads=3)
    assert SAME in said
    assert "use other samples, or measure these with lscli.evaluate(cross_fit='temperature')" in said


def test_rows_that_are_left_out_of_both_do_not_matter() -> None:
    x, y = X[VAL].copy(), Y[VAL].copy()
    x[3], y[5] = np.nan, -100
    calibrator = fitted_on(x, y, nonfinite="skip")
    order = np.random.default_rng(1).permutation(600)
    assert SAME in warned(x[order], y[order], calibrator, nonfinite="skip")
    kept = np.delete(np.arange(600), [3, 5])
    assert SAME in warned(x[kept], y[kept], calibrator)


def test_other_labels_and_parts_are_noticed() -> None:
    assert "about 100" + SOME in warned(X[VAL], (Y[VAL] + 1) % 3)
    assert SOME in warned(X[:300], Y[:300])
    assert "about 100" + SOME in warned(X, Y)


def test_samples_without_weight_are_not_measured() -> None:
    assert "" == warned(X, Y, weights=(np.arange(1200) >= 600) * 1.0)
    assert SAME in warned(X, Y, weights=(np.arange(1200) < 600) * 1.0)


@pytest.mark.parametrize("answer", [lscli.per_bin, lscli.per_class, lscli.sweep])
def test_every_answer_says_it(answer: Any) -> None:
    with pytest.warns(lscli.LscliWarning, match=SAME):
        answer(X[VAL], Y[VAL], calibrator=CALIBRATOR)


def test_a_listing_says_it_after_its_last_row() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        listing = lscli.per_sample(X[VAL], Y[VAL], calibrator=CALIBRATOR)
    for _ in range(2):
        with pytest.warns(lscli.LscliWarning, match=SAME):
            assert 600 == len(list(listing.rows))


def test_metrics_of_several_passes_read_rows_once() -> None:
    with pytest.warns(lscli.LscliWarning, match=SAME):
        lscli.evaluate(X[VAL], Y[VAL], calibrator=CALIBRATOR, metrics="ece_canonical")


def test_soft_labels_of_the_same_rows_are_noticed() -> None:
    soft = np.full((600, 3), 1 / 3)
    with pytest.warns(lscli.LscliWarning, match="about 100" + SOME):
        lscli.evaluate(X[VAL], soft, calibrator=CALIBRATOR, soft_labels=True, metrics="loss_hard")


def test_few_distinct_rows_raise_no_alarm() -> None:
    random = np.random.default_rng(1)
    leaves = random.normal(size=(100, 2)).astype(np.float32)
    one, other = (leaves[random.integers(0, 100, 2000)] for _ in range(2))
    labels = [(random.random(2000) < 0.3) ^ (x[:, 1] > x[:, 0]) for x in (one, other)]
    calibrator = fitted_on(one, labels[0].astype(int))
    assert "" == warned(other, labels[1].astype(int), calibrator)
    assert SAME in warned(one, labels[0].astype(int), calibrator)


def test_a_tenth_of_the_rows_is_seen_with_99_percent() -> None:
    """The sketch is a random sample of the rows: of 64, two or more of a tenth are found with 99.0 %."""
    seen, shares = 0, []
    for run in range(300):
        random = np.random.default_rng(run)
        x, y = random.normal(size=(500, 3)).astype(np.float32), random.integers(0, 3, 500)
        calibrator = _sketched(x, y)
        mixed = random.normal(size=(500, 3)).astype(np.float32)
        mixed[random.permutation(500)[:50]] = x[random.permutation(500)[:50]]
        leakage = Leakage(calibrator, y, np.ones(500))
        leakage.add(mixed, 0)
        seen += leakage.share > 0
        shares.append(leakage.share)
    assert seen >= 291  # 99.0 % of 300 is 297, with a standard deviation of 1.7
    assert 0.1 == pytest.approx(np.mean(shares), abs=0.01)


def _sketched(x: Array, y: Array) -> Calibrator:
    """A calibrator of these rows, whose map is not fitted."""
    with Inputs(x, y, EvaluateOptions()) as opened:
        data = checked_rows(opened).data
    return Calibrator("temperature", 3, None, {"rows": len(x)}, {}, data)
