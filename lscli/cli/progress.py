"""A progress bar on stderr, when that is a terminal and the work takes more than half a second."""

from __future__ import annotations

import sys
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lscli.errors import LscliWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 0.5


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A function that shows how many rows of how many are done, or None where there is nobody to see it."""
    if quiet:
        warnings.simplefilter("ignore", LscliWarning)
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    bar = _Bar()
    try:
        yield bar.show
    finally:
        bar.close()


class _Bar:
    def __init__(self) -> None:
        self._start = self._since = time.monotonic()
        self._progress: Any = None
        self._total = 0
        self._phases = iter((("reading", "rows"), ("resampling", "resamples")))
        self._phase = ("", "")

    def show(self, done: int, total: int) -> None:
        if total != self._total:  # the rows first; then something else is counted
            self._phase = next(self._phases, self._phase)
            self._since = time.monotonic() if self._total else self._start
            self._total = total
            if self._progress is not None:
                self._progress.reset(self._task, total=total)
        if time.monotonic() - self._start < _PATIENCE:
            return
        if self._progress is None:
            self._open(total)
        doing, unit = self._phase
        elapsed = max(time.monotonic() - self._since, 1e-9)
        self._progress.update(self._task, completed=done, doing=doing, speed=f"{done / elapsed:,.0f} {unit}/s")

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
        )
        self._task = self._progress.add_task("", total=total, speed="", doing=self._phase[0])
        self._progress.start()

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
