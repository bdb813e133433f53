"""Files cut, written or replaced by somebody else while a process reads them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.command import command, lscli
from tests.faults.shells import assert_two_lines

ROWS, CLASSES = 3_000, 20
SLOWLY = ["--threads", "1", "--chunk-rows", "1"]


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
    np.save(tmp_path / "labels.npy", random.integers(0, CLASSES, ROWS))
    if request.param == ".npz":
        np.savez(tmp_path / "logits.npz", logits=x)
    else:
        np.save(tmp_path / "logits.npy", x)
    return [tmp_path / f"logits{request.param}", tmp_path / "labels.npy"]


def changed_on_the_way(inputs: list[Path], change: Callable[[Path], None]) -> tuple[int, str, str]:
    """Exit code and streams of a run whose logits are changed once they are open, and it stands still."""
    with subprocess.Popen(
        command(["eval", *inputs, *SLOWLY]), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not _reading(process.pid, inputs[0]):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)
        change(inputs[0])
        process.send_signal(signal.SIGCONT)
        out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


def _reading(pid: int, path: Path) -> bool:
    """Whether a process has the file open and a second thread, which is when rows are read."""
    try:
        names = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        return str(path) in names and len(os.listdir(f"/proc/{pid}/task")) > 1
    except FileNotFoundError:  # closed since
        return False


@pytest.mark.parametrize("change", [_cut, _empty, _append, _overwrite], ids=lambda change: change.__name__)
def test_a_file_that_is_written_is_an_error(inputs: list[Path], change: Callable[[Path], None]) -> None:
    code, out, errors = changed_on_the_way(inputs, change)
    assert (3, "") == (code, out)
    assert_two_lines(errors)
    assert str(inputs[0]) in errors
    assert "changed while reading" in errors


def test_a_file_that_is_replaced_is_read_as_it_was(inputs: list[Path]) -> None:
    expected = lscli("eval", *inputs).stdout
    assert (0, expected, "") == changed_on_the_way(inputs, _replace)


def test_a_file_that_is_removed_is_read_as_it_was(inputs: list[Path]) -> None:
    expected = lscli("eval", *inputs).stdout
    assert (0, expected, "") == changed_on_the_way(inputs, os.unlink)
