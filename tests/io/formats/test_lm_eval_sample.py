"""Samples of lm-evaluation-harness whose saved accuracy tells which choice is right, or that several are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.io.formats.test_lm_eval import accuracy, labels_of, of_choices, spoilt, written
from tests.io.table_files import refused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "samples_task.jsonl"


@pytest.mark.parametrize("saved", [(1, 0), (1.0, 0.0), (True, False), ("True", "False"), ("1.0", "0")])
def test_of_two_choices_with_the_same_text_the_accuracy_tells_the_right_one(path: Path, saved: tuple[Any, Any]) -> None:
    # As in winogrande, wsc273 and xwinograd, whose questions differ: the last two are a tie, of which the harness takes
    # the first.
    values = [[-9.5, -9.1], [-7.0, -8.0], [-5.0, -6.0], [-2.0, -1.0], [-3.0, -3.0], [-3.0, -3.0]]
    right = [True, True, False, False, True, False]
    samples = [
        of_choices(row, pair, [" had to paint."] * 2, "had to paint.", acc=saved[0] if hit else saved[1])
        for row, (pair, hit) in enumerate(zip(values, right, strict=True))
    ]
    assert np.mean(right) == accuracy(path, samples)
    assert [1, 0, 1, 0, 0, 1] == labels_of(path)


def test_of_three_choices_with_the_same_text_only_the_predicted_one_is_told(path: Path) -> None:
    samples = [of_choices(row, [-3.0, -1.0, -2.0], [" x"] * 3, "x", acc=1) for row in range(4)]
    assert 1 == accuracy(path, samples)
    assert [1] * 4 == labels_of(path)
    samples[2]["acc"] = 0
    assert refused(written(path, samples), "line 3 has target 'x', the text of several choices").hint
    del samples[2]["acc"]
    refused(written(path, samples), "line 3 has target 'x', the text of several choices")


def test_of_some_choices_with_the_same_text_the_first_is_right_as_in_the_harness(path: Path) -> None:
    texts = [" a", " b", " b", " c"]
    samples = [
        of_choices(0, [-3, -1, -2, -4.0], texts, "b", acc=1),
        of_choices(1, [-3, -2, -1, -4.0], texts, "b", acc=0),
    ]
    assert 0.5 == accuracy(path, samples)
    assert [1, 1] == labels_of(path)
    del samples[1]["acc"]
    refused(written(path, samples), "line 2 has target 'b', the text of several choices")


@pytest.mark.parametrize("saved", [0.8780483476902712, "0.5", 1e-300, 1 - 1e-16])
def test_a_fraction_says_that_several_choices_are_right(path: Path, saved: object) -> None:
    error = spoilt(path, r"line 6 has acc '?[0-9.e-]+'?, a fraction: several of its choices are right", acc=saved)
    assert "one right choice" in error.hint


@pytest.mark.parametrize("saved", [2, -1, "x", [1], {"a": 1}, math.nan, 1e400, "", [[[[[[0]]]]]]])
def test_an_accuracy_that_is_none_is_refused(path: Path, saved: object) -> None:
    spoilt(path, r"line 6 has .* for acc, not 0 or 1", acc=saved)


@pytest.mark.parametrize("right", [[0, 1], [1, 0]], ids=["the number of a choice", "the text of a choice"])
def test_a_target_that_is_a_number_and_a_text_is_read_as_the_accuracy_has_it(path: Path, right: list[int]) -> None:
    targets, predicted = (0, 1, 1, 0, 0), (0, 1, 0, 1, 0)
    samples = [
        of_choices(row, [-1.0 - top, -2.0 + top], [" 1", " 0"], str(target), acc=int(right[target] == top))
        for row, (target, top) in enumerate(zip(targets, predicted, strict=True))
    ]
    assert np.mean([each["acc"] for each in samples]) == accuracy(path, samples)
    assert [right[target] for target in targets] == labels_of(path)
    # One sample tells it for all; without any, nothing does.
    for each in samples[:2] + samples[3:]:
        del each["acc"]
    accuracy(path, samples)
    assert [right[target] for target in targets] == labels_of(path)
    del samples[2]["acc"]
    says = "line 1 has a target that is the number of choice 0 and the text of choice 1, counted from 0"
    refused(written(path, samples), says)


def test_a_target_that_is_the_number_and_the_text_of_one_choice_needs_no_accuracy(path: Path) -> None:
    samples = [of_choices(row, [-1.0, -2.0, -3.0], [" 0", " 1", " 2"], str(row % 3)) for row in range(6)]
    assert pytest.approx(1 / 3) == accuracy(path, samples)
    assert [0, 1, 2] * 2 == labels_of(path)


def test_targets_that_fit_neither_way_are_refused(path: Path) -> None:
    samples = [of_choices(row, [-1.0, -2.0], [" 1", " 0"], "1", acc=row % 2) for row in range(4)]
    refused(written(path, samples), r"line 2 has acc 1, but .* choice 1 \(from 0\), give 0")
