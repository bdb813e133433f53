"""A progress bar on stderr, when that is a terminal and the work takes more than half a second."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lscli.errors import LscliWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 0.5
_bar: _Bar | None = None


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function that shows how many rows are done, and of how many; None if stderr cannot show a bar."""
    global _bar
    if quiet:
        warnings.simplefilter("ignore", LscliWarning)
    dumb = os.environ.get("TERM") in ("dumb", "unknown")  # it cannot erase a line
    if quiet or dumb or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    _bar = _Bar()
    try:
        yield _bar.show
    finally:
        _bar.close()
        _bar = None


@contextmanager
def without_bar() -> Iterator[None]:
    """Erase the bar while a line is written to stderr; the next progress shows it again."""
    if _bar is None:
        yield
        return
    with _bar.lock:
        _bar.hide()
        yield


def close_bar() -> None:
    """Erase the bar for good, before output goes to the same terminal."""
    if _bar is not None:
        _bar.close()


class _Bar:
    """A progress bar, which rich draws once the work turns out to be long.

    Attributes:
        lock: held while anything is written, because several threads report progress.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._start = self._since = time.monotonic()
        self._progress: Any = None
        self._closed = False
        self._total = 0
        self._phases = iter((("reading", "rows"), ("resampling", "resamples")))
        self._phase = ("", "")

    def show(self, done: int, total: int) -> None:
        with self.lock:
            if total != self._total:  # rows are counted first, resamples later
                self._phase = next(self._phases, self._phase)
                self._since = time.monotonic() if self._total else self._start
                self._total = total
                if self._progress is not None:
                    self._progress.reset(self._task, total=total)
            if self._closed or time.monotonic() - self._start < _PATIENCE:
                return
            if self._progress is None:
                self._open(total)
            doing, unit = self._phase
            elapsed = max(time.monotonic() - self._since, 1e-9)
            self._progress.update(self._task, completed=done, doing=doing, speed=f"{done / elapsed:,.0f} {unit}/s")
            self._progress.start()

    def _open(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.fields[doing]}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,  # rich would break a long warning into lines
        )
        self._task = self._progress.add_task("", total=total, speed="", doing=self._phase[0])

    def hide(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    def close(self) -> None:
        with self.lock:
            self._closed = True
            self.hide()
