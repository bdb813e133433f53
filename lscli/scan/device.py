"""The pass on an accelerator: reading, copying and computing overlap.

While the kernel works on one chunk, the next is copied to the device on a stream of its own, and reader threads fill
pinned buffers with later ones. The row states stay on the device until the last chunk is queued.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lscli.errors import EngineError, UsageError
from lscli.kernels.rowstate import RowState
from lscli.kernels.torch_class_sums import TorchClassSums
from lscli.kernels.torch_kernel import TorchKernel, as_tensor
from lscli.scan.members import reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.kernels.class_sums import ClassSums
    from lscli.options import Progress
    from lscli.scan.table_builder import TableBuilder
    from lscli.scan.value_watch import ValueWatch

_LOOK = 16  # rows of a chunk on the device that are looked at first
_DEPTH = 3  # buffers: one chunk is being read, one copied, one computed


def scan_on_device(
    logits: Logits,
    builder: TableBuilder,
    class_sums: Sequence[ClassSums],
    device: str,
    threads: int,
    chunk_rows: int,
    report: Progress,
    watch: ValueWatch | None = None,
) -> None:
    """Fill the table from states that the device computes, while `threads` threads read ahead."""
    rows = logits.shape[0]
    state = device_state(
        logits,
        np.maximum(builder.label, 0),
        device,
        builder.fields,
        class_sums,
        vectors=builder.weights,
        chunk_rows=chunk_rows,
        threads=threads,
        progress=lambda done: report(done, rows),
        watch=watch,
    )
    place = 0
    for start in range(0, rows, chunk_rows):
        place += builder.add(start, place, state.rows(start, start + chunk_rows))


def device_state(
    logits: Logits,
    label: NDArray[Any],
    device: str,
    fields: frozenset[str],
    class_sums: Sequence[ClassSums] = (),
    *,
    vectors: NDArray[Any] | None = None,
    chunk_rows: int,
    threads: int,
    progress: Callable[[int], None],
    watch: ValueWatch | None = None,
) -> RowState:
    """The row state of all N rows, computed on `device`, as numpy arrays.

    Args:
        logits: [N, K], which the host reads in chunks, or a tensor on the device.
        label: [N], from 0 to K-1.
        device: a torch device that is not the CPU.
        fields: the optional fields of the row state to compute.
        class_sums: sums by class to fill.
        vectors: [V, K], for the field `dots`.
        chunk_rows: the number of rows of a chunk.
        threads: the number of threads that read.
        progress: called with the number of rows queued.
        watch: looks at the values of all rows.

    Raises:
        EngineError: the device failed or ran out of memory.
        UsageError: the device does not support the type of the logits.
    """
    if device == "mps" and logits.dtype == "float64":
        raise UsageError("mps has no float64", "leave --device out to use the CPU")
    labels = torch.from_numpy(label.astype("int64"))
    chunks = _chunks_on_device(logits, torch.device(device), chunk_rows, threads, watch)
    states = []
    try:
        with torch.no_grad():
            on_device = [TorchClassSums(sums, torch.device(device), logits.dtype) for sums in class_sums]
            kernel = TorchKernel(logits.shape[1], fields, on_device, vectors)
            labels = labels.to(device)
            for start, x in chunks:
                states.append(kernel.row_state(x, labels[start : start + len(x)], start))
                progress(start + len(x))
            for sums in on_device:
                sums.finish()
            return kernel.on_host(RowState.concatenated(states, torch.cat))
    except torch.OutOfMemoryError as error:
        raise EngineError("the device ran out of memory", "use a smaller --chunk-rows", where=device) from error
    except torch.AcceleratorError as error:
        what = f"the device failed: {str(error).splitlines()[0]}"
        raise EngineError(what, "try --device cpu", where=device) from error


def _chunks_on_device(
    logits: Logits, device: torch.device, chunk_rows: int, threads: int, watch: ValueWatch | None = None
) -> Iterator[tuple[int, torch.Tensor]]:
    """Consecutive chunks as tensors on the device, with their first rows; a chunk is valid until the next one."""
    starts = range(0, logits.shape[0], chunk_rows)
    if logits.tensor is not None:
        for start in starts:
            x = logits.tensor[start : start + chunk_rows]
            if watch is not None:
                _look(watch, x, logits.first + start)
            yield start, x
        return
    slots = [(_CudaSlot if device.type == "cuda" else _Slot)(logits, device, chunk_rows, watch) for _ in range(_DEPTH)]
    with ThreadPoolExecutor(1 if logits.sequential else threads) as readers:
        reading: deque[tuple[int, _Slot, Future[int]]] = deque()
        for number, start in enumerate(starts):
            if len(reading) == _DEPTH - 1:
                yield from _sent(*reading.popleft())
            slot = slots[number % _DEPTH]
            reading.append((start, slot, readers.submit(slot.fill, start)))
        while reading:
            yield from _sent(*reading.popleft())


def _look(watch: ValueWatch, x: torch.Tensor, first: int) -> None:
    """Look at rows on the device: copy few to the host, and all only if those look odd."""
    for start, stop in ((0, _LOOK), (_LOOK, len(x))):
        if watch.open and start < len(x):
            rows = x[start:stop]
            watch.add((rows.float() if rows.dtype == torch.bfloat16 else rows).cpu().numpy(), first + start)


def _sent(start: int, slot: _Slot, read: Future[int]) -> Iterator[tuple[int, torch.Tensor]]:
    yield start, slot.send(read.result())
    slot.computed()


class _Slot:
    """A buffer on the host for one chunk, and its copy on the device."""

    def __init__(self, logits: Logits, device: torch.device, chunk_rows: int, watch: ValueWatch | None) -> None:
        self._logits = logits
        self._read, self._watch = reader(logits, watch)
        self._device = device
        self._host = self._buffer(chunk_rows)
        self._filled = self._host

    def _buffer(self, rows: int) -> torch.Tensor:
        return torch.empty((rows, self._logits.shape[1]), dtype=getattr(torch, self._logits.dtype))

    def fill(self, start: int) -> int:
        """Read the chunk at row `start` into the buffer on the host; return its number of rows."""
        stop = min(start + len(self._host), self._logits.shape[0])
        raw = self._host.view(torch.uint16) if self._logits.dtype == "bfloat16" else self._host
        out = raw.numpy()[: stop - start]
        read = self._read(start, stop, out)
        if self._watch is not None and self._watch.open:
            self._watch.add(read, self._logits.first + start)
        if read is not out:  # the source is an array in memory
            self._host[: stop - start].copy_(as_tensor(read, self._logits.dtype))
        return stop - start

    def send(self, rows: int) -> torch.Tensor:
        """Copy the first `rows` rows to the device; copies are made in the order of the calls."""
        return self._host[:rows].to(self._device)

    def computed(self) -> None:
        """Note that the work on the rows sent last is queued."""


class _CudaSlot(_Slot):
    """A pinned buffer, copied on a stream of its own while the kernel computes."""

    def __init__(self, logits: Logits, device: torch.device, chunk_rows: int, watch: ValueWatch | None) -> None:
        super().__init__(logits, device, chunk_rows, watch)
        self._on_device = torch.empty_like(self._host, device=device)
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._used = torch.cuda.Event()  # type: ignore[no-untyped-call]

    def _buffer(self, rows: int) -> torch.Tensor:
        return super()._buffer(rows).pin_memory()

    def fill(self, start: int) -> int:
        self._arrived.synchronize()  # the previous copy from this buffer must be complete
        return super().fill(start)

    def send(self, rows: int) -> torch.Tensor:
        with torch.cuda.stream(self._stream):
            self._stream.wait_event(self._used)  # the kernel must be done with the rows that this overwrites
            self._on_device[:rows].copy_(self._host[:rows], non_blocking=True)
            self._arrived.record(self._stream)
        torch.cuda.current_stream(self._device).wait_event(self._arrived)
        return self._on_device[:rows]

    def computed(self) -> None:
        self._used.record(torch.cuda.current_stream(self._device))
