"""Candidates for a printed loss: the digits as a tolerance, the order and the conclusion, from sums alone."""

from __future__ import annotations

import numpy as np
import pytest

from lscli.errors import UsageError
from lscli.recipes.candidates import Printed, conclusion, ranked
from lscli.recipes.catalogue import Ignored
from lscli.recipes.convention_sums import ConventionSums
from lscli.smoothing.targets import Targets
from lscli.table import SampleTable

HARD, UNIFORM = np.array([0.25, 0.75, 1.0]), np.array([2.0, 1.5, 2.5])
TABLE = SampleTable({"label": np.array([0, 1, 2]), "loss_hard": HARD, "loss_uniform": UNIFORM}, 3)
SUMS = ConventionSums("uniform", Targets(), TABLE, Ignored())


@pytest.mark.parametrize(
    ("text", "half_unit"), [("0.99", 0.005), ("3", 0.5), ("3.000", 0.0005), ("9.9e-1", 0.005), (" 2e3 ", 500)]
)
def test_the_last_digit_is_the_tolerance(text: str, half_unit: float) -> None:
    printed = Printed.of(text)
    assert (text.strip(), float(text)) == (printed.text, printed.number)
    assert half_unit == pytest.approx(printed.half_unit, rel=1e-14)
    assert 0 == printed.distance(printed.number + half_unit)
    assert 0.1 * half_unit == pytest.approx(printed.distance(printed.number - 1.1 * half_unit), rel=1e-9)


@pytest.mark.parametrize("value", ["nan", "-inf", "x", "", "0,99", None, "1e999"])
def test_a_value_that_is_not_a_finite_number_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="not a finite number"):
        Printed.of(value)


def test_the_nearest_candidate_is_first_and_names_its_equals() -> None:
    first = ranked([SUMS], {0.0: 0, 0.1: 0}, Printed.of("0.8"))[0]
    assert (0.1, "uniform", "mean over kept samples") == (first.eps, first.smoothing, first.recipe.name)
    assert 0.9 * HARD.mean() + 0.1 * UNIFORM.mean() == pytest.approx(first.loss, rel=1e-14)
    assert "(1-eps) H + eps U" == first.formula


def test_without_ignored_samples_and_class_weights_their_recipes_are_not_candidates() -> None:
    names = {candidate.recipe.name for candidate in ranked([SUMS], {0.0: 0, 0.1: 0}, Printed.of("1"))}
    assert {"mean over kept samples", "perplexity", "mean KL divergence"} <= names
    assert not [name for name in names if "class weights" in name or "all samples" in name or "ignored" in name]


def test_the_conclusion_solves_for_the_eps_of_a_loss_that_no_candidate_gives() -> None:
    value = Printed.of(f"{0.77 * HARD.mean() + 0.23 * UNIFORM.mean():.9f}")
    said = conclusion(ranked([SUMS], {0.1: 0}, value), value, SUMS, usual=False)
    assert said.startswith(f"None with such an eps gives {value.text}: the nearest is the ")
    assert said.endswith("off; the mean over kept samples of uniform targets with eps 0.23 would.")
    assert "No candidate is a finite number." == conclusion([], value, SUMS, usual=True)
