"""Threads that share a queue of tasks, while the calling thread watches.

Unlike an executor's pool, this one works with fewer threads where the system refuses to start more, takes a task
only when a thread is free, and stops at Ctrl-C after the tasks in progress.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from lscli.limits import has_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
# A thread's stack and heap. If memory runs out in a new thread, `Thread.start` of CPython waits for it forever.
_THREAD = (8 + 64) << 20


def run_threads(
    work: Callable[[Iterator[T]], None], tasks: Iterable[T], threads: int, watch: Callable[[int], None]
) -> None:
    """Run `work` in several threads, which share the tasks.

    Args:
        work: called once in each thread with an iterator. The iterators of all threads hand out each task once, in
            order; `work` may hold a lock around `next`, so that what it does under that lock happens in order too.
        tasks: the tasks.
        threads: the most threads; fewer where the system refuses to start more. If there are none, `work` runs in the
            calling thread.
        watch: called in the calling thread several times a second, and at the end, with the number of tasks taken.

    Raises:
        BaseException: the error of the first failed task; all tasks before it are done. Or what interrupted the
            calling thread, such as KeyboardInterrupt. Either way, all threads have returned.
    """
    queue = _Queue(tasks)
    started: list[threading.Thread] = []
    try:
        for _ in range(threads):
            if not has_room(_THREAD):
                break
            thread = threading.Thread(target=queue.run, args=(work,), daemon=True)
            try:
                thread.start()
            except RuntimeError:  # a limit on memory or processes
                break
            started.append(thread)
        if not started:
            queue.run(work)
        for thread in started:
            while thread.is_alive():
                thread.join(0.1)
                watch(queue.taken)
    except BaseException:
        queue.stopped = True
        for thread in started:
            thread.join()
        raise
    if queue.failures:
        raise min(queue.failures, key=lambda failure: failure[0])[1]
    watch(queue.taken)


class _Queue(Generic[T]):
    """Tasks in order, and the errors of those that failed."""

    def __init__(self, tasks: Iterable[T]) -> None:
        self._tasks = iter(tasks)
        self._lock = threading.Lock()
        self.taken = 0
        self.stopped = False
        self.failures: list[tuple[int, BaseException]] = []

    def run(self, work: Callable[[Iterator[T]], None]) -> None:
        """Run `work` in this thread; an error stops the queue for all threads."""
        last = -1  # work may fail before its first task

        def own_tasks() -> Iterator[T]:
            nonlocal last
            while not self.stopped:
                with self._lock:
                    try:
                        task = next(self._tasks)
                    except StopIteration:
                        return
                    last, self.taken = self.taken, self.taken + 1
                yield task

        try:
            work(own_tasks())
        except BaseException as error:  # raised again by the calling thread
            self.failures.append((last, error))
            self.stopped = True
