"""A terminal gets a table with colours, unless they are not wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.inprocess import Run, save_pair
from tests.cli.terminal import displayed, on_terminal, without_color
from tests.command import LABELS, LOGITS

EVAL = ["eval", LOGITS, LABELS]


def test_a_terminal_gets_a_table_in_colour() -> None:
    code, text, errors = on_terminal(*EVAL)
    assert (0, "") == (code, errors)
    assert "\x1b[" in text
    plain = without_color(text)
    assert "\x1b" not in plain
    assert "5,000 samples x 10 classes, float32" in plain
    assert "Calibration" in plain
    assert "source,group" not in plain


def test_a_terminal_gets_another_format_on_request() -> None:
    code, text, _ = on_terminal(*EVAL, "-f", "csv")
    assert (0, "source,group,metric") == (code, text[:19])
    assert "\x1b" not in text


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_a_terminal_without_colours_gets_the_table_plain(env: dict[str, str]) -> None:
    code, text, errors = on_terminal(*EVAL, env=env)
    assert (0, "") == (code, errors)
    assert "\x1b" not in text
    assert "loss_hard" in text


def test_an_empty_no_color_asks_for_nothing() -> None:
    """no-color.org: "when present and not an empty string"."""
    _, text, _ = on_terminal(*EVAL, env={"NO_COLOR": ""})
    assert "\x1b[" in text


def test_forced_colours_reach_a_pipe_unless_there_shall_be_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run(*EVAL, "-f", "table").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    colored = run(*EVAL, "-f", "table").out
    assert "\x1b[" in colored
    assert plain.split() == without_color(colored).split()
    monkeypatch.setenv("NO_COLOR", "1")
    assert plain == run(*EVAL, "-f", "table").out


@pytest.mark.parametrize("format_name", ["csv", "json", "markdown"])
def test_forced_colours_reach_no_format_but_the_table(
    run: Run, monkeypatch: pytest.MonkeyPatch, format_name: str
) -> None:
    plain = run(*EVAL, "-f", format_name).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert plain == run(*EVAL, "-f", format_name).out


def test_forced_colours_reach_no_file(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert 0 == run(*EVAL, "-o", tmp_path / "out.txt").code
    assert "\x1b" not in (tmp_path / "out.txt").read_text()


@pytest.mark.parametrize("width", [60, 70, 200])
def test_the_table_is_no_wider_than_the_terminal(width: int) -> None:
    code, text, _ = on_terminal(*EVAL, width=width)
    lines = without_color(text).splitlines()
    assert 0 == code
    assert [] == [line for line in lines if len(line) > width]
    assert any("loss_smoothed eps=0.1" in line for line in lines)


def test_a_wider_terminal_needs_fewer_lines() -> None:
    assert on_terminal(*EVAL, width=160)[1].count("\n") < on_terminal(*EVAL, width=60)[1].count("\n")


def test_a_terminal_of_no_width_gets_the_table() -> None:
    code, text, _ = on_terminal(*EVAL, width=0)
    assert 0 == code
    assert "loss_smoothed eps=0.1" in without_color(text)


@pytest.mark.parametrize("columns", ["60", "200"])
def test_the_table_in_a_pipe_and_in_a_file_is_as_wide_as_columns_says(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, columns: str
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    usual = run(*EVAL, "--ci", "-f", "table").out
    monkeypatch.setenv("COLUMNS", columns)
    text = run(*EVAL, "--ci", "-f", "table").out
    widest = max(map(len, text.splitlines()))
    assert (True, True) == (widest <= int(columns), text != usual)
    assert 0 == run(*EVAL, "--ci", "-o", tmp_path / "a.txt").code
    assert text == (tmp_path / "a.txt").read_text()


@pytest.mark.parametrize("columns", ["", "0", "-60", "60.0", "sixty", " 60", "1e2", "\u0666\u0660", "9" * 30])
def test_columns_that_are_no_number_of_columns_are_ignored(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    expected = run(*EVAL, "-f", "table")
    monkeypatch.setenv("COLUMNS", columns)
    assert expected == run(*EVAL, "-f", "table")


@pytest.mark.parametrize("bar", [False, True])
def test_a_warning_on_the_same_terminal_is_a_line_of_its_own(tmp_path: Path, bar: bool) -> None:
    logits, labels = save_pair(tmp_path, probabilities=True)
    code, text, _ = on_terminal("eval", logits, labels, stderr_too=True, bar=bar)
    lines = displayed(text)
    assert (0, "lscli: warning: ", "--kind probs") == (code, lines[0][:16], lines[0][-12:])
    assert [] == [line for line in lines[1:] if "lscli: warning" in line]


@pytest.mark.parametrize("arguments", [EVAL, ["samples", LOGITS, LABELS, "-f", "csv", "--chunk-rows", "100"]])
def test_a_progress_bar_on_the_same_terminal_leaves_nothing_behind(arguments: list[str]) -> None:
    code, text, _ = on_terminal(*arguments, stderr_too=True, bar=True)
    expected = on_terminal(*arguments)[1]
    assert (0, True) == (code, "reading" in text)
    assert displayed(expected) == displayed(text)


def test_an_error_on_a_terminal_has_no_box_and_no_colour() -> None:
    code, text, _ = on_terminal("eval", LOGITS, LABELS, "--epss", "1", stderr_too=True)
    assert 2 == code
    assert ["lscli: ", "hint: s"] == [line[:7] for line in text.splitlines()]
