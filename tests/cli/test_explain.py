"""`lscli explain`: the convention behind a printed loss, as a table, as CSV and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused, column, records, values
from tests.command import LABELS, LOGITS

HEADER = "difference,loss,eps,smoothing,recipe,formula,who"
TORCH = {"eps": "0.1", "smoothing": "uniform", "recipe": "mean over kept samples"}
CONCLUSION = (
    "One candidate gives 0.9935 to its last digit: the mean over kept samples of uniform targets with eps 0.1 (torch)."
)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Three samples and an ignored one: the worked example of all conventions."""
    np.save(tmp_path / "x.npy", np.array([[1, 2, 3], [2, 0, -1], [0, 0, 0], [0.5, 2.5, -1]]))
    np.save(tmp_path / "y.npy", np.array([2, 0, -100, 0]))
    return str(tmp_path / "x.npy"), str(tmp_path / "y.npy")


def test_the_best_candidate_comes_first(run: Run, pair: tuple[str, str]) -> None:
    answer = run("explain", "0.9935", *pair)
    rows = records(answer)
    assert HEADER == answer.out.partition("\n")[0]
    assert 10 == len(rows)
    assert TORCH == {name: rows[0][name] for name in TORCH}
    assert "(1-eps) H + eps U" == rows[0]["formula"]
    distances = [abs(difference) for difference in column(rows, "difference")]
    assert sorted(distances) == distances
    for difference, loss in zip(column(rows, "difference"), column(rows, "loss"), strict=True):
        assert loss - 0.9935 == difference


def test_the_conclusion_is_in_every_format_for_people_and_in_json(run: Run, pair: tuple[str, str]) -> None:
    command = ["explain", "0.9935", *pair, "--candidates", "2"]
    document = json.loads(run(*command, "-f", "json").out)
    assert ("lscli.explain/1", CONCLUSION, 2) == (document["schema"], document["conclusion"], len(document["rows"]))
    assert CONCLUSION in " ".join(run(*command, "-f", "table").out.split())
    assert f"|\n\n{CONCLUSION}\n" in run(*command, "-f", "markdown").out
    assert CONCLUSION not in run(*command, "-f", "csv").out


def test_settings_say_what_was_tried_and_where_it_came_from(
    run: Run, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSCLI_CANDIDATES", "3")
    answer = run("explain", "0.9935", *pair, "--eps", "0.2,0.1", "-f", "json")
    assert ("0.9935", "flag") == answer.settings["value"]
    assert ([0.0, 0.1, 0.2], "flag") == answer.settings["eps"]
    assert (3, "environment") == answer.settings["candidates"]
    settings = run("explain", "0.9935", *pair, "-f", "json").settings
    assert "default" == settings["eps"][1]
    assert {0.0, 0.1, 0.5} < set(settings["eps"][0])


@pytest.mark.parametrize("digits", [3, 5])
@pytest.mark.parametrize("name", ["logits.npy", "logits_smoothed.npy"])
@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
def test_what_eval_prints_of_the_sample_is_explained(run: Run, digits: int, name: str, smoothing: str) -> None:
    logits = LOGITS.replace("logits.npy", name)
    metric = "loss_smoothed"
    loss = values(run("eval", logits, LABELS, "--smoothing", smoothing, "--eps", "0.2", "--metrics", metric))[metric]
    rows = records(run("explain", f"{loss:.{digits}f}", logits, LABELS, "--eps", "0.1,0.2", "--eps", "0.05"))
    assert ("0.2", smoothing, "mean over kept samples") == tuple(rows[0][key] for key in ("eps", "smoothing", "recipe"))
    assert loss == pytest.approx(float(rows[0]["loss"]), rel=1e-12)


def test_a_prior_and_class_weights_are_tried_too(run: Run, pair: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "prior.csv").write_text("0.5\n0.3\n0.2\n")
    np.save(tmp_path / "w.npy", np.array([1.0, 2.0, 4.0]))
    rows = records(run("explain", "0.9835433970409848", *pair, "--prior", tmp_path / "prior.csv"))
    assert ("0.1", "prior") == (rows[0]["eps"], rows[0]["smoothing"])
    loss = values(
        run("eval", *pair, "--class-weights", tmp_path / "w.npy", "--eps", "0.3", "--metrics", "loss_smoothed")
    )["loss_smoothed"]
    rows = records(run("explain", repr(loss), *pair, "--class-weights", tmp_path / "w.npy"))
    assert ("0.3", "uniform", "mean by class weights") == tuple(rows[0][key] for key in ("eps", "smoothing", "recipe"))


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "abc", "", "0,9", "\x1b[2J"])
def test_a_value_that_is_not_a_number_is_refused(run: Run, pair: tuple[str, str], value: str) -> None:
    answer = run("explain", value, *pair)
    assert_refused(answer, 2, "value: not a finite number", "the loss comes first")
    assert answer.err.replace("\n", "").isprintable()


def test_a_file_in_the_place_of_the_value_is_refused_with_the_right_order(run: Run) -> None:
    assert_refused(run("explain", LOGITS, LABELS, "0.9935"), 2, "the loss comes first", "LOGITS LABELS")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--candidates", "0"], ["candidates", "at least 1"]),
        (["--candidates", "x"], ["--candidates", "whole number"]),
        (["--eps", "2"], ["eps", "2"]),
        (["--eps", "nan"], ["eps", "nan"]),
        (["--groups", "g.csv"], ["--groups"]),
        (["--smoothing", "uniform"], ["--smoothing"]),
    ],
)
def test_values_that_options_do_not_take_are_refused(
    run: Run, pair: tuple[str, str], arguments: list[str], words: list[str]
) -> None:
    assert_refused(run("explain", "0.9935", *pair, *arguments), 2, *words)


@pytest.mark.parametrize("option", ["--prior", "--class-weights"])
def test_an_input_is_not_overwritten(run: Run, pair: tuple[str, str], tmp_path: Path, option: str) -> None:
    file = tmp_path / "p.csv"
    file.write_text("0.5\n0.3\n0.2\n")
    assert_refused(run("explain", "1", *pair, option, file, "-o", file), 2, "the output is one of the inputs")


def test_a_logits_file_alone_may_hold_the_labels(run: Run, pair: tuple[str, str], tmp_path: Path) -> None:
    np.savez(tmp_path / "both.npz", logits=np.load(pair[0]), labels=np.load(pair[1]))
    assert TORCH.items() <= records(run("explain", "0.9935", tmp_path / "both.npz"))[0].items()
