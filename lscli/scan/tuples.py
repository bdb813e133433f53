"""Two further passes over the logits, for groups of rows whose probabilities are all in the same bins.

The first pass gives each row a key of its bins, and the second one adds up the rows with the same key. Both read the
rows in order, with numpy on the CPU, in tiles of a fixed size: no option about speed changes a bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lscli.arrays import widened
from lscli.kernels.tuples import KEYS, Probabilities, TupleSums, keys_of
from lscli.limits import check_memory
from lscli.scan.members import reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import Progress

    Array = NDArray[Any]

_ELEMENTS = 1 << 18  # of a tile: its arrays stay in the cache
# Bytes of a row: its keys, and its row number, label, weight, group and sum in two sets of sums, with those of sorting.
_ROW = 200
# Stated probabilities that differ by no more from themselves divided by their sum are taken as they are: float32.
_LAST_DIGITS = 2.0**-22


def tuple_sums(
    logits: Logits,
    label: Array,
    weights: Iterable[Array],
    edges: Array,
    side: Literal["left", "right"],
    *,
    stated: bool,
    progress: Progress | None = None,
) -> list[TupleSums]:
    """The sums for each of several weightings of the rows.

    Args:
        logits: [N, K], whose rows were read and checked before.
        label: [N], from 0 to K-1 in the rows that have a weight.
        weights: of the rows, [N] each; 0 for rows that are left out.
        edges: [M-1], the inner edges of the bins, ascending.
        side: as in numpy's searchsorted: `left` for bins (lo, hi], `right` for [lo, hi).
        stated: whether probabilities are binned as they are stored, if they are stored.
        progress: called with the number of rows that a pass has read, and of all.

    Raises:
        ReadWriteError: the keys do not fit into the memory limit, or the file cannot be read.
    """
    rows = logits.shape[0]
    needed = _ROW * rows
    check_memory(needed, f"grouping {rows} rows by the bins of all classes", "leave out ece_canonical", logits.name)
    keys = np.empty((rows, KEYS), np.uint64)
    for start, found in _tiles(logits, stated, progress):
        keys[start : start + len(found.p)] = keys_of(found.p, edges, side)
    sums = [TupleSums(keys, label, weight) for weight in weights]
    del keys
    for start, found in _tiles(logits, stated, progress):
        for each in sums:
            each.add(start, found)
    logits.check_unchanged()
    return sums


def _tiles(logits: Logits, stated: bool, progress: Progress | None) -> Iterator[tuple[int, Probabilities]]:
    """The probabilities of consecutive rows, with the number of the first."""
    rows, classes = logits.shape
    step = max(1, _ELEMENTS // classes)
    buffer = np.empty((min(step, rows), classes), logits.storage)
    read, _ = reader(logits, None)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        p = logits.stated_rows(start, stop) if stated else None
        if p is not None:
            yield start, Probabilities.of_stated(p, _LAST_DIGITS)
        else:
            x = logits.from_device(start, stop)
            if x is None:
                x = widened(read(start, stop, buffer[: stop - start]), logits.dtype).astype(np.float64)
            yield start, Probabilities.of_logits(x)
        if progress is not None:
            progress(stop, rows)
