"""Each system call of a run fails in turn: lscli answers or prints two lines, and leaves no partial file."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lscli.cli.main import main
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.cli.inprocess import Answer, assert_refused
from tests.faults.injected import Faults
from tests.io.make import archive, descriptors, some_labels, some_logits

Run = Callable[..., Answer]
Error = Callable[[], BaseException]

ROWS, CLASSES = 30, 4


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Logits in each format, labels, and a folder for output and one for temporary files."""
    x, y = some_logits(ROWS, CLASSES), some_labels(ROWS, CLASSES)
    np.save(tmp_path / "npy.npy", x)
    np.save(tmp_path / "labels.npy", y)
    Calibrator("temperature", CLASSES, Temperature(1.5)).save(tmp_path / "cal.json")
    archive(tmp_path / "stored.npz", logits=x, labels=y)
    archive(tmp_path / "deflated.npz", zipfile.ZIP_DEFLATED, logits=x, labels=y)
    for name in ("out", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    yield tmp_path
    assert [] == os.listdir(tmp_path / "temporary")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run lscli in this process with a fault injected."""

    def run_here(faults: AbstractContextManager[Any], *arguments: str) -> Answer:
        capfd.readouterr()
        with faults:
            code = main(arguments)
        return Answer(int(code), *capfd.readouterr())

    return run_here


def open_files() -> int:
    """Number of open files, including those of uncollected garbage: `descriptors` collects first, which is slower."""
    return len(os.listdir("/proc/self/fd"))


def os_error(number: int) -> Callable[[], OSError]:
    return lambda: OSError(number, os.strerror(number))


def arguments(command: str, format_name: str, folder: Path) -> list[str]:
    if command == "smooth":
        return ["smooth", str(folder / "labels.npy"), "--classes", str(CLASSES)]
    if command == "apply":
        return ["apply", str(folder / "cal.json"), str(folder / "npy.npy"), "--threads", "1"]
    suffix, more = ("npz", []) if format_name != "npy" else ("npy", [str(folder / "labels.npy")])
    return [command, str(folder / f"{format_name}.{suffix}"), *more, "--threads", "1", "--chunk-rows", "12"]


def torture(
    run: Run, folder: Path, command: list[str], error: Error, *, memory: bool, name: str = "answer.csv"
) -> None:
    """Let the first call fail, then the second, and so on until a run makes no further call."""
    output = folder / "out" / name
    command = [*command, "-o", str(output)]
    assert 0 == main(command)  # loads all modules
    new, before = output.read_text(), descriptors()
    failed = 0
    for at in range(1000):
        output.write_text("old")
        faults = Faults(at, error, memory=memory)
        answer = run(faults, *command)
        assert [name] == os.listdir(output.parent), (at, answer)
        assert before == open_files() or before == descriptors(), (at, answer)
        if answer.code == 0:
            assert ("", new) == (answer.err, output.read_text()), at
            assert bool(answer.out) == (name == "cal.json"), at
        else:
            failed += 1
            assert answer.code in (3, 4), (at, answer)
            assert_refused(answer, answer.code)
            assert output.read_text() in ("old", new), at
        if not faults.met:
            break
    assert 0 == answer.code
    assert 2 < failed <= at < 1000


@pytest.mark.parametrize(
    ("command", "format_name"), [("eval", "npy"), ("eval", "stored"), ("eval", "deflated"), ("samples", "npy")]
)
def test_every_call_of_the_system(run: Run, folder: Path, command: str, format_name: str) -> None:
    torture(run, folder, arguments(command, format_name, folder), os_error(errno.EIO), memory=False)


def test_every_call_on_a_full_disk(run: Run, folder: Path) -> None:
    torture(run, folder, arguments("samples", "deflated", folder), os_error(errno.ENOSPC), memory=False)


@pytest.mark.parametrize("command", ["bins", "classes", "sweep", "smooth", "apply"])
def test_every_call_of_other_commands(run: Run, folder: Path, command: str) -> None:
    torture(run, folder, arguments(command, "npy", folder), os_error(errno.EIO), memory=False)


@pytest.mark.parametrize("command", ["eval", "samples", "classes", "smooth", "apply"])
def test_every_array_that_has_no_room(run: Run, folder: Path, command: str) -> None:
    torture(run, folder, arguments(command, "npy", folder), MemoryError, memory=True)


def test_every_call_of_a_fit_that_keeps_its_calibrator(run: Run, folder: Path) -> None:
    wrong = np.where(np.arange(ROWS) % 4, some_logits(ROWS, CLASSES).argmax(axis=1), 0)
    np.save(folder / "labels.npy", wrong)
    torture(run, folder, arguments("fit", "npy", folder), os_error(errno.ENOSPC), memory=False, name="cal.json")


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
def test_every_call_of_a_run_that_writes_to_standard_output(run: Run, folder: Path, number: int) -> None:
    command = arguments("eval", "npy", folder)
    expected, before = run(contextlib.nullcontext(), *command), descriptors()
    for at in range(1000):
        faults = Faults(at, os_error(number))
        answer = run(faults, *command)
        assert before == open_files() or before == descriptors(), (at, answer)
        if answer.code:
            assert_refused(answer, answer.code)
            assert answer.code in (3, 4), (at, answer)
        else:
            assert expected == answer, at
        if not faults.met:
            break
    assert (0, True) == (answer.code, at > 10)
