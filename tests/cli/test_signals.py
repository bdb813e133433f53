"""Ctrl-C and other signals end a run at once, with the shell's exit codes, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, save_pair
from tests.command import LABELS, LOGITS, command

SIGNALS = pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131), (signal.SIGXCPU, 152)],
)


@SIGNALS
def test_a_signal_while_reading_ends_the_run_silently(tmp_path: Path, number: signal.Signals, code: int) -> None:
    logits, labels = _long_work(tmp_path)
    arguments = ["eval", logits, labels, "-o", tmp_path / "out.csv", "--threads", "1", "--chunk-rows", "1"]
    with subprocess.Popen(command(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _wait_until_read(process, logits)
        process.send_signal(number)
        streams = process.communicate(timeout=120)
    assert (code, ("", "")) == (process.returncode, streams)
    assert {"logits.npy", "labels.npy"} == set(os.listdir(tmp_path))


@SIGNALS
def test_a_signal_while_writing_leaves_the_old_file_and_nothing_else(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    output = tmp_path / "out.csv"
    output.write_text("old")
    beside: list[str] = []

    def interrupted(fd: int) -> None:
        beside.extend(os.listdir(tmp_path))
        signal.raise_signal(number)

    monkeypatch.setattr("os.fsync", interrupted)
    assert (code, "", "") == run("eval", LOGITS, LABELS, "-o", output)
    assert 2 == len(beside)
    assert ["out.csv"] == os.listdir(tmp_path)
    assert "old" == output.read_text()


def test_a_signal_that_the_parent_ignores_stays_ignored(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raised: list[int] = []

    def hang_up(fd: int) -> None:
        raised.append(fd)
        signal.raise_signal(signal.SIGHUP)

    monkeypatch.setattr("os.fsync", hang_up)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        assert (0, "", "") == run("eval", LOGITS, LABELS, "-o", tmp_path / "out.csv")
        assert (True, signal.SIG_IGN) == (bool(raised), signal.getsignal(signal.SIGHUP))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ["out.csv"] == os.listdir(tmp_path)


def test_an_interrupted_run_leaves_no_file_open(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    logits, labels = save_pair(tmp_path)

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lscli.api.reading.scan", interrupted)
    assert (130, "", "") == run("eval", logits, labels)
    assert [] == [path for path in _open_files("self") if str(tmp_path) in path]


def _long_work(folder: Path) -> tuple[Path, Path]:
    """Save logits that take seconds to read, in a sparse file, and labels."""
    logits, labels = folder / "logits.npy", folder / "labels.npy"
    np.lib.format.open_memmap(logits, mode="w+", dtype=np.float32, shape=(20_000, 2_000)).flush()
    np.save(labels, np.zeros(20_000, np.int32))
    return logits, labels


def _wait_until_read(process: subprocess.Popen[str], path: Path) -> None:
    """Wait until a file is being read: its first rows are many times what the modules take that are imported last."""
    deadline = time.monotonic() + 60
    before = None
    while before is None or _bytes_read(process.pid) < before + _ROWS_READ:
        if before is None and str(path) in _open_files(str(process.pid)):
            before = _bytes_read(process.pid)
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


_ROWS_READ = 8 << 20


def _bytes_read(pid: int) -> int:
    counts = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(counts["rchar"])


def _open_files(pid: str) -> list[str]:
    paths = []
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            paths.append(os.readlink(f"/proc/{pid}/fd/{entry}"))
        except FileNotFoundError:  # closed since
            continue
    return paths
