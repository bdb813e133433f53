"""Two ways to lay a tile of rows out in memory, with the few operations that depend on it.

numpy pays some 0.3 us for each run along the last axis, so that wide tiles keep their rows, [n, K],
and narrow ones have a class a line, [K, n]. Wide tiles are worked on in the type of their elements:
128 of these at most are added in it, and such sums in float64; K of them average the rounding out.
Narrow ones have nothing to average, so their elements are float64 throughout.
No result depends on the rows beside its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# einsum's own loops keep at least four running sums, so these are at most 32 additions deep.
_BLOCK = 128


class WideLayout:
    """Rows as they are, [n, K].

    Args:
        num_classes: K.
        tile: the most rows of a tile, for which the buffers are made.
        element: float32 or float64.
    """

    def __init__(self, num_classes: int, tile: int, element: np.dtype[Any]) -> None:
        self._k = num_classes
        self._d = np.empty((tile, num_classes), element)
        self._e = np.empty((tile, num_classes), element)
        # Rows of whole words, see _counts; the padding stays False.
        self._flags = np.zeros((tile, -(-num_classes // 8) * 8), np.bool_)

    def buffers(self, n: int) -> tuple[Array, Array]:
        """Two arrays for a tile of n rows, in the layout's shape."""
        return self._d[:n], self._e[:n]

    def load(self, x: Array) -> Array:
        """The rows x [n, K] in the layout's shape and their own type: themselves, or a copy."""
        return x

    def first_maximum(self, raw: Array) -> tuple[Array, Array]:
        """The largest value of each row, nan if it has one, and its first index."""
        first = raw.argmax(axis=1)
        return raw[np.arange(len(raw)), first], first

    def at(self, index: Array) -> Array:
        """Where each row has the class that `index` names, counted in the flat tile."""
        return np.arange(0, len(index) * self._k, self._k) + index

    def rows(self, raw: Array, index: Array) -> Array:
        """Some of the rows, [m, K], copied."""
        return raw[index]

    def by_class(self, c: Array) -> Array:
        """One value a class, [K], as it is combined with a tile."""
        return c

    def subtract(self, raw: Array, value: Array, out: Array) -> None:
        """Each row less its value."""
        np.subtract(raw, value[:, None], out=out)

    def divide(self, a: Array, value: Array, out: Array) -> None:
        """Each row over its value."""
        np.divide(a, value[:, None], out=out)

    def scaled(self, a: Array, c: Array, out: Array) -> None:
        """Each class times its value of c, [K]."""
        np.multiply(a, c, out=out)

    def maximum(self, a: Array) -> Array:
        """The largest value of each row."""
        largest: Array = np.maximum.reduce(a, axis=1)
        return largest

    def sums(self, a: Array, b: Array | None = None) -> Array:
        """The sum of a, or of a * b, over the classes of each row, float64."""
        # einsum without `optimize` never calls BLAS, whose rounding depends on the shape of the tile.
        whole = self._k // _BLOCK * _BLOCK
        blocks = (len(a), whole // _BLOCK, _BLOCK)
        if b is None:
            parts = np.einsum("ijk->ij", a[:, :whole].reshape(blocks))
            rest = np.einsum("ij->i", a[:, whole:])
        else:
            parts = np.einsum("ijk,ijk->ij", a[:, :whole].reshape(blocks), b[:, :whole].reshape(blocks))
            rest = np.einsum("ij,ij->i", a[:, whole:], b[:, whole:])
        total: Array = np.add.reduce(parts, axis=1, dtype=np.float64) + rest
        return total

    def chosen(self, a: Array, index: Array) -> Array:
        """Some of the rows in the layout's shape, copied."""
        rows: Array = a.take(index, axis=0)
        return rows

    def class_sums(self, a: Array, weight: Array) -> Array:
        """The sum over the rows of each class, times the row's weight; [K] float64."""
        total = np.zeros(self._k)
        for start in range(0, len(a), _BLOCK):
            rows = slice(start, start + _BLOCK)
            total += np.einsum("nk,n->k", a[rows], weight[rows].astype(a.dtype))
        return total

    def at_least(self, a: Array, threshold: Array) -> tuple[Array, Array, Array]:
        """The entries of each row from its threshold on: their rows, classes, and values in float64."""
        flags = self._flags[: len(a)]
        np.greater_equal(a, threshold.astype(a.dtype)[:, None], out=flags[:, : self._k])
        place = np.flatnonzero(flags)
        row = place // flags.shape[1]
        k = place - row * flags.shape[1]
        return row, k, a.reshape(-1)[row * self._k + k].astype(np.float64)

    def ranks(self, raw: Array, label_logit: Array, label: Array, top: Array, spare: Array) -> Array:
        """How many classes stand before the label: larger logits, and equal ones of a lower index."""
        ranks = np.zeros(len(raw), np.int32)
        # The prediction is the first maximum: only where it is wrong does anything stand before the label.
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


def _counts(flags: Array) -> Array:
    """How many are set in each row of whole words: words added up count in each of their eight bytes at once."""
    words = flags.view(np.uint64)
    counts = np.zeros(len(flags), np.int32)
    for start in range(0, words.shape[1], 255):  # a byte holds 255
        lanes = np.add.reduce(words[:, start : start + 255], axis=1)
        counts += np.add.reduce(lanes.view(np.uint8).reshape(-1, 8), axis=1, dtype=np.int32)
    return counts


class NarrowLayout:
    """A class a line, [K, n], for K below 256: the same methods; what follows the raw values is float64."""

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
        # The largest of K - k is the first k; K below 256 fits a byte, and numpy is quick with bytes.
        flags = np.equal(raw, largest, out=self._lines(self._flags, raw.shape[1]))
        countdown = np.arange(self._k, 0, -1, dtype=np.uint8)[:, None]
        np.multiply(flags.view(np.uint8), countdown, out=flags.view(np.uint8))
        first = self._k - np.maximum.reduce(flags.view(np.uint8), axis=0).astype(np.intp)
        return largest, np.minimum(first, self._k - 1)  # nothing equals a nan

    def at(self, index: Array) -> Array:
        return index * len(index) + np.arange(len(index))

    def rows(self, raw: Array, index: Array) -> Array:
        return raw[:, index].T

    def by_class(self, c: Array) -> Array:
        return c[:, None]

    def subtract(self, raw: Array, value: Array, out: Array) -> None:
        np.copyto(out, raw)  # widened first: a subtraction that casts is the slower one
        np.subtract(out, value, out=out)

    def divide(self, a: Array, value: Array, out: Array) -> None:
        np.divide(a, value, out=out)

    def scaled(self, a: Array, c: Array, out: Array) -> None:
        np.multiply(a, c[:, None], out=out)

    def maximum(self, a: Array) -> Array:
        largest: Array = np.maximum.reduce(a, axis=0)
        return largest

    def sums(self, a: Array, b: Array | None = None) -> Array:
        total: Array = np.add.reduce(a, axis=0) if b is None else np.einsum("kn,kn->n", a, b)
        return total

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
