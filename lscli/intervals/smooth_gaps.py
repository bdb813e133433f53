"""The gaps along the confidences that the samples allow: smooth ones, and random parts of what is not known of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.metrics.cells import Cells

    Array = NDArray[Any]

# The number of curves: pairs on both sides of the best one.
SHAPES = 16
# The waves that gaps are made of, at most.
_WAVES = 64
# A block of waves is left out unless its power is this many times that of noise.
_CLEAR = 3.0


def smooth_gaps(cells: Cells, design_effect: float, seed: int) -> Array:
    """Smooth sums of a - c over cells, [SHAPES, B], whose mean is the best estimate.

    Gaps are a sum of waves cos(j pi u), u the share of samples with less confidence. The mean gap is kept. Blocks of
    waves are shrunk by the power that noise alone has, and left out if theirs is not well above it (James and Stein
    1961, blockwise as Efromovich 1985). What remains unknown of the heights is drawn.

    Args:
        cells: samples folded into cells.
        design_effect: by how much clusters raise the variance of noise.
        seed: of the random parts.
    """
    size, gap = cells.sums.size, cells.sums.residual
    u = (np.cumsum(size) - size / 2) / size.sum()
    j = np.arange(min(_WAVES, len(size) - 1) + 1)
    waves = np.sqrt(2) * np.cos(math.pi * j[:, None] * u)
    waves[0] = 1.0
    height = (waves * gap).sum(axis=1) / size.sum()
    noise = design_effect * (np.square(waves) * variances(cells)).sum(axis=1) / size.sum() ** 2
    kept = np.zeros(len(j))
    kept[0], first = 1.0, 1
    while first < len(j):
        block = slice(first, max(first + 1, first * 3 // 2))
        power, of_noise = float(np.square(height[block]).sum()), float(noise[block].sum())
        if power > _CLEAR * of_noise:
            kept[block] = 1 - of_noise / power
        first = block.stop
    random = np.random.Generator(np.random.SFC64([seed, 3])).standard_normal((SHAPES // 2, len(j)))
    unknown = np.sqrt(kept * noise) * random
    heights = kept * height + np.concatenate((unknown, -unknown))
    smooth: Array = np.einsum("sj,jb->sb", heights, waves) * size
    return smooth


def variances(cells: Cells) -> Array:
    """The variance of the sum of a - c over each cell, [B]: of a calibrated model, or the observed one if larger."""
    size = cells.sums.size
    share = (cells.sums.correct + cells.right / size) / (size + 1)
    larger: Array = np.maximum(cells.sums.variance, size * share * (1 - share))
    return larger
