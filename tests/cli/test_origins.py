"""An error about a value that nobody typed says where it was set; a variable that nothing reads is a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.inprocess import Run, assert_refused, save_pair
from tests.command import LABELS, LOGITS

EVAL, CLASSES, BINS = (("eval", LOGITS, LABELS), ("classes", LOGITS, LABELS), ("bins", LOGITS, LABELS))
METRICS = ("metrics",)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# A command, an option, and a value that is refused: by its type, by its bounds, as a word, or only later.
WRONG = [
    (EVAL, "threads", "x", 2),
    (EVAL, "threads", "0", 2),
    (EVAL, "level", "x", 2),
    (EVAL, "level", "2", 2),
    (EVAL, "bins", "0", 2),
    (EVAL, "quiet", "maybe", 2),
    (EVAL, "nonfinite", "skp", 2),
    (EVAL, "eps", "abc", 2),
    (EVAL, "eps", "1.5", 2),
    (EVAL, "eps", "0.1,1.5", 2),
    (EVAL, "metrics", "ece,eec", 2),
    (EVAL, "metrics", "loss_smoothed@2", 2),
    (EVAL, "metrics", "brier@2", 2),
    (EVAL, "weights", "missing.npy", 3),
    (EVAL, "device", "cdua", 2),
    (EVAL, "format", "npy", 2),
    (EVAL, "output", "missing/x.csv", 4),
    (EVAL, "class_axis", "7", 2),
    (EVAL, "prior", "empirical", 2),
    (EVAL, "input_format", "csv", 3),
    (EVAL, "group_by", "x", 2),
    (CLASSES, "sort", "ec", 2),
    (METRICS, "format", "jsno", 2),
]


@pytest.mark.parametrize(("command", "name", "value", "code"), WRONG)
def test_an_error_names_the_variable_or_the_file_of_the_value(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], name: str, value: str, code: int
) -> None:
    flag = f"--{name.replace('_', '-')}"
    project = folder / "pyproject.toml"
    project.write_text(f"[tool.lscli]\n{name} = '{value}'\n")
    assert_refused(run(*command), code, f"({flag} is set by {name} in [tool.lscli] of {project})")
    project.unlink()
    monkeypatch.setenv(f"LSCLI_{name.upper()}", value)
    assert_refused(run(*command), code, f"({flag} is set by the variable LSCLI_{name.upper()})")
    monkeypatch.delenv(f"LSCLI_{name.upper()}")
    if name != "quiet":
        typed = run(*command, flag, value)
        assert (code, False) == (typed.code, "is set by" in typed.err)


def test_an_option_that_does_not_go_with_a_typed_one_is_named(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSCLI_COMPAT", "netcal")
    assert_refused(run(*BINS, "--equal-mass"), 2, "(--compat is set by the variable LSCLI_COMPAT)")


def test_an_error_does_not_name_what_it_does_not_concern(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSCLI_EPS", "0.2")
    (folder / "pyproject.toml").write_text("[tool.lscli]\nbins = 10\nlabels_key = 'y'\n")
    for arguments in ((*EVAL, "-m", "eec"), ("eval", "missing.npy", LABELS), (*EVAL, "--threads", "0")):
        answer = run(*arguments)
        assert (True, False) == (answer.code > 0, "is set by" in answer.err)


def test_an_option_of_another_name_in_the_environment_is_named_so(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSCLI_SWEEP_EPS", "0:1")
    assert_refused(run("sweep", LOGITS, LABELS), 2, "(--eps is set by the variable LSCLI_SWEEP_EPS)")


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("LSCLI_EPSS", "did you mean LSCLI_EPS"),
        ("LSCLI_METRIC", "did you mean LSCLI_METRICS"),
        ("lscli_eps", "did you mean LSCLI_EPS?"),
        ("LSCLI_XYZZY", "reads the environment variable LSCLI_XYZZY\n"),
    ],
)
def test_a_variable_that_nothing_reads_is_a_warning(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, words: str
) -> None:
    pair = save_pair(folder)
    plain = run("eval", *pair)
    monkeypatch.setenv(variable, "0.2")
    for arguments in (("eval", *pair), ("metrics",)):
        answer = run(*arguments)
        assert (0, "lscli: warning: ") == (answer.code, answer.err[:16])
        assert f"no command reads the environment variable {variable}" in answer.err
        assert words in answer.err
    assert plain.out == run("eval", *pair).out
    assert "" == run("eval", *pair, "--quiet").err
    assert "" == run("--help").err


@pytest.mark.parametrize("variable", ["LSCLI_DEBUG", "LSCLI_TOP", "LSCLI_SWEEP_EPS", "LSCLI_WORST", "LSCLIX"])
def test_a_variable_of_any_command_is_known(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    assert (0, "") == (run("metrics").code, run("metrics").err)


def test_a_name_of_control_characters_is_shown_as_escapes(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSCLI_\x1b[2J", "1")
    assert "\x1b" not in run("metrics").err
