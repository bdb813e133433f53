"""Top-k log-probabilities on the command line: what a terminal, CSV and a refused command say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused
from tests.topk import kept

K = 30
RANDOM = np.random.default_rng(8)
X = 2 * RANDOM.normal(size=(60, K))
Y = np.where(RANDOM.random(60) < 0.6, X.argmax(axis=1), RANDOM.integers(0, K, 60))
KEPT = kept(X, Y, 6)


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The file and its options, with the labels' own log-probabilities."""
    path = tmp_path / "topk.npz"
    np.savez(path, logits=KEPT.values, ids=KEPT.classes, labels=Y, own=KEPT.own)
    return [str(path), "--topk-classes", "ids", "--classes", str(K), "--label-log-probs", "own"]


def test_a_terminal_says_at_least_and_at_most(run: Run, command: list[str]) -> None:
    answer = run("eval", *command, "-f", "table")
    assert (0, "") == (answer.code, answer.err)
    said = " ".join(answer.out.split())
    for words in ("60 samples x top 6 of 30 classes", "entropy_mean at least", "entropy_mean at most"):
        assert words in said
    assert "loss_smoothed eps=0.1 at least" in said
    assert "the smoothed loss at eps 0.1 is at least" in said
    several = run("eval", *command, "-f", "table", "--eps", "0,0.1,0.2").out
    assert "loss_excess eps=0.2 at least" in several


def test_csv_has_the_bound_after_the_other_params(run: Run, command: list[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("eval", *command, "-f", "csv", "-m", "loss,brier").out)))
    params = {(row["metric"], row["params"]) for row in rows}
    assert {("loss_smoothed", "eps=0.1;bound=lower"), ("loss_hard", ""), ("brier", "bound=lower")} <= params
    assert {("brier", "bound=upper"), ("loss_uniform", "bound=lower")} <= params
    wide = run("eval", *command, "-f", "csv", "-m", "entropy_mean,loss_smoothed", "--wide").out.splitlines()[0]
    assert "source,group,n,entropy_mean@lower,entropy_mean@upper,loss_smoothed@0.1@lower" == wide


def test_json_says_what_is_left_out(run: Run, command: list[str]) -> None:
    answer = json.loads(run("eval", *command, "-f", "json").out)
    entry, settings = answer["inputs"][0], answer["settings"]
    assert ([60, 6], 30) == (entry["shape"], entry["classes"])
    assert {"tail_mass", "labels_outside"} <= entry.keys()
    assert ["log-probs", "ids", 30] == [settings[name]["value"] for name in ("kind", "topk_classes", "classes")]


def test_bins_and_samples_read_the_same_file(run: Run, command: list[str]) -> None:
    assert 16 == len(run("bins", *command, "-f", "csv").out.splitlines())
    header, first, *_ = run("samples", *command, "-f", "csv").out.splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    assert "" == cells["entropy"] == cells["brier"]
    assert "" != cells["loss_hard"]


@pytest.mark.parametrize("words", [("sweep",), ("classes",), ("explain", "0.3")])
def test_a_question_that_needs_all_classes_says_who_reads_the_top_k(
    run: Run, command: list[str], words: tuple[str, ...]
) -> None:
    refused = run(*words, *command)
    assert_refused(
        refused,
        2,
        f"--topk-classes is not an option of lscli {words[0]}",
        "lscli eval, lscli bins, lscli samples, lscli compare, lscli check, "
        "lscli plot, lscli report and lscli threshold take it",
    )


def test_a_setting_of_another_command_is_no_number_of_classes(
    run: Run, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSCLI_CLASSES", "4")  # of lscli smooth
    assert 0 == run("eval", *command, "-m", "accuracy").code
