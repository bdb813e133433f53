"""All 82 bad inputs: one line and a hint, an exit code, and no other trace."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from tests.bad_inputs import containers, contents, npy_files, usage
from tests.bad_inputs.case import Case
from tests.cli.inprocess import Answer, Run
from tests.measured import measured

CASES = [*npy_files.CASES, *containers.CASES, *contents.CASES, *usage.CASES]
SECONDS, MEMORY = 2.0, 200 << 20


class Trial:
    """A case whose files are made: the arguments to run, and the checks of the answer."""

    def __init__(self, case: Case, folder: Path) -> None:
        self._case = case
        self._folder, self._output = folder / "files", folder / "output"
        self._folder.mkdir()
        self._output.mkdir()
        self.arguments = [*case.make(self._folder)]
        self._own_output = "-o" in self.arguments
        if not self._own_output:
            self.arguments += ["-o", self._output / "answer.csv"]
        self._before = self._times()

    def check(self, answer: Answer) -> None:
        """Assert exit code, streams, output and inputs."""
        case, lines = self._case, answer.err.splitlines()
        assert (case.code, "") == (answer.code, answer.out), answer.err
        assert "Traceback" not in answer.err
        assert (2 if case.code else bool(case.says)) == len(lines), lines
        if case.says:
            assert lines[0].startswith(f"lscli: {self._folder / case.named}: " if case.named else "lscli: "), lines
            assert case.says in lines[0]
        if case.code:
            assert lines[1].startswith("hint: "), lines
            assert case.hint in lines[1].removeprefix("hint: ") != ""
            assert "weights_only=False" not in lines[1]
            assert "allow_pickle" not in lines[1]
            assert self._before == self._times()
        assert (["answer.csv"] if case.code == 0 and not self._own_output else []) == os.listdir(self._output)

    def _times(self) -> dict[str, int]:
        """When each file was last changed; a link is not followed."""
        return {name: (self._folder / name).lstat().st_mtime_ns for name in os.listdir(self._folder)}


def _rows(path: Path) -> list[list[str]]:
    """The rows of a report in CSV, without their source."""
    with path.open(newline="") as file:
        return [row[1:] for row in csv.reader(file)][1:]


@pytest.mark.parametrize("case", [case for case in CASES if not case.limited], ids=lambda case: case.name)
def test_a_bad_input(case: Case, run: Run, tmp_path: Path) -> None:
    trial = Trial(case, tmp_path)
    trial.check(run(*trial.arguments))
    if case.same is not None:
        for name, values in zip(("x.npy", "y.npy"), case.same, strict=True):
            np.save(tmp_path / name, values)
        run("eval", tmp_path / "x.npy", tmp_path / "y.npy", "-o", tmp_path / "same.csv")
        assert _rows(tmp_path / "same.csv") == _rows(tmp_path / "output" / "answer.csv")


@pytest.mark.parametrize("case", [case for case in CASES if case.limited], ids=lambda case: case.name)
def test_a_bad_input_takes_little_time_and_memory(case: Case, tmp_path: Path) -> None:
    trial = Trial(case, tmp_path)
    run = measured(trial.arguments)
    trial.check(Answer(run.code, run.out.decode(), run.err))
    assert SECONDS > run.seconds
    assert MEMORY > run.memory


def test_every_number_of_the_list_is_there() -> None:
    numbers = {int(word) for case in CASES if (word := case.name.split()[0]).isdigit()}
    assert set(range(1, 83)) == numbers


def test_no_command_in_a_hostile_file_is_run(run: Run, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name.startswith("48 a command"))
    run(*case.make(tmp_path))
    assert not (tmp_path / "trace").exists()
    import torch

    torch.load(tmp_path / "x.pt", weights_only=False)  # torch itself runs it
    assert (tmp_path / "trace").exists()
