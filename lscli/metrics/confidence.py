"""Accuracy, and how confident the model is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import NOT_NEGATIVE, SHARE, Compute, Metric, Settings, Value, column_mean, mean

if TYPE_CHECKING:
    from lscli.table import SampleTable


def residual(table: SampleTable) -> np.ndarray:
    """a - c of every sample, [n]; for correct samples 1 - c itself, which keeps its digits near 0."""
    return table.reused(_residual)


def _residual(table: SampleTable) -> np.ndarray:
    return np.where(table["correct"], table["one_minus_confidence"], -table["confidence"])


def is_wrong(table: SampleTable) -> np.ndarray:
    """1 - a of every sample, [n] bool."""
    return table.reused(_is_wrong)


def _is_wrong(table: SampleTable) -> np.ndarray:
    return ~table["correct"]


def error(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, is_wrong(table))]


def gap(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, residual(table)).times(-1.0)]


def _mean_confidence_where(*, correct: bool) -> Compute:
    """The mean confidence of the right or of the wrong samples."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        # A weight of 0 excludes a sample; for a resample this product is cheaper than a selection.
        inside = table.reused(_indicator, correct)
        weight = inside if table.weight is None else inside * table.weight
        return [mean(table.with_weights(weight), table["confidence"])]

    return compute


def _indicator(table: SampleTable, correct: bool) -> np.ndarray:
    """1 where the prediction is right (or wrong), else 0, [n]."""
    indicator: np.ndarray = (table["correct"] == correct).astype(np.float64)
    return indicator


def top_k(k: int) -> Metric:
    """The metric `top<k>_accuracy`, absent where K <= k."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        if table.num_classes is None or table.num_classes <= k:
            return []
        return [mean(table, table.reused(_label_in_top, k))]

    return Metric(
        f"top{k}_accuracy",
        f"share of samples whose label has one of the {k} largest logits, ties in class order; absent for K <= {k}",
        frozenset({"label_rank"}),
        compute,
        f"label among the {k} largest",
        chosen_by="default" if k == 5 else "all",
        interval="share",
        within=SHARE,
        falls=frozenset({"label_rank"}),
        better="higher",
    )


def _label_in_top(table: SampleTable, k: int) -> np.ndarray:
    inside: np.ndarray = table["label_rank"] < k
    return inside


_BOTH = frozenset({"confidence", "correct"})

METRICS = (
    column_mean(
        "accuracy",
        "mean of a: share of samples whose first largest logit is that of the label",
        "correct",
        "share predicted right",
        within=SHARE,
        interval="share",
        better="higher",
        formula=r"\bar a = \frac{1}{N} \sum_{i=1}^{N} a_i",
    ),
    Metric(
        "error",
        "1 - accuracy",
        frozenset({"correct"}),
        error,
        "share predicted wrong",
        chosen_by="default",
        interval="share",
        within=SHARE,
        better="lower",
        formula=r"1 - \bar a",
    ),
    top_k(5),
    column_mean(
        "confidence_mean",
        "mean of c, the maximum softmax probability",
        "confidence",
        "largest probability",
        within=SHARE,
        formula=r"\bar c = \frac{1}{N} \sum_{i=1}^{N} \max_k p_{i,k}",
    ),
    Metric(
        "confidence_gap",
        "confidence_mean - accuracy: positive is over-confident, negative under-confident",
        _BOTH | {"one_minus_confidence"},
        gap,
        "confidence less accuracy",
        chosen_by="default",
        interval="gap",
        formula=r"\bar c - \bar a",
    ),
    Metric(
        "confidence_on_errors",
        "mean of c over the samples that are predicted wrong; missing without any",
        _BOTH,
        _mean_confidence_where(correct=False),
        "confidence where wrong",
        chosen_by="default",
        within=SHARE,
    ),
    Metric(
        "confidence_on_correct",
        "mean of c over the samples that are predicted right; missing without any",
        _BOTH,
        _mean_confidence_where(correct=True),
        "confidence where right",
        chosen_by="default",
        within=SHARE,
    ),
    column_mean(
        "entropy_mean",
        "mean entropy of p, in nats",
        "entropy",
        "entropy of p, nats",
        within=NOT_NEGATIVE,
        formula=r"\frac{1}{N} \sum_{i=1}^{N} \sum_{k=1}^{K} -p_{i,k} \ln p_{i,k}",
    ),
    column_mean(
        "margin_mean",
        "mean of the largest less the second largest probability",
        "margin",
        "largest less second largest",
        within=SHARE,
    ),
    column_mean(
        "label_prob_mean",
        "mean of p_y, the probability of the label",
        "label_prob",
        "probability of the label",
        within=SHARE,
        formula=r"\frac{1}{N} \sum_{i=1}^{N} p_{i, y_i}",
    ),
    column_mean(
        "logit_gap_mean",
        "mean of g, the label's logit less the mean of the other K-1 logits",
        "logit_gap",
        "label's logit above the others",
        formula=r"g = \frac{1}{N} \sum_{i=1}^{N} \left( z_{i, y_i} - \frac{1}{K-1} \sum_{k \ne y_i} z_{i,k} \right)",
    ),
)
