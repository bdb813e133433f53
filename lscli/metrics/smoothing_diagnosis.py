"""Diagnosis of label smoothing: which eps these logits speak of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Metric, Settings, Value, mean, ratio
from lscli.metrics.confidence import residual

if TYPE_CHECKING:
    from lscli.table import SampleTable


def eps_gap(table: SampleTable, settings: Settings) -> list[Value]:
    """K / (e^g + K - 1), g the mean logit gap: the eps with the least mean KL divergence."""
    k, gap = table.num_classes, table["logit_gap"]
    if k is None:
        return []
    if "class_count" in table.columns:
        return [Value(_eps_of_several(table))]
    return [Value(_eps_of(k, mean(table, gap).value))]


def _eps_of(k: float, gap: float) -> float:
    if math.isnan(gap):
        return math.nan
    return k / (math.exp(gap) + k - 1) if gap < 709 else 0.0


def _eps_of_several(table: SampleTable) -> float:
    """The eps at which the mean of (K-1)/K (g - g*) over the samples is 0, g* the best gap of each K at that eps."""
    count = table["class_count"]
    kinds, place = table.reused("class counts", lambda: np.unique(count, return_inverse=True))
    rows = np.ones(len(table)) if table.weight is None else table.weight
    share = np.bincount(place, rows, len(kinds)) * (kinds - 1) / kinds
    if not share.sum():
        return math.nan
    gaps = table.reused("gap by class count", lambda: np.where(count > 1, table["logit_gap"] * (count - 1) / count, 0))
    gap = mean(table, gaps).value * table.total / float(share.sum())
    kinds, share = kinds[share > 0], share[share > 0] / share.sum()
    if len(kinds) == 1 or not math.isfinite(gap):
        return _eps_of(float(kinds[0]), gap)
    # The mean gap falls with eps, from infinity at 0 on: halved in the logarithm, which holds small ones too.
    low, high = -745.0, math.log(kinds[0] / (kinds[0] - 1))
    while (middle := (low + high) / 2) not in (low, high):
        e = math.exp(middle)
        with np.errstate(divide="ignore"):
            best = float(share @ np.log(np.maximum(kinds * (1 - e) + e, 0.0))) - middle
        low, high = (middle, high) if best > gap else (low, middle)
    return math.exp(low)


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
    """K/(K-1) times the mean of x [n]; where K differs, over the mean of (K-1)/K."""
    k = table.num_classes
    if k is None:
        return []
    if "class_count" in table.columns:
        count = table["class_count"]
        return [ratio(table, x, table.reused("others' share", lambda: (count - 1) / count))]
    value = mean(table, x)
    return [Value(k / (k - 1) * value.value, k / (k - 1) * value.stderr)]


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
