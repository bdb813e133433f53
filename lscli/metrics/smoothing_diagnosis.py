"""Diagnosis of label smoothing: the eps that these logits fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import NOT_NEGATIVE, Compute, Metric, Settings, Value, mean
from lscli.metrics.confidence import is_wrong, residual
from lscli.table import bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from lscli.table import SampleTable


def eps_gap(table: SampleTable, settings: Settings) -> list[Value]:
    """K / (e^g + K - 1), g the mean logit gap: the eps with the least mean KL divergence."""
    if table.num_classes is None:
        return []
    if "class_count" in table.columns:
        return [Value(_eps_of_several(table))]
    gap = mean(table, table["logit_gap"]).value
    if math.isinf(gap) and bound("logit_gap", "lower") in table.columns:  # a bound that says nothing
        return [Value(math.nan)]
    return [Value(_eps_of(table.num_classes, gap))]


def _eps_of(k: float, gap: float) -> float:
    if math.isnan(gap):
        return math.nan
    return k / (math.exp(gap) + k - 1) if gap < 709 else 0.0


def _eps_of_several(table: SampleTable) -> float:
    """The eps where (K-1)/K (g - g*) has the mean 0 over the samples; g* is the best gap at that eps for each K."""
    kinds, place = table.reused(_class_counts)
    rows = np.ones(len(table)) if table.weight is None else table.weight
    share = np.bincount(place, rows, len(kinds)) * (kinds - 1) / kinds
    if not share.sum():
        return math.nan
    gap = mean(table, table.reused(_scaled_gap)).value * table.total / float(share.sum())
    kinds, share = kinds[share > 0], share[share > 0] / share.sum()
    if len(kinds) == 1 or not math.isfinite(gap):
        return _eps_of(float(kinds[0]), gap)
    # The mean best gap falls with eps, from infinity at eps = 0. Bisection on ln(eps) also finds a small eps.
    low, high = -745.0, math.log(kinds[0] / (kinds[0] - 1))
    while (middle := (low + high) / 2) not in (low, high):
        e = math.exp(middle)
        with np.errstate(divide="ignore"):
            best = float(share @ np.log(np.maximum(kinds * (1 - e) + e, 0.0))) - middle
        low, high = (middle, high) if best > gap else (low, middle)
    return math.exp(low)


def _class_counts(table: SampleTable) -> tuple[np.ndarray, np.ndarray]:
    """The distinct K of the samples, ascending, and the position of each sample's K among them, [n]."""
    kinds, place = np.unique(table["class_count"], return_inverse=True)
    return kinds, place


def _scaled_gap(table: SampleTable) -> np.ndarray:
    """(K-1)/K times the logit gap, [n]; 0 for a class that is alone in its row."""
    count = table["class_count"]
    return np.where(count > 1, table["logit_gap"] * (count - 1) / count, 0)


def not_label_prob(table: SampleTable) -> np.ndarray:
    """1 - p_y, [n]: 1 - c, which keeps its digits, for correct samples; p_y of the others is at most 1/2."""
    return np.where(table["correct"], table["one_minus_confidence"], 1.0 - table["label_prob"])


def _scaled(x: Callable[[SampleTable], np.ndarray]) -> Compute:
    """K/(K-1) times the mean of x; where K varies between samples, the mean of K/(K-1) x, each with its own K."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        k = table.num_classes
        if k is None:
            return []
        if "class_count" in table.columns:
            inside, factor = table.reused(_several)
            several = table.with_weights(inside if table.weight is None else inside * table.weight)
            return [mean(several, factor * x(table))]
        return [mean(table, x(table)).times(k / (k - 1))]

    return compute


def _several(table: SampleTable) -> tuple[np.ndarray, np.ndarray]:
    """1 where a sample has several classes, else 0; and K/(K-1), [n] each."""
    count = table["class_count"]
    return (count > 1).astype(np.float64), count / np.maximum(count - 1, 1)


METRICS = (
    Metric(
        "eps_gap",
        "K/(e^g + K - 1), g = logit_gap_mean: the eps whose targets these logits fit best, with the least mean KL "
        "divergence; above 1 if g < 0, 0 if e^g overflows. Where rows differ in K, the eps at which (K-1)/K (g - "
        "ln((K(1-eps)+eps)/eps)) has the mean 0 over the rows of several classes, each with its own g and K",
        frozenset({"logit_gap"}),
        eps_gap,
        "eps that these logits fit best",
        chosen_by="default",
        within=NOT_NEGATIVE,
        falls=frozenset({"logit_gap"}),
        formula=r"\frac{K}{e^{g} + K - 1}",
    ),
    Metric(
        "gamma",
        "mean of K/(K-1) (1 - p_y) over the rows of several classes, each with its own K: the equivalent label "
        "smoothing of Mueller et al. 2019, section 4",
        frozenset({"label_prob", "one_minus_confidence", "correct"}),
        _scaled(lambda table: table.reused(not_label_prob)),
        "equivalent smoothing of p_y",
        chosen_by="default",
        within=NOT_NEGATIVE,
        falls=frozenset({"label_prob"}),
        formula=r"\frac{K}{K - 1} \cdot \frac{1}{N} \sum_{i=1}^{N} (1 - p_{i, y_i})",
    ),
    Metric(
        "gamma_confidence",
        "mean of K/(K-1) (1 - c), as gamma",
        frozenset({"one_minus_confidence"}),
        _scaled(lambda table: table["one_minus_confidence"]),
        "equivalent smoothing of c",
        chosen_by="default",
        within=NOT_NEGATIVE,
    ),
    Metric(
        "eps_accuracy",
        "mean of K/(K-1) (1 - a), as gamma: the eps at which a model that fits its smoothed targets is calibrated on "
        "average",
        frozenset({"correct"}),
        _scaled(is_wrong),
        "eps that calibrates on average",
        chosen_by="default",
        interval="share",
        within=NOT_NEGATIVE,
    ),
    Metric(
        "smoothing_balance",
        "gamma_confidence - eps_accuracy: above 0 under-confident, below 0 over-confident",
        frozenset({"confidence", "one_minus_confidence", "correct"}),
        _scaled(residual),
        "above 0 is under-confident",
        chosen_by="default",
    ),
)
