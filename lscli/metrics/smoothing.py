"""Diagnosis of label smoothing: which eps these logits speak of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Metric, Settings, Value, mean
from lscli.metrics.confidence import residual

if TYPE_CHECKING:
    from lscli.samples import SampleTable


def eps_gap(table: SampleTable, settings: Settings) -> list[Value]:
    """K / (e^g + K - 1), g the mean logit gap: the eps with the least mean KL divergence."""
    k, gap = table.num_classes, mean(table, table["logit_gap"]).value
    if k is None:
        return []
    if math.isnan(gap):
        return [Value(math.nan)]
    return [Value(k / (math.exp(gap) + k - 1) if gap < 709 else 0.0)]


def gamma(table: SampleTable, settings: Settings) -> list[Value]:
    """K/(K-1) (1 - mean p_y) (Mueller et al. 2019, section 4)."""

    # 1 - p_y of a right sample is 1 - c, which keeps its digits; elsewhere p_y is at most 1/2.
    def missing() -> np.ndarray:
        return np.where(table["correct"], table["one_minus_confidence"], 1.0 - table["label_prob"])

    return _scaled(table, table.reused("not the label", missing))


def gamma_confidence(table: SampleTable, settings: Settings) -> list[Value]:
    return _scaled(table, table["one_minus_confidence"])


def eps_accuracy(table: SampleTable, settings: Settings) -> list[Value]:
    return _scaled(table, table.reused("error", lambda: ~table["correct"]))


def balance(table: SampleTable, settings: Settings) -> list[Value]:
    return _scaled(table, residual(table))


def _scaled(table: SampleTable, x: np.ndarray) -> list[Value]:
    if table.num_classes is None:
        return []
    scale = table.num_classes / (table.num_classes - 1)
    value = mean(table, x)
    return [Value(scale * value.value, scale * value.stderr)]


METRICS = (
    Metric(
        "eps_gap",
        "K/(e^g + K - 1), g = logit_gap_mean: the eps whose targets these logits fit best (least mean KL); "
        "above 1 when g < 0, 0 when e^g overflows",
        frozenset({"logit_gap"}),
        eps_gap,
        "eps that these logits fit best",
        default=True,
    ),
    Metric(
        "gamma",
        "K/(K-1) (1 - label_prob_mean): the equivalent label smoothing of Mueller et al. 2019, section 4",
        frozenset({"label_prob", "one_minus_confidence", "correct"}),
        gamma,
        "equivalent smoothing of p_y",
        default=True,
    ),
    Metric(
        "gamma_confidence",
        "K/(K-1) (1 - confidence_mean)",
        frozenset({"one_minus_confidence"}),
        gamma_confidence,
        "the same, of the confidence",
        default=True,
    ),
    Metric(
        "eps_accuracy",
        "K/(K-1) (1 - accuracy): where an optimally fitted smoothed model is calibrated on average",
        frozenset({"correct"}),
        eps_accuracy,
        "what this accuracy calls for",
        default=True,
    ),
    Metric(
        "smoothing_balance",
        "gamma_confidence - eps_accuracy: above 0 over-smoothed (under-confident), below 0 under-smoothed",
        frozenset({"confidence", "one_minus_confidence", "correct"}),
        balance,
        "above 0 is over-smoothed",
        default=True,
    ),
)
