"""Threads that share tasks: each task once, the first error, and fewer threads where no more can be started."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from lscli.workers import run_threads


def nothing(taken: int) -> None:
    pass


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_each_task_is_done_once(threads: int) -> None:
    done: list[int] = []
    run_threads(done.extend, range(1000), threads, nothing)
    assert list(range(1000)) == sorted(done)


def test_tasks_taken_under_a_lock_are_taken_in_order() -> None:
    order: list[int] = []
    lock = threading.Lock()

    def work(tasks: Iterator[int]) -> None:
        while True:
            with lock:
                task = next(tasks, None)
                if task is None:
                    return
                order.append(task)

    run_threads(work, range(1000), 4, nothing)
    assert list(range(1000)) == order


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_the_error_of_the_first_failed_task_is_raised(threads: int) -> None:
    late = threading.Event()
    done: list[int] = []

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            if task == 6:
                late.set()
                raise ValueError(task)
            if task == 5:
                late.wait(10 if threads > 1 else 0)
                raise ValueError(task)
            done.append(task)

    with pytest.raises(ValueError, match="5"):
        run_threads(work, range(100), threads, nothing)
    assert list(range(5)) == sorted(done)[:5]
    assert len(done) < 100


def test_an_error_before_the_first_task_is_raised() -> None:
    def work(tasks: Iterator[int]) -> None:
        raise MemoryError("no buffer")

    with pytest.raises(MemoryError, match="no buffer"):
        run_threads(work, range(3), 2, nothing)


def test_an_interrupted_caller_stops_and_joins_the_threads() -> None:
    done: list[int] = []

    def work(tasks: Iterator[int]) -> None:
        for task in tasks:
            time.sleep(0.01)
            done.append(task)

    def interrupt(taken: int) -> None:
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run_threads(work, range(100_000), 3, interrupt)
    assert before == threading.active_count()
    assert 0 < len(done) < 1000


@pytest.mark.parametrize("allowed", [0, 1])
def test_work_goes_on_where_no_more_threads_can_be_started(monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    start = threading.Thread.start
    used: list[threading.Thread] = []
    workers: set[threading.Thread] = set()
    done: list[int] = []

    def limited(thread: threading.Thread) -> None:
        if len(used) == allowed:
            raise RuntimeError("can't start new thread")
        used.append(thread)
        start(thread)

    def work(tasks: Iterator[int]) -> None:
        workers.add(threading.current_thread())
        done.extend(tasks)

    monkeypatch.setattr(threading.Thread, "start", limited)
    run_threads(work, range(100), 4, nothing)
    assert list(range(100)) == sorted(done)
    assert set(used or [threading.current_thread()]) == workers


@pytest.mark.parametrize("threads", [0, 2])
def test_the_caller_is_told_how_many_tasks_are_taken(threads: int) -> None:
    told: list[int] = []

    def work(tasks: Iterator[int]) -> None:
        for _ in tasks:
            time.sleep(0.05)

    run_threads(work, range(12), threads, told.append)
    assert sorted(told) == told
    assert 12 == told[-1]
    assert threads == 0 or 0 < told[0] < 12
