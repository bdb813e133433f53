"""The mean nll of rows at many temperatures, from one pass over the logits.

Most of the temperatures are T0 2^(j/8). Where b = 1/T doubles, e^(b d) is squared, so that one exponential gives the
loss at every eighth of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.kernels.rowstate import NARROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.recalibrators.base import FitRows
    from lscli.scan.blocks import Block

    Array = NDArray[Any]

_PER_OCTAVE, _OCTAVES = 8, 2  # octaves on each side
_TILE = 1 << 19  # bytes of each of two buffers


def grid(centre: float) -> list[float]:
    """The temperatures from a quarter of the centre to four times it, ascending."""
    steps = _PER_OCTAVE * _OCTAVES
    return [centre * 2.0 ** (j / _PER_OCTAVE) for j in range(-steps, steps + 1)]


def mean_losses(rows: FitRows, weights: Sequence[Array], centre: float, others: Sequence[float]) -> Array:
    """The mean nll of each weighting of the rows, by temperature.

    Args:
        rows: read and checked before, none with its label at -inf.
        weights: [N] each, and above 0 somewhere; above 0 only where the weights of `rows` are.
        centre: of the `grid`.
        others: further temperatures.

    Returns:
        [the number of weights, the length of the grid + len(others)], in float64. On the grid, logits that are no wider
        than float32 are computed in float32, to some six digits.
    """
    temperatures = grid(centre)
    sums = np.zeros((len(weights), len(temperatures) + len(others)))

    def work(block: Block) -> Array:
        losses = np.empty((sums.shape[1], len(block.x)))
        tile = max(2, _TILE // (block.x.itemsize * rows.classes))
        for start in range(0, len(block.x), tile):
            part = slice(start, start + tile)
            losses[:, part] = _losses(block.x[part], block.label[part], temperatures, others)
        return np.stack([np.add.reduce(losses * weight[block.rows], axis=1) for weight in weights])

    def take(found: Array) -> None:
        np.add(sums, found, out=sums)

    rows.read(work, take)
    result: Array = sums / np.array([[np.add.reduce(weight)] for weight in weights])
    return result


def _losses(x: Array, label: Array, temperatures: Sequence[float], others: Sequence[float]) -> Array:
    """The nll of rows [n, K] at each temperature, [T, n]."""
    if len(x) == 1:  # numpy sums a single line in another order
        return _losses(np.repeat(x, 2, axis=0), np.repeat(label, 2), temperatures, others)[:, :1]
    axis, row = (0 if x.shape[1] < NARROW else 1), np.arange(len(x))
    top = x.argmax(axis=1)
    exact = x.astype(np.float64) - x[row, top, None]
    of_label = exact[row, label]
    # The largest logit is left out of the sum, so that a confident row keeps its digits.
    exact[row, top] = -np.inf
    exact = np.ascontiguousarray(exact.T) if axis == 0 else exact
    u = exact.astype(x.dtype)
    b = 1 / np.array([*temperatures, *others])
    rest = np.empty((len(b), len(x)))
    e = np.empty_like(u)
    with np.errstate(under="ignore"):
        for last in range(len(temperatures) - 1, len(temperatures) - 1 - _PER_OCTAVE, -1):
            np.multiply(u, u.dtype.type(b[last]), out=e)
            np.exp(e, out=e)
            for place in range(last, -1, -_PER_OCTAVE):
                if place != last:
                    np.square(e, out=e)
                rest[place] = np.add.reduce(e, axis=axis)
        for place in range(len(temperatures), len(b)):
            rest[place] = np.add.reduce(np.exp(exact * b[place]), axis=axis)
    result: Array = np.log1p(rest) - b[:, None] * of_label
    return result
