"""The catalogue of metrics: a file per family, a table of all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lscli.metrics import (
    calibration,
    classwise,
    confidence,
    ensemble,
    excess,
    kernel_error,
    logit_statistics,
    loss,
    paired,
    proper,
    selective,
    smoothing_diagnosis,
)

if TYPE_CHECKING:
    from lscli.metrics.base import Metric


class Family(NamedTuple):
    """Metrics that answer one question."""

    title: str
    metrics: tuple[Metric, ...]


FAMILIES: dict[str, Family] = {
    "loss": Family("Loss", (*loss.METRICS, *excess.METRICS)),
    "confidence": Family("Accuracy and confidence", confidence.METRICS),
    "ensemble": Family("Members of the ensemble", ensemble.METRICS),
    "calibration": Family("Calibration", (*calibration.METRICS, *kernel_error.METRICS)),
    "classwise": Family("Calibration of every class", classwise.METRICS),
    "proper": Family("Proper scores", proper.METRICS),
    "selective": Family("Ranking by confidence", selective.METRICS),
    "smoothing": Family("Smoothing diagnosis", (*smoothing_diagnosis.METRICS, *logit_statistics.METRICS)),
    "paired": Family("Against the first model", paired.METRICS),
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
