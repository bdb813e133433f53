"""The interval of coverage_at_risk, by inverting Wilson's test of the risk at each coverage.

The largest coverage within a risk is no mean: by chance the few most confident samples may all be right, where most of
such samples are not. Resamples repeat that chance, and their interval misses a coverage near 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.intervals.clusters import quantile
from lscli.metrics.base import mean
from lscli.metrics.scores import ranking_by

if TYPE_CHECKING:
    from lscli.intervals.bootstrap import Bootstrap
    from lscli.metrics.base import Settings
    from lscli.table import SampleTable


def coverage_interval(table: SampleTable, settings: Settings, bootstrap: Bootstrap) -> tuple[float, float]:
    """From the largest coverage whose risk is surely within the limit to the largest whose risk may be.

    A test at the limit r rejects an error rate of k samples that differs from r by more than z sqrt(r (1-r)/k). With
    clusters, k is divided by the design effect of the error of all samples, and z is the quantile of t.

    Args:
        table: the samples.
        settings: the risk and the score.
        bootstrap: the level; nothing is drawn.

    Returns:
        The bounds; nan for samples without a ranking, and for a single cluster.
    """
    _, ranking = ranking_by(table, settings.score)
    if ranking is None or ranking.samples.clusters == 1:
        return math.nan, math.nan
    samples = ranking.samples
    errors = quantile(bootstrap.level, samples.clusters) * math.sqrt(_design_effect(samples))
    low, high = (ranking.coverage_at(settings.risk, side * errors) for side in (-1, 1))
    return low, high


def _design_effect(samples: SampleTable) -> float:
    """By how much clusters raise the variance of the error, at least 1. If all agree, each counts as one sample."""
    if samples.cluster is None:
        return 1.0
    error = mean(samples, ~samples["correct"])
    variance = error.value * (1 - error.value) / samples.total
    if not variance > 0 or not error.stderr > 0:
        return max(1.0, samples.total / samples.clusters)
    return max(1.0, error.stderr**2 / variance)
