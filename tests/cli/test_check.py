"""`lscli check` ends with 1 if a limit is broken, after its answer was written whole."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused, records
from tests.command import LABELS, LOGITS

CHECK = ["check", LOGITS, LABELS]
KEPT, BROKEN = ["--max", "ece=0.9"], ["--max", "ece=0.001"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, *lines: str) -> None:
    (folder / "pyproject.toml").write_text("\n".join(["[tool.lscli]", "bins = 10", "[tool.lscli.check]", *lines]))


def limits(text: str) -> dict[str, str]:
    """The limit of each metric in a CSV, by bound and metric."""
    return {f"{row['bound']} {row['metric']}": row["limit"] for row in csv.DictReader(io.StringIO(text))}


def test_kept_limits_end_with_0_and_broken_ones_with_1(run: Run, project: Path) -> None:
    assert ["true"] == [row["pass"] for row in records(run(*CHECK, *KEPT))]
    answer = run(*CHECK, *BROKEN, "--min", "accuracy=0.5")
    assert (1, "") == (answer.code, answer.err)
    assert ["false", "true"] == [row["pass"] for row in csv.DictReader(io.StringIO(answer.out))]


@pytest.mark.parametrize("words", [[], ["-f", "json"], ["-f", "table"], ["-f", "markdown"], ["-q"]])
def test_the_exit_code_of_a_process_does_not_depend_on_the_format(words: Sequence[str], project: Path) -> None:
    command = [sys.executable, "-m", "lscli", *CHECK, *BROKEN, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (1, "") == (done.returncode, done.stderr)
    assert "ece" in done.stdout


def test_a_file_is_whole_before_the_exit_code_says_no(run: Run, project: Path) -> None:
    answer = run(*CHECK, *BROKEN, "-o", "checked.json")
    assert (1, "", "") == answer
    found = json.loads(Path("checked.json").read_text())
    assert "lscli.check/1" == found["schema"]
    assert [("ece", False)] == [(row["metric"], row["pass"]) for row in found["rows"]]


def test_quiet_hides_warnings_and_keeps_the_verdicts(run: Run, project: Path) -> None:
    answer = run(*CHECK, "--max", "loss_noise_corrected=1")
    assert 1 == answer.code
    assert "loss_noise_corrected is absent" in answer.err
    quiet = run(*CHECK, "--max", "loss_noise_corrected=1", "-q")
    assert (1, answer.out, "") == quiet


def test_the_project_has_limits_in_its_own_table(run: Run, project: Path) -> None:
    write(project, 'max = {ece = 0.8, "risk_at_coverage@0.9" = 0.9}', 'min = ["accuracy=0.5"]', "bins = 7")
    answer = run(*CHECK, "-f", "json")
    assert 0 == answer.code
    assert (7, "pyproject") == answer.settings["bins"]
    assert {"max ece": "0.8", "max risk_at_coverage@0.9": "0.9", "min accuracy": "0.5"} == limits(run(*CHECK).out)


def test_a_typed_limit_is_added_and_replaces_that_of_its_metric(run: Run, project: Path) -> None:
    write(project, "max = {ece = 0.8, brier = 1}", "min = {accuracy = 0.5}")
    found = limits(run(*CHECK, "--max", "ece=0.9,loss_hard=9").out)
    assert {"max ece": "0.9", "max brier": "1.0", "max loss_hard": "9.0", "min accuracy": "0.5"} == found


def test_a_table_of_a_command_is_for_this_command_and_comes_before_that_of_all(run: Run, project: Path) -> None:
    write(project, 'max = "ece=0.9"', "bins = 7", "[tool.lscli.eval]", 'metrics = "ece"', "no-header = true")
    assert "bins=10" in run("eval", LOGITS, LABELS).out
    assert "ece,0" in run("eval", LOGITS, LABELS).out.splitlines()[0]


def test_strict_and_a_baseline_of_the_project(run: Run, project: Path) -> None:
    write(project, "strict = true", f"baseline = '{LOGITS}'", "max-rise = {loss_hard = 0}", 'max_drop = "accuracy=0"')
    [rise, drop] = records(run(*CHECK))
    assert ("max-rise", "0.0", "max-drop", "0.0") == (
        rise["bound"],
        rise["difference"],
        drop["bound"],
        drop["difference"],
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("maxx = 1", ["[tool.lscli.check] has an unknown option 'maxx'", "'max'"]),
        ('max = {ece = "0.1"}', ["[tool.lscli.check] max: ece is no number", "without quotes"]),
        ("max = {ece = true}", ["[tool.lscli.check] max: ece is no number", "write a number, for example ece = 0.05"]),
        ("max = {ece = nan}", ["ece=nan is not a finite number (--max is set by max in [tool.lscli.check] of"]),
        ("max = [[1]]", ["[tool.lscli.check] max is a list"]),
        ("max = ['ece']", ["'ece' has no number (--max is set by max in [tool.lscli.check]"]),
        ("eps = {a = 1}", ["[tool.lscli.check] eps is a table"]),
        ("confidence = 'c'", ["[tool.lscli.check] cannot set confidence", "type --confidence"]),
        ("wide = true", ["[tool.lscli.check] has an unknown option 'wide'"]),
        ("[tool.lscli.chek]", ["there is no command 'chek' for [tool.lscli.chek]", "'check'"]),
        ("[tool.lscli.zzzz]", ["there is no command 'zzzz'", "[tool.lscli.check]"]),
    ],
)
def test_an_error_names_the_file_the_table_and_the_key(
    run: Run, project: Path, line: str, words: Sequence[str]
) -> None:
    write(project, line)
    assert_refused(run(*CHECK, *([] if line[:3] == "max" else KEPT)), 2, "pyproject.toml", *words)


def test_limits_of_the_environment(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSCLI_CHECK_MAX", "ece=0.9 brier=1")
    monkeypatch.setenv("LSCLI_CHECK_STRICT", "1")
    answer = run(*CHECK)
    assert {"max ece": "0.9", "max brier": "1.0"} == limits(answer.out)
    assert (True, "environment") == run(*CHECK, "-f", "json").settings["strict"]
    monkeypatch.setenv("LSCLI_CHECK_MAX", "ece")
    assert_refused(run(*CHECK), 2, "'ece' has no number (--max is set by the variable LSCLI_CHECK_MAX)")


def test_limits_are_read_before_the_files(run: Run, project: Path) -> None:
    assert_refused(run("check", "none.npy", "none.npy", "--min", "accuracy=90"), 2, "write accuracy=0.9 for 90 %")
    assert_refused(run("check", "none.npy", "none.npy", *KEPT), 3, "none.npy")


def test_a_report_of_eval_is_a_baseline(run: Run, project: Path) -> None:
    assert 0 == run("eval", LOGITS, LABELS, "-o", "old.json").code
    [row] = records(run(*CHECK, "--baseline", "old.json", "--max-rise", "ece=0"))
    assert ("0.0", row["value"], "true") == (row["difference"], row["baseline"], row["pass"])


def test_logits_of_a_baseline_may_be_in_an_archive_beside_standard_input(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(project / "old.npz", logits=np.load(LOGITS))
    [row] = records(run(*CHECK, "--baseline", "old.npz", "--max-drop", "accuracy=0"))
    assert ("0.0", "true") == (row["difference"], row["pass"])
    both = run("check", "-", LABELS, "--baseline", "-", "--max-drop", "accuracy=0")
    assert_refused(both, 2, "standard input can be read only once")
