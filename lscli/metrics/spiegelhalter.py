"""Spiegelhalter's test of calibration (Spiegelhalter 1986): whether the Brier score is what the confidences expect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import SHARE, Metric, Settings, Value, independent
from lscli.metrics.confidence import residual
from lscli.table import weighted_sum

if TYPE_CHECKING:
    from lscli.table import SampleTable

# Below this sum of c (1 - c), p is that of the exact distribution, in which 1 - 2c is rounded to so many steps.
_EXACT, _STEPS = 20.0, 64
# Distances from the mean that differ by less than this share are equal.
_ROUNDING = 1e-9
# The sum of so many probabilities is rounded by less than this.
_LEAST = 1e-12


def spiegelhalter_z(table: SampleTable, settings: Settings) -> list[Value]:
    """The standardised excess of the Brier score over its expectation."""
    score, variance = table.kept(_terms)
    spread = weighted_sum(variance, table.weight)
    return [Value(weighted_sum(score, table.weight) / math.sqrt(spread) if spread > 0 else math.nan)]


def _terms(table: SampleTable) -> tuple[np.ndarray, np.ndarray]:
    c, rest = table["confidence"], table["one_minus_confidence"]
    slope = rest - c  # 1 - 2c
    return residual(table) * slope, slope * slope * c * rest


def spiegelhalter_p(table: SampleTable, settings: Settings) -> list[Value]:
    """2 (1 - Phi(|z|)) = erfc(|z| / sqrt 2), which keeps its digits when it is small; exact where few samples vary."""
    z = spiegelhalter_z(table, settings)[0].value
    if not math.isnan(z) and weighted_sum(table["confidence"] * table["one_minus_confidence"], table.weight) < _EXACT:
        return [Value(_exact(table))]
    return [Value(math.erfc(abs(z) / math.sqrt(2)))]


def _exact(table: SampleTable) -> float:
    """The probability of a sum as far from its mean, if each sample is right with its chance c; at least 1e-12.

    (a - c)(1 - 2c) = (b - q)(1 - 2q), where q <= 1/2 is the smaller of c and 1 - c, and b is 1 if that one happens.
    """
    from lscli.metrics.event_counts import Events, SumDistribution  # rarely needed

    c, rest, weight = table["confidence"], table["one_minus_confidence"], table.weight
    rare, slope = np.minimum(c, rest), np.abs(rest - c)
    happens = table["correct"] == (c <= rest)
    counted = slice(None) if weight is None else weight > 0
    step = np.rint(slope * (_STEPS / slope[counted].max())).astype(np.int64)
    observed = weighted_sum(np.where(happens, step, 0), weight)
    expected = weighted_sum(rare * step, weight)
    distribution = SumDistribution.of(Events.of(rare, step, weight))
    as_far = np.abs(distribution.sums - expected) >= abs(observed - expected) * (1 - _ROUNDING)
    return max(_LEAST, distribution.where(as_far))


_COLUMNS = frozenset({"confidence", "one_minus_confidence", "correct"})

METRICS = (
    Metric(
        "spiegelhalter_z",
        "sum (a - c)(1 - 2c) / sqrt(sum (1 - 2c)^2 c (1 - c)), missing where the root is 0; above 0 is over-confident "
        "if all c > 1/2 (Spiegelhalter 1986)",
        _COLUMNS,
        spiegelhalter_z,
        "test of calibration, normal",
        of_class=True,
        formula=r"\frac{\sum_i (a_i - c_i)(1 - 2 c_i)}{\sqrt{\sum_i (1 - 2 c_i)^2 c_i (1 - c_i)}}",
    ),
    Metric(
        "spiegelhalter_p",
        "the probability that |spiegelhalter_z| is as large if every sample is right with chance c: "
        f"2 (1 - Phi(|spiegelhalter_z|)), and where sum c (1-c) < {_EXACT:g} that of the exact distribution, in which "
        f"|1 - 2c| is rounded to {_STEPS} steps, and at least 1e-12; absent with clusters",
        _COLUMNS,
        spiegelhalter_p,
        "p-value of spiegelhalter_z",
        interval="none",
        absent=independent,
        of_class=True,
        within=SHARE,
    ),
)
