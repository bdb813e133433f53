"""The bins of all K probabilities of a row, as a key of the row; and sums over the rows that have the same key.

Rows share a group if each of their K probabilities is in the same bin. With C the counts of the labels of a group and S
the sums of its probabilities, half of sum_k |C_k - S_k| is the sum of the positive C_k - S_k, because both add up to
the number of rows. C_k is 0 for classes that are no label in the group, so only the sums S_k of its labels are needed:
at most one number per row, however many classes and groups there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lscli.kernels.row_hash import GOLDEN, finished

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# Two keys of 64 bits, each a sum of hashes: two of N groups of rows get the same keys with a probability of N^2 2^-129.
_SEEDS = (GOLDEN, 0xD1B54A32D192ED03)
KEYS = len(_SEEDS)


class Probabilities(NamedTuple):
    """The probabilities of n rows.

    Attributes:
        p: [n, K] float64.
        top: [n], the first index of the largest.
        rest: [n], 1 less the largest, with all of its digits.
    """

    p: Array
    top: Array
    rest: Array

    @classmethod
    def of_logits(cls, x: Array) -> Probabilities:
        """Those of logits [n, K] float64, which are overwritten."""
        with np.errstate(all="ignore"):  # rows that are not finite are not used
            x -= np.maximum.reduce(x, axis=1, keepdims=True)
            return cls._of_shares(np.exp(x, out=x))

    @classmethod
    def of_stated(cls, stated: Array, last_digits: float) -> Probabilities:
        """Those that are stated, [n, K] float64, divided by their sum if it differs from 1 by more than rounding.

        Args:
            stated: overwritten.
            last_digits: the relative difference that rounding explains.
        """
        as_they_are = stated.copy()
        with np.errstate(all="ignore"):
            found = cls._of_shares(stated)
            same = np.abs(found.p - as_they_are) <= last_digits * as_they_are
        np.copyto(found.p, as_they_are, where=same)
        return found

    @classmethod
    def _of_shares(cls, e: Array) -> Probabilities:
        row = np.arange(len(e))
        top = e.argmax(axis=1)
        largest = e[row, top]
        e[row, top] = 0.0
        others = np.add.reduce(e, axis=1)
        e[row, top] = largest
        total = largest + others
        e /= total[:, None]
        return cls(e, top, others / total)


def keys_of(p: Array, edges: Array, side: Literal["left", "right"]) -> Array:
    """Two keys of each row, equal for rows whose probabilities are in the same bins; [n, 2] uint64.

    Args:
        p: [n, K].
        edges: [M-1], the inner edges of the bins, ascending.
        side: as in numpy's searchsorted: `left` for bins (lo, hi], `right` for [lo, hi).
    """
    keys = np.zeros((len(p), KEYS), np.uint64)
    if not len(edges):
        return keys
    # Few probabilities of a row are beyond the first edge, and they say which the others are.
    place = np.flatnonzero(p > edges[0] if side == "left" else p >= edges[0])
    row, k = np.divmod(place, p.shape[1])
    found = np.searchsorted(edges, p.reshape(-1)[place], side=side)
    entry = (k * (len(edges) + 1) + found + 1).astype(np.uint64)
    for column, seed in enumerate(_SEEDS):
        np.add.at(keys[:, column], row, finished(entry * np.uint64(seed)))
    return keys


class TupleSums:
    """Sums over the groups of rows whose probabilities are all in the same bins.

    The rows are added in their order, so that neither tiles nor threads change a bit.

    Args:
        keys: [N, 2], those of all rows.
        label: [N], from 0 to K-1 in the rows that are used.
        weight: [N], the weight of each row; a row of weight 0 is not used.

    Attributes:
        total: the sum of the weights.
        groups: the number of groups.
    """

    def __init__(self, keys: Array, label: Array, weight: Array) -> None:
        self._rows = np.flatnonzero(weight > 0)
        self._weight = weight[self._rows]
        self._label = label[self._rows].astype(np.int64)
        self._group, self.groups = _numbered(*(keys[self._rows, column] for column in range(KEYS)))
        # The labels of each group, those of one group behind each other.
        order = np.lexsort((self._label, self._group))
        group, labels = self._group[order], self._label[order]
        first = np.ones(len(order), np.bool_)
        first[1:] = (group[1:] != group[:-1]) | (labels[1:] != labels[:-1])
        self._labels = labels[first]
        self._starts = np.searchsorted(group[first], np.arange(self.groups + 1))
        self._excess = np.zeros(len(self._labels))
        self.total = float(np.add.reduce(self._weight))

    def add(self, first: int, probabilities: Probabilities) -> None:
        """Add the rows from number `first` on."""
        p, top, rest = probabilities
        start, stop = np.searchsorted(self._rows, (first, first + len(p)))
        row, group = self._rows[start:stop] - first, self._group[start:stop]
        # Each row meets every label of its group.
        begin = self._starts[group]
        count = self._starts[group + 1] - begin
        own = np.repeat(np.arange(len(row)), count)
        place = np.arange(len(own)) + (begin - np.cumsum(count) + count)[own]
        k, row = self._labels[place], row[own]
        of_row = p[row, k]
        is_label = k == self._label[start:stop][own]
        # 1 - p of the label; s / Z keeps its digits where that is the largest.
        residual = np.where(is_label, np.where(top[row] == k, rest[row], 1.0 - of_row), -of_row)
        np.add.at(self._excess, place, residual * self._weight[start:stop][own])

    @property
    def distance(self) -> float:
        """The sum over the groups of half the L1 distance between the sums of one-hot labels and probabilities."""
        return float(np.add.reduce(np.maximum(self._excess, 0.0)))


def _numbered(high: Array, low: Array) -> tuple[Array, int]:
    """The number of each pair of keys, equal for equal pairs, [n]; and how many there are."""
    order = np.lexsort((low, high))
    high, low = high[order], low[order]
    new = np.zeros(len(order), np.int64)
    new[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(new)
    return number, int(new.sum()) + 1 if len(order) else 0
