"""Calibration of the top label: how far confidence is from accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Metric, Settings, Value
from lscli.metrics.bins import BINS, bin_sums

if TYPE_CHECKING:
    from lscli.samples import SampleTable

_PARAMS = {"bins": BINS}


def ece(table: SampleTable, settings: Settings) -> list[Value]:
    """sum_b (n_b/N) |mean a - mean c| = sum_b |sum (a - c)| / N (Naeini et al. 2015; Guo et al. 2017, section 2)."""
    sums = bin_sums(table)
    return [Value(float(np.abs(sums.residual).sum()) / table.total, params=_PARAMS)]


def rmsce(table: SampleTable, settings: Settings) -> list[Value]:
    """sqrt(sum_b (n_b/N) (mean a - mean c)^2) (Kumar et al. 2019, section 2)."""
    sums = bin_sums(table)
    full = sums.size > 0
    squares = sums.residual[full] ** 2 / sums.size[full]
    return [Value(math.sqrt(float(squares.sum()) / table.total), params=_PARAMS)]


def mce(table: SampleTable, settings: Settings) -> list[Value]:
    """The largest |mean a - mean c| over the bins that hold samples (Naeini et al. 2015)."""
    sums = bin_sums(table)
    full = sums.size > 0
    return [Value(float((np.abs(sums.residual[full]) / sums.size[full]).max()), params=_PARAMS)]


def ece_null(table: SampleTable, settings: Settings) -> list[Value]:
    """The ece that noise alone gives: E|x| = sqrt(2/pi) sd of a normal x, bin by bin."""
    deviations = np.sqrt(bin_sums(table).variance)
    return [Value(math.sqrt(2 / math.pi) * float(deviations.sum()) / table.total, params=_PARAMS)]


_COLUMNS = frozenset({"confidence", "one_minus_confidence", "correct"})

METRICS = (
    Metric(
        "ece",
        f"sum_b (n_b/N) |mean a - mean c| over {BINS} equal-width bins (lo, hi] of c, 0 in the first, 1 in the last",
        _COLUMNS,
        ece,
        "expected calibration error",
        default=True,
    ),
    Metric(
        "rmsce",
        "sqrt(sum_b (n_b/N) (mean a - mean c)^2), the bins of ece",
        _COLUMNS,
        rmsce,
        "root mean square over the bins",
        default=True,
    ),
    Metric(
        "mce",
        "the largest |mean a - mean c| over the bins of ece that are not empty",
        _COLUMNS,
        mce,
        "largest gap of a bin",
        default=True,
    ),
    Metric(
        "ece_null",
        "the mean ece of perfectly calibrated models with these confidences at this N, normal approximation: "
        "sum_b sqrt(2/pi) sqrt(v_b) / N, v_b = sum of c (1-c) over bin b. An ece near it is noise",
        _COLUMNS,
        ece_null,
        "ece of noise alone",
        default=True,
    ),
)
