"""Calibration of the top label, or of one of two classes: how far confidence is from accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics import binned_errors, smooth_ece
from lscli.metrics.base import SHARE, Metric, Settings, Value
from lscli.metrics.confidence import residual
from lscli.metrics.sorted_values import sorted_by

if TYPE_CHECKING:
    from lscli.table import SampleTable


def ks_calibration(table: SampleTable, settings: Settings) -> list[Value]:
    """max_k |sum over the k least confident of (a - c)| / N, equal c taken together (Gupta et al. 2021, section 3)."""
    if not table.total:
        return [Value(math.nan)]
    along = np.cumsum(sorted_by(table, "confidence").weighted_sums(table, residual(table)))
    return [Value(float(np.abs(along).max()) / table.total)]


def spiegelhalter_z(table: SampleTable, settings: Settings) -> list[Value]:
    """The standardised excess of the Brier score over its expectation (Spiegelhalter 1986)."""
    score, variance = table.kept(_spiegelhalter_terms)
    if table.weight is not None:
        score, variance = score * table.weight, variance * table.weight
    spread = float(np.add.reduce(variance))
    return [Value(float(np.add.reduce(score)) / math.sqrt(spread) if spread > 0 else math.nan)]


def _spiegelhalter_terms(table: SampleTable) -> tuple[np.ndarray, np.ndarray]:
    c, rest = table["confidence"], table["one_minus_confidence"]
    slope = rest - c  # 1 - 2c
    return residual(table) * slope, slope * slope * c * rest


def spiegelhalter_p(table: SampleTable, settings: Settings) -> list[Value]:
    """2 (1 - Phi(|z|)) = erfc(|z| / sqrt 2), which keeps its digits when it is small."""
    return [Value(math.erfc(abs(spiegelhalter_z(table, settings)[0].value) / math.sqrt(2)))]


_COLUMNS = frozenset({"confidence", "one_minus_confidence", "correct"})

METRICS = (
    *binned_errors.METRICS,
    *smooth_ece.METRICS,
    Metric(
        "ks_calibration",
        "the largest |sum of (a - c) over the samples up to a confidence| / N, in ascending order of c, equal c taken "
        "together (Gupta et al. 2021)",
        _COLUMNS,
        ks_calibration,
        "largest cumulative gap",
        interval="inversion",
        of_class=True,
    ),
    Metric(
        "spiegelhalter_z",
        "sum (a - c)(1 - 2c) / sqrt(sum (1 - 2c)^2 c (1 - c)); above 0 is over-confident if all c > 1/2 "
        "(Spiegelhalter 1986)",
        _COLUMNS,
        spiegelhalter_z,
        "test of calibration, normal",
        of_class=True,
    ),
    Metric(
        "spiegelhalter_p",
        "2 (1 - Phi(|spiegelhalter_z|)), two-sided",
        _COLUMNS,
        spiegelhalter_p,
        "p-value of spiegelhalter_z",
        of_class=True,
        within=SHARE,
    ),
)
