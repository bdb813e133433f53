"""The loop on the CPU: threads take chunks of rows in turn."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import numpy as np

from lscli.kernels.devices import cpu_kernel
from lscli.workers import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.kernels.class_sums import ClassSums
    from lscli.kernels.devices import CpuKernel
    from lscli.scan.soft import Soft
    from lscli.scan.table_builder import Filler


def scan_on_cpu(
    logits: Logits,
    filler: Filler,
    class_sums: Sequence[ClassSums],
    kernel: str,
    threads: int,
    chunk_rows: int,
    report: Callable[[int, int], None],
    soft: Soft | None = None,
) -> None:
    """Fill the table: each thread reads a chunk into its own buffer, and its own kernel computes the states.

    Threads share the rows, and sums that no order shows in: no result depends on how the rows were dealt.
    Where labels are soft, they are read beside.
    """
    rows, num_classes = logits.shape
    starts = range(0, rows, chunk_rows)
    deal = _Deal(starts, np.concatenate(([0], np.cumsum(np.add.reduceat(filler.label >= 0, starts, dtype=np.intp)))))

    vectors = np.array(list(filler.vectors.values())) if filler.vectors else None
    beside = contextlib.nullcontext() if soft is None else soft.labels.turn

    def hard(start: int, stop: int) -> NDArray[np.int32]:
        return np.maximum(filler.label[start:stop], 0)

    def work() -> None:
        start = -1
        try:
            compute: CpuKernel
            if soft is None:
                compute = cpu_kernel(kernel, num_classes, logits.dtype, filler.fields, class_sums, vectors)
            else:
                compute = soft.kernel(logits, filler, vectors)
            buffer = np.empty((min(chunk_rows, rows), num_classes), logits.storage)
            labels = hard if soft is None else soft.reader(len(buffer))
            while True:
                with logits.turn, beside:
                    chunk = deal.next()
                    if chunk is None:
                        break
                    start, place = chunk
                    stop = min(start + chunk_rows, rows)
                    own = buffer[: stop - start]
                    x = logits.read(start, stop, own)
                    label = labels(start, stop)
                filler.put(start, place, compute.row_state(x, label, overwrite=x is own, first=start))
        except BaseException as error:  # raised again by the main thread
            deal.fail(start, error)

    together(work, min(threads, len(starts)), lambda: report(min(deal.dealt * chunk_rows, rows), rows), deal.stop)
    deal.raise_first()
    report(rows, rows)


class _Deal:
    """Chunks dealt in order to whoever asks, and the errors that came of them."""

    def __init__(self, starts: Iterable[int], places: NDArray[np.intp]) -> None:
        self._chunks = zip(starts, places.tolist(), strict=False)
        self._lock = threading.Lock()
        self._failures: list[tuple[int, BaseException]] = []
        self._stopped = False
        self.dealt = 0

    def next(self) -> tuple[int, int] | None:
        """The next chunk's first row and its place in the table; None when there is no more."""
        with self._lock:
            if self._stopped:
                return None
            self.dealt += 1
            return next(self._chunks, None)

    def stop(self) -> None:
        self._stopped = True

    def fail(self, start: int, error: BaseException) -> None:
        self._failures.append((start, error))
        self.stop()

    def raise_first(self) -> None:
        """Raise the error of the first failed chunk: all earlier ones were dealt, and are done."""
        if self._failures:
            raise min(self._failures, key=lambda failure: failure[0])[1]
