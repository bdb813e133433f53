"""Threads that share work, while the main one watches."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def together(work: Callable[[], None], count: int, watch: Callable[[], None], stop: Callable[[], None]) -> None:
    """Run `work`, which keeps its errors to itself, in so many threads until all of them have returned.

    Args:
        work: what each thread runs.
        count: how many threads, or fewer where no more can be started; without any, it runs in this one.
        watch: called now and then, and once at the end.
        stop: called when something went wrong in this thread, such as Ctrl-C: it must make `work` return.
    """
    workers: list[threading.Thread] = []
    try:
        for _ in range(count):
            worker = threading.Thread(target=work, daemon=True)
            try:
                worker.start()
            except RuntimeError:  # limits on memory or processes: those that run do the work
                break
            workers.append(worker)
        if not workers:
            work()
        for worker in workers:
            while worker.is_alive():
                worker.join(0.1)
                watch()
    except BaseException:
        stop()
        for worker in workers:
            worker.join()
        raise
    watch()
