"""Intervals of calibration errors without bins, by inverting a test along a family of models.

A model says with what probability the samples of each cell of confidences are right. At t = 0 it is calibrated, and
with t its gaps grow in the direction of the observed ones, of which noise is removed. Labels are drawn anew cell by
cell, so that a label set costs as much for any number of samples.
"""

from __future__ import annotations

import math
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.intervals.clustered_cells import ClusteredCells
from lscli.intervals.inversion import Family, inverted
from lscli.intervals.smooth_gaps import SHAPES, smooth_gaps, variances
from lscli.metrics import cells as of_cells
from lscli.metrics.cells import Cells, Score, Shares
from lscli.metrics.confidence import residual
from lscli.metrics.simulated_bins import SimulatedBins

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.intervals.bootstrap import Bootstrap
    from lscli.metrics.base import Settings
    from lscli.table import SampleTable

    Array = NDArray[Any]

# The model at t = 1 is at least so many standard errors from that at t = 0.
_FAR = 3.0
# Steps in which the shapes are scaled to the same error.
_SCALINGS = 6


class _Error(NamedTuple):
    """How an error is simulated.

    Attributes:
        fold: the cells that samples are folded into.
        of: the error of each label set, [d], from the cells and the sums of a - c over them, [d, B].
        near: from the cells and a value, a function of the sums: what is above the value where the error is.
        terms: the error of the model itself, cell by cell, [d, B], if it varies with the confidences that are sampled.
        ranking: the error is 0 where all samples are right with the same probability, not where they are calibrated.
        certain: it is infinite if a sample is wrong whose confidence is 1.
    """

    fold: Callable[[SampleTable], Cells]
    of: Callable[[Cells, Array], Array]
    near: Callable[[Cells, float], Callable[[Array], Array]] | None = None
    terms: Callable[[Cells, Array], Array] | None = None
    ranking: bool = False
    certain: bool = False


def _corp(score: Score, *, ranking: bool) -> _Error:
    """A part of the CORP decomposition: how much worse confidences, or their mean accuracy, score than r."""

    def forecast(cells: Cells, y: Shares) -> Shares:
        return of_cells.mean_share(cells, y) if ranking else of_cells.confidences(cells)

    def of(cells: Cells, gaps: Array) -> Array:
        y = of_cells.shares(cells, gaps, score)
        return of_cells.lost(cells, score, y, forecast(cells, y))

    def terms(cells: Cells, gaps: Array) -> Array:
        y = of_cells.shares(cells, gaps, score)
        return score(y, y, forecast(cells, y))

    return _Error(of_cells.by_weight, of, None, terms, ranking, score is of_cells.nll and not ranking)


_ERRORS = {
    "smece": _Error(of_cells.by_width, of_cells.smece, of_cells.smoothed),
    "ks_calibration": _Error(of_cells.by_weight, of_cells.ks_calibration),
    "brier_miscalibration": _corp(of_cells.brier, ranking=False),
    "brier_discrimination": _corp(of_cells.brier, ranking=True),
    "nll_miscalibration": _corp(of_cells.nll, ranking=False),
    "nll_discrimination": _corp(of_cells.nll, ranking=True),
}
SIMULATED = frozenset(_ERRORS)


