"""A hash of each row's logits that depends neither on the order of the classes nor on a constant added to all of them.

It is the sum over the classes that are not masked of a mixed (x_i - m) rounded to 1e-4, modulo 2^64. This hashes the
multiset of the rounded differences, as the hash of a sorted row would, without the sort: a sum of integers has no
order. All kernels compute the same differences, so the hash is the same in each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# What multiplies a difference before it is rounded.
STEPS = 1e4
# Differences beyond this many steps are equal; float64 still counts these one by one.
FARTHEST = 2.0**53
_TILE = 1 << 15  # elements that are taken together: they stay in the cache
# The constants of SplitMix64 (Steele et al. 2014), as shifts to the right, and factors.
GOLDEN = 0x9E3779B97F4A7C15
ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
LAST_SHIFT = 31


def hash_of(differences: Array) -> Array:
    """The hash of rows x_i - m [n, K] float64; [n] uint64."""
    hashes = np.empty(len(differences), np.uint64)
    step = max(1, _TILE // differences.shape[1])
    for start in range(0, len(hashes), step):
        tile = differences[start : start + step]
        steps = tile * STEPS
        np.rint(steps, out=steps)
        near = np.minimum.reduce(steps, axis=None) >= -FARTHEST
        if not near:
            np.maximum(steps, -FARTHEST, out=steps)
        each = mixed(steps.astype(np.int64).view(np.uint64))
        if not near:
            each[tile == -np.inf] = 0
        np.add.reduce(each, axis=1, out=hashes[start : start + step])
    return hashes


def mixed(x: Array) -> Array:
    """Integers spread over all of uint64, so that similar ones become unrelated; [n] uint64."""
    return finished(x + np.uint64(GOLDEN))


def finished(z: Array) -> Array:
    """The last step of SplitMix64, which overwrites z [n] uint64."""
    shifted = np.empty_like(z)
    for shift, factor in ROUNDS:
        z ^= np.right_shift(z, np.uint64(shift), out=shifted)
        z *= np.uint64(factor)
    z ^= np.right_shift(z, np.uint64(LAST_SHIFT), out=shifted)
    return z
