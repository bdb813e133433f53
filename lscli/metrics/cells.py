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
from lscli.metrics.isotonic import SCIPY_ROOM
from lscli.metrics.sorted_values import sorted_by

if TYPE_CHECKING:
    from lscli.table import SampleTable

Array = NDArray[Any]

# So many confidences have a cell each; more share about so many of equal weight.
_EACH, _BY_WEIGHT = 256, 128
# The most cells of equal width that are not empty.
_BY_WIDTH = 512
# Cells of [0, 1] for smece: at most and at least this many, and about this many for each smece.
_FINEST, _COARSEST, _PER_SMECE = 1 << 11, 1 << 6, 4
# Modes with n pi s above this are left out of simulations: their factor is below 1e-4.
_LAST = 4.3
# The root of smece is found to this share of itself.
_CLOSE = 1e-3
_STEPS = 30


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
    """A cell for each of at most 256 confidences, or about 128 cells of equal weight.

    Those near 0 and 1 are split further, so that neither c nor 1 - c differs by more than a factor of 2 within a cell,
    and a loss by no more than ln 2. Equal confidences share a cell.
    """
    return table.kept_weighted(_by_weight)


def by_width(table: SampleTable) -> Cells:
    """Cells of equal width, at most a quarter of smece: 2048, or as many as leave at most 512 that are not empty."""
    return table.kept_weighted(_by_width)


def _by_weight(table: SampleTable) -> Cells:
    ascending = sorted_by(table, "confidence")
    weight, first = ascending.weights(table), ascending.order[ascending.starts]
    below = np.cumsum(weight) - weight
    part = np.minimum(np.floor(below * (_BY_WEIGHT / table.total) + 1e-9), _BY_WEIGHT - 1)
    if np.count_nonzero(weight) <= _EACH:
        part = np.arange(len(first))
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
    folded = _folded(table, node, cells)
    wanted = _PER_SMECE / max(float(smece(folded, folded.sums.residual[None])[0]), 1e-300)
    while cells >= 2 * max(wanted, _COARSEST):
        cells, node = cells // 2, node // 2
    return _folded(table, node, cells) if cells < folded.grid else folded


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
    share = gaps / cells.sums.size.sum()
    # smece is never below the gap, where the excess may be at most 0, and never above sum |r|.
    low, high = np.abs(share.sum(axis=1)), np.abs(share).sum(axis=1)
    return _roots(_modes(cells, share), low, high)


def smoothed(cells: Cells, s: float) -> Callable[[Array], Array]:
    """A function of gaps [d, B], that of smece at one s: f(s), [d]. It is at least s where smece is, and only there."""
    total = cells.sums.size.sum()

    def f(gaps: Array) -> Array:
        return _excess(_modes(cells, gaps / total, _needed(cells.grid, s)), np.full(len(gaps), s)) + s

    return f


def _roots(modes: Array, low: Array, high: Array) -> Array:
    """Where the falling excess of each set is 0, by regula falsi, Illinois variant (Dowell and Jarratt 1971)."""
    at_low, at_high = _excess(modes, low), _excess(modes, high)
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


def _needed(grid: int, s: float) -> int:
    """How many modes f(s) needs, at most as many as the grid has cells."""
    return math.ceil(_LAST / (math.pi * max(s, _LAST / (math.pi * grid))))


def _modes(cells: Cells, share: Array, count: int | None = None) -> Array:
    """m_n = sum_b r_b cos(n pi c_b) of each label set, c_b the centre of cell b, [d, count], `grid` if not given."""
    circle = np.zeros((len(share), 2 * cells.grid))
    circle[:, cells.node] = share
    n = np.arange(cells.grid if count is None else count)
    modes: Array = (np.fft.rfft(circle, axis=1)[:, : len(n)] * np.exp(-0.5j * math.pi / cells.grid * n)).real
    return modes


def _excess(modes: Array, s: Array) -> Array:
    """f(s) - s of each label set, s [d]: the integral of |F_s| as in `smooth_ece`, by the trapezoidal rule."""
    n = np.arange(_needed(modes.shape[1], float(s.min())))
    damped = np.exp(-0.5 * np.square(math.pi * n * s[:, None])) * modes[:, : len(n)]
    points = 32 * math.ceil(max(1.0, len(n) / 20))
    f = np.abs(np.fft.irfft(damped, 2 * points, axis=1, norm="forward")[:, : points + 1])
    excess: Array = (f.sum(axis=1) - (f[:, 0] + f[:, -1]) / 2) / points - s
    return excess


class Shares(NamedTuple):
    """Shares of right and of wrong samples, [..., B] each; both keep their digits near 0."""

    right: Array
    wrong: Array


# How much worse other forecasts score than some, of labels with these shares: (y, forecast, other), [..., B] each.
Score = Callable[[Shares, Shares, Shares], NDArray[Any]]


def brier(y: Shares, forecast: Shares, other: Shares) -> Array:
    """(y - other)^2 - (y - forecast)^2."""
    worse: Array = (other.right - forecast.right) * ((other.right - y.right) + (forecast.right - y.right))
    return worse


def nll(y: Shares, forecast: Shares, other: Shares) -> Array:
    """y ln(r / other) + (1 - y) ln((1 - r) / (1 - other)), 0 ln 0 = 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        parts = [np.where(a > 0, a * np.log(r / b), 0.0) for a, r, b in zip(y, forecast, other, strict=True)]
    worse: Array = parts[0] + parts[1]
    return worse


def confidences(cells: Cells) -> Shares:
    """The mean of c and of 1 - c in each cell."""
    return Shares(cells.right / cells.sums.size, cells.wrong / cells.sums.size)


def shares(cells: Cells, gaps: Array, score: Score) -> Shares:
    """The shares in each cell, [..., B], from the sums of a - c.

    The noise of clusters may carry them beyond 0 and 1. There brier is defined, and varies as it should; nll is not.
    """
    y = ((cells.right + gaps) / cells.sums.size, (cells.wrong - gaps) / cells.sums.size)
    return Shares(*(np.clip(x, 0.0, 1.0) if score is nll else x for x in y))


def mean_share(cells: Cells, y: Shares) -> Shares:
    """The shares among all samples, [..., 1]."""
    weight = cells.sums.size / cells.sums.size.sum()
    return Shares(*((x * weight).sum(axis=-1, keepdims=True) for x in y))


def lost(cells: Cells, score: Score, y: Shares, forecast: Shares) -> Array:
    """How much worse forecasts score than the isotonic regression of y [d, B] on c (CORP), of each label set, [d]."""
    size = cells.sums.size
    worse = (score(y, isotonic(cells, y), forecast) * size).sum(axis=-1)
    error: Array = np.maximum(worse, 0.0) / size.sum()
    return error


def isotonic(cells: Cells, y: Shares) -> Shares:
    """The isotonic regression of y on c in each label set, [d, B]."""
    check_room("scipy", SCIPY_ROOM)
    from scipy.optimize import isotonic_regression

    sets, width = y.right.shape
    # One regression for all label sets: those of a later one are above all of an earlier one, so they never pool.
    apart = (y.right + (1 + np.ptp(y.right)) * np.arange(sets)[:, None]).ravel()
    blocks = isotonic_regression(apart, weights=np.tile(cells.sums.size, sets)).blocks
    # Pooled from both sums, so that shares near 0 and 1 keep their digits.
    right, wrong = (np.add.reduceat((x * cells.sums.size).ravel(), blocks[:-1]) for x in y)
    lengths = np.diff(blocks)
    return Shares(*(np.repeat(x / (right + wrong), lengths).reshape(sets, width) for x in (right, wrong)))
