"""`inspect` of a calibrator says what it is, and its command runs; given as logits or labels, it is named as one."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.cli.inprocess import Run, assert_refused, records

MAP = Calibrator("temperature", 3, Temperature(1.5), {"rows": 1200, "loss_before": 0.5, "loss_after": 0.25})


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("LOGITS", np.zeros((4, 3), np.float32))
    Path("LOGITS.npy").rename("x.npy")
    np.save("y.npy", np.arange(4) % 3)
    MAP.save("my cal.json")
    Calibrator("temperature", 3, None, groups={"a": MAP, "b": MAP}).save("groups.json")


def test_the_row_says_what_it_is_and_its_command_runs(run: Run) -> None:
    [row] = records(run("inspect", "my cal.json"))
    assert ("calibrator", "calibrator: temperature for 3 classes") == (row["format"], row["taken_for"])
    program, *words = shlex.split(row["command"].replace("LOGITS", "x.npy"))
    assert ("lscli", 0) == (program, run(*words).code)
    assert (4, 3) == np.load("calibrated.npy").shape
    shown = run("inspect", "my cal.json", "-f", "table").out
    assert "fitted on 1,200 rows; on them the loss was 0.5 before and 0.25 after" in " ".join(shown.split())


def test_a_calibrator_of_groups_needs_groups(run: Run) -> None:
    [row] = records(run("inspect", "groups.json"))
    assert "a map for each of 2 groups" in row["taken_for"]
    assert "--groups FILE" in row["command"]


def test_a_damaged_calibrator_is_named(run: Run) -> None:
    text = MAP.to_json().replace("1.5", "-1.5")
    Path("bad.json").write_text(text)
    assert_refused(run("inspect", "bad.json"), 3, "the temperature -1.5 is not above 0")


@pytest.mark.parametrize("words", [["my cal.json", "x.npy"], ["x.npy", "my cal.json"]])
def test_a_calibrator_is_no_logits_or_labels(run: Run, words: list[str]) -> None:
    assert_refused(run("eval", *words), 3, "is a calibrator, not logits or labels", "--calibrator")


def test_a_byte_order_mark_changes_nothing(run: Run) -> None:
    expected = run("eval", "x.npy", "y.npy", "--calibrator", "my cal.json", "-m", "loss_hard").out
    Path("my cal.json").write_bytes(b"\xef\xbb\xbf" + Path("my cal.json").read_bytes())
    [row] = records(run("inspect", "my cal.json"))
    assert "calibrator" == row["format"]
    assert expected == run("eval", "x.npy", "y.npy", "--calibrator", "my cal.json", "-m", "loss_hard").out
