"""Files that another program cuts, writes or replaces while lscli reads them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.command import ROOT, lscli
from tests.faults.shells import assert_two_lines

ROWS, CLASSES = 300, 20


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(bytes(8))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"another file")
    other.replace(path)


@pytest.fixture(params=[".npy", ".npz"])
def inputs(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """Logits in a format, and labels."""
    random = np.random.default_rng(0)
    x = random.standard_normal((ROWS, CLASSES), np.float32)
    np.save(tmp_path / "labels.npy", x.argmax(axis=1))
    if request.param == ".npz":
        np.savez(tmp_path / "logits.npz", logits=x)
    else:
        np.save(tmp_path / "logits.npy", x)
    return [tmp_path / f"logits{request.param}", tmp_path / "labels.npy"]


# The command line of a run that stops itself at the tenth read of a thread that reads rows.
_STOPPING = """
import os, signal, sys, threading
from lscli.cli.main import main
usual, calls = os.preadv, []
def preadv(*arguments):
    if threading.current_thread() is not threading.main_thread():
        calls.append(None)
        if len(calls) == 10:
            os.kill(os.getpid(), signal.SIGSTOP)
    return usual(*arguments)
os.preadv = preadv
sys.exit(main(sys.argv[1:]))
"""


def changed_while_reading(
    inputs: list[Path], change: Callable[[Path], None], command: Sequence[str] = ("eval",), *more: str
) -> tuple[int, str, str]:
    """Exit code and streams of a run whose logits are changed after some of their rows were read."""
    arguments = [*command, *map(str, inputs), "--threads", "1", "--chunk-rows", "1", *more]
    with subprocess.Popen(
        [sys.executable, "-c", _STOPPING, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        change(inputs[0])
        process.send_signal(signal.SIGCONT)
        out, errors = process.communicate(timeout=120)
    return process.returncode, out, errors


@pytest.mark.parametrize("change", [_cut, _empty, _append, _overwrite], ids=lambda change: change.__name__)
def test_a_file_that_is_written_is_an_error(inputs: list[Path], change: Callable[[Path], None]) -> None:
    code, out, errors = changed_while_reading(inputs, change)
    assert (3, "") == (code, out)
    assert_two_lines(errors)
    assert str(inputs[0]) in errors
    assert "changed while reading" in errors


def test_a_file_that_is_replaced_is_read_as_it_was(inputs: list[Path]) -> None:
    expected = lscli("eval", *inputs).stdout
    assert (0, expected, "") == changed_while_reading(inputs, _replace)


def test_a_file_that_is_removed_is_read_as_it_was(inputs: list[Path]) -> None:
    expected = lscli("eval", *inputs).stdout
    assert (0, expected, "") == changed_while_reading(inputs, os.unlink)


@pytest.mark.parametrize("command", ["fit", "apply", "recalibrate"])
@pytest.mark.parametrize("change", [_cut, _overwrite], ids=lambda change: change.__name__)
def test_nothing_is_written_of_a_file_that_is_written(
    command: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    x = np.random.default_rng(0).standard_normal((ROWS, CLASSES), np.float32)
    inputs, cal = [tmp_path / "logits.npy", tmp_path / "labels.npy"], tmp_path / "cal.json"
    np.save(inputs[0], x)
    np.save(inputs[1], np.where(np.arange(ROWS) % 2, x.argmax(axis=1), 0))
    Calibrator("temperature", CLASSES, Temperature(1.5)).save(cal)
    words = {
        "fit": (["fit"], inputs, "-o", str(tmp_path / "new.json")),
        "apply": (["apply", str(cal)], inputs[:1], "-o", str(tmp_path / "new.npy")),
        "recalibrate": (["recalibrate"], inputs * 2, "-o", str(tmp_path / "new.json")),
    }
    before, paths, *more = words[command]
    code, out, errors = changed_while_reading(paths, change, before, *more)
    assert (3, "") == (code, out)
    assert_two_lines(errors)
    assert "changed while reading" in errors
    assert {"logits.npy", "labels.npy", "cal.json"} == {path.name for path in tmp_path.iterdir()}
