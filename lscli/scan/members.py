"""Read rows that are computed from others: the mean of an ensemble's members, and rows after a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import widened
from lscli.errors import InputError
from lscli.io.mapped import MappedLogits
from lscli.io.members import Members
from lscli.io.views import SUM
from lscli.kernels.ensemble import EnsembleMean, tile_bytes, tile_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.scan.value_watch import ValueWatch

    Array = NDArray[Any]
    Read = Callable[[int, int, Array], Array]


def reader(logits: Logits, watch: ValueWatch | None) -> tuple[Read, ValueWatch | None]:
    """A function like `logits.read`, for the calling thread only, and what should look at the rows that it returns.

    For an ensemble, the watch looks at the rows of the members here, not at their mean; for mapped logits, at the rows
    before the map.
    """
    if isinstance(logits, MappedLogits):
        return _MapReader(logits, watch).read, None
    if logits.members is None:
        return logits.read, watch
    return _MeanReader(logits, logits.members, watch).read, None


def members_bytes(logits: Logits) -> int:
    """An upper bound of the bytes that a thread takes to read the members of an ensemble; 0 for other logits."""
    if isinstance(logits, MappedLogits):
        return _MAPPED * _map_rows(logits) * logits.shape[1] * logits.storage.itemsize + members_bytes(logits.before)
    if logits.members is None:
        return 0
    return tile_bytes(logits.shape[1], len(logits.members.members), logits.dtype)


# Elements of a tile of rows to map, and the tiles that a map takes: the rows as stored, as floats, and its own arrays.
_TILE = 1 << 18
_MAPPED = 6


def _map_rows(logits: MappedLogits) -> int:
    return max(1, min(_TILE // logits.shape[1], logits.shape[0]))


class _MapReader:
    def __init__(self, logits: MappedLogits, watch: ValueWatch | None) -> None:
        before = logits.before
        self._first = logits.first - before.first
        self._logits = logits
        self._read, self._watch = reader(before, watch)
        self._buffer = np.empty((_map_rows(logits), logits.shape[1]), before.storage)

    def read(self, start: int, stop: int, out: Array) -> Array:
        """Rows `start` to `stop`, as `Logits.read`."""
        for begin in range(start, stop, len(self._buffer)):
            end = min(begin + len(self._buffer), stop)
            self._tile(self._first + begin, self._first + end, out[begin - start : end - start])
        return out

    def _tile(self, start: int, stop: int, out: Array) -> None:
        before = self._logits.before
        x = before.from_device(start, stop)
        if x is None:
            x = widened(self._read(start, stop, self._buffer[: stop - start]), before.dtype)
        if self._watch is not None and self._watch.open:
            self._watch.add(x, start)
        x = x.astype(self._logits.dtype, copy=False)
        with np.errstate(all="ignore"):  # the checks of rows see what is not finite
            out[:] = self._logits.rows(x, start)
        odd = ~np.isfinite(np.maximum.reduce(x, axis=1))
        if odd.any():  # the checks of rows name what is wrong with a row as it is stored
            out[odd] = x[odd]
        if not np.isfinite([out.min(), out.max()]).all():  # most tiles need no look at single rows
            self._check_finite(out, odd, start)

    def _check_finite(self, out: Array, odd: Array, start: int) -> None:
        """Refuse rows that the map makes infinite, but for those that were odd before it."""
        lost = ~np.isfinite(np.maximum.reduce(out, axis=1)) & ~odd
        if lost.any():
            name, row = self._logits.before.located(start + int(lost.argmax()))
            what = f"row {row} has logits beyond {self._logits.dtype} after the map"
            raise InputError(what, "look at the parameters of the map, and at that row", where=name)


class _MeanReader:
    def __init__(self, logits: Logits, ensemble: Members, watch: ValueWatch | None) -> None:
        classes, members = logits.shape[1], ensemble.members
        self._first = logits.first
        self._ensemble = ensemble
        self._watch = watch
        rows = min(tile_rows(classes, len(members), logits.dtype), logits.shape[0])
        self._buffers = [np.empty((rows, classes), each.storage) for each in members]
        sums = None if logits.kind == "logits" else SUM
        entropies = ensemble.disagreement is not None
        self._mean = EnsembleMean(classes, len(members), logits.dtype, ensemble.of, sums, entropies=entropies)

    def read(self, start: int, stop: int, out: Array) -> Array:
        """Rows `start` to `stop`, as `Logits.read`."""
        tile = len(self._buffers[0])
        for begin in range(start, stop, tile):
            end = min(begin + tile, stop)
            self._tile(self._first + begin, self._first + end, out[begin - start : end - start])
        return out

    def _tile(self, start: int, stop: int, out: Array) -> None:
        ensemble = self._ensemble
        rows = []
        for each, buffer in zip(ensemble.members, self._buffers, strict=True):
            x = widened(each.read(start, stop, buffer[: stop - start]), each.dtype)
            if self._watch is not None and self._watch.open:
                self._watch.add(x, start)
            rows.append(x)
        found = self._mean.rows(rows, out)
        if ensemble.disagreement is not None:
            ensemble.disagreement.expected_entropy[start:stop] = found.expected_entropy
            ensemble.disagreement.mutual_information[start:stop] = found.mutual_information
        if (found.fault >= 0).any():
            ensemble.faults[start:stop] = found.fault
