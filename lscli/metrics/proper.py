"""Proper scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.metrics import corp_decomposition
from lscli.metrics.base import Metric, Settings, Value, mean, mean_of

if TYPE_CHECKING:
    from lscli.table import SampleTable


def brier_half(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, table["brier"] / 2)]


_BRIER = frozenset({"brier"})

METRICS = (
    Metric(
        "brier",
        "mean of sum_k (p_k - [k = y])^2, in [0, 2] (Brier 1950); soft labels: q_k in place of [k = y]",
        _BRIER,
        mean_of("brier"),
        "squared error over classes",
        default=True,
    ),
    Metric(
        "brier_half",
        "brier / 2, in [0, 1], the usual Brier score of two classes",
        _BRIER,
        brier_half,
        "brier / 2",
    ),
    *corp_decomposition.METRICS,
)
