"""Accuracy against confidence, bin by bin, with the band in which a calibrated model would stay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.curves.binned_samples import BinnedSamples
from lscli.curves.calibrated_band import band_of_bins
from lscli.curves.chart import Curve, Source
from lscli.intervals.binned import binned_interval
from lscli.intervals.bootstrap import Bootstrap
from lscli.metrics.base import OF_CLASS
from lscli.metrics.binned_errors import GAPS, ece_null
from lscli.metrics.bins import rule_columns

if TYPE_CHECKING:
    from lscli.metrics.base import Settings
    from lscli.table import SampleTable


class ReliabilityPoint(NamedTuple):
    """A bin of confidences.

    Attributes:
        low, high: the edges of the bin.
        size: the number of samples, by their weights.
        confidence, accuracy: their means; nan in an empty bin.
        band_low, band_high: the central interval of the accuracy of a calibrated model with these confidences; nan in
            an empty bin, and with fewer than two clusters.
        gap: confidence - accuracy.
        ci_low, ci_high: the interval of the accuracy: Wilson's, or one of clusters.
    """

    low: float
    high: float
    size: float
    confidence: float
    accuracy: float
    band_low: float
    band_high: float
    gap: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan


def bootstrap_of(given: Source) -> Bootstrap:
    """The number of simulations, their seed and the level."""
    return Bootstrap(given.options.bootstrap, given.options.seed, given.options.level)


def seen(given: Source) -> SampleTable:
    """The samples as calibration errors see them: of the positive class if there is one."""
    number = given.settings.positive_class
    return given.table if number is None else given.table.of_class(number)


def confidence_columns(settings: Settings) -> frozenset[str]:
    """The columns of a chart of confidence against accuracy without bins."""
    if settings.positive_class is not None:
        return OF_CLASS
    return frozenset({"confidence", "one_minus_confidence", "correct"})


def of_class(settings: Settings) -> dict[str, float]:
    """The class whose probability is the confidence, as a fact of the chart; nothing for the top label."""
    return {} if settings.positive_class is None else {"positive_class": settings.positive_class}


def no_band(table: SampleTable) -> str:
    """Why the samples have no band; empty if they have one."""
    return "no band: all samples are in one cluster" if table.cluster is not None and table.clusters < 2 else ""


def _compute(given: Source) -> tuple[list[ReliabilityPoint], dict[str, float], str]:
    table, settings, bootstrap = seen(given), given.settings, bootstrap_of(given)
    samples = BinnedSamples.of(table, settings)
    bands = zip(*(x.tolist() for x in band_of_bins(samples, bootstrap)), strict=True)
    points = [
        ReliabilityPoint(*cells[:5], *band, *cells[5:])
        for cells, band in zip(samples.cells(bootstrap.level), bands, strict=True)
    ]
    low, high = binned_interval("ece", table, settings, bootstrap)
    facts = {
        "ece": GAPS["ece"](table, settings).sums.norm("l1"),
        "ece_low": low,
        "ece_high": high,
        "ece_null": ece_null(table, settings)[0].value,
        "level": bootstrap.level,
        **of_class(settings),
    }
    return points, facts, no_band(table)


def _columns(settings: Settings) -> frozenset[str]:
    return rule_columns(settings) if settings.positive_class is None else OF_CLASS


CURVE = Curve(ReliabilityPoint, _columns, _compute)
