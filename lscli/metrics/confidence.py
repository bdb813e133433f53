"""Accuracy, and how sure the model is of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Metric, Settings, Value, mean, mean_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lscli.table import SampleTable


def residual(table: SampleTable) -> np.ndarray:
    """a - c of every sample, [n]; of right ones from 1 - c itself, which keeps its digits near 0."""
    return table.reused(
        "residual", lambda: np.where(table["correct"], table["one_minus_confidence"], -table["confidence"])
    )


def accuracy(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, table["correct"])]


def error(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, table.reused("error", lambda: ~table["correct"]))]


def gap(table: SampleTable, settings: Settings) -> list[Value]:
    gap = mean(table, residual(table))
    return [Value(-gap.value, gap.stderr)]


def on_errors(table: SampleTable, settings: Settings) -> list[Value]:
    return [_mean_where(table, "wrong", lambda: ~table["correct"])]


def on_correct(table: SampleTable, settings: Settings) -> list[Value]:
    return [_mean_where(table, "right", lambda: table["correct"])]


def _mean_where(table: SampleTable, name: str, rows: Callable[[], np.ndarray]) -> Value:
    # A weight of 0 leaves a sample out, and unlike a selection is one product for a resample.
    inside = table.reused(name, lambda: rows().astype(np.float64))
    weight = inside if table.weight is None else inside * table.weight
    return mean(table.with_weights(weight), table["confidence"])


def top_k(k: int) -> Metric:
    """The metric `top<k>_accuracy`, absent where K <= k."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        if table.num_classes is None or table.num_classes <= k:
            return []
        return [mean(table, table.reused(f"top {k}", lambda: table["label_rank"] < k))]

    return Metric(
        f"top{k}_accuracy",
        f"share of samples whose label has one of the {k} largest logits, equal ones by class; absent for K <= {k}",
        frozenset({"label_rank"}),
        compute,
        f"label among the {k} largest",
        default=k == 5,
    )


_CORRECT = frozenset({"correct"})
_CONFIDENCE = frozenset({"confidence"})
_BOTH = frozenset({"confidence", "correct"})

METRICS = (
    Metric(
        "accuracy",
        "mean of a: share of samples whose first largest logit is the label's",
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