def label_interval(metric_id: str, table: SampleTable, settings: Settings, bootstrap: Bootstrap) -> tuple[float, float]:
    """The interval of a calibration error without bins; nan without samples, or with fewer than two clusters.

    It is of the error of endlessly many samples with these confidences.

    Args:
        metric_id: one of `SIMULATED`.
        table: the samples, as the metric sees them.
        settings: those of the metric, none of which changes it.
        bootstrap: the number of label sets, their seed, and the level.
    """
    if not table.total or (table.cluster is not None and table.clusters < 2):
        return math.nan, math.nan
    error = _ERRORS[metric_id]
    if error.certain:
        impossible = np.where(table["correct"], table["confidence"], table["one_minus_confidence"]) == 0
        weight = np.ones(len(table)) if table.weight is None else table.weight
        if (impossible & (weight > 0)).any():
            others = table.with_weights(np.where(impossible, 0.0, weight))
            low, _ = label_interval(metric_id, others, settings, bootstrap)
            return 0.0 if math.isnan(low) else low, math.inf
    cells = error.fold(table)
    gaps = smooth_gaps(cells, 1.0 if table.cluster is None else design_effect(table, cells), bootstrap.seed)
    noise: SimulatedBins | ClusteredCells
    if table.cluster is None:
        noise = SimulatedBins(cells.sums, bootstrap.resamples, bootstrap.seed, SHAPES)
    else:
        noise = ClusteredCells(table, cells, gaps.mean(axis=0), bootstrap)
    scatter = np.random.Generator(np.random.SFC64([bootstrap.seed, 1])).standard_normal(bootstrap.resamples)
    size = cells.sums.size
    if error.ranking:
        # At t = 0 all are right with the same probability. It grows with c beyond, as isotonic regressions do.
        start = size * (cells.sums.correct.sum() / size.sum()) - cells.right
        rising = of_cells.isotonic(cells, of_cells.shares(cells, gaps, of_cells.nll))
        above = (rising.right - of_cells.mean_share(cells, rising).right) * size
        above[rising.right[:, 0] == rising.right[:, -1]] = 0.0  # but for rounding
        shapes = _aligned(above, -start, cells)
    else:
        start = np.zeros(len(size))
        shapes = _aligned(gaps, size, cells)
    if error.certain:
        shapes = np.where((cells.wrong > 0) & (cells.right > 0), shapes, 0.0)
        if not shapes.any():  # a single wrong sample would make it infinite
            return 0.0, math.inf
    observed = float(error.of(cells, cells.sums.residual[None])[0])
    of_sets = partial(error.of, cells) if error.near is None else error.near(cells, observed)
    family = partial(_family, cells, error, lambda shift: noise.simulated(shift, of_sets), scatter, start)
    low, high = inverted(observed, family(shapes), bootstrap.level)
    # If it begins at 0, the sign of the gaps is not known either, and where errors are rare it matters.
    if low == 0 and not error.ranking:
        high = max(high, inverted(observed, family(-shapes), bootstrap.level)[1])
    return low, high


def _aligned(shapes: Array, other: Array, cells: Cells) -> Array:
    """The shapes [S, B] in one direction, and as far from 0 as noise can tell apart; another one in place of 0."""
    weight = 1 / np.maximum(variances(cells), 1e-12 * cells.sums.size)
    shapes = np.where((shapes * shapes.mean(axis=0) * weight).sum(axis=1, keepdims=True) < 0, -shapes, shapes)
    shapes[~shapes.any(axis=1)] = other
    apart = np.sqrt((np.square(shapes) * weight).sum(axis=1, keepdims=True))
    far: Array = shapes * (np.maximum(apart, _FAR) / np.maximum(apart, 1e-300))
    return far


def _family(
    cells: Cells, error: _Error, simulated: Callable[[Array], Array], scatter: Array, start: Array, shapes: Array
) -> Family:
    """The models whose sums of a - c are start + t shape [S, B], as far as samples are right or wrong.

    The shapes are scaled to about the same error at t = 1.
    """
    size, least, most = cells.sums.size, -cells.right, cells.wrong

    def gaps(t: float) -> Array:
        return np.clip(start + t * shapes, least, most)

    wanted = np.median(error.of(cells, gaps(1.0)))
    for _ in range(_SCALINGS):
        ratio = np.sqrt(wanted / np.maximum(error.of(cells, gaps(1.0)), 1e-300))
        shapes = shapes * np.clip(ratio, 0.1, 10.0)[:, None]

    def value(t: float) -> float:
        return float(error.of(cells, gaps(t)).mean()) if t else 0.0

    @cache  # both ends are searched from the same t on
    def simulated_at(t: float) -> Array:
        found = simulated(gaps(t))
        if error.terms is None:
            return found
        terms = error.terms(cells, gaps(t))
        average = (terms * size).sum(axis=1, keepdims=True) / size.sum()
        deviation = np.sqrt((np.square(terms - average) * size).sum(axis=1)) / size.sum()
        scattered: Array = found + scatter * np.resize(deviation, len(found))
        return scattered

    there = shapes != 0
    reach = np.where(shapes > 0, most - start, start - least)[there] / np.abs(shapes[there])
    return Family(simulated_at, value, float(reach.max(initial=0.0)))


def design_effect(table: SampleTable, cells: Cells) -> float:
    """By how much clusters raise the variance of the sum of a - c, at least 1."""
    rest = residual(table) - cells.sums.residual.sum() / cells.sums.size.sum()
    sums = np.bincount(np.asarray(table.cluster), rest if table.weight is None else rest * table.weight)
    factor = table.clusters / (table.clusters - 1)
    return max(1.0, factor * float(np.square(sums).sum()) / max(float(variances(cells).sum()), 1e-300))
