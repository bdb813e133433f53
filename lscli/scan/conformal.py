"""Conformal scores and sets, computed beside a pass over the rows, or block by block in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import widened
from lscli.kernels import conformal
from lscli.scan.blocks import pass_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.kernels.conformal import Scoring
    from lscli.scan.blocks import Block

    Array = NDArray[Any]


class LabelScores:
    """The score of the label of each row, filled beside a scan.

    Args:
        label: [N], from 0 to K-1, or -1 for a row whose score means nothing.
        logits: [N, K].
        how: the scores.

    Attributes:
        scores: [N] float64.
    """

    def __init__(self, logits: Logits, label: Array, how: Scoring) -> None:
        self.scores = np.zeros(len(label))
        self.thread_bytes = conformal.tile_bytes(logits.shape[1])
        self._label, self._how, self._dtype = np.maximum(label, 0), how, logits.dtype

    def add(self, x: Array, first: int) -> None:
        """Fill in rows [n, K] as stored, the first of which has the number `first`; called from any thread."""
        for rows, tile in _tiles(x, first, self._dtype):
            self.scores[rows] = conformal.label_scores(tile, self._label[rows], self._how)


class SetSizes:
    """The size of the set of each row, filled beside a scan.

    Args:
        logits: [N, K].
        label: [N], from 0 to K-1, or -1 if it is not known.
        how: the scores.
        quantile: [K], of each class.

    Attributes:
        size: [N], the number of classes in the set.
        covered: [N] bool, whether the label is in the set; False for a label of -1.
    """

    def __init__(self, logits: Logits, label: Array, how: Scoring, quantile: Array) -> None:
        self.size = np.zeros(len(label), np.intp)
        self.covered = np.zeros(len(label), np.bool_)
        self.thread_bytes = conformal.tile_bytes(logits.shape[1])
        self._label, self._how, self._quantile, self._dtype = label, how, quantile, logits.dtype

    def add(self, x: Array, first: int) -> None:
        """Fill in rows [n, K] as stored, the first of which has the number `first`; called from any thread."""
        for rows, tile in _tiles(x, first, self._dtype):
            inside, label = conformal.within(tile, self._how, self._quantile), self._label[rows]
            self.size[rows] = conformal.counts(inside)
            self.covered[rows] = inside[np.arange(len(label)), label] & (label >= 0)


def _tiles(x: Array, first: int, dtype: str) -> Iterator[tuple[slice, Array]]:
    """The rows x [n, K] in parts, float32 or float64, each with the place of its rows among all."""
    step = conformal.tile_rows(x.shape[1])
    for start in range(0, len(x), step):
        rows = widened(x[start : start + step], dtype)
        rows = rows.astype(np.float64 if rows.dtype == np.float64 else np.float32, copy=False)
        yield slice(first + start, first + start + len(rows)), rows


def pass_of_sets(
    logits: Logits,
    label: Array,
    kept: Array,
    how: Scoring,
    quantile: Array,
    take: Callable[[Block, Array], None],
    threads: int | None = None,
) -> None:
    """Compute the sets of the rows that are kept, which were checked before.

    Args:
        quantile: [K], of each class.
        take: called with each block of rows, in order, and which classes are in their sets, [n, K] bool.
    """

    def work(block: Block) -> tuple[Block, Array]:
        return block, conformal.within(block.x, how, quantile)

    pass_over(logits, label, kept, work, lambda result: take(*result), threads)
