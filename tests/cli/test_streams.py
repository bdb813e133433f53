"""stdout holds all of the data and nothing else, whatever the streams are; messages go to stderr."""

from __future__ import annotations

import csv
import io
import os
import subprocess
from pathlib import Path

import pytest

from lscli.report import Row
from tests.cli.inprocess import Run, assert_refused, save_pair
from tests.cli.terminal import in_shell
from tests.command import LABELS, LOGITS, command, lscli

EVAL = ["eval", LOGITS, LABELS]
HEADER = ",".join(Row._fields)
COMMANDS = {
    "csv": EVAL,
    "json": [*EVAL, "-f", "json"],
    "table": [*EVAL, "-f", "table"],
    "metrics": ["metrics"],
    "help": ["--help"],
    "version": ["--version"],
}
# Python drops the rest of a short write to an unbuffered stdout. lscli writes answers itself, typer prints help.
WRITING = pytest.mark.parametrize(
    ("name", "unbuffered"), [*((name, "") for name in COMMANDS), ("csv", "1"), ("help", "1")]
)
UNBUFFERED = pytest.mark.parametrize("unbuffered", ["", "1"])


def test_a_pipe_gets_csv_with_a_number_in_every_row() -> None:
    done = lscli(*EVAL, "--metrics", "all")
    assert (0, "") == (done.returncode, done.stderr)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert HEADER == done.stdout.partition("\n")[0]
    assert 25 < len(rows)
    assert {LOGITS} == {row["source"] for row in rows}
    assert all(abs(float(row["value"])) >= 0 for row in rows)


def test_stdout_holds_data_only_and_a_warning_is_one_line_on_stderr(tmp_path: Path) -> None:
    logits, labels = save_pair(tmp_path, probabilities=True)
    done = lscli("eval", logits, labels)
    warning = f"lscli: warning: {logits}: every row sums to 1: "
    assert (0, 1) == (done.returncode, done.stderr.count("\n"))
    assert warning == done.stderr[: len(warning)]
    assert {logits} == {line.partition(",")[0] for line in done.stdout.splitlines()[1:]}


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_quiet_silences_warnings_and_changes_no_data(run: Run, tmp_path: Path, option: str) -> None:
    logits, labels = save_pair(tmp_path, probabilities=True)
    loud, quiet = run("eval", logits, labels), run("eval", logits, labels, option)
    assert (0, 0, "") == (loud.code, quiet.code, quiet.err)
    assert "lscli: warning: " == loud.err[:16]
    assert loud.out == quiet.out


def test_quiet_ends_with_its_run(run: Run, tmp_path: Path) -> None:
    logits, labels = save_pair(tmp_path, probabilities=True)
    run("eval", logits, labels, "-q")
    assert "lscli: warning: " == run("eval", logits, labels).err[:16]


def test_quiet_does_not_silence_an_error(run: Run) -> None:
    assert_refused(run(*EVAL, "-q", "--eps", "2"), 2, "eps")


def test_a_warning_shows_no_control_character_of_a_file_name(run: Run, tmp_path: Path) -> None:
    logits, labels = save_pair(tmp_path, probabilities=True, name="a\x1b[2J\nb.npy")
    answer = run("eval", logits, labels)
    assert (0, 1) == (answer.code, answer.err.count("\n"))
    assert "a\\x1b[2J\\nb.npy" in answer.err
    assert (answer.err + answer.out).replace("\n", "").isprintable()


def test_a_name_that_is_not_utf8_is_escaped_and_read(run: Run, tmp_path: Path) -> None:
    logits, labels = save_pair(tmp_path)
    name = os.fsencode(tmp_path) + b"/caf\xe9.npy"
    os.rename(logits, name)
    for format_name in ("csv", "json", "markdown", "table"):
        answer = run("eval", os.fsdecode(name), labels, "-f", format_name)
        assert (0, "") == (answer.code, answer.err)
        assert "udce9" in answer.out


