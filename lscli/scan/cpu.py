"""The pass on the CPU: threads take chunks of rows in order and compute them independently."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from lscli.kernels.devices import cpu_kernel
from lscli.scan.members import reader
from lscli.workers import run_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.kernels.class_sums import ClassSums
    from lscli.kernels.devices import CpuKernel
    from lscli.options import Kernel, Progress
    from lscli.scan.beside import Beside
    from lscli.scan.soft import Soft
    from lscli.scan.table_builder import TableBuilder
    from lscli.scan.value_watch import ValueWatch


def scan_on_cpu(
    logits: Logits,
    builder: TableBuilder,
    class_sums: Sequence[ClassSums],
    kernel: Kernel,
    threads: int,
    chunk_rows: int,
    report: Progress,
    soft: Soft | None = None,
    watch: ValueWatch | None = None,
    beside: Sequence[Beside] = (),
) -> None:
    """Fill the table: each thread reads chunks into its own buffer and computes their states with its own kernel.

    A row's place in the table is known beforehand, and the class sums are integers: no result depends on which thread
    took which chunk.
    """
    rows, num_classes = logits.shape
    starts = range(0, rows, chunk_rows)
    counts = np.add.reduceat(builder.label >= 0, starts, dtype=np.intp)
    places: list[int] = (np.cumsum(counts) - counts).tolist()
    label_lock = contextlib.nullcontext() if soft is None else soft.labels.read_lock

    def class_numbers(start: int, stop: int) -> NDArray[np.int32]:
        return np.maximum(builder.label[start:stop], 0)

    def work(chunks: Iterator[tuple[int, int]]) -> None:
        compute: CpuKernel
        if soft is None:
            compute = cpu_kernel(kernel, num_classes, logits.dtype, builder.fields, class_sums, builder.weights)
        else:
            compute = soft.kernel(num_classes, logits.dtype, builder.fields, builder.weights)
        buffer = np.empty((min(chunk_rows, rows), num_classes), logits.storage)
        read, own_watch = reader(logits, watch)
        read_labels = class_numbers if soft is None else soft.reader(len(buffer))
        while True:
            with logits.read_lock, label_lock:  # a sequential source is read in the order in which chunks are taken
                chunk = next(chunks, None)
                if chunk is None:
                    return
                start, place = chunk
                stop = min(start + chunk_rows, rows)
                out = buffer[: stop - start]
                x = read(start, stop, out)
                label = read_labels(start, stop)
            if own_watch is not None and own_watch.open:
                own_watch.add(x, logits.first + start)
            for each in beside:  # before the kernel overwrites the chunk
                each.add(x, start)
            builder.add(start, place, compute.row_state(x, label, overwrite=x is out, first=start))

    def show(taken: int) -> None:
        report(min(taken * chunk_rows, rows), rows)

    run_threads(work, zip(starts, places, strict=True), min(threads, len(starts)), show)
