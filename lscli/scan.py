"""The one loop: logits and labels in, a SampleTable out."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.kernels.devices import cpu_kernel, resolve
from lscli.kernels.rowstate import DTYPES, RowState, fields_for, write_columns
from lscli.samples import SampleTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from lscli.sources.logits import Logits

# Elements of a chunk: enough that the rest of the work on it is small beside the pass, and few
# enough that a buffer a thread is.
_CPU_CHUNK = 1 << 20
_DEVICE_CHUNK = 16 << 20


class Scan(NamedTuple):
    """What a pass over the logits gave.

    Attributes:
        table: the kept samples.
        device, kernel: where and by what they were computed.
        skipped: rows left out because of values that are not finite.
        look_like_probabilities: whether every row sums to 1.
    """

    table: SampleTable
    device: str
    kernel: str
    skipped: int
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
        raise UsageError(f"unknown value {nonfinite!r} for nonfinite", "error or skip")
    for name, value in (("threads", threads), ("chunk-rows", chunk_rows)):
        if value is not None and value < 1:
            raise UsageError(f"{name} must be at least 1, got {value}")
    device, kernel = resolve(device, kernel, None if logits.tensor is None else str(logits.tensor.device))
    filler = _Filler(logits, label, columns, nonfinite)
    threads = threads or _processors()
    report = progress or (lambda done, total: None)
    if device == "cpu":
        _scan_on_cpu(logits, filler, kernel, threads, chunk_rows or max(1, _CPU_CHUNK // logits.shape[1]), report)
    else:
        _scan_on_device(logits, filler, device, threads, chunk_rows or max(1, _DEVICE_CHUNK // logits.shape[1]), report)
    logits.check_unchanged()
    return Scan(filler.table(), device, kernel, filler.skipped, filler.look_like_probabilities)


def _processors() -> int:
    # Those that this process may use, where the system tells.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Filler:
    """The table under construction: states of rows go in at their places, from any thread."""

    def __init__(self, logits: Logits, label: NDArray[np.int32], columns: Iterable[str], nonfinite: str) -> None:
        self._name = logits.name
        self._num_classes = logits.shape[1]
        self._skip = nonfinite == "skip"
        self.label = label
        self._ignores = bool((label < 0).any())
        kept = int(np.count_nonzero(label >= 0))
        self._columns = {name: np.empty(kept, DTYPES.get(name, np.float64)) for name in columns}
        # Looking for probabilities takes the row sums, so the shift is always computed.
        self.fields = fields_for(self._columns) | {"shift"}
        self._bad: list[NDArray[np.intp]] = []
        self._unlike_probabilities = False

    def put(self, start: int, place: int, state: RowState) -> int:
        """Fill the columns from `place` on with the rows from `start` on; returns how many were kept."""
        rows = np.arange(start, start + len(state.top))
        if self._ignores:
            keep = self.label[rows] >= 0
            rows, state = rows[keep], state.mapped(lambda part: part[keep])
        bad = np.flatnonzero(~np.isfinite(state.largest))
        if len(bad):
            if not self._skip:
                raise self._not_finite(int(rows[bad[0]]), float(state.largest[bad[0]]))
            self._bad.append(place + bad)
        self._look_for_probabilities(state)
        write_columns(
            state, self._num_classes, {name: c[place : place + len(rows)] for name, c in self._columns.items()}
        )
        return len(rows)

    def table(self) -> SampleTable:
        """The finished table, without the rows that are skipped."""
        table = SampleTable(self._columns, self._num_classes)
        if not self._bad:
            return table
        keep = np.ones(len(table), np.bool_)
        keep[np.concatenate(self._bad)] = False
        if not keep.any():
            raise InputError("no row is finite", "look at the run that wrote them", where=self._name)
        return table.select(keep)

    @property
    def skipped(self) -> int:
        return sum(map(len, self._bad))

    @property
    def look_like_probabilities(self) -> bool:
        return not self._unlike_probabilities

    def _look_for_probabilities(self, state: RowState) -> None:
        if self._unlike_probabilities or state.shift is None:
            return
        largest = state.largest.astype(np.float64)
        with np.errstate(all="ignore"):
            sums = state.shift + self._num_classes * largest
        if not ((largest > 0) & (largest <= 1) & (np.abs(sums - 1) < 0.01)).all():
            self._unlike_probabilities = True

    def _not_finite(self, row: int, largest: float) -> InputError:
        what = "nan" if np.isnan(largest) else "+inf" if largest > 0 else "nothing but -inf"
        return InputError(
            f"row {row} has {what}",
            "look at the run that wrote it, or leave such rows out with --nonfinite skip",
            where=self._name,
        )


def _scan_on_device(
    logits: Logits, filler: _Filler, device: str, threads: int, chunk_rows: int, report: Callable[[int, int], None]
) -> None:
    from lscli.kernels.pipeline import device_state

    rows = logits.shape[0]
    state = device_state(
        logits,
        np.maximum(filler.label, 0),
        device,
        filler.fields,
        chunk_rows=chunk_rows,
        threads=threads,
        progress=lambda done: report(done, rows),
    )
    place = 0
    for start in range(0, rows, chunk_rows):
        place += filler.put(start, place, state.rows(start, start + chunk_rows))


def _scan_on_cpu(
    logits: Logits, filler: _Filler, kernel: str, threads: int, chunk_rows: int, report: Callable[[int, int], None]
) -> None:
    rows, num_classes = logits.shape
    starts = range(0, rows, chunk_rows)
    deal = _Deal(starts, np.concatenate(([0], np.cumsum(np.add.reduceat(filler.label >= 0, starts, dtype=np.intp)))))

    def work() -> None:
        start = -1
        try:
            compute = cpu_kernel(kernel, num_classes, logits.dtype, filler.fields)
            buffer = np.empty((min(chunk_rows, rows), num_classes), logits.storage)
            while (chunk := deal.next()) is not None:
                start, place = chunk
                stop = min(start + chunk_rows, rows)
                own = buffer[: stop - start]
                x = logits.read(start, stop, own)
                label = np.maximum(filler.label[start:stop], 0)
                filler.put(start, place, compute.row_state(x, label, overwrite=x is own))
        except BaseException as error:  # raised again by the main thread
            deal.fail(start, error)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(threads, len(starts)))]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            while worker.is_alive():
                worker.join(0.1)
                report(min(deal.dealt * chunk_rows, rows), rows)
    except BaseException:
        deal.stop()
        for worker in workers:
            worker.join()
        raise
    deal.raise_first()


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
