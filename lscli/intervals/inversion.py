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

# The search for an end stops at this share of the spread of simulated values, far below the noise of 1,000
# simulations, or where t is known to this share of itself.
_TOLERANCE, _NARROW, _STEPS = 1e-2, 1e-3, 60
_CENTRAL = (0.16, 0.84)
_ROUNDING = 1e-9
_LARGEST = 1e300
# Values this near are equal, too: an error of 0 with confidences of 1 does not show that no sample can be wrong.
_NOTHING = 1e-13


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
    observed value. Below the 16 % quantile of calibrated models, a value counts as that quantile for the upper end:
    an error that is small by luck does not show that there is none (Cowan et al. 2011, power-constrained limits).

    Args:
        observed: the metric of the sample.
        family: models, of which one is close to the truth.
        level: the confidence level, in (0, 1).
    """
    if math.isnan(observed):
        return math.nan, math.nan
    tail = (1 - level) / 2
    # A value may be as likely as not exactly the observed one, but for rounding, as where no sample is wrong.
    low = family.value(_reaching(observed * (1 - _ROUNDING) - _NOTHING, family, 1 - tail))
    lucky = float(np.quantile(np.minimum(family.simulated(0.0), _LARGEST), _CENTRAL[0]))
    high = family.value(_reaching(max(observed, lucky) * (1 + _ROUNDING) + _NOTHING, family, tail))
    return low, max(low, high)  # where values hardly vary, the search may end on either side


def _reaching(observed: float, family: Family, share: float) -> float:
    """The least t at which this quantile of the simulated values is at least `observed`; `most` if none is."""

    def excess(t: float) -> tuple[float, float]:
        # An infinite value, such as a loss, is beyond any observed one; between two of them, a quantile would be nan.
        values = np.minimum(family.simulated(t), _LARGEST)
        # The next value of a model exceeds this quantile with its very probability (Weibull 1939).
        low, at, high = np.quantile(values, (_CENTRAL[0], share, _CENTRAL[1]), method="weibull")
        return float(at) - observed, float(high - low) if high < _LARGEST else 0.0

    low, high = 0.0, min(1.0, family.most)
    below, _ = excess(low)
    if below >= 0:
        return low
    above, spread = excess(high)
    while above < 0:
        if high >= family.most:
            return family.most
        # A little beyond where the quantile would get there if it went on as before.
        beyond = high + 1.2 * (high - low) * -above / (above - below) if above > below else math.inf
        low, below = high, above
        high = min(max(beyond, 1.02 * high), 4 * high, family.most)
        above, spread = excess(high)
    side = 0
    for step in range(_STEPS):
        # The quantile is nearly linear in t. Each fourth step halves what is left where it jumps.
        aim = min(_TOLERANCE / 2 * spread, above)
        part = 0.5 if step % 4 == 3 else (aim - below) / (above - below)
        t = low + (high - low) * part
        at_t, spread = excess(t)
        # Where several t have the observed value at this quantile, the search goes on to the end of them.
        if 2 * _ROUNDING * observed < at_t <= _TOLERANCE * spread:
            return t
        # An end that stays a second time counts half (regula falsi, Illinois variant: Dowell and Jarratt 1971).
        if at_t >= 0:
            high, above, below, side = t, at_t, below / 2 if side > 0 else below, 1
        else:
            low, below, above, side = t, at_t, above / 2 if side < 0 else above, -1
        if high - low <= _NARROW * high:
            break
    return high
