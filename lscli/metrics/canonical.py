"""Calibration of all K probabilities together: how often each label occurs where the whole forecast is the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.metrics.base import Metric, Settings, Value
from lscli.metrics.bins import rule_of

if TYPE_CHECKING:
    from lscli.metrics.bins import BinRule
    from lscli.table import SampleTable

_BINS = 10  # of Widmann et al.


def tuple_rule(settings: Settings) -> BinRule:
    """The bins of each probability."""
    return rule_of(settings._replace(compat=None, bins=_BINS if settings.bins is None else settings.bins))


def ece_canonical(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean over the groups of half the L1 distance of labels and probabilities (Widmann et al. 2019, section 4)."""
    sums = table.tuples
    if sums is None:
        raise TypeError("the scan was not asked for the sums by the bins of all classes")
    value = sums.distance / sums.total if sums.total else math.nan
    return [Value(value, params=tuple_rule(settings).params)]


METRICS = (
    Metric(
        "ece_canonical",
        "sum_g (n_g/N) (1/2) sum_k |mean [y = k] - mean p_k|, g the groups of samples that have each of their K "
        f"probabilities in the same of {_BINS} bins (lo, hi], 0 in the first (Widmann et al. 2019); p of a masked "
        "class is 0; a sample that shares its bins with no other adds (1 - p_y)/N, so small groups alone make it large",
        frozenset({"label"}),
        ece_canonical,
        "error of whole forecasts",
        chosen_by="name",
        sums="tuples",
        interval="none",
        better="lower",
    ),
)
