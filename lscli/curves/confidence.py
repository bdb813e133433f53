"""How the confidences of right and of wrong predictions are distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.curves.binned_samples import BinnedSamples, counts
from lscli.curves.chart import Curve, Source
from lscli.curves.reliability import of_class, seen
from lscli.metrics.base import OF_CLASS, mean
from lscli.metrics.bins import rule_columns

if TYPE_CHECKING:
    from lscli.metrics.base import Settings

_BINS = 20


class ConfidencePoint(NamedTuple):
    """A bin of confidences.

    Attributes:
        low, high: the edges of the bin.
        right, wrong: the number of samples whose prediction is right, or wrong, by their weights.
    """

    low: float
    high: float
    right: float
    wrong: float


def _compute(given: Source) -> tuple[list[ConfidencePoint], dict[str, float], str]:
    table, settings = seen(given), given.settings
    if settings.bins is None and settings.compat is None:
        settings = settings._replace(bins=_BINS)
    samples = BinnedSamples.of(table, settings)
    right = samples.sums.correct
    wrong = np.maximum(samples.sums.size - right, 0.0)
    columns = (samples.low.tolist(), samples.high.tolist(), counts(right), counts(wrong))
    points = [ConfidencePoint(*row) for row in zip(*columns, strict=True)]
    accuracy, confidence = (mean(table, table[name]).value for name in ("correct", "confidence"))
    facts = {"accuracy": accuracy, "confidence_mean": confidence, **of_class(settings)}
    return points, facts, ""


def _columns(settings: Settings) -> frozenset[str]:
    return rule_columns(settings) if settings.positive_class is None else OF_CLASS


CURVE = Curve(ConfidencePoint, _columns, _compute)
