"""The candidates of a printed loss fit the screen, with the digits of that loss, and say how each is computed."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len

import lscli
from lscli.listings import CandidateRow, Candidates
from lscli.render.renderers import Screen
from tests.render.reports import NAMES, text_of

# Three samples and an ignored one.
LOGITS = np.array([[1, 2, 3], [2, 0, -1], [0, 0, 0], [0.5, 2.5, -1]])
LABELS = np.array([2, 0, -100, 0])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_table_fits_and_says_everything(width: int) -> None:
    answer = lscli.explain("0.9935", LOGITS, LABELS)
    text = text_of(answer, "table", Screen(width, color=False))
    assert [] == [line for line in text.splitlines() if cell_len(line) > width]
    words = " ".join(text.split())
    for part in (
        *("1 ignored", "+4.3e-05 0.9935 0.1 uniform mean over kept samples", "(1-eps) H + eps U"),
        *("torch, timm, Keras", answer.conclusion),
    ):
        assert part in words
    assert len(answer.rows) == sum(
        f"{row.loss:.4f} {row.eps:g} {row.smoothing} {row.recipe} {row.formula}" in words for row in answer.rows
    )


@pytest.mark.parametrize(("value", "shown"), [("0.9935434", "0.9935434"), ("1", "0.9935"), ("9.935e-1", "0.993543")])
def test_a_loss_has_as_many_digits_as_the_printed_value(value: str, shown: str) -> None:
    assert f"  {shown}  0.1  uniform" in text_of(lscli.explain(value, LOGITS, LABELS, eps=0.1), "table")


@pytest.mark.parametrize("width", [60, 120])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is_in_the_title(name: str, width: int) -> None:
    row = CandidateRow(0.0, 0.5, 0.1, "uniform", "mean over kept samples", "(1-eps) H + eps U", "torch")
    inputs = [{"role": "logits", "path": name, "shape": [5000, 10], "dtype": "float32", "size": 200_128}]
    answer = Candidates(rows=[row], value="0.5", by_chance=0.0, inputs=inputs, conclusion=f"One candidate: {name}.")
    lines = text_of(answer, "table", Screen(width, color=False)).splitlines()
    assert [] == [line for line in lines if cell_len(line) > width]
    assert ["0", "0.5000", "0.1", "uniform", "mean"] in [line.split()[:5] for line in lines]


def test_no_candidate_leaves_the_title_and_the_conclusion() -> None:
    text = text_of(Candidates(rows=[], value="0.5", by_chance=0.0, conclusion="No candidate gives 0.5."), "table")
    assert "No candidate gives 0.5." == text.splitlines()[-1].strip()
    assert "class weights" not in text
