"""Proper scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.metrics import corp_decomposition, temperature
from lscli.metrics.base import SHARE, Metric, Settings, Value, column_mean, mean

if TYPE_CHECKING:
    from lscli.table import SampleTable


def brier_half(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, table["brier"] / 2)]


METRICS = (
    column_mean(
        "brier",
        "mean of sum_k (p_k - [k = y])^2, in [0, 2] (Brier 1950); soft labels: q_k in place of [k = y]",
        "brier",
        "squared error over classes",
        within=(0.0, 2.0),
        better="lower",
        formula=r"\frac{1}{N} \sum_{i=1}^{N} \sum_{k=1}^{K} \left( p_{i,k} - [k = y_i] \right)^2",
    ),
    Metric(
        "brier_half",
        "brier / 2, in [0, 1], the usual Brier score of two classes",
        frozenset({"brier"}),
        brier_half,
        "brier / 2",
        within=SHARE,
        rises=frozenset({"brier"}),
        better="lower",
    ),
    *corp_decomposition.METRICS,
    *temperature.LOSS_PARTS,
)
