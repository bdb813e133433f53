"""The catalogue of metrics: a file per family, a table of all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lscli.metrics import (
    calibration,
    canonical,
    changes,
    classwise,
    confidence,
    divergence,
    ensemble,
    excess,
    kernel_error,
    logit_statistics,
    loss,
    paired,
    proper,
    selective,
    smoothing_diagnosis,
    temperature,
)

if TYPE_CHECKING:
    from lscli.metrics.base import Metric


# What the definitions take for granted.
CONVENTIONS = (
    "c is the confidence of a sample, its largest probability; a is 1 if its first largest logit is that of the "
    "label, else 0; p_y is the probability of the label, N the number of kept samples and K the number of classes. "
    "With --masked-classes exclude, K is the number of classes of each row that are not masked, and the others are "
    "left out of its sums. A weight w is w samples: N is the sum of the weights, and every mean, count, rank and tie "
    "takes them so, whole or not. The standard error of a mean of x is sqrt(sum w (x - mean)^2 / (N (N-1))), also of "
    "an excess. Class weights apply to losses alone. A value that the data do not define is missing, never 0. "
    "Intervals (--ci) are percentiles of resamples; Wilson's, of a share; score intervals, of a gap; intervals on the "
    "scale of log odds; normal intervals; or, by inversion of a test, intervals of the value without noise, which need "
    "not contain the value."
)


class Family(NamedTuple):
    """Metrics that answer one question."""

    title: str
    metrics: tuple[Metric, ...]


FAMILIES: dict[str, Family] = {
    "loss": Family("Loss", (*loss.METRICS, *excess.METRICS)),
    "confidence": Family("Accuracy and confidence", confidence.METRICS),
    "ensemble": Family("Members of the ensemble", ensemble.METRICS),
    "calibration": Family("Calibration", (*calibration.METRICS, *kernel_error.METRICS)),
    "classwise": Family("Calibration of every class", (*classwise.METRICS, *canonical.METRICS)),
    "proper": Family("Proper scores", proper.METRICS),
    "selective": Family("Ranking by confidence", selective.METRICS),
    "smoothing": Family("Smoothing diagnosis", (*smoothing_diagnosis.METRICS, *logit_statistics.METRICS)),
    "temperature": Family("At the best temperature", temperature.METRICS),
    "paired": Family("Against the first model", paired.METRICS),
    "changes": Family("What changed since the first model", changes.METRICS),
    "divergence": Family("Divergence from the first model", divergence.METRICS),
}
METRICS: dict[str, Metric] = {metric.id: metric for family in FAMILIES.values() for metric in family.metrics}

# No larger number of classes can be read.
_TOP_K = re.compile("top([1-9][0-9]{0,17})_accuracy")


def find(metric_id: str) -> Metric | None:
    """The metric with this id, which may be `top<k>_accuracy` with any k; None if the id is unknown."""
    k = _top_k(metric_id)
    return METRICS.get(metric_id) or (confidence.top_k(k) if k else None)


def family_of(metric_id: str) -> str:
    """The family that a metric's id belongs to."""
    if _top_k(metric_id):
        return "confidence"
    return next(name for name, family in FAMILIES.items() if any(m.id == metric_id for m in family.metrics))


def _top_k(metric_id: str) -> int:
    """The k of `top<k>_accuracy`, 0 for any other id."""
    found = _TOP_K.fullmatch(metric_id)
    return int(found[1]) if found else 0
