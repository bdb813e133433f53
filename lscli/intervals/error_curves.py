"""How large the calibration error of a model may be, at every level: a confidence distribution (Xie and Singh 2013).

Two of them, with the correlation of the errors of two models on the same samples, make the distribution of a
difference of errors. A difference of two estimates would not do: noise makes both larger, by amounts that differ.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

# The intervals that make a curve reach to so many standard deviations of a normal distribution to both sides.
# 1.9599 is just within 95 %, so that an interval of 95 % that begins at 0 counts.
_REACHES = (0.25, 0.675, 1.15, 1.6448, 1.9599, 2.5758)
_NORMAL = NormalDist()
# Beyond this z, a probability is 0 in float64.
_FAR = 40.0


class ErrorCurve:
    """The ends of intervals of an error at several levels, joined by straight lines over normal quantiles z.

    Where a calibrated model does not contradict the observed error, the error may be 0. There the curve goes on below
    0, as steeply as above it, so that two calibrated models differ by 0 on average, whatever noise makes of both.

    Attributes:
        zero: the z up to which the error may be 0; -inf if it is shown at each level.
    """

    def __init__(self, interval: Callable[[float], tuple[float, float]]) -> None:
        """The curve of a function that gives the interval of the error at a level."""
        ends = [interval(2 * _NORMAL.cdf(reach) - 1) for reach in _REACHES]
        self._z = np.array([*(-reach for reach in reversed(_REACHES)), *_REACHES])
        value = np.maximum.accumulate([*(low for low, _ in reversed(ends)), *(high for _, high in ends)])
        self.zero = -math.inf
        at_zero = int(np.count_nonzero(value <= 0))
        if at_zero:
            last = min(at_zero, len(value)) - 1
            self.zero = float(self._z[last])
            rest = self._z[-1] - self._z[last]
            slope = value[-1] / rest if rest > 0 else 0.0
            value[: last + 1] = slope * (self._z[: last + 1] - self._z[last])
        self._value = value

    @property
    def finite(self) -> bool:
        """Whether there is an interval, with finite ends, at each level."""
        return bool(np.isfinite(self._value).all())

    def at(self, z: Array) -> Array:
        """The error at each z; beyond its ends, the curve goes on straight."""
        inside: Array = np.interp(z, self._z, self._value)
        for end, next_to, sign in ((-1, -2, 1.0), (0, 1, -1.0)):
            slope = (self._value[end] - self._value[next_to]) / (self._z[end] - self._z[next_to])
            inside += slope * sign * np.maximum(sign * (z - self._z[end]), 0.0)
        return inside

    def upper(self, z: float) -> float:
        """The upper end of the error where the lower end is as far on the other side; at least 0."""
        return max(0.0, float(self.at(np.array([z]))[0]))

    def within(self, value: float) -> float:
        """The z from which on the error is at least this value, above 0; infinite if it never is."""
        low, high = -_FAR, _FAR
        if self.upper(high) < value:
            return math.inf
        while high - low > _FAR * 1e-12:
            middle = (low + high) / 2
            low, high = (middle, high) if self.upper(middle) < value else (low, middle)
        return high