@WRITING
def test_a_closed_pipe_is_a_silent_exit_code(name: str, unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        done = lscli(*COMMANDS[name], stdout=pipe, stderr=subprocess.PIPE, env={"PYTHONUNBUFFERED": unbuffered})
    assert (141, "") == (done.returncode, done.stderr)


@WRITING
def test_a_full_disk_under_stdout_is_no_success(name: str, unbuffered: str) -> None:
    with open("/dev/full", "wb") as full:
        done = lscli(*COMMANDS[name], stdout=full, stderr=subprocess.PIPE, env={"PYTHONUNBUFFERED": unbuffered})
    first, hint = done.stderr.splitlines()
    assert (4, True, True) == (done.returncode, first.endswith(": No space left on device"), hint.startswith("hint: "))


@UNBUFFERED
def test_a_closed_stdout_is_a_failed_write(unbuffered: str) -> None:
    done = in_shell(">&-", EVAL, PYTHONUNBUFFERED=unbuffered)
    assert (4, 2) == (done.returncode, done.stderr.count("\n"))
    assert "lscli: standard output: cannot be written: " in done.stderr


def test_a_closed_stdout_does_not_matter_to_an_output_file(tmp_path: Path) -> None:
    done = in_shell(">&-", [*EVAL, "-o", tmp_path / "out.csv"])
    assert (0, "") == (done.returncode, done.stderr)
    assert HEADER == (tmp_path / "out.csv").read_text().partition("\n")[0]


def test_a_closed_stderr_changes_neither_data_nor_exit_code() -> None:
    expected = lscli(*EVAL).stdout
    done = in_shell("2>&-", EVAL)
    assert (0, expected) == (done.returncode, done.stdout)
    assert 2 == in_shell("2>&-", [*EVAL, "--eps", "2"]).returncode


def test_a_closed_stdin_does_not_matter() -> None:
    done = in_shell("<&-", EVAL)
    assert (0, lscli(*EVAL).stdout, "") == (done.returncode, done.stdout, done.stderr)


def test_a_full_disk_under_stderr_changes_neither_data_nor_exit_code() -> None:
    assert 2 == in_shell("2>/dev/full", [*EVAL, "--eps", "2"]).returncode
    done = in_shell("2>/dev/full", EVAL)
    assert (0, HEADER) == (done.returncode, done.stdout.partition("\n")[0])


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_a_locale_without_utf8_changes_no_byte_of_data(locale: str) -> None:
    ascii_only = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    expected = lscli(*EVAL, "-f", "csv", text=False)
    done = lscli(*EVAL, "-f", "csv", text=False, env=ascii_only)
    assert (0, expected.stdout, b"") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_a_table_is_ascii_where_the_encoding_is_not_unicode(env: dict[str, str]) -> None:
    expected = lscli("bins", LOGITS, LABELS, "-f", "table").stdout
    done = lscli("bins", LOGITS, LABELS, "-f", "table", text=False, env=env)
    text = done.stdout.decode("ascii")
    assert (0, b"", False) == (done.returncode, done.stderr, "\\" in text)
    assert [len(line) for line in expected.splitlines()] == [len(line) for line in text.splitlines()]
    assert [line[:30] for line in expected.splitlines()[:5]] == [line[:30] for line in text.splitlines()[:5]]


@pytest.mark.parametrize("arguments", [["--help"], ["eval", "--help"], ["--version"]], ids=" ".join)
def test_help_can_be_printed_without_utf8(arguments: list[str]) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = lscli(*arguments, env=ascii_only)
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.isascii()
    assert "lscli" in done.stdout


def test_an_error_about_a_name_that_the_locale_lacks_is_two_lines() -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*map(os.fsencode, command(["eval"])), "é☃.npy".encode(), os.fsencode(LABELS)],
        capture_output=True,
        env={**os.environ, **ascii_only},
        check=False,
    )
    assert (3, b"", 2) == (done.returncode, done.stdout, done.stderr.count(b"\n"))
    assert done.stderr.isascii()
