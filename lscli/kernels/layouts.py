"""The two memory layouts of a tile of rows, with the operations that depend on the layout.

numpy spends about 0.3 us on each run along the last axis. So a wide tile keeps its rows, [n, K], and a narrow tile is
transposed to one line per class, [K, n].

The elements of wide tiles are computed in their own type, and their sums in float64: sums in float32 would depend on
the order of the classes by 1e-7, and so would tell apart rows that are permutations of each other. The rounding errors
of the elements average out over many classes, but not over few, so narrow tiles are computed in float64 throughout.

The result of a row never depends on the other rows of its tile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.kernels.rowstate import NARROW

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

# einsum's inner loop keeps at least four running sums, so that each adds at most 32 elements in a row.
_BLOCK = 128

# Sums of the row state: the two arrays whose product is added, 0 for x_i - m and 1 for its exponentials.
_PRODUCTS: dict[str, tuple[int, int | None]] = {
    "shift": (0, None),
    "tail": (1, None),
    "tail_cross": (0, 1),
    "tail_square": (1, 1),
}
# The fields of the row state that `moments` computes.
MOMENTS = ("runner_up", *_PRODUCTS)

# The number of elements that are widened to float64 at a time, so that they stay in a near cache until they are added.
_WIDENED = 1 << 16


class WideLayout:
    """Rows as they are stored, [n, K].

    Args:
        num_classes: K.
        tile: the most rows of a tile: the size of the buffers.
        element: float32 or float64.
    """

    def __init__(self, num_classes: int, tile: int, element: np.dtype[Any]) -> None:
        self._k = num_classes
        self._d = np.empty((tile, num_classes), element)
        self._e = np.empty((tile, num_classes), element)
        self._widened = [] if element == np.float64 else [np.empty(_WIDENED) for _ in range(2)]
        # Each row is padded with False to whole 8-byte words, for `_counts`.
        self._flags = np.zeros((tile, -(-num_classes // 8) * 8), np.bool_)

    def buffers(self, n: int) -> tuple[Array, Array]:
        """Two arrays for a tile of n rows, in the layout's shape."""
        return self._d[:n], self._e[:n]

    def load(self, x: Array) -> Array:
        """The rows x [n, K] in the layout's shape and in their own type: x itself, or a copy."""
        return x

    def first_maximum(self, raw: Array) -> tuple[Array, Array]:
        """The largest value of each row (nan if the row has a nan), and its first index."""
        first = raw.argmax(axis=1)
        return raw[np.arange(len(raw)), first], first

    def at(self, index: Array) -> Array:
        """The position in the flattened tile of one class of each row; `index` [n] names the classes."""
        return np.arange(0, len(index) * self._k, self._k) + index

    def rows(self, raw: Array, index: Array) -> Array:
        """A copy of the rows with these indices, [m, K]."""
        return raw[index]

    def by_class(self, c: Array) -> Array:
        """One value for each class, [K], in a shape that broadcasts over a tile."""
        return c

    def by_row(self, value: Array) -> Array:
        """One value for each row, [n], in a shape that broadcasts over a tile."""
        return value[:, None]

    def subtract(self, raw: Array, value: Array, out: Array) -> None:
        """Subtract from each row its value."""
        np.subtract(raw, value[:, None], out=out)

    def maximum(self, a: Array) -> Array:
        """The largest value of each row."""
        largest: Array = np.maximum.reduce(a, axis=1)
        return largest

    def minimum(self, a: Array) -> Array:
        """The smallest value of each row."""
        smallest: Array = np.minimum.reduce(a, axis=1)
        return smallest

    def as_rows(self, a: Array) -> Array:
        """A view of a tile as rows, [n, K]."""
        return a

    def sums(self, a: Array, b: Array | None = None) -> Array:
        """The sum over the classes of each row of a, or of a * b, in float64."""
        total = np.zeros(len(a))
        for rows, classes in self._parts(len(a)):
            wide = self._float64(0, a[rows, classes])
            total[rows] += _sums_of_rows(wide, None if b is None else self._float64(1, b[rows, classes]))
        return total

    def moments(
        self, raw: Array, largest: Array, d: Array, e: Array, top: Array, fields: Collection[str]
    ) -> dict[str, Array]:
        """Those of the fields of the row state that are in `MOMENTS`. Writes x_i - m to d and its exponentials to e.

        The exponential of the prediction is written as 0; d may be `raw`.
        """
        at, found = self.at(top), {name: np.empty(len(d)) for name in MOMENTS if name in fields}
        if self._widened and self._k <= _WIDENED:
            self._moments_of_parts(raw, largest, d, e, at, found)
        else:
            self.subtract(raw, largest, out=d)
            if "tail" in found:
                np.exp(d, out=e)
                e.reshape(-1)[at] = 0.0
            for name, (left, right) in _PRODUCTS.items():
                if name in found:
                    found[name][:] = self.sums((d, e)[left], None if right is None else (d, e)[right])
            if "runner_up" in found:
                d.reshape(-1)[at] = -np.inf
                found["runner_up"][:] = self.maximum(d)
                d.reshape(-1)[at] = 0.0
        return found

    def _moments_of_parts(
        self, raw: Array, largest: Array, d: Array, e: Array, at: Array, found: dict[str, Array]
    ) -> None:
        """Finish some rows before the next, while they are in a near cache."""
        step, flat_d = _WIDENED // self._k, d.reshape(-1)
        wide = [buffer[: step * self._k].reshape(step, self._k) for buffer in self._widened]
        for start in range(0, len(d), step):
            rows = slice(start, start + step)
            own_d, own_e = d[rows], e[rows]
            both = wide[0][: len(own_d)], wide[1][: len(own_d)]
            self.subtract(raw[rows], largest[rows], out=own_d)
            flat_d[at[rows]] = -np.inf
            if "runner_up" in found:
                found["runner_up"][rows] = np.maximum.reduce(own_d, axis=1)
            if "tail" in found:
                np.exp(own_d, out=own_e)  # 0 at the prediction
                np.copyto(both[1], own_e)
            flat_d[at[rows]] = 0.0
            if "shift" in found or "tail_cross" in found:
                np.copyto(both[0], own_d)
            for name, (left, right) in _PRODUCTS.items():
                if name not in found:
                    continue
                if right is None:
                    np.einsum("ij->i", both[left], out=found[name][rows])
                else:
                    np.einsum("ij,ij->i", both[left], both[right], out=found[name][rows])

    def _parts(self, n: int) -> Iterator[tuple[slice, slice]]:
        """Parts of a tile of n rows, of at most `_WIDENED` elements: rows and classes."""
        if not self._widened:
            yield slice(0, n), slice(0, self._k)
            return
        rows, classes = max(1, _WIDENED // self._k), min(self._k, _WIDENED)
        for start in range(0, n, rows):
            for first in range(0, self._k, classes):
                yield slice(start, min(start + rows, n)), slice(first, min(first + classes, self._k))

    def _float64(self, place: int, a: Array) -> Array:
        """The part in float64: itself, or a copy in the buffer with this number."""
        if a.dtype == np.float64:
            return a
        wide = self._widened[place][: a.size].reshape(a.shape)
        np.copyto(wide, a)
        return wide

    def copies(self, a: Array) -> Iterator[tuple[slice, Array]]:
        """All rows, some at a time, and a float64 copy of them in the layout's shape, which may be overwritten."""
        step = max(2, _WIDENED // self._k)
        for start in range(0, len(a), step):
            yield slice(start, start + step), a[start : start + step].astype(np.float64)

    def chosen(self, a: Array, index: Array) -> Array:
        """A copy of the rows with these indices, in the layout's shape."""
        rows: Array = a.take(index, axis=0)
        return rows

    def class_sums(self, a: Array, weight: Array) -> Array:
        """The sum over the rows of a times the row's weight, for each class; [K] float64."""
        total = np.zeros(self._k)
        for start in range(0, len(a), _BLOCK):
            rows = slice(start, start + _BLOCK)
            total += np.einsum("nk,n->k", a[rows], weight[rows].astype(a.dtype))
        return total

    def at_least(self, a: Array, threshold: Array) -> tuple[Array, Array, Array]:
        """All entries not below the threshold of their row: their rows, classes, and values in float64."""
        flags = self._flags[: len(a)]
        np.greater_equal(a, threshold.astype(a.dtype)[:, None], out=flags[:, : self._k])
        place = np.flatnonzero(flags)
        row = place // flags.shape[1]
        k = place - row * flags.shape[1]
        return row, k, a.reshape(-1)[row * self._k + k].astype(np.float64)

    def ranks(self, raw: Array, label_logit: Array, label: Array, top: Array, spare: Array) -> Array:
        """The number of classes ranked before the label: those with a larger logit, or an equal one and a lower index.

        `spare` is a buffer of the tile's shape, which is overwritten.
        """
        ranks = np.zeros(len(raw), np.int32)
        # The prediction is the first maximum, so the rank of a predicted label is 0.
        wrong = np.flatnonzero(label != top)
        if not len(wrong):
            return ranks
        x = np.take(raw, wrong, axis=0, out=spare[: len(wrong)], mode="clip")
        threshold, flags = label_logit[wrong, None], self._flags[: len(wrong)]
        np.greater(x, threshold, out=flags[:, : self._k])
        ranks[wrong] = _counts(flags)
        np.equal(x, threshold, out=flags[:, : self._k])
        for row in np.flatnonzero(_counts(flags) > 1):
            ranks[wrong[row]] += np.count_nonzero(flags[row, : label[wrong[row]]])
        return ranks


def _sums_of_rows(a: Array, b: Array | None = None) -> Array:
    """The sum of each row of a, or of a * b, [n, k] float64 each."""
    # Without `optimize`, einsum never calls BLAS, whose rounding depends on the shape of the tile.
    total: Array = np.einsum("ij->i", a) if b is None else np.einsum("ij,ij->i", a, b)
    return total


def _counts(flags: Array) -> Array:
    """The number of True flags in each row. Adding 8-byte words counts in all eight bytes at once."""
    words = flags.view(np.uint64)
    counts = np.zeros(len(flags), np.int32)
    for start in range(0, words.shape[1], 255):  # a byte counts up to 255
        lanes = np.add.reduce(words[:, start : start + 255], axis=1)
        counts += np.add.reduce(lanes.view(np.uint8).reshape(-1, 8), axis=1, dtype=np.int32)
    return counts


class NarrowLayout:
    """Rows transposed to one line per class, [K, n], for K below 256; everything but the raw values is float64.

    The methods are those of WideLayout.
    """

    def __init__(self, num_classes: int, tile: int, element: np.dtype[Any]) -> None:
        self._k = num_classes
        self._raw = np.empty(num_classes * tile, element)
        self._d = np.empty(num_classes * tile)
        self._e = np.empty(num_classes * tile)
        self._flags = np.empty(num_classes * tile, np.bool_)

    def buffers(self, n: int) -> tuple[Array, Array]:
        return self._lines(self._d, n), self._lines(self._e, n)

    def _lines(self, buffer: Array, n: int) -> Array:
        return buffer[: self._k * n].reshape(self._k, n)

    def load(self, x: Array) -> Array:
        raw = self._lines(self._raw, len(x))
        np.copyto(raw, x.T)
        return raw

    def first_maximum(self, raw: Array) -> tuple[Array, Array]:
        largest = np.maximum.reduce(raw, axis=0)
        # The largest K - k belongs to the first k. K is below 256 and fits a byte, which numpy handles fastest.
        flags = np.equal(raw, largest, out=self._lines(self._flags, raw.shape[1]))
        countdown = np.arange(self._k, 0, -1, dtype=np.uint8)[:, None]
        np.multiply(flags.view(np.uint8), countdown, out=flags.view(np.uint8))
        first = self._k - np.maximum.reduce(flags.view(np.uint8), axis=0).astype(np.intp)
        return largest, np.minimum(first, self._k - 1)  # a row with a nan has no flag, since nan equals nothing

    def at(self, index: Array) -> Array:
        return index * len(index) + np.arange(len(index))

    def rows(self, raw: Array, index: Array) -> Array:
        return raw[:, index].T

    def by_class(self, c: Array) -> Array:
        return c[:, None]

    def by_row(self, value: Array) -> Array:
        return value

    def subtract(self, raw: Array, value: Array, out: Array) -> None:
        np.copyto(out, raw)  # converting first is faster than a subtraction that converts
        np.subtract(out, value, out=out)

    def maximum(self, a: Array) -> Array:
        largest: Array = np.maximum.reduce(a, axis=0)
        return largest

    def minimum(self, a: Array) -> Array:
        smallest: Array = np.minimum.reduce(a, axis=0)
        return smallest

    def as_rows(self, a: Array) -> Array:
        return a.T

    def sums(self, a: Array, b: Array | None = None) -> Array:
        total: Array = np.add.reduce(a, axis=0) if b is None else np.einsum("kn,kn->n", a, b)
        return total

    def moments(
        self, raw: Array, largest: Array, d: Array, e: Array, top: Array, fields: Collection[str]
    ) -> dict[str, Array]:
        at, found = (top, np.arange(len(top))), {}
        self.subtract(raw, largest, out=d)
        if "runner_up" in fields:
            d[at] = -np.inf
            found["runner_up"] = self.maximum(d)
            d[at] = 0.0
        if "tail" in fields:
            np.exp(d, out=e)
            e[at] = 0.0
        for name, (left, right) in _PRODUCTS.items():
            if name in fields:
                found[name] = self.sums((d, e)[left], None if right is None else (d, e)[right])
        return found

    def copies(self, a: Array) -> Iterator[tuple[slice, Array]]:
        # No part is a single row, whose sums numpy takes in another order.
        rows, step = a.shape[1], max(2, _WIDENED // self._k)
        starts = range(0, max(1, rows - 1), step)
        for start, stop in zip(starts, (*starts[1:], rows), strict=True):
            yield slice(start, stop), a[:, start:stop].copy()

    def chosen(self, a: Array, index: Array) -> Array:
        rows: Array = a.take(index, axis=1)
        return rows

    def class_sums(self, a: Array, weight: Array) -> Array:
        total: Array = np.einsum("kn,n->k", a, weight)
        return total

    def at_least(self, a: Array, threshold: Array) -> tuple[Array, Array, Array]:
        flags = np.greater_equal(a, threshold, out=self._lines(self._flags, a.shape[1]))
        place = np.flatnonzero(flags)
        k = place // a.shape[1]
        return place - k * a.shape[1], k, a.reshape(-1)[place]

    def ranks(self, raw: Array, label_logit: Array, label: Array, top: Array, spare: Array) -> Array:
        flags = np.greater(raw, label_logit, out=self._lines(self._flags, raw.shape[1]))
        ranks = self._counts(flags).astype(np.int32)
        np.equal(raw, label_logit, out=flags)
        for row in np.flatnonzero(self._counts(flags) > 1):
            ranks[row] += np.count_nonzero(flags[: label[row], row])
        return ranks

    def _counts(self, flags: Array) -> Array:
        counts: Array = np.add.reduce(flags.view(np.uint8), axis=0, dtype=np.uint8)
        return counts


Layout = WideLayout | NarrowLayout


def layout_for(num_classes: int, tile: int, element: np.dtype[Any]) -> Layout:
    """The faster layout for tiles [tile, num_classes] of float32 or float64."""
    return (NarrowLayout if num_classes < NARROW else WideLayout)(num_classes, tile, element)
