"""smece as relplot computes it, for `--compat relplot`.

It differs from the definition in `smooth_ece.py` in four ways. The residuals are spread over a grid that is reflected
at its first and last point, so that what lies at 0 or 1 is counted once where everything else is counted twice. The
integral of the absolute value is divided by that of the smoothed number of samples, in which the same half is missing,
and to which 1e-4 is added. The kernel ends half a unit from its centre. And the width is sought on a grid of 2^-10,
and the result is the error at that width, not the width.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.confidence import residual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

_HALVINGS = 10
_SMALLEST_WIDTH = 1e-3  # a smaller width is accepted without a look at the error
_LEAST_POINTS, _LEAST_PLACES = 2000, 200
_FLOOR = 1e-4  # added to the smoothed number of samples


def relplot_smece(table: SampleTable) -> float:
    """The error at the smallest width above f(s) - s = 0, by bisection of (0, 1]."""
    width, low = 1.0, 0.0
    if not table.total:
        return math.nan
    error = _error(table, width)
    if width < error:
        return error
    for _ in range(_HALVINGS):
        middle = (low + width) / 2
        at_middle = math.inf if middle < _SMALLEST_WIDTH else _error(table, middle)
        if middle < at_middle:
            low = middle
        else:
            width, error = middle, at_middle
    return error


def _error(table: SampleTable, width: float) -> float:
    """The integral of the smoothed |a - c| over that of the smoothed number of samples, both summed over places."""
    points = max(_LEAST_POINTS, round(20 / width)) // 2 + 1
    places = np.linspace(0.0, 1.0, max(_LEAST_PLACES, round(10 / width)))
    grid = np.linspace(0.0, 1.0, points)
    count = np.ones(len(table)) if table.weight is None else table.weight
    on_grid = np.stack([_on_grid(table, values, points) for values in (residual(table) * count, count)])
    gap, number = (np.interp(places, grid, values) for values in _smoothed(on_grid, width))
    return float(np.abs(gap).sum() / (number + _FLOOR).sum())


def _on_grid(table: SampleTable, values: Array, points: int) -> Array:
    """The values [n] shared between the two grid points next to each confidence, [points]."""
    place = table["confidence"] * (points - 1)
    below = np.minimum(place.astype(np.intp), points - 2)
    above = place - below
    spread: Array = np.bincount(below, (1.0 - above) * values, points)
    spread[1:] += np.bincount(below, above * values, points)[: points - 1]
    return spread


def _smoothed(values: Array, width: float) -> Array:
    """The values on the grid, [2, points], smoothed by a normal density that ends half a unit from its centre."""
    points = values.shape[1]
    distance = np.linspace(0.0, 1.0, points) - 0.5
    kernel = np.exp(-(distance**2) / (2 * width**2)) / (math.sqrt(2 * math.pi) * width)
    # Reflected about the two end points, which are not repeated.
    reflected = np.concatenate((values[:, :0:-1], values, values[:, -2::-1]), axis=1)
    # A product of this length wraps around only into the first `points - 1` values, which are not used.
    length = 1 << (reflected.shape[1] - 1).bit_length()
    product: Array = np.fft.irfft(np.fft.rfft(reflected, length) * np.fft.rfft(kernel, length), length)
    first = points - 1 + points // 2
    return product[:, first : first + points]
