"""A hash of each row's logits as they are read, which recognises a row in another file.

h = mix(sum_k u_k c_k + K G) modulo 2^64: u_k are the bits of z_k as float32, c_k = mix(k G) | 1 with k from 1, mix is
the last step of SplitMix64 and G its constant. Zeros of both signs are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.kernels.row_hash import GOLDEN, finished

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_SPREAD = np.uint64(GOLDEN)


def factors(num_classes: int) -> Array:
    """What the bits of each class are multiplied by, [K] uint64; odd, so that no bit is lost."""
    return finished(np.arange(1, num_classes + 1, dtype=np.uint64) * _SPREAD) | np.uint64(1)


def value_hash(x: Array, by: Array) -> Array:
    """The hash of rows x [n, K] of floats, given their factors; [n] uint64."""
    bits = (x.astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
    bits *= by
    total: Array = np.add.reduce(bits, axis=1)
    return finished(total + np.full(1, x.shape[1], np.uint64) * _SPREAD)


def fingerprint(hashes: Array, label: Array) -> int:
    """A number of all rows and their labels, [n] each, which does not depend on the order of the rows."""
    labelled = hashes + (label.astype(np.uint64) + np.uint64(1)) * _SPREAD
    return int(np.add.reduce(finished(labelled)))


def folds(hashes: Array, count: int) -> Array:
    """The fold of each row, [n], from 0 to `count` - 1: equal rows are in the same fold."""
    return ((hashes >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)).astype(np.intp)
