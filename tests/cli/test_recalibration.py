"""Recalibrated logits on the command line: every source can be read several times, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.api.test_cross_fit import X, Y, loss_of
from tests.calibrators import fitted_on, saved_as
from tests.cli.inprocess import Run, assert_refused, records
from tests.command import lscli

COMMANDS = ["eval", "bins", "classes", "samples", "sweep"]
TEMPERATURE = fitted_on(X[:700], Y[:700])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for name, part in (("x.npy", X[700:]), ("y.npy", Y[700:])):
        np.save(tmp_path / name, part)
    return tmp_path / "x.npy", tmp_path / "y.npy"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_packed_archive_is_read_again(command: str, run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    words = ("--cross-fit", "temperature", "-q", "-f", "csv")
    plain = records(run(command, *files, *words))
    np.savez_compressed(tmp_path / "both.npz", logits=np.load(files[0]), labels=np.load(files[1]))
    packed = records(run(command, tmp_path / "both.npz", *words))
    assert [{**each, "source": ""} for each in plain] == [{**each, "source": ""} for each in packed]


def test_standard_input_is_read_again(run: Run, files: tuple[Path, Path]) -> None:
    words = ("--cross-fit", "temperature", "-m", "loss_hard,ece", "-f", "csv")
    plain = run("eval", *files, *words).out
    piped = lscli("eval", "-", files[1], *words, input=files[0].read_bytes(), text=False)
    assert (0, b"") == (piped.returncode, piped.stderr)
    assert plain.replace(str(files[0]), "-") == piped.stdout.decode()


def test_shards_are_one_set(run: Run, tmp_path: Path) -> None:
    for number, part in enumerate(np.array_split(np.arange(len(X)), 3)):
        np.save(tmp_path / f"x{number}.npy", X[part])
        np.save(tmp_path / f"y{number}.npy", Y[part])
    words = ("--cross-fit", "temperature", "-m", "loss_hard", "-q", "-f", "csv")
    (row,) = records(run("eval", tmp_path / "x*.npy", tmp_path / "y*.npy", *words))
    assert loss_of(X, Y) == pytest.approx(float(row["value"]), abs=1e-14)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_is_named_in_the_answer(command: str, run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    path = saved_as(tmp_path / "cal.json", TEMPERATURE)
    answer = run(command, *files, "--calibrator", path, "-f", "json")
    assert (0, "") == (answer.code, answer.err)
    found = json.loads(answer.out)
    (entry,) = (each for each in found["inputs"] if each["role"] == "calibrator")
    assert (str(path), "temperature") == (entry["path"], entry["method"])
    assert TEMPERATURE.data["fingerprint"] == entry["fingerprint"]
    assert "float32" == found["inputs"][0]["dtype"]
    assert (str(path), "flag") == answer.settings["calibrator"]
    assert "recalibrated by temperature scaling, from" in found["conclusion"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_csv_has_the_same_columns(command: str, run: Run, files: tuple[Path, Path]) -> None:
    plain = run(command, *files, "-f", "csv").out.splitlines()
    mapped = run(command, *files, "-f", "csv", "--temperature", 2).out.splitlines()
    assert plain[0] == mapped[0]
    assert plain != mapped


def test_the_calibrator_is_not_overwritten(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    path = saved_as(tmp_path / "cal.json", TEMPERATURE)
    before = path.read_bytes()
    assert_refused(run("eval", *files, "--calibrator", path, "-o", path), 2, "the output is one of the inputs")
    assert before == path.read_bytes()


def test_neither_the_environment_nor_a_project_sets_a_map(
    run: Run, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = run("eval", *files, "-f", "csv", "-q").out
    monkeypatch.setenv("LSCLI_TEMPERATURE", "2")
    assert plain == run("eval", *files, "-f", "csv", "-q").out
    monkeypatch.delenv("LSCLI_TEMPERATURE")
    (tmp_path / "pyproject.toml").write_text('[tool.lscli]\ncross-fit = "temperature"\n')
    assert_refused(run("eval", *files), 2, "cannot set cross_fit", "type --cross-fit in the command")


@pytest.mark.parametrize("command", [*COMMANDS, "apply"])
def test_a_map_that_leaves_the_numbers_is_refused(
    command: str, run: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    path = saved_as(tmp_path / "cal.json", Calibrator("temperature", 3, Temperature(1e-320)))
    out = tmp_path / "out.csv"
    words = ("apply", path, files[0]) if command == "apply" else (command, *files, "--calibrator", path)
    assert_refused(run(*words, "-o", out), 3, "row 0 has logits beyond float64 after the map", str(files[0]))
    assert not out.exists()


def test_apply_takes_no_labels(run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
    path = saved_as(tmp_path / "cal.json", TEMPERATURE)
    assert_refused(run("apply", path, *files), 2, "unexpected extra argument", "hint: name the calibrator and one file")
