"""Accuracy against confidence, bin by bin, with the band in which a calibrated model would stay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.curves.chart import Curve, Source
from lscli.metrics.base import OF_CLASS
from lscli.metrics.bins import bin_sums, rule_columns, rule_of

if TYPE_CHECKING:
    from lscli.metrics.base import Settings


class ReliabilityPoint(NamedTuple):
    """A bin of confidences.

    Attributes:
        low, high: the edges of the bin.
        count: the number of samples, by their weights.
        confidence, accuracy: their means; nan in an empty bin.
        band_low, band_high: the central interval of the accuracy of a calibrated model with these confidences; nan if
            it is not known.
    """

    low: float
    high: float
    size: float
    confidence: float
    accuracy: float
    band_low: float
    band_high: float


def _compute(given: Source) -> tuple[list[ReliabilityPoint], dict[str, float], str]:
    rule = rule_of(given.settings)
    number = given.settings.positive_class
    sums = bin_sums(given.table if number is None else given.table.of_class(number), rule)
    points = []
    for low, high, n, right, residual in zip(
        rule.edges[:-1].tolist(), rule.edges[1:].tolist(), sums.size, sums.correct, sums.residual, strict=True
    ):
        if n == 0:
            points.append(ReliabilityPoint(low, high, 0, math.nan, math.nan, math.nan, math.nan))
        else:
            points.append(ReliabilityPoint(low, high, n, (right - residual) / n, right / n, math.nan, math.nan))
    return points, {"ece": math.nan}, ""


def _columns(settings: Settings) -> frozenset[str]:
    return rule_columns(settings) if settings.positive_class is None else OF_CLASS


CURVE = Curve(ReliabilityPoint, _columns, _compute)
