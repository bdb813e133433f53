"""Intervals on the scale of log odds, for numbers in (0, 1) that few samples decide: ranks of a handful of errors.

Percentiles of resamples share the skewness of the estimate but lean to the wrong side: of 200 samples with 6 errors, 82
to 88 % of such intervals of aurc and failure_auroc contained the truth. Log odds are nearly normal (Davison and Hinkley
1997, section 5.2.1, on transformed scales).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


# Resamples that vary less than this, relative to the estimate, vary by rounding alone.
_ROUNDING = 1e-12


def log_odds_interval(
    estimate: float, drawn: NDArray[Any], units: float, quantile: float
) -> tuple[float, float] | None:
    """The interval of an estimate; None if it is not in (0, 1), or the resamples differ by rounding alone.

    Args:
        estimate: the value of the samples themselves.
        drawn: the values of the resamples, [resamples]; nan values are left out.
        units: the number of samples or clusters that a resample draws.
        quantile: by how many standard errors the interval reaches to each side.
    """
    drawn = drawn[~np.isnan(drawn)]
    if not 0 < estimate < 1 or units <= 1 or not len(drawn):
        return None
    # Resamples vary less than samples, as a variance divided by n.
    stderr = float(np.std(drawn)) * math.sqrt(units / (units - 1))
    if stderr <= _ROUNDING * estimate * (1 - estimate):
        return None
    return in_log_odds(estimate, quantile * stderr)


def in_log_odds(share: float, half: float) -> tuple[float, float]:
    """The interval of a share in (0, 1), symmetric in log odds; near the share, `half` reaches to each side of it."""
    centre, half = math.log(share / (1 - share)), half / (share * (1 - share))
    return _share(centre - half), _share(centre + half)


def _share(log_odds: float) -> float:
    e = math.exp(-abs(log_odds))
    return 1 / (1 + e) if log_odds >= 0 else e / (1 + e)
