"""Passes over the rows for conformal sets: the scores of the labels, then the set of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.kernels import conformal
from lscli.scan.blocks import pass_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.kernels.conformal import Scoring
    from lscli.options import Progress
    from lscli.scan.blocks import Block

    Array = NDArray[Any]


class SetSizes(NamedTuple):
    """The sets of rows.

    Attributes:
        size: [n], the number of classes of each.
        covered: [n] bool, whether the label is in the set; False for a label of -1.
    """

    size: Array
    covered: Array


def label_scores(
    logits: Logits,
    label: Array,
    kept: Array,
    how: Scoring,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Array:
    """The score of the label of each row that is kept, [n] float64."""
    found: list[Array] = []

    def work(block: Block) -> Array:
        return conformal.label_scores(block.x, block.label, how)

    pass_over(logits, label, kept, work, found.append, threads, progress)
    return np.concatenate(found)


def set_sizes(
    logits: Logits,
    label: Array,
    kept: Array,
    how: Scoring,
    quantile: Array,
    threads: int | None = None,
    progress: Progress | None = None,
    keep: Callable[[Block, Array], None] | None = None,
) -> SetSizes:
    """The size of the set of each row that is kept, and whether it holds the label.

    Args:
        quantile: [K], of each class.
        keep: takes each block of rows, in order, and which classes are in their sets, [n, K] bool.
    """
    sizes: list[Array] = []
    covered: list[Array] = []

    def work(block: Block) -> tuple[Block, Array]:
        return block, conformal.within(block.x, how, quantile)

    def take(result: tuple[Block, Array]) -> None:
        block, inside = result
        sizes.append(np.count_nonzero(inside, axis=1))
        covered.append(inside[np.arange(len(block.rows)), block.label] & (block.label >= 0))
        if keep is not None:
            keep(block, inside)

    pass_over(logits, label, kept, work, take, threads, progress)
    return SetSizes(np.concatenate(sizes), np.concatenate(covered))
