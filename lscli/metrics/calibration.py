"""Calibration of the top label, or of one of two classes: how far confidence is from accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics import binned_errors, smooth_ece, spiegelhalter
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
        within=SHARE,
        better="lower",
        formula=r"\max_{t} \frac{1}{N} \left| \sum_{i: c_i \le t} (a_i - c_i) \right|",
    ),
    *spiegelhalter.METRICS,
)
