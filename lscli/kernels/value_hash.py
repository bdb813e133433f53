"""A hash of each row's logits as they are read, which recognises a row in another file.

h = mix(sum_k u_k c_k + K G) modulo 2^64: u_k are the bits of z_k as float32, c_k = mix(k G) | 1 with k from 1, mix is
the last step of SplitMix64 and G its constant. Zeros of both signs are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import widened
from lscli.kernels.row_hash import GOLDEN, finished

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_SPREAD = np.uint64(GOLDEN)
_ELEMENTS = 1 << 18  # taken together: they stay in the cache


def factors(num_classes: int) -> Array:
    """What the bits of each class are multiplied by, [K] uint64; odd, so that no bit is lost."""
    return finished(np.arange(1, num_classes + 1, dtype=np.uint64) * _SPREAD) | np.uint64(1)


def value_hash(x: Array, by: Array) -> Array:
    """The hash of rows x [n, K] of floats, given their factors; [n] uint64."""
    total = np.empty(len(x), np.uint64)
    step = max(1, _ELEMENTS // x.shape[1])
    with np.errstate(all="ignore"):  # a float64 beyond float32 becomes inf
        for start in range(0, len(x), step):
            bits = np.add(x[start : start + step], np.float32(0), dtype=np.float32, casting="same_kind")
            # Integers: einsum adds them exactly, in any order, and multiplies modulo 2^64.
            np.einsum(
                "nk,k->n", bits.view(np.uint32), by, out=total[start : start + step], dtype=np.uint64, casting="unsafe"
            )
    total += np.full(1, x.shape[1], np.uint64) * _SPREAD
    return finished(total)


class ValueHashes:
    """The hashes of all rows, filled by a pass over them.

    Attributes:
        hashes: [N] uint64.
    """

    def __init__(self, rows: int, num_classes: int, dtype: str) -> None:
        self.hashes = np.zeros(rows, np.uint64)
        self._dtype = dtype
        self._by = factors(num_classes)

    @property
    def thread_bytes(self) -> int:
        """An upper bound of the bytes that `add` takes in a thread."""
        return 8 * max(_ELEMENTS, len(self._by))

    def add(self, x: Array, first: int) -> None:
        """Fill in rows [n, K] as stored, the first of which has the number `first`; called from any thread."""
        step = max(1, _ELEMENTS // x.shape[1])
        for start in range(0, len(x), step):
            rows = widened(x[start : start + step], self._dtype)
            self.hashes[first + start : first + start + len(rows)] = value_hash(rows, self._by)


def fingerprint(hashes: Array, label: Array) -> int:
    """A number of all rows and their labels, [n] each, which does not depend on the order of the rows."""
    labelled = hashes + (label.astype(np.uint64) + np.uint64(1)) * _SPREAD
    return int(np.add.reduce(finished(labelled)))


def folds(hashes: Array, count: int) -> Array:
    """The fold of each row, [n], from 0 to `count` - 1: equal rows are in the same fold."""
    return ((hashes >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)).astype(np.intp)
