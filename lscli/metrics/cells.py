"""Calibration errors without bins for many label sets at once: samples are folded into fine cells of confidences.

A cell is narrow beside what noise smooths, so that an error needs only the number of right samples of each cell, and
thousands of label sets cost what a few do sample by sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli.limits import check_room
from lscli.metrics.bins import BinSums
from lscli.metrics.confidence import residual
from lscli.metrics.corp_decomposition import SCIPY_ROOM
from lscli.metrics.sorted_values import sorted_by

if TYPE_CHECKING:
    from lscli.table import SampleTable

Array = NDArray[Any]

# The most cells of about equal weight, and the most cells of equal width that are not empty.
_BY_WEIGHT, _BY_WIDTH = 256, 512
# Cells of [0, 1] for smece: at most this many.
_FINEST = 1 << 11
# Modes with n pi s above this are left out of simulations: their factor is below 1e-4.
_LAST = 4.3
# Numbers of a block of label sets whose modes are computed at a time.
_BLOCK = 1 << 19
# The root of smece is found to this share of itself.
_CLOSE = 1e-3
_STEPS = 12


class Cells(NamedTuple):
    """Samples folded into cells of confidences, in ascending order; no cell is empty.

    Attributes:
        sums: the sums over the samples of each cell, [B] each.
        wrong: [B], the sum of 1 - c over each cell, which keeps its digits near 0.
        of_sample: [n], the cell of each sample; those of weight 0 have any.
        node: [B], the number of each cell on a grid of `grid` cells of equal width; empty for other cells.
        grid: the number of cells of the grid; 0 for other cells.
    """

    sums: BinSums
    wrong: Array
    of_sample: Array
    node: Array
    grid: int

    @property
    def right(self) -> Array:
        """The sum of c over each cell, [B]."""
        right: Array = np.clip(self.sums.correct - self.sums.residual, 0.0, self.sums.size)
        return right


def by_weight(table: SampleTable) -> Cells:
    """At most about 256 cells of equal weight.

    Those near 0 and 1 are split further, so that neither c nor 1 - c differs by more than a factor of 2 within a cell,
    and a loss by no more than ln 2. Equal confidences share a cell.
    """
    return table.kept_weighted(_by_weight)


def by_width(table: SampleTable) -> Cells:
    """Cells of equal width, 2048 or as many as leave at most 512 that are not empty."""
    return table.kept_weighted(_by_width)


def _by_weight(table: SampleTable) -> Cells:
    ascending = sorted_by(table, "confidence")
    weight = ascending.weights(table)
    below = np.cumsum(weight) - weight
    part = np.minimum(np.floor(below * (_BY_WEIGHT / table.total) + 1e-9), _BY_WEIGHT - 1)
    first = ascending.order[ascending.starts]
    scales = [np.frexp(table[name][first])[1] for name in ("confidence", "one_minus_confidence")]
    cell = np.cumsum(np.any([np.diff(x, prepend=x[:1]) != 0 for x in (part, *scales)], axis=0))
    of_sample = np.empty(len(table), np.intp)
    of_sample[ascending.order] = np.repeat(cell, np.diff(ascending.starts, append=len(table)))
    return _folded(table, of_sample, 0)


def _by_width(table: SampleTable) -> Cells:
    cells = _FINEST
    node = np.minimum((table["confidence"] * cells).astype(np.intp), cells - 1)
    while np.count_nonzero(np.bincount(node, table.weight, cells)) > _BY_WIDTH:
        cells, node = cells // 2, node // 2
    return _folded(table, node, cells)


def _folded(table: SampleTable, of_sample: Array, grid: int) -> Cells:
    c, rest = table["confidence"], table["one_minus_confidence"]
    weight = np.ones(len(table)) if table.weight is None else table.weight

    def sums(x: Array) -> Array:
        return np.bincount(of_sample, x * weight)

    size = np.bincount(of_sample, weight)
    full = size > 0
    found = BinSums(size, sums(residual(table)), sums(table["correct"]), sums(c * rest))
    place = np.maximum(np.cumsum(full) - 1, 0)
    return Cells(
        BinSums(*(x[full] for x in found)),
        sums(rest)[full],
        place[of_sample],
        np.flatnonzero(full) if grid else np.empty(0, np.intp),
        grid,
    )


def ks_calibration(cells: Cells, gaps: Array) -> Array:
    """The largest cumulative gap of each label set, [d], from gaps [d, B]."""
    largest: Array = np.abs(np.cumsum(gaps, axis=1)).max(axis=1) / cells.sums.size.sum()
    return largest


def smece(cells: Cells, gaps: Array) -> Array:
    """The root of f(s) = s of each label set, [d], from gaps [d, B] of cells of equal width."""
    share, rows = gaps / cells.sums.size.sum(), _BLOCK // cells.grid
    return np.concatenate([_smece(cells, share[start : start + rows]) for start in range(0, len(share), rows)])


def _smece(cells: Cells, share: Array) -> Array:
    low, high = np.abs(share.sum(axis=1)), np.abs(share).sum(axis=1)
    modes = _modes(cells, share)
    # Halve s until each root is known to lie between s and 2 s. A smaller s needs more modes.
    s, finest = 0.25, 0.5 / cells.grid
    searched = low < high * (1 - _CLOSE)
    while s > finest and (searched & (low < s)).any():
        above = _excess(modes, np.full(len(share), s)) > 0
        high = np.where(above | (s >= high), high, np.maximum(s, low))
        low = np.where(above & searched, np.maximum(low, s), low)
        searched &= ~above
        s /= 2
    return _roots(modes, low, high)


def _roots(modes: Array, low: Array, high: Array) -> Array:
    """Where the falling excess of each set is 0, by regula falsi, Illinois variant (Dowell and Jarratt 1971)."""
    at_low, at_high = _excess(modes, low), _excess(modes, high)
    # smece is never below the gap, where the excess may be at most 0, and never above sum |r|.
    open_ = (at_low > 0) & (at_high < 0)
    x, side = np.where(at_low > 0, high, low), np.zeros(len(low))
    low = np.where(open_, low, x)
    for _ in range(_STEPS):
        if not (open_ & (high - low > _CLOSE * low)).any():
            break
        slope = np.where(open_, at_low - at_high, 1.0)
        x = np.where(open_, low + (high - low) * np.where(open_, at_low, 0.0) / slope, low)
        at_x = _excess(modes, x)
        if (np.abs(at_x[open_]) <= _CLOSE * x[open_]).all():
            break
        up = at_x > 0
        at_low, at_high = (
            np.where(up, at_x, np.where(side < 0, at_low / 2, at_low)),
            np.where(up, np.where(side > 0, at_high / 2, at_high), at_x),
        )
        low, high = np.where(up & open_, x, low), np.where(up | ~open_, high, x)
        side = np.where(up, 1.0, -1.0)
    return np.where(open_, x, low)


def _modes(cells: Cells, share: Array) -> Array:
    """m_n = sum_b r_b cos(n pi c_b) of each label set, c_b the centre of cell b, [d, grid]."""
    circle = np.zeros((len(share), 2 * cells.grid))
    circle[:, cells.node] = share
    n = np.arange(cells.grid)
    modes: Array = (np.fft.rfft(circle, axis=1)[:, :-1] * np.exp(-0.5j * math.pi / cells.grid * n)).real
    return modes


def _excess(modes: Array, s: Array) -> Array:
    """f(s) - s of each label set, s [d]: the integral of |F_s| as in `smooth_ece`, by the trapezoidal rule."""
    least = max(float(s.min()), _LAST / (math.pi * modes.shape[1]))
    n = np.arange(min(modes.shape[1], math.ceil(_LAST / (math.pi * least))))
    damped = np.exp(-0.5 * np.square(math.pi * n * s[:, None])) * modes[:, : len(n)]
    points = max(32, 2 << (len(n) - 1).bit_length())
    f = np.abs(np.fft.irfft(damped, 2 * points, axis=1, norm="forward")[:, : points + 1])
    excess: Array = (f.sum(axis=1) - (f[:, 0] + f[:, -1]) / 2) / points - s
    return excess


class Shares(NamedTuple):
    """Shares of right and of wrong samples, [..., B] each; both keep their digits near 0."""

    right: Array
    wrong: Array


# How much worse forecasts r score than the shares y themselves, [..., B].
Divergence = Callable[[Shares, Shares], NDArray[Any]]


def brier(y: Shares, r: Shares) -> Array:
    """(y - r)^2, of the smaller of the two shares."""
    return np.square(np.where(y.right + r.right < y.wrong + r.wrong, y.right - r.right, y.wrong - r.wrong))


def nll(y: Shares, r: Shares) -> Array:
    """y ln(y / r) + (1 - y) ln((1 - y) / (1 - r)), 0 ln 0 = 0."""
    with np.errstate(divide="ignore"):
        parts = [a * np.log(np.where(a > 0, a, 1.0) / np.where(a > 0, b, 1.0)) for a, b in zip(y, r, strict=True)]
    divergence: Array = parts[0] + parts[1]
    return divergence


def confidences(cells: Cells) -> Shares:
    """The mean of c and of 1 - c in each cell."""
    return Shares(cells.right / cells.sums.size, cells.wrong / cells.sums.size)


def shares(cells: Cells, gaps: Array) -> Shares:
    """The shares in each cell, [..., B], from the sums of a - c."""
    size = cells.sums.size
    return Shares(*(np.clip(x / size, 0.0, 1.0) for x in (cells.right + gaps, cells.wrong - gaps)))


def mean_share(cells: Cells, y: Shares) -> Shares:
    """The shares among all samples, [..., 1]."""
    weight = cells.sums.size / cells.sums.size.sum()
    return Shares(*((x * weight).sum(axis=-1, keepdims=True) for x in y))


def lost(cells: Cells, divergence: Divergence, y: Shares, forecast: Shares) -> Array:
    """How much worse forecasts score than the isotonic regression of y [d, B] on c (CORP), of each label set, [d]."""
    check_room("scipy", SCIPY_ROOM)
    from scipy.optimize import isotonic_regression

    size = cells.sums.size
    blocks = [isotonic_regression(row, weights=size).blocks for row in y.right]
    # Pooled from both sums, so that shares near 0 and 1 keep their digits.
    starts = np.concatenate([each[:-1] + number * len(size) for number, each in enumerate(blocks)])
    lengths = np.concatenate([np.diff(each) for each in blocks])
    right, wrong = (np.add.reduceat((x * size).ravel(), starts) for x in y)
    fit = Shares(*(np.repeat(x / (right + wrong), lengths).reshape(y.right.shape) for x in (right, wrong)))
    worse = ((divergence(y, forecast) - divergence(y, fit)) * size).sum(axis=-1)
    error: Array = np.maximum(worse, 0.0) / size.sum()
    return error
