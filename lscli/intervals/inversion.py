"""Intervals by inverting a test: the values that the observed number does not contradict (Lehmann and Romano, 3.5).

An error of calibration is biased upwards, so no interval around it contains the truth. A family of models, from
calibrated (t = 0) over what was observed (about t = 1) to what is worse, is simulated instead. The ends are those of
the models whose simulated values have the observed one at an edge of their central part.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

# The ends are searched to this share of themselves, far below the noise of 1,000 simulations.
_TOLERANCE = 2e-3


class Family(NamedTuple):
    """Models from calibrated on, whose metric does not fall with t.

    Attributes:
        simulated: the metric of simulated samples at t, [draws]; from the same random numbers at each t, so that it
            changes continuously.
        value: the metric of endlessly many samples at t; 0 at t = 0.
        most: the largest t.
    """

    simulated: Callable[[float], Array]
    value: Callable[[float], float]
    most: float


def inverted(observed: float, family: Family, level: float) -> tuple[float, float]:
    """The interval of a metric by inversion; nan if the observed value is nan.

    The lower end is 0 if the observed value is no larger than those of calibrated models. It need not contain the
    observed value.

    Args:
        observed: the metric of the sample.
        family: models, of which one is close to the truth.
        level: the confidence level, in (0, 1).
    """
    if math.isnan(observed):
        return math.nan, math.nan
    tail = (1 - level) / 2
    return (
        family.value(_reaching(observed, family, 1 - tail)),
        family.value(_reaching(observed, family, tail)),
    )


def _reaching(observed: float, family: Family, share: float) -> float:
    """The least t at which this quantile of the simulated values is the observed value; `most` if none is."""

    def reaches(t: float) -> bool:
        return float(np.quantile(family.simulated(t), share)) >= observed

    if reaches(0.0):
        return 0.0
    low, high = 0.0, min(1.0, family.most)
    while not reaches(high):
        if high >= family.most:
            return family.most
        low, high = high, min(2 * high, family.most)
    while high - low > _TOLERANCE * high:
        middle = (low + high) / 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high
