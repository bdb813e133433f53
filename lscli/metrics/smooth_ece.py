"""Smooth calibration error: how far confidence is from accuracy, without bins and their edges.

A kernel of width s smooths the residuals a - c over [0, 1], and the error is the width that equals the integral of
their absolute value. The samples are read once: on a grid their residuals become cosine modes, and each width that is
tried costs two transforms of the grid, for any number of samples.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.base import Metric, Settings, Value
from lscli.metrics.confidence import residual

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

# Cells of [0, 1], from coarse to fine. A width of 16 cells is right to 1e-8 of sum |a - c| / N.
_GRIDS = (1 << 11, 1 << 14, 1 << 17, 1 << 20)
_RESOLVED = 16
# Modes with n pi s above this are left out: their factor exp(-(n pi s)^2 / 2) is below the rounding of 1.
_LAST = 9.0
# Rounding error of f(s) per cell, which adds up to 1e-15 on the coarsest grid.
_ROUNDING = 5e-19
# Lagrange's polynomials for the six nodes about a cell, -2.5 to 2.5 cells from its centre: row k has each node's
# coefficient of u^k. Written out, since inverting a matrix loads BLAS, which takes 33 MiB of address space.
_NUMERATORS = (
    (3, -25, 150, 150, -25, 3),
    (-9, 125, -2250, 2250, -125, 9),
    (-5, 39, -34, -34, 39, -5),
    (1, -13, 34, -34, 13, -1),
    (1, -3, 2, 2, -3, 1),
    (-1, 5, -10, 10, -5, 1),
)
_LAGRANGE = np.array(_NUMERATORS) / np.array((256, 1920, 96, 48, 48, 120))[:, None]


def smece(table: SampleTable, settings: Settings) -> list[Value]:
    """The root of f(s) = s (Blasiok & Nakkiran 2023), on the coarsest grid that resolves it."""
    if settings.compat == "relplot":
        from lscli.metrics.relplot_smooth_ece import relplot_smece  # imported only for this option

        return [Value(relplot_smece(table), params={"compat": "relplot"})]
    if table.total == 0:
        return [Value(math.nan)]
    share = (residual(table) if table.weight is None else residual(table) * table.weight) / table.total
    # f(s), and so the root, lies between these two, which are equal for residuals of one sign.
    gap, highest = abs(float(np.add.reduce(share))), float(np.add.reduce(np.abs(share)))
    for cells in _GRIDS:
        lowest = gap if cells == _GRIDS[-1] else max(gap, _RESOLVED / cells)
        if lowest < highest:
            excess = partial(_excess, _modes(table, share, cells))
            if excess(lowest) > 0:
                return [Value(max(gap, _root(excess, lowest, highest, cells * _ROUNDING)))]
            highest = lowest
    return [Value(gap)]


def _place(table: SampleTable, cells: int) -> tuple[Array, Array]:
    """The cell of each confidence on a grid, [n], and its offset from the cell's centre in cells, in [-1/2, 1/2]."""
    x = table["confidence"] * float(cells)
    cell = np.minimum(x.astype(np.intp), cells - 1)
    x -= cell
    x -= 0.5
    return cell, x


def _modes(table: SampleTable, share: Array, cells: int) -> Array:
    """m_n = sum_i r_i cos(n pi c_i) of the shares r [n], n = 0..M on a grid of M cells.

    Each share is spread over six nodes so that its moments up to the fifth are unchanged. This equals interpolating
    the kernel at c from its values at the nodes, and needs only the moments of each cell.
    """
    cell, offset = table.kept(_place, cells)
    # Nodes -2..M+3 on a circle of 2M: the cosines have that period and are even, so they reflect at 0 and 1.
    circle = np.zeros(2 * cells)
    moment = share.copy()
    for power, coefficients in enumerate(_LAGRANGE):
        if power:
            moment *= offset
        of_cells = np.bincount(cell, moment, cells)
        for node, coefficient in enumerate(coefficients):
            circle[node : node + cells] += coefficient * of_cells
    modes: Array = np.fft.rfft(np.roll(circle, -2)).real
    return modes


def _excess(modes: Array, s: float) -> float:
    """f(s) - s, which falls at least as fast as s rises; f(s) is the integral of |F_s| over [0, 1].

    F_s(t) = m_0 + 2 sum_n exp(-(n pi s)^2 / 2) m_n cos(n pi t) are the residuals smoothed by a kernel of width s, from
    their modes m_n, [M + 1]. The integral is the total variation of the antiderivative G of F, which turns where F
    changes sign, so that its values there and at both ends are enough.
    """
    cells = len(modes) - 1
    n = np.arange(min(cells, math.ceil(_LAST / (math.pi * s)) if s else cells) + 1)
    damped = np.exp(-0.5 * np.square(n * (math.pi * s))) * modes[n]
    f = np.fft.irfft(damped, 2 * cells, norm="forward")[: cells + 1]
    positive = f >= 0
    left = np.flatnonzero(positive[1:] != positive[:-1])
    if not left.size:
        return abs(float(damped[0])) - s
    waves = np.zeros(len(n), np.complex128)
    waves[1:] = damped[1:] / (-1j * math.pi * n[1:])
    g = np.fft.irfft(waves.conj(), 2 * cells, norm="forward")[: cells + 1]
    g += damped[0] * np.linspace(0.0, 1.0, cells + 1)
    # G is flat at its turns, so a linear F finds them well enough; G itself is interpolated by a cubic.
    right = left + 1
    u = f[left] / (f[left] - f[right])
    v = 1.0 - u
    slopes = u * v * (v * f[left] - u * f[right]) / cells
    turns = v * v * (1.0 + 2.0 * u) * g[left] + u * u * (1.0 + 2.0 * v) * g[right] + slopes
    return float(np.abs(np.diff(turns, prepend=0.0, append=damped[0])).sum()) - s


def _root(excess: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Where a falling function, above 0 at `low`, is 0: regula falsi, Illinois variant (Dowell & Jarratt 1971)."""
    at_low, at_high = excess(low), excess(high)
    if at_high >= 0:
        return high
    above = None
    while True:
        x = low + (high - low) * (at_low / (at_low - at_high))
        at_x = excess(x)
        # The slope is -1 or steeper, so x is no further from the root than its excess.
        if abs(at_x) <= tolerance or not low < x < high:
            return x
        if at_x > 0:
            low, at_low, at_high = x, at_x, at_high / (2.0 if above is True else 1.0)
        else:
            high, at_high, at_low = x, at_x, at_low / (2.0 if above is False else 1.0)
        above = at_x > 0


METRICS = (
    Metric(
        "smece",
        "the s with f(s) = s, f(s) = integral over t in [0, 1] of |(1/N) sum_i (a_i - c_i) k_s(t, c_i)|, k_s the "
        "normal density of sd s reflected at 0 and 1, to 1e-6; never below |mean a - mean c| (Blasiok & Nakkiran "
        "2023); --compat relplot: smECE of relplot, where samples at exactly 0 or 1 count half",
        frozenset({"confidence", "one_minus_confidence", "correct"}),
        smece,
        "smooth calibration error",
        interval="inversion",
        of_class=True,
        better="lower",
    ),
)
