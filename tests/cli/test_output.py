"""-o writes a file whole or not at all, and never over an input."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lscli.report import Row
from tests.cli.inprocess import Run, assert_refused, save_pair
from tests.cli.terminal import in_shell
from tests.command import LABELS, LOGITS, command

EVAL = ["eval", LOGITS, LABELS]
HEADER = ",".join(Row._fields)


def first_line(path: Path) -> str:
    return path.read_text().partition("\n")[0]


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("a.csv", "csv"),
        ("a.json", "json"),
        ("a.md", "markdown"),
        ("a.markdown", "markdown"),
        ("a.txt", "table"),
        ("a.tsv", "tsv"),
        ("a.tex", "latex"),
        ("A.CSV", "csv"),
    ],
)
def test_the_suffix_chooses_the_format(run: Run, tmp_path: Path, name: str, format_name: str) -> None:
    assert (0, "", "") == run(*EVAL, "-o", tmp_path / name)
    assert run(*EVAL, "-f", format_name).out == (tmp_path / name).read_text()


@pytest.mark.parametrize("options", [["-o", "a.npy"], ["-f", "npy"], ["-f", "npy", "-o", "a.csv"]])
def test_npy_is_refused_before_anything_is_read_if_the_answer_is_not_an_array(run: Run, options: list[str]) -> None:
    assert_refused(
        run("eval", "not there.npy", LABELS, *options),
        2,
        "not an array",
        "csv, tsv, json, markdown, latex, table or parquet",
    )
    assert not Path("a.npy").exists()


def test_the_format_option_overrides_the_suffix(run: Run, tmp_path: Path) -> None:
    assert 0 == run(*EVAL, "-f", "json", "-o", tmp_path / "a.csv").code
    assert 0 == run(*EVAL, "-f", "csv", "-o", tmp_path / "a.out").code
    assert ["{", HEADER] == [first_line(tmp_path / name) for name in ("a.csv", "a.out")]


@pytest.mark.parametrize(("name", "hint"), [("a.jsn", "'.json'"), ("a.gif", ".csv, .tsv, .json"), ("a", "-f")])
def test_an_unknown_suffix_is_refused_with_the_known_ones(run: Run, tmp_path: Path, name: str, hint: str) -> None:
    assert_refused(run(*EVAL, "-o", tmp_path / name), 2, name, "names no format", hint)
    assert [] == os.listdir(tmp_path)


def test_a_dash_is_standard_output(run: Run) -> None:
    assert run(*EVAL) == run(*EVAL, "-o", "-")


def test_a_new_file_has_the_permissions_of_the_umask(run: Run, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        assert 0 == run(*EVAL, "-o", tmp_path / "a.csv").code
    finally:
        os.umask(before)
    assert 0o640 == stat.S_IMODE((tmp_path / "a.csv").stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o666, 0o755])
def test_an_old_file_keeps_its_mode(run: Run, tmp_path: Path, mode: int) -> None:
    output = tmp_path / "a.csv"
    output.write_text("old")
    output.chmod(mode)
    assert 0 == run(*EVAL, "-o", output).code
    assert (mode, HEADER) == (stat.S_IMODE(output.stat().st_mode), first_line(output))


def test_a_link_stays_a_link_and_its_target_is_replaced(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "a.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    assert 0 == run(*EVAL, "-o", link).code
    assert link.is_symlink()
    assert HEADER == first_line(target)
    assert ({"there", "link.csv"}, ["a.csv"]) == (set(os.listdir(tmp_path)), os.listdir(target.parent))


def test_a_dangling_link_creates_its_target(run: Run, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    assert 0 == run(*EVAL, "-o", tmp_path / "link.csv").code
    assert HEADER == first_line(tmp_path / "a.csv")


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("how", ["path", "other spelling", "symlink", "hard link"])
def test_an_output_that_is_an_input_is_refused(run: Run, tmp_path: Path, which: int, how: str) -> None:
    pair = save_pair(tmp_path)
    output, before = tmp_path / "alias.csv", Path(pair[which]).read_bytes()
    if how == "symlink":
        output.symlink_to(pair[which])
    elif how == "hard link":
        output.hardlink_to(pair[which])
    else:
        name = os.path.basename(pair[which])
        output = Path(pair[which]) if how == "path" else Path(f"{tmp_path}/../{tmp_path.name}/{name}")
    for more in ([], ["-f", "csv"]):
        assert_refused(run("eval", *pair, "-o", output, *more), 2, "the output is one of the inputs")
    assert before == Path(pair[which]).read_bytes()


@pytest.mark.parametrize("redirected", ["logits", "labels"])
@pytest.mark.parametrize("output", ["file", "link", "/dev/stdin"])
def test_an_input_that_the_shell_opened_is_not_written_over(tmp_path: Path, redirected: str, output: str) -> None:
    logits, labels = save_pair(tmp_path)
    used, words = (logits, ["-", labels]) if redirected == "logits" else (labels, [logits, "-"])
    before = Path(used).read_bytes()
    (tmp_path / "link").symlink_to(used)
    target = {"file": used, "link": str(tmp_path / "link")}.get(output, output)
    done = in_shell(f"< {used}", ["eval", *words, "-f", "csv", "-o", target])
    assert (2, "") == (done.returncode, done.stdout)
    assert f"lscli: {target}: the output is one of the inputs" == done.stderr.splitlines()[0]
    assert before == Path(used).read_bytes()


def test_an_input_that_is_also_standard_output_is_not_appended_to(tmp_path: Path) -> None:
    logits, labels = save_pair(tmp_path)
    before = Path(logits).read_bytes()
    done = in_shell(f">> {logits}", ["eval", logits, labels])
    assert (2, before) == (done.returncode, Path(logits).read_bytes())
    assert "lscli: standard output: the output is one of the inputs" == done.stderr.splitlines()[0]


@pytest.mark.parametrize("option", ["--weights", "--class-weights", "--prior", "--groups", "--class-names"])
def test_a_file_of_an_option_is_not_written_over(run: Run, tmp_path: Path, option: str) -> None:
    path = tmp_path / "values.csv"
    path.write_text("1\n" * 10)
    command_name = "classes" if option == "--class-names" else "eval"
    answer = run(command_name, LOGITS, LABELS, option, path, "-o", path)
    assert_refused(answer, 2, "values.csv: the output is one of the inputs")
    assert "1\n" * 10 == path.read_text()


def test_a_name_as_long_as_the_file_system_allows_is_written(run: Run, tmp_path: Path) -> None:
    output = tmp_path / ("a" * 251 + ".csv")
    assert (0, "", "") == run(*EVAL, "-o", output)
    assert (HEADER, 1) == (first_line(output), len(os.listdir(tmp_path)))


def test_a_link_to_itself_is_refused_and_kept(run: Run, tmp_path: Path) -> None:
    link = tmp_path / "a.csv"
    link.symlink_to(link)
    assert_refused(run(*EVAL, "-o", link), 4, "a.csv: cannot be written", "the link points to itself")
    assert (True, ["a.csv"]) == (link.is_symlink(), os.listdir(tmp_path))


def test_a_folder_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert_refused(run(*EVAL, "-o", tmp_path / "a.csv"), 2, "is a directory")
    assert_refused(run(*EVAL, "-f", "csv", "-o", tmp_path), 2, "is a directory")


def test_a_name_with_a_trailing_slash_creates_no_file(run: Run, tmp_path: Path) -> None:
    answer = run(*EVAL, "-f", "csv", "-o", f"{tmp_path}/new/")
    assert (True, "") == (answer.code in (2, 4), answer.out)
    assert [] == os.listdir(tmp_path)


def test_a_missing_folder_is_named_as_the_reason(run: Run, tmp_path: Path) -> None:
    assert_refused(run(*EVAL, "-o", tmp_path / "no" / "a.csv"), 4, "a.csv: cannot be written", "make the folder first")


@pytest.mark.parametrize(
    "words",
    [
        ["eval", "none.npy", LABELS, "-o", "no/a.csv"],
        ["fit", "none.npy", LABELS, "-o", "no/cal.json"],
        ["threshold", "none.npy", LABELS, "--max-error", "0.1", "-o", "no/threshold.json"],
        ["conformal", "none.npy", LABELS, LOGITS, "--sets", "no/sets.csv"],
    ],
)
def test_a_missing_folder_is_noticed_before_anything_is_read(run: Run, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "none.npy").write_bytes(b"")
    words = [str(tmp_path / word) if word.startswith(("no/", "none")) else word for word in words]
    assert_refused(run(*words), 4, "cannot be written: No such file or directory", "make the folder first")


@pytest.mark.parametrize("words", [EVAL, ["threshold", LOGITS, LABELS, "--max-error", "0.1"]])
def test_an_empty_name_is_no_output(run: Run, words: list[str]) -> None:
    assert_refused(run(*words, "-o", ""), 2, "-o: names no file", "leave it out, or name one")


def test_a_wrong_input_leaves_the_old_output(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "a.csv"
    output.write_text("old")
    assert_refused(run("eval", tmp_path / "no.npy", LABELS, "-o", output), 3, "not found")
    assert ("old", ["a.csv"]) == (output.read_text(), os.listdir(tmp_path))


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("call", ["os.replace", "os.fsync", "builtins.open"])
@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EACCES, "may write to"),
        (errno.EROFS, "may write to"),
        (errno.EFBIG, "raise the limit"),
        (errno.EIO, "another place"),
    ],
)
def test_a_failed_step_leaves_the_old_file_and_nothing_else(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str | None, call: str, number: int, hint: str
) -> None:
    output = tmp_path / "a.csv"
    if old is not None:
        output.write_text(old)
    usual = open

    def failing(*arguments: Any, **options: Any) -> Any:
        if call == "builtins.open" and ".lscli-" not in str(arguments[0]):
            return usual(*arguments, **options)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(call, failing)
        answer = run(*EVAL, "-o", output)
    assert_refused(answer, 4, f"{output}: cannot be written: {os.strerror(number)}", hint)
    assert ([] if old is None else ["a.csv"]) == os.listdir(tmp_path)
    assert old is None or old == output.read_text()


def test_a_system_that_cannot_sync_folders_keeps_the_new_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = os.fsync

    def files_only(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        usual(fd)

    monkeypatch.setattr("os.fsync", files_only)
    assert (0, "", "") == run(*EVAL, "-o", tmp_path / "a.csv")
    assert HEADER == first_line(tmp_path / "a.csv")


def test_a_limit_on_file_sizes_leaves_the_old_file(tmp_path: Path) -> None:
    output = tmp_path / "a.csv"
    output.write_text("old")
    limited = ["/bin/sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *command([*EVAL, "--metrics", "all", "-o", output])]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(limited, capture_output=True, text=True, env=env, check=False)
    expected = f"lscli: {output}: cannot be written: File too large\nhint: raise the limit on file sizes\n"
    assert (4, "", expected) == (done.returncode, done.stdout, done.stderr)
    assert ("old", ["a.csv"]) == (output.read_text(), os.listdir(tmp_path))


def test_the_temporary_file_of_another_run_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".lscli-0123456789abcdef.tmp").write_text("half")
    assert (0, "", "") == run(*EVAL, "-o", tmp_path / "a.csv")
    assert {"a.csv", ".lscli-0123456789abcdef.tmp"} == set(os.listdir(tmp_path))


def test_a_device_is_written_directly(run: Run) -> None:
    assert (0, "", "") == run(*EVAL, "-f", "csv", "-o", "/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert_refused(run(*EVAL, "-f", "csv", "-o", "/dev/full"), 4, "/dev/full: cannot be written: No space left")


def test_a_fifo_is_written_directly(run: Run, tmp_path: Path) -> None:
    fifo = tmp_path / "a.csv"
    os.mkfifo(fifo)
    with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        assert (0, "", "") == run(*EVAL, "-o", fifo)
        assert run(*EVAL).out == reader.read().decode()
    assert (True, ["a.csv"]) == (stat.S_ISFIFO(fifo.stat().st_mode), os.listdir(tmp_path))


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_a_pipe_that_has_a_name_is_written_directly(run: Run, name: str) -> None:
    done = in_shell("", [*EVAL, "-f", "csv", "-o", name])
    assert (0, run(*EVAL).out, "") == (done.returncode, done.stdout, done.stderr)


def test_an_output_of_another_command_is_a_file_too(run: Run, tmp_path: Path) -> None:
    assert (0, "", "") == run("metrics", "-o", tmp_path / "a.md")
    assert "| id | family | default | interval | definition | better |" == first_line(tmp_path / "a.md")
