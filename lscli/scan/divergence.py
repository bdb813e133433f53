"""One pass over the rows of two models side by side, for the divergences of their predictions."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import widened
from lscli.errors import InputError
from lscli.kernels.divergence import Divergence, DivergenceKernel
from lscli.limits import memory_limit, processors
from lscli.scan.members import members_bytes, reader
from lscli.workers import run_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import Progress

    Array = NDArray[Any]

_ELEMENTS = 1 << 18  # of a block of one model
_BLOCKS = 6  # that a thread takes: both blocks as stored and as floats, and the tiles of the kernel
_SPARE = 4 << 20


def divergences(
    first: Logits, other: Logits, keep: Array, threads: int | None = None, progress: Progress | None = None
) -> Divergence:
    """The divergences of the rows to keep, in their order; the others may hold anything and are not computed.

    Args:
        first, other: [N, K], whose rows to keep were checked before.
        keep: [N] bool.
        threads: the number of threads; None for all processors.
        progress: called with the number of rows taken, and of all.

    Raises:
        InputError: the shapes differ, or a file changed or is damaged.
        ReadWriteError: a file cannot be read.
    """
    if first.shape != other.shape:
        what = f"shapes differ: {first.name} has {first.shape}, {other.name} has {other.shape}"
        raise InputError(what, "compare models on the same samples and classes", where=other.name)
    total, classes = first.shape
    size = max(1, min(_ELEMENTS // classes, 1 << 13))
    starts = range(0, total, size)
    places = np.cumsum(keep) - keep  # of each row among those to keep
    found = Divergence(*(np.empty(int(np.count_nonzero(keep))) for _ in Divergence._fields))

    def thread(numbers: Iterator[int]) -> None:
        readers = [_Rows(logits, min(size, total)) for logits in (first, other)]
        kernel = DivergenceKernel(classes)
        same_lock = first.read_lock is other.read_lock
        while True:
            with first.read_lock, nullcontext() if same_lock else other.read_lock:
                number = next(numbers, None)
                if number is None:
                    return
                start, stop = starts[number], min(starts[number] + size, total)
                own, against = (each.read(start, stop) for each in readers)
            kept = keep[start:stop]
            if not kept.all():
                own, against = own[kept], against[kept]
            place = int(places[start])
            for into, values in zip(found, kernel.rows(own, against), strict=True):
                into[place : place + len(values)] = values

    def show(taken: int) -> None:
        if progress is not None:
            progress(min(taken * size, total), total)

    run_threads(thread, range(len(starts)), min(threads or _threads(first, other, size), len(starts)), show)
    first.check_unchanged()
    other.check_unchanged()
    return found


class _Rows:
    """The rows of one model, read into one buffer."""

    def __init__(self, logits: Logits, rows: int) -> None:
        self._logits = logits
        self._read, _ = reader(logits, None)
        self._buffer = np.empty((rows, logits.shape[1]), logits.storage)

    def read(self, start: int, stop: int) -> Array:
        x = self._logits.from_device(start, stop)
        if x is None:
            x = widened(self._read(start, stop, self._buffer[: stop - start]), self._logits.dtype)
        return x


def _threads(first: Logits, other: Logits, size: int) -> int:
    """As many threads as there are processors, but no more than fit into the control group's memory limit."""
    limit = memory_limit()
    block = size * first.shape[1] * 8
    each = _BLOCKS * block + members_bytes(first) + members_bytes(other)
    return processors() if limit is None else max(1, limit.threads(processors(), each, _SPARE))
