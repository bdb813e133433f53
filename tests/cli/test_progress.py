"""The progress bar: on a terminal only, and only when the work takes more than half a second."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from lscli.cli import progress
from lscli.cli.stderr import say
from tests.cli.inprocess import Run, save_pair
from tests.cli.terminal import displayed


class Terminal(io.StringIO):
    """A stream that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def terminal_on_stderr(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    return terminal


def test_short_work_shows_no_bar(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_on_stderr(monkeypatch)
    with progress.progress_bar(quiet=False) as show:
        assert show is not None
        show(0, 1000)
        clock.now += 0.4
        show(900, 1000)
    assert "" == terminal.getvalue()


def test_longer_work_shows_a_bar_with_its_speed_and_takes_it_away(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = terminal_on_stderr(monkeypatch)
    with progress.progress_bar(quiet=False) as show:
        assert show is not None
        clock.now += 0.6
        show(300, 1000)
        clock.now += 0.4
        show(600, 1000)
    text = terminal.getvalue()
    assert "reading" in text
    assert "60 %" in text
    assert "600 rows/s" in text
    assert "\x1b[2K" in text.rpartition("rows/s")[2]  # the line is erased


def test_a_line_on_stderr_takes_the_place_of_the_bar_until_the_next_progress(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = terminal_on_stderr(monkeypatch)
    line = "a line longer than the terminal is wide: " + "x" * 200
    with progress.progress_bar(quiet=False) as show:
        assert show is not None
        clock.now += 0.6
        show(300, 1000)
        say(line)
        assert [line] == displayed(terminal.getvalue())
        show(600, 1000)
        assert line == displayed(terminal.getvalue())[0]
        assert "60 %" in displayed(terminal.getvalue())[1]
    assert [line] == displayed(terminal.getvalue())


def test_a_closed_bar_stays_away(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_on_stderr(monkeypatch)
    with progress.progress_bar(quiet=False) as show:
        assert show is not None
        clock.now += 0.6
        show(300, 1000)
        progress.close_bar()
        text = terminal.getvalue()
        show(600, 1000)
    assert text == terminal.getvalue()


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_erase_a_line_gets_no_bar(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    terminal_on_stderr(monkeypatch)
    monkeypatch.setenv("TERM", term)
    with progress.progress_bar(quiet=False) as show:
        assert show is None


def test_resamples_are_counted_after_the_rows(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_on_stderr(monkeypatch)
    with progress.progress_bar(quiet=False) as show:
        assert show is not None
        show(5000, 5000)
        show(0, 100)
        clock.now += 2
        show(50, 100)
    text = terminal.getvalue()
    assert "resampling" in text
    assert "50 %" in text
    assert "25 resamples/s" in text


def test_quiet_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal_on_stderr(monkeypatch)
    with progress.progress_bar(quiet=True) as show:
        assert show is None


def test_nobody_sees_a_bar_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress.progress_bar(quiet=False) as show:
        assert show is None


def test_work_without_a_stderr_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    with progress.progress_bar(quiet=False) as show:
        assert show is None


def test_eval_tells_the_bar_and_leaves_a_pipe_alone(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    logits, labels = save_pair(tmp_path)
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    piped = run("eval", logits, labels)
    assert (0, "") == (piped.code, piped.err)
    terminal = terminal_on_stderr(monkeypatch)
    shown = run("eval", logits, labels)
    assert "100 %" in terminal.getvalue()
    assert (0, piped.out) == (shown.code, shown.out)
