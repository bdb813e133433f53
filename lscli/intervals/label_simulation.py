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
from lscli.metrics import cells as of_cells
from lscli.metrics.cells import Cells, Divergence, Shares
from lscli.metrics.confidence import residual
from lscli.metrics.simulated_bins import SimulatedBins

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.intervals.bootstrap import Bootstrap
    from lscli.metrics.base import Settings
    from lscli.table import SampleTable

    Array = NDArray[Any]

# The waves that gaps are made of, at most.
_WAVES = 64
# A block of waves is left out unless its power is this many times that of noise.
_CLEAR = 3.0
# The model at t = 1 is at least so many standard errors from that at t = 0.
_FAR = 3.0


class _Error(NamedTuple):
    """How an error is simulated.

    Attributes:
        fold: the cells that samples are folded into.
        of: the error of each label set, [d], from the cells and the sums of a - c over them, [d, B].
        terms: the error of the model itself, cell by cell, [B], if it varies with the confidences that are sampled.
        ranking: the error is 0 where all samples are right with the same probability, not where they are calibrated.
        certain: it is infinite if a sample is wrong whose confidence is 1.
    """

    fold: Callable[[SampleTable], Cells]
    of: Callable[[Cells, Array], Array]
    terms: Callable[[Cells, Array], Array] | None = None
    ranking: bool = False
    certain: bool = False


def _corp(divergence: Divergence, *, ranking: bool) -> _Error:
    """A part of the CORP decomposition: how much worse confidences, or their mean accuracy, score than r."""

    def forecast(cells: Cells, y: Shares) -> Shares:
        return of_cells.mean_share(cells, y) if ranking else of_cells.confidences(cells)

    def of(cells: Cells, gaps: Array) -> Array:
        y = of_cells.shares(cells, gaps)
        return of_cells.lost(cells, divergence, y, forecast(cells, y))

    def terms(cells: Cells, gaps: Array) -> Array:
        y = of_cells.shares(cells, gaps)
        return divergence(y, forecast(cells, y))

    return _Error(of_cells.by_weight, of, terms, ranking, divergence is of_cells.nll and not ranking)


_ERRORS = {
    "smece": _Error(of_cells.by_width, of_cells.smece),
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
    error = _ERRORS[metric_id]
    if error.certain:
        impossible = np.where(table["correct"], table["confidence"], table["one_minus_confidence"]) == 0
        weight = np.ones(len(table)) if table.weight is None else table.weight
        if (impossible & (weight > 0)).any():
            low, _ = label_interval(
                metric_id, table.with_weights(np.where(impossible, 0.0, weight)), settings, bootstrap
            )
            return low, math.inf
    if not table.total or (table.cluster is not None and table.clusters < 2):
        return math.nan, math.nan
    cells = error.fold(table)
    gaps = smooth_gaps(cells, 1.0 if table.cluster is None else _design_effect(table, cells))
    noise: SimulatedBins | ClusteredCells
    if table.cluster is None:
        noise = SimulatedBins(cells.sums, bootstrap.resamples, bootstrap.seed)
    else:
        rest = residual(table) - (gaps / cells.sums.size)[cells.of_sample]
        noise = ClusteredCells(table, cells, rest, float(variances(cells).sum()), bootstrap)
    scatter = np.random.Generator(np.random.SFC64([bootstrap.seed, 1])).standard_normal(bootstrap.resamples)
    size = cells.sums.size
    start, shape = np.zeros(len(size)), gaps if gaps.any() else size
    if error.ranking:
        start = size * (cells.sums.correct.sum() / size.sum()) - cells.right
        shape = gaps - start
    if error.certain:
        shape = np.where((cells.wrong > 0) & (cells.right > 0), shape, 0.0)
    observed = float(error.of(cells, cells.sums.residual[None])[0])
    family = partial(_family, cells, error, noise, scatter, start)
    low, high = inverted(observed, family(shape), bootstrap.level)
    if (
        low == 0 and not error.ranking
    ):  # The sign of the gaps is not known either, and where errors are rare it matters.
        high = max(high, inverted(observed, family(-shape), bootstrap.level)[1])
    return low, high


def _family(
    cells: Cells, error: _Error, noise: SimulatedBins | ClusteredCells, scatter: Array, start: Array, shape: Array
) -> Family:
    """The models whose sums of a - c over the cells are start + t shape, [B], as far as samples are right or wrong."""
    size, least, most = cells.sums.size, -cells.right, cells.wrong
    apart = math.sqrt(float((np.square(shape) / np.maximum(variances(cells), 1e-12 * size)).sum()))
    shape = shape * (max(apart, _FAR) / apart if apart > 0 else 1.0)

    def gaps(t: float) -> Array:
        return np.clip(start + t * shape, least, most)

    def value(t: float) -> float:
        return float(error.of(cells, gaps(t)[None])[0]) if t else 0.0

    @cache  # both ends are searched from the same t on
    def simulated(t: float) -> Array:
        found = noise.simulated(gaps(t), lambda drawn: error.of(cells, drawn))
        if error.terms is None:
            return found
        terms = error.terms(cells, gaps(t))
        average = float((terms * size).sum() / size.sum())
        deviation = math.sqrt(float((np.square(terms - average) * size).sum())) / float(size.sum())
        scattered: Array = found + scatter * deviation
        return scattered

    there = shape != 0
    reach = np.where(shape > 0, most - start, start - least)[there] / np.abs(shape[there])
    return Family(simulated, value, float(reach.max(initial=0.0)))


def variances(cells: Cells) -> Array:
    """The variance of the sum of a - c over each cell, [B]: of a calibrated model, or the observed one if larger."""
    size = cells.sums.size
    share = (cells.sums.correct + cells.right / size) / (size + 1)
    larger: Array = np.maximum(cells.sums.variance, size * share * (1 - share))
    return larger


def smooth_gaps(cells: Cells, design_effect: float) -> Array:
    """The smooth part of the sums of a - c over cells, [B].

    Gaps are a sum of waves cos(j pi u), u the share of samples with less confidence. The mean gap is kept. Blocks of
    waves are shrunk by the power that noise alone has, and left out if theirs is not well above it (James and Stein
    1961, blockwise as Efromovich 1985).
    """
    size, gap = cells.sums.size, cells.sums.residual
    u = (np.cumsum(size) - size / 2) / size.sum()
    j = np.arange(min(_WAVES, len(size) - 1) + 1)
    waves = np.sqrt(2) * np.cos(math.pi * j[:, None] * u)
    waves[0] = 1.0
    height = (waves * gap).sum(axis=1) / size.sum()
    noise = design_effect * (np.square(waves) * variances(cells)).sum(axis=1) / size.sum() ** 2
    kept = np.zeros(len(j))
    kept[0], first = 1.0, 1
    while first < len(j):
        block = slice(first, max(first + 1, first * 3 // 2))
        power = float(np.square(height[block]).sum())
        kept[block] = max(0.0, 1 - _CLEAR * float(noise[block].sum()) / power) if power > 0 else 0.0
        first = block.stop
    smooth: Array = ((kept * height)[:, None] * waves).sum(axis=0) * size
    return smooth


def _design_effect(table: SampleTable, cells: Cells) -> float:
    """By how much clusters raise the variance of the sum of a - c, at least 1."""
    rest = residual(table) - cells.sums.residual.sum() / cells.sums.size.sum()
    sums = np.bincount(np.asarray(table.cluster), rest if table.weight is None else rest * table.weight)
    factor = table.clusters / (table.clusters - 1)
    return max(1.0, factor * float(np.square(sums).sum()) / max(float(variances(cells).sum()), 1e-300))
