"""The score MaxLogit-pNorm, its exponent, and what it gains over the maximum softmax probability."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli import SampleTable
from lscli.io.open import open_inputs
from lscli.metrics.base import Value
from lscli.metrics.scores import digamma_rise, held_out_rows, ranking_of_half
from lscli.scan.scan import scan
from tests.metrics.tables import SETTINGS, drawn, full_table, values

Array = NDArray[Any]


def gain_of(table: SampleTable) -> Value:
    (gain,) = values("aurc_pnorm_gain", table)
    return gain


def with_confidence(table: SampleTable, confidence: Array) -> SampleTable:
    """The samples with another score in place of the confidence, nothing kept."""
    return replace(table, columns={**table.columns, "confidence": confidence}, _by_columns={}, _by_weights={})


def aurc(score: Array, correct: Array) -> float:
    """The mean over k of the error rate of the k most confident; a tie has the error rate of all of it throughout."""
    score = np.round(score, 12)  # equal scores may differ by rounding
    wrong = np.array([(~correct[score == each]).mean() for each in np.sort(score)[::-1]])
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())


@pytest.mark.parametrize("classes", [3, 8])
@pytest.mark.parametrize("seed", range(4))
def test_the_gain_by_its_definition(classes: int, seed: int) -> None:
    table = full_table(500, classes, seed)
    half = ~held_out_rows(table)
    gain = gain_of(table)
    column = gain.params["p"] - 1
    areas = [aurc(table["pnorm_scores"][~half, p], table["correct"][~half]) for p in range(8)]
    assert column == int(np.argmin(areas))
    assert (~half).sum() == gain.params["held_out"]
    scores = table["confidence"], table["pnorm_scores"][:, column]
    msp, pnorm = (aurc(score[half], table["correct"][half]) for score in scores)
    assert msp - pnorm == pytest.approx(gain.value, rel=1e-12, abs=1e-15)
    assert gain.value != 0


def test_the_gain_is_a_difference_of_two_areas_of_the_same_samples() -> None:
    table = full_table(500, 8, 3)
    (pnorm,) = values("aurc", table, SETTINGS._replace(score="max_logit_pnorm"))
    gain, msp = gain_of(table), ranking_of_half(table, None)
    assert msp is not None
    assert len(table) - pnorm.params["held_out"] == msp.ends[-1]
    assert msp.aurc() - pnorm.value == pytest.approx(gain.value, rel=1e-12)
    assert {key: pnorm.params[key] for key in ("p", "held_out")} == gain.params
    # The same score in place of the confidence gains nothing.
    column = table["pnorm_scores"][:, gain.params["p"] - 1]
    assert gain_of(with_confidence(table, column)).value == 0


def test_a_damaged_ranking_gains() -> None:
    table = full_table(500, 8, 3)
    damaged = with_confidence(table, np.where(table["correct"], 0.3, 0.6))
    assert gain_of(damaged).value > 0.1
    perfect = with_confidence(table, np.where(table["correct"], 0.6, 0.3))
    assert gain_of(perfect).value < 0


def test_resamples_keep_the_choice_of_p() -> None:
    table = full_table(300, 8, 1)
    weight = np.random.default_rng(0).integers(0, 3, 300).astype(float)
    found = gain_of(table.resample(weight))
    assert gain_of(table).params == found.params
    half = ~held_out_rows(table)
    repeated = np.repeat(np.flatnonzero(half), weight[half].astype(int))
    parts = [table.select(repeated), table.select(repeated)]
    scores = parts[0]["confidence"], parts[1]["pnorm_scores"][:, found.params["p"] - 1]
    areas = [values("aurc", with_confidence(part, score))[0].value for part, score in zip(parts, scores, strict=True)]
    assert areas[0] - areas[1] == pytest.approx(found.value, rel=1e-12)


def test_nothing_to_compare_is_missing() -> None:
    table = full_table(100, 8)
    assert math.isnan(gain_of(table.select(~held_out_rows(table))).value)
    assert math.isnan(gain_of(table.select(held_out_rows(table))).value)
    nan = np.where(np.arange(100) == 3, math.nan, 1)[:, None]
    masked = replace(table, columns={**table.columns, "pnorm_scores": table["pnorm_scores"] * nan}, _by_columns={})
    assert math.isnan(gain_of(masked).value)
    lacking = SampleTable({"confidence": table["confidence"], "correct": table["correct"]}, 8)
    assert [] == values("aurc_pnorm_gain", lacking, SETTINGS)


def test_two_classes_have_no_gain_and_no_off_label_entropy() -> None:
    report = lscli.evaluate(*drawn(50, 2), metrics="all")
    assert not {"aurc_pnorm_gain", "off_label_entropy"} & {row.metric for row in report.rows}


def test_digamma_rise() -> None:
    for a, n in [(1, 1), (1, 7), (3, 2), (16, 5), (15, 40), (17, 3), (1000, 2), (10**6, 3), (10**9, 2), (2, 10**5)]:
        expected = math.fsum(1 / (a + j) for j in range(n))
        found = digamma_rise(np.array([float(a)]), np.array([float(n)]))[0]
        assert expected == pytest.approx(found, rel=2e-15, abs=0)
    from scipy.special import psi

    start, size = (x.ravel() for x in np.meshgrid([1, 1.3, 4.5, 15.99, 16, 30], [0, 0.01, 0.5, 2.5, 100.1]))
    assert psi(start + size) - psi(start) == pytest.approx(digamma_rise(start, size), rel=1e-12, abs=1e-14)


def test_halves_are_halves_and_permuted_or_shifted_rows_go_together() -> None:
    rng = np.random.default_rng(0)
    logits = rng.integers(-40, 40, (20_000, 6)) / 8
    drawn = held_out_rows(hashed(logits))
    assert 0.5 == pytest.approx(drawn.mean(), abs=0.02)
    assert np.array_equal(drawn, held_out_rows(hashed(logits[:, rng.permutation(6)])))
    assert np.array_equal(drawn, held_out_rows(hashed(rng.permuted(logits, axis=1) + 3.5)))
    # Rows of more classes are hashed in parts.
    wide = rng.integers(-40, 40, (300, 500)).astype(np.float32)
    halves = held_out_rows(hashed(wide))
    assert 0.5 == pytest.approx(halves.mean(), abs=0.1)
    assert np.array_equal(halves, held_out_rows(hashed(rng.permuted(wide, axis=1))))


def hashed(logits: Array) -> SampleTable:
    """The hashes of rows of logits."""
    opened, _ = open_inputs(logits, np.zeros(len(logits), np.int64))
    return scan(opened, np.zeros(len(logits), np.int32), ["row_hash"]).table
