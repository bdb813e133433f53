"""Unusual surroundings: no working folder, few open files, pipes that do not block, folders without write access."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.inprocess import Run, assert_refused
from tests.command import LABELS, LOGITS, command, lscli
from tests.faults.shells import assert_two_lines, under

EVAL = ["eval", LOGITS, LABELS]


@pytest.mark.parametrize(
    "setting",
    [
        "export HOME=/proc TMPDIR=/nonexistent",
        "umask 777",
        "export TERM=dumb COLUMNS=0 LINES=0",
        "export LC_ALL=C.nonsense LANG=xx PYTHONUNBUFFERED=1",
        "exec <&- 2>&-",
        "unset HOME PATH USER",
        'gone=$(mktemp -d); cd "$gone"; rmdir "$gone"',
    ],
)
def test_surroundings_change_nothing(setting: str) -> None:
    done = under(setting, EVAL)
    assert (0, lscli(*EVAL).stdout, "") == (done.returncode, done.stdout, done.stderr)


def test_a_relative_output_in_a_folder_that_was_removed_is_two_lines() -> None:
    done = under('gone=$(mktemp -d); cd "$gone"; rmdir "$gone"', [*EVAL, "-o", "out.csv"])
    assert (4, "") == (done.returncode, done.stdout)
    assert_two_lines(done.stderr)


@pytest.mark.parametrize("count", [5, 6, 8])
def test_few_open_files_are_an_answer_or_two_lines(tmp_path: Path, count: int) -> None:
    done = under(f"ulimit -n {count}", [*EVAL, "-o", tmp_path / "out.csv"])
    assert done.returncode in (0, 4), done.stderr
    if done.returncode:
        assert_two_lines(done.stderr)
    assert (["out.csv"] if done.returncode == 0 else []) == os.listdir(tmp_path)


@pytest.mark.parametrize("folder", ["/proc", "/sys", "/dev/null", "/proc/self/fdinfo"])
def test_a_folder_that_takes_no_files_is_two_lines(run: Run, folder: str) -> None:
    assert_refused(run(*EVAL, "-o", f"{folder}/out.csv"), 4, "out.csv: cannot be written: ")


def test_a_read_only_file_system_is_two_lines() -> None:
    mounted = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o ro none /mnt && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    program = [*mounted, *command([*EVAL, "-o", "/mnt/out.csv"])]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (4, "") == (done.returncode, done.stdout)
    assert_two_lines(done.stderr)
    assert "Read-only file system\nhint: choose a folder that you may write to\n" in done.stderr


def test_a_folder_that_may_only_be_written_to_takes_the_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = os.open

    def refused(path: str, flags: int, mode: int = 0o777, **options: int) -> int:
        if flags & os.O_DIRECTORY:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return usual(path, flags, mode, **options)

    def unlisted(path: str) -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr("os.listdir", unlisted)
        patch.setattr("os.open", refused)
        answer = run(*EVAL, "-o", tmp_path / "out.csv")
    assert (0, "", "") == answer
    assert run(*EVAL).out == (tmp_path / "out.csv").read_text()


def test_a_folder_that_vanishes_while_it_is_written_to_is_two_lines(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda fd: shutil.rmtree(folder, ignore_errors=True))
        answer = run(*EVAL, "-o", folder / "out.csv")
    assert_refused(answer, 4, "out.csv: cannot be written: No such file or directory")
    assert [] == os.listdir(tmp_path)


def test_a_pipe_that_does_not_wait_gets_everything() -> None:
    # A program that shares the pipe may leave it in this state (node does); it holds 4096 bytes.
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writing, False)
    arguments = ["samples", LOGITS, LABELS]
    with subprocess.Popen(command(arguments), stdout=writing, stderr=subprocess.PIPE, text=True) as process:
        os.close(writing)
        with open(reading, encoding="utf-8") as stream:
            first = stream.readline()
            rest = stream.read()
        assert process.stderr is not None
        assert (0, "") == (process.wait(120), process.stderr.read())
    assert lscli(*arguments).stdout == first + rest


def test_a_second_sigterm_does_not_keep_the_first_from_cleaning_up(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = os.unlink

    def again(path: str) -> None:
        signal.raise_signal(signal.SIGTERM)
        usual(path)

    handler = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda fd: signal.raise_signal(signal.SIGTERM))
        patch.setattr("os.unlink", again)
        answer = run(*EVAL, "-o", tmp_path / "out.csv")
    assert (143, "", "") == answer
    assert [] == os.listdir(tmp_path)
    assert handler == signal.getsignal(signal.SIGTERM)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_that_a_library_makes_an_error_of_its_own_is_still_a_signal(
    run: Run, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    def loading(*arguments: object, **options: object) -> None:
        try:
            signal.raise_signal(number)
        except BaseException as error:
            raise ImportError("initialization failed") from error

    monkeypatch.setattr("lscli.api.reading.scan", loading)
    assert (code, "", "") == run(*EVAL)


@pytest.mark.parametrize("where", ["/dev/stdout", "fifo"])
def test_a_closed_pipe_that_has_a_name_is_silent_too(tmp_path: Path, where: str) -> None:
    arguments = ["samples", LOGITS, LABELS, "-f", "csv", "-o"]
    if where == "fifo":
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        with subprocess.Popen(command([*arguments, fifo]), stderr=subprocess.PIPE) as process:
            os.set_blocking(reader, True)
            while not os.read(reader, 100):
                assert process.poll() is None
            os.close(reader)
            assert process.stderr is not None
            assert (b"", 141) == (process.stderr.read(), process.wait(120))
        return
    with subprocess.Popen(command([*arguments, where]), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(100)
        process.stdout.close()
        assert (b"", 141) == (process.stderr.read(), process.wait(120))
