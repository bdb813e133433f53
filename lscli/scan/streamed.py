"""Turn a pass that hands over its results into an iterator of these, with few of them in memory."""

from __future__ import annotations

import queue
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
_WAITING = 4  # results that are computed ahead
_PATIENCE = 0.1  # seconds until a pass looks whether its results are still wanted


class _UnwantedError(Exception):
    """Nobody reads the results any more."""


def streamed(run: Callable[[Callable[[T], None]], None]) -> Iterator[T]:
    """The results of a pass, in its order.

    Args:
        run: makes the pass, and calls its argument with each result. What it raises is raised here.
    """
    results: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(_WAITING)
    unwanted = threading.Event()

    def put(result: tuple[T] | BaseException | None) -> None:
        while not unwanted.is_set():
            try:
                return results.put(result, timeout=_PATIENCE)
            except queue.Full:
                continue
        raise _UnwantedError

    def work() -> None:
        end: BaseException | None = None
        try:
            run(lambda result: put((result,)))
        except _UnwantedError:
            return
        except BaseException as error:  # it is raised where the results are read
            end = error
        if not unwanted.is_set():
            put(end)

    thread = threading.Thread(target=copy_context().run, args=(work,), daemon=True)
    thread.start()
    try:
        while (result := results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            yield result[0]
    finally:
        unwanted.set()
        thread.join()
