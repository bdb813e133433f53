"""Accuracy that is that of chance is said, with the mistake that explains it; a bad model is not accused of one."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from tests.command import lscli as run

Array = NDArray[Any]

QUESTION = "are the rows of logits and labels in the same order? do the labels count from 1?"


def model(rows: int, classes: int, skill: float = 5.0, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    return (rng.standard_normal((rows, classes)) + skill * np.eye(classes)[labels]).astype(np.float32), labels


def said(logits: Any, labels: Any, **options: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lscli.evaluate(logits, labels, metrics=options.pop("metrics", "accuracy"), **options)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("rows", [20, 300, 200_000])
def test_the_mistake_is_named_with_the_accuracy_without_it(rows: int) -> None:
    logits, labels = model(rows, 10)
    right = f"{np.mean(logits.argmax(axis=1) == labels):.2g}"
    mistakes = {
        "with labels - 1: do the labels count from 1?": (labels + 1) % 10,
        "with labels + 1": (labels - 1) % 10,
        "with labels + 4": (labels - 4) % 10,
        "with the labels in reversed order: reverse the rows of one of the two": labels[::-1],
        "with the labels moved up by one row": np.roll(labels, 1),
        "with the labels moved down by one row": np.roll(labels, -1),
    }
    for says, wrong in mistakes.items():
        (found,) = said(logits, wrong)
        assert says in found
        share = float(found.split(", and would be ")[1].split()[0])
        assert abs(share - float(right)) < 0.06


def test_names_that_are_in_another_order_are_said_to_be() -> None:
    logits, labels = model(300, 10)
    names = [f"name {k}" for k in range(10)]
    words = np.array([*names[1:], names[0]])[labels]
    (found,) = said(logits, words, class_names=names)
    assert found.endswith("with labels - 1: are the names of the classes in the order of the columns?")
    (found,) = said(np.random.default_rng(5).permutation(logits), words, class_names=names)
    assert found.endswith("in the same order? are the names of the classes in the order of the columns?")


def test_labels_from_1_are_read_with_the_option() -> None:
    logits, labels = model(300, 11)
    logits[:, 10], labels = -20, labels % 10  # no label is the last class
    logits[np.arange(300), labels] += 9
    (found,) = said(logits, labels + 1)
    assert found.endswith("do the labels count from 1? then say labels_from=1")


def test_two_classes_that_are_exchanged() -> None:
    logits, labels = model(100, 2)
    (found,) = said(logits, 1 - labels)
    assert "with the two classes exchanged" in found
    (found,) = said(logits[:, 0] - logits[:, 1], labels, binary=True)
    assert "is the logit that of class 0?" in found


@pytest.mark.parametrize(("rows", "classes"), [(200, 10), (2000, 2), (5000, 100), (300, 1000)])
def test_rows_in_another_order_give_the_accuracy_of_chance(rows: int, classes: int) -> None:
    logits, labels = model(rows, classes, skill=9)
    order = np.random.default_rng(1).permutation(rows)
    (found,) = said(logits, labels[order])
    assert " chance (" in found
    assert found.endswith(QUESTION)
    assert [] == said(logits[order], labels[order])


def test_chance_is_that_of_the_shares_of_the_classes() -> None:
    rng = np.random.default_rng(3)
    labels = (rng.random(20_000) < 0.1).astype(int)
    logits = rng.standard_normal((20_000, 2)) + 3 * np.eye(2)[labels]
    assert [] == said(logits, labels)
    (found,) = said(logits, rng.permutation(labels))
    assert "is no better than chance (0." in found


def test_sorted_labels_are_named() -> None:
    logits, labels = model(600, 10)
    (found,) = said(logits, np.sort(labels))
    assert "the labels are sorted and the predictions are not" in found
    order = np.argsort(labels, kind="stable")
    assert [] == said(logits[order], labels[order])


@pytest.mark.parametrize("skill", [0.3, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("classes", [2, 4, 1000])
def test_a_bad_model_is_just_bad(classes: int, skill: float) -> None:
    logits, labels = model(4000, classes, skill=skill + classes / 500)
    assert [] == said(logits, labels)


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_few_samples_say_nothing(classes: int) -> None:
    for seed in range(20):
        logits, labels = model(10, classes, skill=0, seed=seed)
        assert [] == [note for note in said(logits, labels) if "chance" in note]


def test_a_prediction_that_never_changes_fits_any_order() -> None:
    logits = np.zeros((5000, 2), np.float32)
    logits[:, 0] = 1.5
    assert [] == said(logits, np.arange(5000) % 2)
    assert [] == said(logits, np.ones(5000, int))
    assert [] == said(np.pad(logits, ((0, 0), (0, 3))), np.full(5000, 4))


@pytest.mark.parametrize(("usual", "spread"), [(-3, 1), (3, 1), (-5, 1.5), (-1, 0.3)])
def test_calibrated_predictions_of_a_rare_class_are_no_chance(usual: float, spread: float) -> None:
    """Nearly all of them are of the other class, so that any order of the rows has about the same accuracy."""
    rng = np.random.default_rng(0)
    logits = rng.normal(usual, spread, 200_000)
    labels = (rng.random(len(logits)) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    assert 50 < np.count_nonzero((logits > 0) != (usual > 0)) < 400
    assert [] == said(logits, labels, binary=True)
    assert [] == said(np.stack([-logits, 0 * logits], axis=1), labels)


def test_labels_of_one_class_fit_any_order() -> None:
    logits, _ = model(5000, 4, skill=0.0)
    assert [] == said(logits, np.full(5000, 2))
    assert [] == said(logits, np.where(np.arange(5000) < 10, 1, 2))
    for rows in (1, 30):
        right = np.zeros(rows, int)
        assert [] == said(np.eye(3)[right] - 0.5, right)


def test_classes_that_rows_do_not_have_are_no_chance() -> None:
    # Half the questions have two choices, half have five; a guess is right in 35 %, and the shares alone say 27.5 %.
    rng = np.random.default_rng(2)
    counts = np.where(np.arange(4000) % 2 == 0, 2, 5)
    logits = rng.standard_normal((4000, 5))
    logits[np.arange(5) >= counts[:, None]] = -np.inf
    labels = rng.integers(0, counts)
    (found,) = [note for note in said(logits, labels, masked_classes="exclude") if "chance" in note]
    assert "no better than chance (0.35)" in found


def test_rows_of_weight_0_do_not_count() -> None:
    logits, labels = model(1000, 10)
    labels[500:] = np.random.default_rng(1).permutation(labels[500:])
    weights = np.repeat([1.0, 0.0], 500)
    assert [] == said(logits, labels, weights=weights)
    assert 1 == len(said(logits, labels, weights=weights[::-1]))


def test_every_metric_and_command_has_it_and_the_report_keeps_it(tmp_path: Path) -> None:
    logits, labels = model(300, 10)
    np.save(tmp_path / "x.npy", logits)
    np.save(tmp_path / "y.npy", (labels + 1) % 10)
    for command in (["eval"], ["eval", "-m", "loss_hard"], ["bins"], ["sweep"], ["explain", "1.5"]):
        done = run(*command, tmp_path / "x.npy", tmp_path / "y.npy")
        assert 1 == done.stderr.count("with labels - 1"), command
    report = json.loads(run("eval", tmp_path / "x.npy", tmp_path / "y.npy", "-f", "json", "-q").stdout)
    assert ["with labels - 1" in note for note in report["warnings"]] == [True]


@pytest.mark.parametrize("options", [{"chunk_rows": 1}, {"threads": 3, "chunk_rows": 11}, {"kernel": "torch"}])
def test_no_word_depends_on_chunks_or_threads(options: dict[str, Any]) -> None:
    logits, labels = model(500, 10)
    wrong = np.random.default_rng(0).permutation(labels)
    assert said(logits, wrong) == said(logits, wrong, **options)
