"""The verdict on a sweep claims nothing that its intervals, and the noise of a calibrated model, do not support."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from scipy.stats import chi2, f

from lscli.intervals.clusters import quantile_of_lines
from lscli.intervals.gap_test import Side
from lscli.metrics.smoothing_marks import Marks
from lscli.report import Row
from lscli.summaries import sweep
from lscli.summaries.evidence import Evidence
from tests.summaries.rows import row

SMOOTHED = Marks(eps=0.12, gap=4.2, spread=1.2, entropy=0.9)
HARD = Marks(eps=1e-7, gap=17.4, spread=6.1, entropy=0.2)


def verdict(rows: Sequence[Row], level: float = 0.95, side: Side = "", marks: Marks | None = None) -> str:
    evidence = Evidence(gap=side, marks=marks)
    return sweep.verdict(rows, dict.fromkeys(("x.npy", "b.npy"), evidence), level)


@pytest.mark.parametrize(
    ("value", "stderr", "side", "words"),
    [
        (
            0.1,
            0.04,
            "under-confident",
            "Under-confident: the smoothing balance +0.1 (95 % interval 0.0216 .. 0.178) is above 0.",
        ),
        (
            -0.1,
            0.04,
            "over-confident",
            "Over-confident: the smoothing balance -0.1 (95 % interval -0.178 .. -0.0216) is below 0.",
        ),
        (
            0.1,
            0.06,
            "under-confident",
            "Neither over- nor under-confident: the smoothing balance +0.1 (95 % interval -0.0176 .. ",
        ),
        (-0.1, 0.06, "over-confident", "Neither over- nor under-confident: the smoothing balance -0.1"),
        (0.1, 0.0, "", "Neither over- nor under-confident: the smoothing balance +0.1 is within the noise of a calib"),
        (0.0, 0.0, "", "Neither"),
        (0.1, math.nan, "under-confident", "No verdict on the confidence"),
    ],
)
def test_a_verdict_on_the_confidence_needs_an_interval_beside_0_and_more_than_noise(
    value: float, stderr: float, side: Side, words: str
) -> None:
    assert verdict([row("smoothing_balance", value, stderr)], side=side).startswith(words)


def test_only_logits_that_look_smoothed_are_over_or_under_smoothed() -> None:
    for value, side, smoothed, plain in (
        (0.1, "under-confident", "Over-smoothed (under-confident): ", "Under-confident: "),
        (-0.1, "over-confident", "Under-smoothed (over-confident): ", "Over-confident: "),
    ):
        rows = [row("smoothing_balance", value, 0.01)]
        assert verdict(rows, side=side, marks=SMOOTHED).startswith(smoothed)  # type: ignore[arg-type]
        for marks in (None, HARD, SMOOTHED._replace(eps=0.598), SMOOTHED._replace(spread=1.5)):
            assert verdict(rows, side=side, marks=marks).startswith(plain)  # type: ignore[arg-type]


def test_the_interval_of_a_bootstrap_goes_before_the_standard_error() -> None:
    found = row("smoothing_balance", 0.1, 0.001)._replace(ci_low=-0.01, ci_high=0.2)
    assert verdict([found], 0.9, "under-confident") == (
        "Neither over- nor under-confident: the smoothing balance +0.1 (90 % interval -0.01 .. 0.2) is within noise."
    )


def test_a_lower_level_is_a_narrower_interval() -> None:
    found = row("smoothing_balance", 0.1, 0.06)
    assert verdict([found], 0.95, "under-confident").startswith("Neither")
    assert verdict([found], 0.9, "under-confident").startswith("Under-confident")
    assert verdict([found], 0.99, "under-confident").startswith("Neither")


def test_the_eps_that_fits_and_the_one_with_the_least_excess() -> None:
    excess = [row("loss_excess", value, eps=eps) for eps, value in ((0.0, 2), (0.1, 0.5), (0.2, math.inf))]
    fit = [row("eps_gap", 0.12)._replace(ci_low=0.1, ci_high=0.15), row("logit_gap_mean", 4.2)]
    assert verdict([*fit, *excess], marks=SMOOTHED) == (
        "The logits look smoothed, and the eps that they fit best is 0.12 (95 % interval 0.1 .. 0.15): its optimal "
        "logit gap is their mean gap, 4.2. Of the sweep, eps 0.1 has the least excess, 0.5 nats."
    )
    other = row("logit_gap_optimal", 4.5, eps=0.1, smoothing="classy")
    assert "the eps of uniform smoothing that" in verdict([*fit, other], marks=SMOOTHED)
    assert "No eps fits these logits" in verdict([row("eps_gap", 1.2), row("logit_gap_mean", -0.4)])
    assert "" == verdict([row("eps_gap", math.nan), row("logit_gap_mean", math.nan), *excess[:1]])
    assert "" == verdict(fit)


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        (HARD, "the eps of their mean logit gap of 17.4, 1e-07, is below 0.01."),
        (SMOOTHED._replace(eps=0.598), "the eps of their mean logit gap of 4.2, 0.598, is above 0.5."),
        (SMOOTHED._replace(spread=1.5), "their logit gaps vary by 1.5 around a mean of 4.2."),
        (SMOOTHED._replace(entropy=0.6), "the other classes are not nearly equal (an off_label_entropy of 0.6)."),
    ],
)
def test_logits_that_do_not_look_smoothed_have_no_eps_but_a_reason(marks: Marks, why: str) -> None:
    fit = [row("eps_gap", marks.eps), row("logit_gap_mean", marks.gap)]
    assert f"The logits do not look smoothed: {why}" == verdict(fit, marks=marks)


@pytest.mark.parametrize(
    ("values", "start", "words"),
    [
        ((3, 2, 1), 0, "eps 0.2 has the least excess, 1 nats, at its edge: a larger eps may have less."),
        ((1, 2, 3), 1, "eps 0.1 has the least excess, 1 nats, at its edge: a smaller eps may have less."),
        ((1, 2, 3), 0, "eps 0 has the least excess, 1 nats."),
        ((3, 2, 1), 8, "eps 1 has the least excess, 1 nats."),
        ((3, 1, 2), 0, "eps 0.1 has the least excess, 1 nats."),
    ],
)
def test_the_least_excess_may_be_at_the_edge(values: tuple[float, ...], start: int, words: str) -> None:
    rows = [row("loss_excess", value, eps=(start + place) / 10) for place, value in enumerate(values)]
    assert f"Of the sweep, {words}" == verdict(rows)


def ranking(*differences: float, stderr: float = 0.1, flip: float = math.nan) -> str:
    curve = [
        row("loss_difference", value, stderr, place / 10)._replace(source="b.npy")
        for place, value in enumerate(differences)
    ]
    return verdict([row("brier", 0.1), *curve, row("loss_flip_eps", flip, 0.01)._replace(source="b.npy")])


@pytest.mark.parametrize(
    ("differences", "flip", "expected"),
    [
        ((-1, -0.5, -0.3), math.nan, "b.npy has the smaller loss at every eps of the sweep."),
        ((1, 0.5, 0.3), math.nan, "x.npy has the smaller loss at every eps of the sweep."),
        ((-1, -0.5, 0.1), 0.19, "b.npy has the smaller loss at eps 0 to 0.1; at eps 0.2 it is within noise."),
        (
            (0.1, -0.1, 0.0),
            0.1,
            "Between x.npy and b.npy no difference in loss is beyond noise at any eps of the sweep.",
        ),
        ((1, 0.5, -0.5), math.nan, "x.npy has the smaller loss at eps 0 to 0.1, b.npy at eps 0.2."),
        ((0.1, 0.5, 0.1), math.nan, "x.npy has the smaller loss at eps 0.1; at eps 0 and 0.2 it is within noise."),
        (
            (-1, 0.1, 1),
            0.1,
            "b.npy has the smaller loss below eps 0.1 (95 % interval 0.0804 .. 0.12), x.npy above; "
            "at eps 0.1 it is within noise.",
        ),
        ((1, -1), 0.05, "x.npy has the smaller loss below eps 0.05 (95 % interval 0.0304 .. 0.0696), b.npy above."),
    ],
)
def test_a_model_is_better_where_the_band_says_so(differences: tuple[float, ...], flip: float, expected: str) -> None:
    assert expected == ranking(*differences, flip=flip)


def test_one_eps_of_several_needs_more_than_the_interval_of_its_own() -> None:
    # 2.2 standard errors: enough if every eps says so, or for a sweep of one, but not as the largest of several.
    best = "b.npy has the smaller loss"
    assert ranking(-0.22, -0.22, -0.22).startswith(f"{best} at every eps")
    assert ranking(-0.22).startswith(f"{best} at every eps")
    assert ranking(-0.1, -0.22, -0.22) == (
        "Between x.npy and b.npy no difference in loss is beyond noise if all eps of the sweep are considered."
    )
    assert ranking(-0.1, -0.22, -0.25).startswith(f"{best} at eps 0.1 to 0.2; at eps 0 it is within noise")


def test_intervals_of_lines_have_the_quantiles_of_hotelling() -> None:
    for level in (0.8, 0.95, 0.99):
        assert chi2.ppf(level, 2) ** 0.5 == pytest.approx(quantile_of_lines(level, 0), rel=1e-12)
        for clusters in (3, 4, 20, 500):
            expected = (2 * (clusters - 1) / (clusters - 2) * f.ppf(level, 2, clusters - 2)) ** 0.5
            assert expected == pytest.approx(quantile_of_lines(level, clusters), rel=1e-9)
    assert [math.inf] * 2 == [quantile_of_lines(0.95, clusters) for clusters in (1, 2)]


def test_each_of_several_models_is_named() -> None:
    rows = [row("smoothing_balance", 0.1, 0.01), row("smoothing_balance", 0.0, 0.01)._replace(source="b.npy")]
    assert verdict(rows, side="under-confident").startswith("x.npy: under-confident")
    assert "b.npy: neither" in verdict(rows, side="under-confident")
    assert "" == verdict([])
