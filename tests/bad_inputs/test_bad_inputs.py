"""All 82 bad inputs, each in a process of its own: one line and a hint, an exit code, and nothing else anywhere."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

import lscli
from tests.bad_inputs import containers, contents, npy_files, usage
from tests.bad_inputs.case import Case, sound
from tests.bad_inputs.run import Outcome, run

CASES = [*npy_files.PROCESSES, *containers.CASES, *contents.CASES, *usage.CASES]
SECONDS, MEMORY = 2.0, 200 << 20


@pytest.fixture(scope="session")
def torch_alone(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What a run with a sound file of torch takes, which is the import of torch."""
    import torch

    folder = tmp_path_factory.mktemp("torch")
    logits, labels = sound(folder)
    torch.save(torch.tensor(np.load(logits)), folder / "x.pt")
    return run(["eval", folder / "x.pt", labels], folder / "report")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_input(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder, output = tmp_path / "files", tmp_path / "output"
    folder.mkdir()
    output.mkdir()
    arguments = [*case.make(folder)]
    before = {name: (folder / name).stat(follow_symlinks=False).st_mtime_ns for name in os.listdir(folder)}
    own_output = "-o" in arguments
    if not own_output:
        arguments += ["-o", output / "answer.csv"]
    outcome = run(arguments, tmp_path / "report", ordinary_user=case.ordinary_user)

    assert case.code == outcome.code, outcome.err
    assert "" == outcome.out
    assert [] == [line for line in outcome.err if "Traceback" in line]
    assert (2 if case.code else bool(case.says)) == len(outcome.err), outcome.err
    if case.says:
        _assert_said(case, folder, outcome.err)
    alone = request.getfixturevalue("torch_alone") if case.torch else None
    assert outcome.seconds < SECONDS + (alone.seconds if alone else 0)
    assert outcome.memory < MEMORY + (alone.memory if alone else 0)
    assert (["answer.csv"] if case.code == 0 and not own_output else []) == os.listdir(output)
    if case.same is not None:
        assert _figures(case) == _answer(output / "answer.csv")
    left = {name: (folder / name).stat(follow_symlinks=False).st_mtime_ns for name in os.listdir(folder)}
    assert case.code == 0 or before == left


def _assert_said(case: Case, folder: Path, lines: list[str]) -> None:
    first = lines[0]
    assert first.startswith(f"lscli: {folder / case.named}: " if case.named else "lscli: "), first
    assert case.says in first
    if case.code:
        assert lines[1].startswith("hint: ")
        assert len(lines[1]) > len("hint: ")
        assert case.hint in lines[1]
        assert "weights_only=False" not in lines[1]
        assert "allow_pickle" not in lines[1]


def _figures(case: Case) -> list[list[str]]:
    """The rows of the same values in memory, as the CSV has them, without their source."""
    assert case.same is not None
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lscli.LscliWarning)
        report = lscli.evaluate(*case.same)
    return [[_cell(value) for value in row.cells()[1:]] for row in report.rows]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else repr(value)
    return str(value)


def _answer(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return [row[1:] for row in csv.reader(file)][1:]


def test_every_number_of_the_list_is_there() -> None:
    numbers = {int(word) for case in CASES if (word := case.name.split()[0]).isdigit()}
    assert set(range(1, 83)) == numbers


def test_nothing_in_a_hostile_file_was_run(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name.startswith("48 a command"))
    run(case.make(tmp_path), tmp_path / "report")
    assert not (tmp_path / "trace").exists()
    import torch

    torch.load(tmp_path / "x.pt", weights_only=False)  # it would have been
    assert (tmp_path / "trace").exists()
