"""`lscli threshold -o` writes a file completely or not at all; inspect says what it is, and check reads it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import lscli
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.cli.inprocess import Run, assert_refused, records
from tests.command import LABELS, LOGITS

FIND = ["threshold", LOGITS, LABELS, "--max-error"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_answer_goes_to_stdout_and_the_file_is_sound(run: Run) -> None:
    answer = run(*FIND, "0.1", "-o", "t.json")
    assert (0, "", run(*FIND, "0.1").out) == (answer.code, answer.err, answer.out)
    assert "It is in t.json." in " ".join(run(*FIND, "0.1", "-o", "t.json", "-f", "table").out.split())
    found = lscli.load_threshold("t.json")
    assert (float(records(answer)[0]["threshold"]), 10) == (found.rows[0].threshold, found.classes)


def test_no_file_without_a_threshold(run: Run) -> None:
    Path("t.json").write_text("old")
    answer = run(*FIND, "0.001", "-o", "t.json")
    assert 1 == answer.code
    assert "t.json is not written: no threshold was found" in answer.err
    assert "old" == Path("t.json").read_text()


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("t.csv", "a threshold has the suffix .json"),
        (".", "the output is a directory"),
        (LOGITS, "a threshold has the suffix .json"),
    ],
)
def test_paths_that_no_threshold_has(run: Run, path: str, what: str) -> None:
    assert_refused(run(*FIND, "0.1", "-o", path), 2, what)


def test_a_file_that_cannot_be_written(run: Run) -> None:
    assert_refused(run(*FIND, "0.1", "-o", "none/t.json"), 4, "cannot be written", "make the folder first")


def test_inspect_says_what_it_is_and_its_command_runs(run: Run) -> None:
    run(*FIND, "0.1", "-o", "my t.json", "--temperature", "2")
    [row] = records(run("inspect", "my t.json"))
    assert ("threshold", "threshold: a threshold of msp for 10 classes") == (row["format"], row["taken_for"])
    program, *words = shlex.split(row["command"].replace("LOGITS", LOGITS).replace("LABELS", LABELS))
    assert ("lscli", 0) == (program, run(*words).code)
    shown = " ".join(run("inspect", "my t.json", "-f", "table").out.split())
    own = json.loads(Path("my t.json").read_text())["thresholds"][0]["threshold"]
    assert f"It keeps samples with msp >= {own!r}: " in shown
    assert "of 5,000 calibration samples. Their error is at most 0.1, with probability 0.95." in shown


def test_inspect_names_a_damaged_file(run: Run) -> None:
    run(*FIND, "0.1", "-o", "t.json")
    Path("t.json").write_text(Path("t.json").read_text().replace("0.95", "95"))
    assert_refused(run("inspect", "t.json"), 3, "confidence must be between 0 and 1")


@pytest.mark.parametrize("words", [["t.json", LABELS], [LOGITS, "t.json"]])
def test_a_threshold_is_no_logits_or_labels(run: Run, words: list[str]) -> None:
    run(*FIND, "0.1", "-o", "t.json")
    assert_refused(run("eval", *words), 3, "is a threshold, not logits or labels", "--threshold")


def test_a_threshold_is_no_calibrator_and_no_report(run: Run) -> None:
    run(*FIND, "0.1", "-o", "t.json")
    assert_refused(run("eval", LOGITS, LABELS, "--calibrator", "t.json"), 3, "is a threshold, not a calibrator")
    words = ["check", LOGITS, LABELS, "--max-rise", "ece=1", "--baseline", "t.json"]
    assert_refused(run(*words), 3, "is a threshold, not a report")


def test_a_huge_file_and_one_that_is_empty_are_refused(run: Run) -> None:
    words = ["check", LOGITS, LABELS, "--threshold", "t.json"]
    Path("t.json").touch()
    assert_refused(run(*words), 3, "empty file", "write it again with lscli threshold -o")
    with open("t.json", "wb") as stream:
        stream.write(b"{")
        stream.truncate(65 << 20)
    assert_refused(run(*words), 3, "more than the 64")
    assert_refused(run(*words[:-1], "none.json"), 3, "none.json: not found")
    assert_refused(run(*words[:-1], "."), 3, ".")


def test_the_digest_is_of_the_map_alone() -> None:
    one = Calibrator("temperature", 4, Temperature(1.5), {"rows": 3}, versions={"lscli": "0"})
    assert Calibrator("temperature", 4, Temperature(1.5)).digest == one.digest
    others = [Calibrator("temperature", 4, Temperature(1.6)), Calibrator("temperature", 5, Temperature(1.5))]
    others.append(Calibrator("temperature", 4, None, groups={"a": one}))
    others.append(Calibrator("temperature", 4, None, groups={"b": one}))
    assert 5 == len({one.digest, *(each.digest for each in others)})


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-f", "csv"], 0, "threshold_error,"),
        (["-f", "json"], 0, '"threshold_error"'),
        (["-f", "table"], 0, "The limit is kept. The threshold keeps 100.0 % of the samples"),
        (["-f", "markdown"], 0, "threshold_error"),
        (["-f", "junit"], 0, '<testcase name="max threshold_error=0.1" classname='),
        (["-f", "github"], 0, "::notice title=lscli check%3A threshold_error::threshold_error of "),
        (["-f", "github", "--max", "ece=0.001"], 1, "::error title=lscli check%3A ece::"),
    ],
)
def test_exit_codes_and_formats_of_a_process(words: Sequence[str], code: int, said: str) -> None:
    lscli.threshold(LOGITS, LABELS, max_error=0.1).save("t.json")
    command = [sys.executable, "-m", "lscli", "check", LOGITS, LABELS, "--threshold", "t.json", *words]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (code, "") == (done.returncode, done.stderr)
    assert said in " ".join(done.stdout.split())


def test_a_broken_promise_is_an_annotation_and_a_sentence(run: Run) -> None:
    lscli.threshold(LOGITS, LABELS, max_error=0.1).save("t.json")
    np.save("y.npy", (np.load(LABELS) + 1) % 10)
    words = ["check", LOGITS, "y.npy", "--threshold", "t.json", "-q"]
    answer = run(*words, "-f", "github")
    assert 1 == answer.code
    assert answer.out.startswith("::error title=lscli check%3A threshold_error::")
    assert "limit max 0.1: not kept" in answer.out
    conclusion = json.loads(run(*words, "-f", "json").out)["conclusion"]
    assert conclusion.startswith("The limit is not kept: threshold_error 0.")


def test_the_project_names_a_threshold(run: Run) -> None:
    lscli.threshold(LOGITS, LABELS, max_error=0.1).save("t.json")
    Path("pyproject.toml").write_text('[tool.lscli.check]\nthreshold = "t.json"\n')
    assert ["threshold_error"] == [row["metric"] for row in records(run("check", LOGITS, LABELS))]
