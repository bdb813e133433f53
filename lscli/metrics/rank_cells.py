"""The measures of `lscli.metrics.detection` for many resamples at once, from samples that are counted in cells.

A resample of a million samples need not say how often each was drawn. Neighbours in the order of the scores are counted
together, in some hundred cells: where ID and OOD samples alternate, many cells, and where there are only samples of one
kind, a single one, which loses nothing. Within a cell, both kinds are spread evenly. So the values differ a little from
those of the samples themselves, but their deviations do not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.metrics.detection import Ranks

    Array = NDArray[Any]

# How many cells there may be by how much the two kinds mix, around the threshold of `fpr`, and each time that the
# number of the first positive samples doubles, from _FIRST on.
_MIXED, _NEAR_RECALL, _OCTAVE, _FIRST = 128, 48, 6, 3
# How far the cells around the threshold reach: standard deviations of its rank, and ID samples.
_REACH, _AT_LEAST = 5.0, 16


class RankCells(NamedTuple):
    """Places that cut n ID samples and m OOD samples, both by ascending score, into C cells.

    Attributes:
        ids, oods: [C + 1], how many ID and OOD samples are below each place, from 0 to n and to m.
        equal: [C], whether all scores of the cell are equal, as far as this is known: between two samples of the
            other kind, all count as different.
    """

    ids: Array
    oods: Array
    equal: Array

    @classmethod
    def of(cls, ranks: Ranks, recall: float) -> RankCells:
        """Cut the samples so that the measures lose next to nothing.

        Args:
            ranks: of the samples.
            recall: as in `lscli.metrics.detection.measures`.
        """
        ids, oods = _runs(ranks)
        here, there = np.diff(ids).astype(np.float64), np.diff(oods).astype(np.float64)
        # A pair of samples counts for half if it falls into one cell, so cells hold about the same number of such
        # pairs: the root makes this number one of samples, so that it adds up.
        within = np.sqrt(here * there)
        between = np.sqrt(here[:-1] * there[1:] + there[:-1] * here[1:])
        mixed = np.cumsum(within) - within / 2
        mixed[1:] += np.cumsum(between)
        mixed *= _MIXED / max(mixed[-1] + within[-1] / 2, 1.0)
        # The threshold of `fpr` hangs on few ID samples.
        n, rank = float(ids[-1]), (1 - recall) * float(ids[-1])
        reach = _REACH * math.sqrt(rank * recall) + _AT_LEAST
        near = (ids[:-1].clip(rank - reach, min(rank + reach, n)) - rank) * (_NEAR_RECALL / (2 * reach))
        # The precision of the first positive samples changes with each sample.
        of_in = _OCTAVE * np.log2(1 + (n - (ids[:-1] + here / 2)) / _FIRST)
        of_out = _OCTAVE * np.log2(1 + (oods[:-1] + there / 2) / _FIRST)
        first = np.ones(len(here), bool)
        first[1:] = np.logical_or.reduce([np.diff(np.floor(each)) != 0 for each in (mixed, near, of_in, of_out)])
        starts = np.flatnonzero(first)
        alone = np.diff(starts, append=len(here)) == 1
        ends = np.append(starts, len(here))
        return cls(ids[ends], oods[ends], alone & ((within[starts] > 0) | ((here + there)[starts] == 1)))


def _runs(ranks: Ranks) -> tuple[Array, Array]:
    """The places between runs, [runs + 1] each: how many ID and how many OOD samples are below.

    A run has samples of one kind alone, or of both with equal scores: no measure depends on its order.
    """
    below, upto, n, m = ranks.ids_below, ranks.ids_upto, len(ranks.ids), len(ranks.oods)
    starts = np.flatnonzero(np.concatenate(([True], (np.diff(below) > 0) | (np.diff(upto) > 0))))
    ids, oods = np.empty(2 * len(starts) + 2, np.int64), np.empty(2 * len(starts) + 2, np.int64)
    ids[0], ids[1:-1:2], ids[2:-1:2], ids[-1] = 0, below[starts], upto[starts], n
    oods[0], oods[1:-1:2], oods[2:-1:2], oods[-1] = 0, starts, np.append(starts[1:], m), m
    filled = np.concatenate(([True], np.diff(ids) + np.diff(oods) > 0))
    return ids[filled], oods[filled]


def measures_in_cells(ids: Array, oods: Array, equal: Array, recall: float) -> Array:
    """The four measures of R resamples, [R, 4], in the order of `lscli.metrics.detection.Separation`.

    Args:
        ids, oods: [R, C + 1], how many of the drawn ID and OOD samples are below each place; all in the last column.
        equal: [C], whether all scores of the cell are equal.
        recall: as in `lscli.metrics.detection.measures`.
    """
    n, m = ids[:, -1], oods[:, -1]
    own, other = np.diff(ids), np.diff(oods)
    lost = np.einsum("rc,rc->r", ids[:, :-1] + own / 2, other)
    found = np.empty((len(ids), 4))
    found[:, 0] = 1 - lost / (n * m)
    found[:, 1] = _precision(own, other, n[:, None] - ids[:, 1:], m[:, None] - oods[:, 1:], equal) / n
    found[:, 2] = _precision(other, own, oods[:, :-1], ids[:, :-1], equal) / m
    # As many ID samples may lie below the threshold; a rounding must not exclude the last of them.
    missed = (1 - recall) * n * (1 + 1e-12)
    row, cell = np.arange(len(ids)), (ids[:, 1:] <= missed[:, None]).sum(axis=1)
    inside = np.where(equal[cell], 0, (missed - ids[row, cell]) / own[row, cell])
    found[:, 3] = 1 - (oods[row, cell] + inside * other[row, cell]) / m
    return found


def _precision(own: Array, other: Array, hits: Array, alarms: Array, equal: Array) -> Array:
    """The sums of the precisions of the positive samples of each resample, [R].

    In a cell, the precision of a sample is (hits + 1 + t own) / (hits + 1 + alarms + t (own + other)) for a t that is
    uniform in (0, 1), of which this is the mean. If all scores are equal, t is 1, and the sample is one of `own`.

    Args:
        own, other: [R, C], how many positive and how many negative samples are in each cell.
        hits, alarms: [R, C], how many of them come before the cell.
        equal: [C].
    """
    total = own + other
    share = own / np.maximum(total, 1e-300)
    before = hits + alarms
    before += 1
    step = np.maximum(total / before, 1e-300)
    precision = (hits + 1) / before
    precision -= share
    precision *= np.log1p(step) / step
    precision += share
    if equal.any():
        at_end = (hits + own) / np.maximum(hits + alarms + total, 1)
        precision = np.where(equal, at_end, precision)
    found: Array = np.einsum("rc,rc->r", precision, own)
    return found
