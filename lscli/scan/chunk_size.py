"""How many threads and rows at a time: as many as are fast and fit into memory. No digit depends on either."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.kernels.class_sums import block_rows
from lscli.kernels.numpy_kernel import TILE
from lscli.kernels.rowstate import DTYPES, NARROW, SHAPES
from lscli.limits import memory_limit, processors

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.scan.soft import Soft

# Elements of a chunk: the work that comes once a chunk is small beside them, and so is a buffer of them a thread.
_CPU_CHUNK = 1 << 20
_DEVICE_CHUNK = 16 << 20
# Chunks of this part are nearly as fast; below it, fewer threads are the better choice.
_SMALL = 4
# Left for all else while the rows are read: the stack of the main thread, modules, numpy's small arrays.
_SPARE = 4 << 20
# At most, measured: what a row of a chunk takes in states and columns that are computed together, bytes; what a tile
# takes, in buffers of its size; what sums by class take for a class; and what a kernel that has them frees at once.
_ROW, _TILES, _CLASS, _SUMS = 400, 4.25, 64, 24 << 20


class Fit(NamedTuple):
    """What the loop works with; no thread at all is the main one."""

    threads: int
    chunk_rows: int


def fit(
    logits: Logits,
    table: int,
    *,
    class_sums: bool,
    device: str,
    threads: int | None,
    chunk_rows: int | None,
    soft: Soft | None = None,
) -> Fit:
    """What is given, and the best of the rest.

    Args:
        logits: [N, K].
        table: bytes of the table, not yet taken.
        class_sums: whether these are filled beside; a chunk is then a multiple of their blocks.
        device: `cpu` or another.
        threads, chunk_rows: as given; None is whatever fits.
        soft: labels that are read beside the logits.

    Raises:
        ReadWriteError: memory is limited, and this cannot fit.
    """
    limit = memory_limit() if device == "cpu" else None
    block = block_rows(logits.shape[1], logits.dtype) if class_sums else 1
    most = (_CPU_CHUNK if device == "cpu" else _DEVICE_CHUNK) // logits.shape[1]
    rows = max(1, -(-(chunk_rows or most) // block)) * block
    count = threads or processors()
    if limit is None:
        return Fit(count, rows)

    def each(rows: int) -> int:
        return thread_bytes(logits, rows, class_sums=class_sums, soft=soft)

    beside = table + _SPARE
    if chunk_rows is None:
        rows = _halved(rows, rows // _SMALL, block, lambda rows: limit.threads(count, each(rows), beside) == count)
    if threads is None:
        count = limit.threads(count, each(rows), beside)
    if chunk_rows is None and count == 0:
        rows = _halved(rows, 1, block, lambda rows: each(rows) + beside <= limit.free)
    # What surely does not fit is refused; the rest was reckoned high, and is tried.
    chunk = min(rows, logits.shape[0]) * _row_bytes(logits, soft)
    if beside + max(1, count) * chunk > limit.free:
        hint = "use a smaller --chunk-rows" if beside + chunk // rows <= limit.free else ""
        raise limit.refusal(beside + max(1, count) * chunk, hint, logits.name)
    return Fit(count, rows)


def _halved(rows: int, least: int, block: int, fits: Callable[[int], bool]) -> int:
    """So many rows, or half of them again and again until they fit; whole blocks, and not below the least."""
    while rows > max(least, block) and not fits(rows):
        rows = max(least, rows // 2 // block * block, block)
    return rows


def table_bytes(label: NDArray[np.int32], columns: Collection[str]) -> int:
    """What a table of these columns takes for the samples that are not left out, [N] with -1 for those that are."""
    names = set(columns)
    row = sum(np.dtype(DTYPES.get(name, np.float64)).itemsize * math.prod(SHAPES.get(name, ())) for name in names)
    return int(np.count_nonzero(label >= 0)) * row


def _row_bytes(logits: Logits, soft: Soft | None) -> int:
    """What a row takes as it is stored, with its label where that is read beside it."""
    return logits.shape[1] * logits.storage.itemsize + (0 if soft is None else soft.row_bytes)


def thread_bytes(logits: Logits, rows: int, *, class_sums: bool, soft: Soft | None = None) -> int:
    """What a thread takes at most for chunks of so many rows, and for the tiles of its kernel."""
    num_classes = logits.shape[1]
    element = 4 if num_classes >= NARROW and logits.dtype != "float64" else 8
    least = block_rows(num_classes, logits.dtype) if class_sums else 2
    kernel = int(_TILES * max(TILE, least * num_classes * element))
    if class_sums:
        kernel = max(kernel + _CLASS * num_classes, _SUMS)
    if soft is not None:
        kernel = soft.tiles * max(TILE, 2 * num_classes * 8)
    return min(rows, logits.shape[0]) * (_row_bytes(logits, soft) + _ROW) + kernel
