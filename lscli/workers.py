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
        count: how many threads.
        watch: called now and then, and once at the end.
        stop: called when something went wrong in this thread, such as Ctrl-C: it must make `work` return.
    """
    workers = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
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
