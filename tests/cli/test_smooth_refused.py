"""What `lscli smooth` does not take is one line with a hint, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused
from tests.command import LABELS, LOGITS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["no labels were given", "--label 1 --classes 4"]),
        ([LABELS, "--label", 1, "--classes", 10], ["LABELS and --label", "leave out one"]),
        ([LABELS], ["number of classes", "--classes K"]),
        (["--label", 1], ["number of classes", "--classes K"]),
        ([LABELS, "--classes", 1], ["classes", "at least 2", "1"]),
        ([LABELS, "--classes", "x"], ["--classes", "'x' is not a whole number"]),
        (["--label", 4, "--classes", 4], ["label", "from 0 to 3, got 4"]),
        (["--label=-1", "--classes", 4], ["label", "from 0 to 3, got -1"]),
        ([LABELS, "--classes", 10, "--eps", "nan"], ["eps", "finite and in [0, 1]", "nan", "--eps 0.1"]),
        ([LABELS, "--classes", 10, "--eps", "1.5"], ["eps", "1.5"]),
        ([LABELS, "--classes", 10, "--eps", ""], ["eps"]),
        ([LABELS, "--classes", 10, "--eps=-0.1"], ["-0.1", "--allow-negative-eps"]),
        ([LABELS, "--classes", 10, "--eps", "0.1,0.2"], ["one eps", "0.1,0.2", "--eps 0.1"]),
        ([LABELS, "--classes", 10, "--eps", "0.1", "--eps", "0.2"], ["one eps", "0.1,0.2"]),
        ([LABELS, "--classes", 10, "--eps", "0:0.5:0.1"], ["one eps", "0:0.5:0.1"]),
        ([LABELS, "--classes", 10, "--smoothing", "unifrom"], ["'unifrom'", "'uniform'"]),
        ([LABELS, "--classes", 10, "--smoothing", "prior"], ["needs one", "--prior"]),
        ([LABELS, "--classes", 10, "--prior", "empirical"], ["no prior", "--smoothing prior"]),
        (["--label", 1, "--classes", 4, "--smoothing", "prior", "--prior", "empirical"], ["no labels to count"]),
        (["--label", 1, "--classes", 4, "-f", "npy"], ["not an array", "-f csv"]),
        (["--label", 0, "--classes", 4, "--smoothing", "classy", "--eps=-1", "--allow-negative-eps"], ["above -1"]),
    ],
)
def test_wrong_usage_is_one_line_and_a_hint(
    run: Run, tmp_path: Path, arguments: list[object], words: list[str]
) -> None:
    assert_refused(run("smooth", *arguments), 2, *words)
    if "-f" not in arguments:
        assert_refused(run("smooth", *arguments, "-o", tmp_path / "x.csv"), 2, *words)
        assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("saved", "more", "words"),
    [
        ([0, 1, 4, 0], ("--classes", 4), ["out of range at row 2 (value 4, 4 classes)"]),
        ([0, -1], ("--classes", 4), ["row 1 (value -1", "--ignore-index"]),
        ([-100, -100], ("--classes", 4), ["all 2 samples are ignored"]),
        ([0.0, 1.0], ("--classes", 4), ["not integer labels"]),
        ([[0], [1]], ("--classes", 4), ["(2, 1)", "labels.ravel()"]),
        ([[[0, 1]]], ("--classes", 4), ["(1, 1, 2)"]),
        (np.empty((0, 3)), (), ["no rows"]),
        (np.empty((3, 0)), (), ["at least 2 classes"]),
        ([["a", "b"]], (), ["not numbers"]),
        ([[0, 1, 0]], ("--classes", 4), ["labels of 3 classes, not 4"]),
        ([[0, 1, 0], [0, 2, 0]], (), ["row 1, class 1: 2 is not in [0, 1]"]),
        ([[0, 1, 0], [0, np.nan, 0]], (), ["row 1, class 1: nan"]),
        ([[0, 0]], ("--smoothing", "prior", "--prior", "empirical"), ["no row has a class"]),
    ],
)
def test_labels_that_cannot_be_used_leave_nothing(
    run: Run, tmp_path: Path, saved: object, more: tuple[object, ...], words: list[str]
) -> None:
    path = tmp_path / "bad.npy"
    np.save(path, np.asarray(saved))
    for suffix in ("csv", "npy", "json", "parquet"):
        assert_refused(run("smooth", path, *more, "-o", tmp_path / f"x.{suffix}"), 3, str(path), *words)
    assert [path] == list(tmp_path.iterdir())
    for format_name in ("csv", "npy", "table"):
        assert_refused(run("smooth", path, *more, "-f", format_name), 3, str(path), *words)


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        ([0.5, 0.5], ["2 priors for 4 classes"]),
        ([0.5, 0.6, -0.1, 0], ["class 2 is negative"]),
        ([0.5, 0.1, 0.1, 0.1], ["sums to 0.8, not to 1"]),
        ([np.nan, 0.1, 0.1, 0.1], ["class 0 is not finite"]),
    ],
)
def test_a_prior_that_cannot_be_used_is_refused(run: Run, tmp_path: Path, prior: list[float], words: list[str]) -> None:
    np.save(tmp_path / "p.npy", prior)
    np.save(tmp_path / "y.npy", [0, 1, 3])
    arguments = ("--classes", 4, "--smoothing", "prior", "--prior", tmp_path / "p.npy")
    assert_refused(run("smooth", tmp_path / "y.npy", *arguments), 3, "p.npy", *words)
    assert_refused(run("smooth", "--label", 1, *arguments, "-o", tmp_path / "x.csv"), 3, "p.npy", *words)
    assert not (tmp_path / "x.csv").exists()


def test_the_output_is_none_of_the_inputs(run: Run, tmp_path: Path) -> None:
    labels = tmp_path / "y.npy"
    np.save(labels, [0, 1, 3])
    np.save(tmp_path / "p.npy", np.full(4, 0.25))
    prior = ("--smoothing", "prior", "--prior", tmp_path / "p.npy")
    for output in (labels, tmp_path / "p.npy"):
        before = output.read_bytes()
        assert_refused(run("smooth", labels, "--classes", 4, *prior, "-o", output), 2, "one of the inputs")
        assert before == output.read_bytes()


@pytest.mark.parametrize("command_name", ["metrics", "bins", "classes", "samples", "eval"])
def test_an_array_of_another_answer_is_refused(run: Run, tmp_path: Path, command_name: str) -> None:
    arguments = [] if command_name == "metrics" else [LOGITS, LABELS]
    assert_refused(run(command_name, *arguments, "-f", "npy"), 2, "not an array", "-f csv, json", "parquet")
    assert_refused(run(command_name, *arguments, "-o", tmp_path / "x.npy"), 2, "not an array")
    assert [] == list(tmp_path.iterdir())
