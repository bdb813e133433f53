"""The one loop: logits and labels in, a SampleTable out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import UsageError
from lscli.kernels.devices import resolve
from lscli.scan.cpu import scan_on_cpu
from lscli.scan.filler import Filler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

    from lscli.samples import SampleTable
    from lscli.sources.logits import Logits

# Elements of a chunk: the work that comes once a chunk is small beside them, and so is a buffer of them a thread.
_CPU_CHUNK = 1 << 20
_DEVICE_CHUNK = 16 << 20


class Scan(NamedTuple):
    """What a pass over the logits gave.

    Attributes:
        table: the kept samples.
        device, kernel: where and by what they were computed.
        skipped: rows left out because of values that are not finite.
        masked: kept rows that have a masked class.
        look_like_probabilities: whether every row sums to 1.
    """

    table: SampleTable
    device: str
    kernel: str
    skipped: int
    masked: int
    look_like_probabilities: bool


def scan(
    logits: Logits,
    label: NDArray[np.int32],
    columns: Iterable[str],
    *,
    nonfinite: str = "error",
    device: str = "auto",
    kernel: str = "auto",
    threads: int | None = None,
    chunk_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scan:
    """Read every row once and keep the asked-for columns of those that are not ignored.

    Args:
        logits: [N, K].
        label: [N], from 0 to K-1, or -1 for a sample to leave out.
        columns: names of `kernels.rowstate.COLUMNS`.
        nonfinite: `error` or `skip`, for rows with a nan or +inf or nothing but -inf.
        device, kernel: see `kernels.devices.resolve`.
        threads: how many rows are worked on at once; all processors unless given.
        chunk_rows: rows read at a time. Neither changes any digit on the CPU.
        progress: told now and then how many rows of how many are done.

    Raises:
        InputError: a row that is not finite, named, or nothing left to keep.
        UsageError: an argument out of its range, or a device that is not there.
    """
    if nonfinite not in ("error", "skip"):
        raise UsageError(f"unknown value {nonfinite!r} for nonfinite", "use error or skip")
    for name, value in (("threads", threads), ("chunk-rows", chunk_rows)):
        if value is not None and value < 1:
            raise UsageError(f"{name} must be at least 1, got {value}", "leave it out for the best value")
    device, kernel = resolve(device, kernel, None if logits.tensor is None else str(logits.tensor.device))
    filler = Filler(logits, label, columns, nonfinite)
    threads = threads or _processors()
    report = progress or (lambda done, total: None)
    if device == "cpu":
        scan_on_cpu(logits, filler, kernel, threads, chunk_rows or max(1, _CPU_CHUNK // logits.shape[1]), report)
    else:
        from lscli.scan.device import scan_on_device

        scan_on_device(logits, filler, device, threads, chunk_rows or max(1, _DEVICE_CHUNK // logits.shape[1]), report)
    logits.check_unchanged()
    return Scan(filler.table(), device, kernel, filler.skipped, filler.masked, filler.look_like_probabilities)


def _processors() -> int:
    # Those that this process may use, where the system tells.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
