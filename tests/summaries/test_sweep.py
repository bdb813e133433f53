"""The verdict on a sweep claims nothing that its intervals do not support."""

from __future__ import annotations

import math

import pytest

from lscli.summaries.sweep import verdict
from tests.summaries.rows import row


@pytest.mark.parametrize(
    ("value", "stderr", "words"),
    [
        (0.1, 0.04, "Over-smoothed (under-confident): the smoothing balance +0.1 (95 % interval 0.0216 .. 0.178) is"),
        (-0.1, 0.04, "Under-smoothed (over-confident): the smoothing balance -0.1 (95 % interval -0.178 .. -0.0216)"),
        (0.1, 0.06, "Neither over- nor under-smoothed: the smoothing balance +0.1 (95 % interval -0.0176 .. 0.218) is"),
        (-0.1, 0.06, "Neither over- nor under-smoothed: the smoothing balance -0.1"),
        (0.0, 0.0, "Neither"),
        (0.1, math.nan, "No verdict on the smoothing"),
    ],
)
def test_a_verdict_on_the_smoothing_needs_an_interval_beside_0(value: float, stderr: float, words: str) -> None:
    assert verdict([row("smoothing_balance", value, stderr)]).startswith(words)


def test_the_interval_of_a_bootstrap_goes_before_the_standard_error() -> None:
    found = row("smoothing_balance", 0.1, 0.001)._replace(ci_low=-0.01, ci_high=0.2)
    assert verdict([found], 0.9) == (
        "Neither over- nor under-smoothed: the smoothing balance +0.1 (90 % interval -0.01 .. 0.2) is within noise."
    )


def test_a_lower_level_is_a_narrower_interval() -> None:
    found = row("smoothing_balance", 0.1, 0.06)
    assert verdict([found], 0.95).startswith("Neither")
    assert verdict([found], 0.9).startswith("Over-smoothed")
    assert verdict([found], 0.99).startswith("Neither")


def test_the_eps_that_fits_and_the_one_with_the_least_excess() -> None:
    excess = [row("loss_excess", value, eps=eps) for eps, value in ((0.0, 2), (0.1, 0.5), (0.2, math.inf))]
    fit = [row("eps_gap", 0.12)._replace(ci_low=0.1, ci_high=0.15), row("logit_gap_mean", 4.2)]
    assert verdict([*fit, *excess]) == (
        "The eps that the logits fit best is 0.12 (95 % interval 0.1 .. 0.15), whose optimal gap is their mean of 4.2. "
        "Of the sweep, eps 0.1 has the least excess, 0.5 nats."
    )
    other = row("logit_gap_optimal", 4.5, eps=0.1, smoothing="classy")
    assert "The eps of uniform smoothing that" in verdict([*fit, other])
    assert "No eps fits these logits" in verdict([row("eps_gap", 1.2), row("logit_gap_mean", -0.4)])
    assert "" == verdict([row("eps_gap", math.nan), row("logit_gap_mean", math.nan), *excess[:1]])


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
            "Between x.npy and b.npy no difference in loss is beyond noise, whatever eps of the sweep.",
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


def test_each_of_several_models_is_named() -> None:
    rows = [row("smoothing_balance", 0.1, 0.01), row("smoothing_balance", 0.0, 0.01)._replace(source="b.npy")]
    assert verdict(rows).startswith("x.npy: over-smoothed")
    assert "b.npy: neither" in verdict(rows)
    assert "" == verdict([])
