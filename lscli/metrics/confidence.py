"""Accuracy, and how confident the model is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Metric, Settings, Value, mean, mean_of

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


def accuracy(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, table["correct"])]


def error(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, is_wrong(table))]


def gap(table: SampleTable, settings: Settings) -> list[Value]:
    less = mean(table, residual(table))
    return [Value(-less.value, less.stderr)]


def on_errors(table: SampleTable, settings: Settings) -> list[Value]:
    return [_mean_confidence_where(table, correct=False)]


def on_correct(table: SampleTable, settings: Settings) -> list[Value]:
    return [_mean_confidence_where(table, correct=True)]


def _mean_confidence_where(table: SampleTable, *, correct: bool) -> Value:
    # Samples are excluded by a weight of 0, which for a resample is one product, and not by a selection.
    inside = table.reused(_indicator, correct)
    weight = inside if table.weight is None else inside * table.weight
    return mean(table.with_weights(weight), table["confidence"])


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
        default=k == 5,
    )


def _label_in_top(table: SampleTable, k: int) -> np.ndarray:
    inside: np.ndarray = table["label_rank"] < k
    return inside


_CORRECT = frozenset({"correct"})
_CONFIDENCE = frozenset({"confidence"})
_BOTH = frozenset({"confidence", "correct"})

METRICS = (
    Metric(
        "accuracy",
        "mean of a: share of samples whose first largest logit is that of the label",
        _CORRECT,
        accuracy,
        "share predicted right",
        default=True,
    ),
    Metric("error", "1 - accuracy", _CORRECT, error, "share predicted wrong", default=True),
    top_k(5),
    Metric(
        "confidence_mean",
        "mean of c, the maximum softmax probability",
        _CONFIDENCE,
        mean_of("confidence"),
        "largest probability",
        default=True,
    ),
    Metric(
        "confidence_gap",
        "confidence_mean - accuracy: positive is over-confident, negative under-confident",
        _BOTH | {"one_minus_confidence"},
        gap,
        "confidence less accuracy",
        default=True,
    ),
    Metric(
        "confidence_on_errors",
        "mean of c over the samples that are predicted wrong",
        _BOTH,
        on_errors,
        "confidence where wrong",
        default=True,
    ),
    Metric(
        "confidence_on_correct",
        "mean of c over the samples that are predicted right",
        _BOTH,
        on_correct,
        "confidence where right",
        default=True,
    ),
    Metric(
        "entropy_mean",
        "mean entropy of p, in nats",
        frozenset({"entropy"}),
        mean_of("entropy"),
        "entropy of p, nats",
        default=True,
    ),
    Metric(
        "margin_mean",
        "mean of the largest less the second largest probability",
        frozenset({"margin"}),
        mean_of("margin"),
        "largest less second largest",
        default=True,
    ),
    Metric(
        "label_prob_mean",
        "mean of p_y, the probability of the label",
        frozenset({"label_prob"}),
        mean_of("label_prob"),
        "probability of the label",
        default=True,
    ),
    Metric(
        "logit_gap_mean",
        "mean of the label's logit less the mean of the other logits",
        frozenset({"logit_gap"}),
        mean_of("logit_gap"),
        "label's logit above the others",
        default=True,
    ),
)
