"""Passes over the rows for fits: blocks of fixed size, whose results are taken in order.

A sum of floats depends on its order, so results of blocks are handed over one by one, in the order of the rows: no
option about speed changes a bit.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from lscli.arrays import widened
from lscli.limits import memory_limit, processors
from lscli.scan.members import members_bytes, reader
from lscli.workers import run_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import Progress

    Array = NDArray[Any]

T = TypeVar("T")
_ELEMENTS = 1 << 19  # of a block: its arrays stay in the cache
_BLOCKS = 6  # that a thread takes: the rows as stored, as floats, those of a weight, and tiles of what is computed
_SPARE = 4 << 20
# Rows of a sample, the most bytes that they take, and the least rows whatever they take.
_SAMPLE, _SAMPLE_BYTES, _LEAST = 2048, 32 << 20, 64


class Block(NamedTuple):
    """Consecutive rows without those of weight 0.

    Attributes:
        rows: their numbers, [n], ascending.
        x: their logits [n, K], float32 or float64; they may be overwritten.
        label: [n], from 0 to K-1.
        weight: [n], above 0.
    """

    rows: Array
    x: Array
    label: Array
    weight: Array


def block_size(num_classes: int) -> int:
    """The number of rows of a block."""
    return max(1, min(_ELEMENTS // num_classes, 1 << 15))


def pass_over(
    logits: Logits,
    label: Array,
    weight: Array,
    work: Callable[[Block], T],
    take: Callable[[T], None],
    threads: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Read all rows once.

    Args:
        logits: [N, K], whose rows of a weight above 0 were checked before.
        label: [N].
        weight: [N], finite and at least 0.
        work: computes the result of a block, in any thread and order.
        take: called with the result of each block, in the order of the blocks, by one thread at a time.
        threads: the number of threads; None for all processors.
        progress: called with the number of rows taken, and of all.

    Raises:
        InputError: the file changed, or is damaged.
        ReadWriteError: the file cannot be read.
    """
    total, classes = logits.shape
    size = block_size(classes)
    starts = range(0, total, size)
    done: dict[int, T] = {}
    following = 0
    lock = threading.Lock()

    def hand_over(number: int, result: T) -> None:
        nonlocal following
        with lock:
            done[number] = result
            while following in done:
                take(done.pop(following))
                following += 1

    def thread(numbers: Iterator[int]) -> None:
        read, _ = reader(logits, None)
        buffer = np.empty((min(size, total), classes), logits.storage)
        while True:
            with logits.read_lock:
                number = next(numbers, None)
                if number is None:
                    return
                start, stop = starts[number], min(starts[number] + size, total)
                x = logits.from_device(start, stop)
                if x is None:
                    x = widened(read(start, stop, buffer[: stop - start]), logits.dtype)
            kept = np.flatnonzero(weight[start:stop] > 0)
            rows = kept + start
            x = x.astype(np.float64 if x.dtype == np.float64 else np.float32, copy=False)
            # A copy where not all rows are kept, or where the rows are the caller's own array.
            x = x[kept] if len(kept) < len(x) else x if np.may_share_memory(x, buffer) else x.copy()
            hand_over(number, work(Block(rows, x, label[rows], weight[rows])))

    def show(taken: int) -> None:
        if progress is not None:
            progress(min(taken * size, total), total)

    run_threads(thread, range(len(starts)), min(threads or _threads(logits), len(starts)), show)
    logits.check_unchanged()


def _threads(logits: Logits) -> int:
    """As many threads as there are processors, but no more than fit into the control group's memory limit."""
    rows, classes = logits.shape
    block = min(block_size(classes), rows) * classes * logits.storage.itemsize
    limit = memory_limit()
    each = _BLOCKS * block + members_bytes(logits)
    return processors() if limit is None else max(1, limit.threads(processors(), each, _SPARE))


def sampled(logits: Logits, weight: Array) -> tuple[Array, Array]:
    """Evenly spaced rows of a weight above 0, whatever their values: the rows [m, K], floats, and their numbers [m].

    Rows floor(i N / m) are looked at, at most 2048 and at most 32 MiB, but at least 64 of them.
    """
    total, classes = logits.shape
    count = min(total, _SAMPLE, max(_LEAST, _SAMPLE_BYTES // (classes * logits.storage.itemsize)))
    rows = np.arange(count) * total // count
    rows = rows[weight[rows] > 0]
    found: list[Array] = [np.empty((0, classes), np.float32)]
    if logits.sequential or logits.tensor is not None:  # where single rows are slow
        chosen = np.zeros(total)
        chosen[rows] = 1
        pass_over(logits, np.zeros(total, np.int32), chosen, lambda block: block.x.copy(), found.append)
        return np.concatenate(found), rows
    read, _ = reader(logits, None)
    x = np.empty((len(rows), classes), logits.storage)
    for place, row in enumerate(rows.tolist()):
        x[place] = read(row, row + 1, x[place : place + 1])[0]
    return widened(x, logits.dtype), rows
