"""`-` is standard input: any format, once, checked as any file is."""

from __future__ import annotations

import os
import pickle
import pty
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.terminal import in_shell
from tests.command import LABELS, LOGITS, command
from tests.command import lscli as run
from tests.io.make import archive, saved, some_labels, some_logits

METRICS = ("--metrics", "loss_hard,ece")
EXPECTED = [line.partition(",")[2] for line in run("eval", LOGITS, LABELS, *METRICS).stdout.splitlines()]


def piped(data: bytes, *arguments: object, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run lscli with these bytes in a pipe."""
    done: subprocess.CompletedProcess[bytes] = run(*arguments, input=data, text=False, env=env)
    return done


def answer(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert (0, b"") == (done.returncode, done.stderr)
    return [line.partition(",")[2] for line in done.stdout.decode().splitlines()]


def refusal(done: subprocess.CompletedProcess[bytes], code: int, *words: str) -> None:
    assert (code, b"") == (done.returncode, done.stdout)
    lines = done.stderr.decode().splitlines()
    assert ["lscli: ", "hint: "] == [lines[0][:7], lines[1][:6]]
    assert [] == [word for word in words if word not in done.stderr.decode()]


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def test_logits_are_piped_in() -> None:
    done = piped(read(LOGITS), "eval", "-", LABELS, *METRICS)
    assert EXPECTED == answer(done)
    assert b"-" == done.stdout.splitlines()[1].split(b",")[0]


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_is_refused(protocol: int) -> None:
    refusal(piped(pickle.dumps({"logits": [1.0]}, protocol), "eval", "-", LABELS), 3, "pickles are refused", "np.savez")


def test_labels_are_piped_in() -> None:
    assert EXPECTED == answer(piped(read(LABELS), "eval", LOGITS, "-", *METRICS))


@pytest.mark.parametrize("text", ["label\n{}\n", "{}\n"])
def test_a_column_of_labels_is_piped_in(text: str) -> None:
    column = text.format("\n".join(map(str, np.load(LABELS)))).encode()
    assert EXPECTED == answer(piped(column, "eval", LOGITS, "-", *METRICS))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_with_both_is_piped_in(tmp_path: Path, compression: int) -> None:
    both = archive(tmp_path / "x.npz", compression, logits=np.load(LOGITS), labels=np.load(LABELS))
    assert EXPECTED == answer(piped(both.read_bytes(), "eval", "-", *METRICS))


def test_a_file_that_the_shell_opened_is_read_where_it_is(tmp_path: Path) -> None:
    # No room for a copy: the temporary folder is not there.
    done = in_shell(f"<{LOGITS}", ["eval", "-", LABELS, *METRICS], TMPDIR=str(tmp_path / "none"))
    assert (0, "") == (done.returncode, done.stderr)
    assert EXPECTED == [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_a_file_of_which_the_start_was_read_is_taken_from_there(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"some line\n" + read(LOGITS))
    shell = ["/bin/sh", "-c", 'read line; exec "$@"', "sh", *command(["eval", "-", LABELS, *METRICS])]
    with path.open("rb") as stream:
        done = subprocess.run(shell, stdin=stream, capture_output=True, check=False)
    assert EXPECTED == answer(done)


def test_other_commands_read_standard_input(tmp_path: Path) -> None:
    for arguments in (["bins", "-", LABELS], ["samples", "-", LABELS], ["sweep", "-", LABELS], ["inspect", "-"]):
        assert 0 == piped(read(LOGITS), *arguments).returncode, arguments
    assert 0 == piped(read(LABELS), "smooth", "-", "--classes", "10").returncode


@pytest.mark.parametrize(
    "arguments", [("-", "-"), ("-", "-", "--input-format", "npz"), (LOGITS, "-", "--weights", "-")]
)
def test_standard_input_is_read_once(arguments: Sequence[str]) -> None:
    refusal(piped(read(LOGITS), "eval", *arguments), 2, "standard input can be read only once")


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", 3, ["standard input: is empty"]),
        (b"\0\1\2\3", 2, ["format is not recognised", "one of these formats: npy, npz"]),
        (saved(some_logits())[:-5], 3, ["standard input: truncated: expected 200 bytes, found 195"]),
        (saved(some_logits()) + b"x", 3, ["standard input: trailing bytes"]),
        (b"\x80\x04]\x94.", 3, ["standard input: pickles are refused", "np.savez("]),
    ],
)
def test_bad_bytes_are_refused_as_those_of_a_file(tmp_path: Path, data: bytes, code: int, words: list[str]) -> None:
    np.save(tmp_path / "y.npy", some_labels())
    refusal(piped(data, "eval", "-", tmp_path / "y.npy"), code, *words)


def test_the_format_of_standard_input_can_be_given() -> None:
    assert EXPECTED == answer(piped(read(LOGITS), "eval", "-", LABELS, "--input-format", "npy", *METRICS))
    refusal(piped(read(LOGITS), "eval", "-", LABELS, "--input-format", "npz"), 3, "corrupt archive")
    refusal(piped(read(LOGITS), "eval", "-", LABELS, "--input-format", "nyp"), 2, "unknown value 'nyp'", "'npy'")


def test_the_format_of_a_file_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "dump.bin"
    path.write_bytes(read(LOGITS))
    refusal(run("eval", path, LABELS, text=False), 3, "unknown format '.bin'", "--input-format")
    done: Any = run("eval", path, LABELS, "--input-format", "npy", *METRICS, text=False)
    assert EXPECTED == answer(done)


def test_a_file_size_limit_while_spooling_is_reported(tmp_path: Path) -> None:
    limited = ["/bin/sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *command(["eval", "-", LABELS])]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(limited, input=read(LOGITS), capture_output=True, env=env, check=False)
    refusal(done, 4, "standard input: cannot be read: File too large", "TMPDIR")


def test_a_closed_standard_input_is_not_taken_for_another_file() -> None:
    done = in_shell("<&-", ["eval", LOGITS, "-"])
    assert (4, "") == (done.returncode, done.stdout)
    assert "lscli: standard input: is closed" == done.stderr.splitlines()[0]


def test_a_terminal_is_not_waited_for() -> None:
    master, slave = pty.openpty()
    try:
        done: subprocess.CompletedProcess[bytes] = run("eval", "-", LABELS, stdin=slave, text=False)
    finally:
        os.close(master)
        os.close(slave)
    refusal(done, 2, "standard input is a terminal")


def test_a_file_named_dash_is_given_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "-").write_bytes(read(LOGITS))
    done: Any = run("eval", "./-", LABELS, "--input-format", "npy", *METRICS, cwd=tmp_path, text=False)
    assert EXPECTED == answer(done)
