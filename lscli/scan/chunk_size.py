"""Choose the number of threads and of rows in a chunk, for speed and memory. Neither changes any digit of a result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.kernels.class_sums import block_rows
from lscli.kernels.numpy_kernel import TILE
from lscli.kernels.rowstate import NARROW, WIDE, column_type
from lscli.kernels.soft import TILES
from lscli.limits import memory_limit, processors
from lscli.scan.members import members_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import ReadingOptions
    from lscli.scan.beside import Beside
    from lscli.scan.soft import Soft

# Elements of a chunk: enough that the work done once per chunk is negligible, and few enough that the buffer of each
# thread is small.
_CPU_CHUNK = 1 << 20
_DEVICE_CHUNK = 16 << 20
# Chunks of a fourth of that size are nearly as fast; below that, fewer threads are the better choice.
_SMALL = 4
# Kept free for everything else: the stack of the main thread, modules imported later, numpy's small arrays.
_SPARE = 4 << 20
# Measured maxima: bytes per row of a chunk (states and columns), tile-sized buffers of a kernel, bytes per class for
# sums by class, and the least bytes of a kernel with such sums.
_ROW, _TILES, _CLASS, _SUMS = 400, 4.75, 64, 24 << 20
# The row states hold a column of K values a sample by tile and by chunk, and without the ignored samples.
_COPIES = 3
# The most bytes of a column of K values a sample.
MOST_WIDE = 256 << 20


class Fit(NamedTuple):
    """The number of threads and of rows in a chunk; with 0 threads the main thread does the work."""

    threads: int
    chunk_rows: int


def fit(
    logits: Logits,
    table: int,
    options: ReadingOptions,
    *,
    class_sums: bool,
    soft: Soft | None = None,
    wide: bool = False,
    beside: Sequence[Beside] = (),
) -> Fit:
    """Choose the number of threads and of rows in a chunk; values that the options give are kept.

    Args:
        logits: [N, K].
        table: bytes of the table, not yet allocated.
        options: with the device chosen.
        class_sums: whether sums by class are filled too; a chunk is then a multiple of their blocks.
        soft: soft labels that are read with the logits.
        wide: whether the table has a column of K values a sample.
        beside: what else is filled in the pass.

    Raises:
        ReadWriteError: the pass cannot fit into the control group's memory limit.
    """
    device, threads, chunk_rows = options.device, options.threads, options.chunk_rows
    limit = memory_limit() if device == "cpu" else None
    block = block_rows(logits.shape[1], logits.dtype) if class_sums else 1
    most = (_CPU_CHUNK if device == "cpu" else _DEVICE_CHUNK) // logits.shape[1]
    rows = max(1, -(-(chunk_rows or most) // block)) * block
    count = threads or processors()
    if limit is None:
        return Fit(count, rows)

    def each(rows: int) -> int:
        own = thread_bytes(logits, rows, class_sums=class_sums, soft=soft, wide=wide)
        return own + sum(each.thread_bytes for each in beside)

    taken = table + _SPARE
    if chunk_rows is None:
        rows = _halved(rows, rows // _SMALL, block, lambda rows: limit.threads(count, each(rows), taken) == count)
    if threads is None:
        count = limit.threads(count, each(rows), taken)
    if chunk_rows is None and count == 0:
        rows = _halved(rows, 1, block, lambda rows: each(rows) + taken <= limit.free)
    # Refuse only what certainly does not fit: the other estimates are upper bounds.
    chunk = min(rows, logits.shape[0]) * _row_bytes(logits, soft)
    if taken + max(1, count) * chunk > limit.free:
        hint = "use a smaller --chunk-rows" if taken + chunk // rows <= limit.free else ""
        raise limit.refusal(taken + max(1, count) * chunk, hint, logits.name)
    return Fit(count, rows)


def _halved(rows: int, least: int, block: int, fits: Callable[[int], bool]) -> int:
    """`rows`, halved until they fit, but not below `least`; a multiple of `block`."""
    while rows > max(least, block) and not fits(rows):
        rows = max(least, rows // 2 // block * block, block)
    return rows


def table_bytes(logits: Logits, label: NDArray[np.int32], columns: Collection[str]) -> int:
    """The bytes of a table with these columns for the samples whose label, [N], is not -1.

    Raises:
        InputError: a column of K values a sample takes more than 256 MiB.
    """
    types = {name: column_type(name, logits.shape[1], logits.dtype) for name in columns}
    sizes = {name: dtype.itemsize * math.prod(shape) for name, (dtype, shape) in types.items()}
    rows = int(np.count_nonzero(label >= 0))
    widest = max((sizes[name] for name in sizes.keys() & WIDE), default=0)
    if rows * widest > MOST_WIDE:
        size = f"{rows * widest / 2**20:,.0f} MiB for {rows:,} rows"
        what = f"skce keeps all {logits.shape[1]:,} values of each row, {size}; 256 MiB is the most"
        raise InputError(what, f"give at most {MOST_WIDE // widest:,} rows", where=logits.name)
    return rows * sum(sizes.values())


def _row_bytes(logits: Logits, soft: Soft | None) -> int:
    """The bytes of a row as stored, with its soft label if there is one."""
    return logits.shape[1] * (logits.storage.itemsize + (0 if soft is None else soft.labels.storage.itemsize))


def thread_bytes(logits: Logits, rows: int, *, class_sums: bool, soft: Soft | None = None, wide: bool = False) -> int:
    """An upper bound of the bytes that a thread uses: a chunk of `rows` rows and the tiles of its kernel."""
    num_classes = logits.shape[1]
    element = 4 if num_classes >= NARROW and logits.dtype != "float64" else 8
    least = block_rows(num_classes, logits.dtype) if class_sums else 2
    kernel = int(_TILES * max(TILE, least * num_classes * element))
    if class_sums:
        kernel = max(kernel + _CLASS * num_classes, _SUMS)
    if soft is not None:
        kernel = TILES * max(TILE, 2 * num_classes * 8)
    row = _row_bytes(logits, soft) + _ROW + (_COPIES * num_classes * element if wide else 0)
    return min(rows, logits.shape[0]) * row + kernel + members_bytes(logits)
