"""Bin rules, ours and other libraries', and the sums of a table over its bins.

The same confidences give different errors by different rules, so the rule is part of a metric's params.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lscli.metrics.confidence import residual
from lscli.metrics.sorted_values import SortedValues, sorted_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lscli.metrics.base import Settings
    from lscli.options import BinEdges, Library, Norm
    from lscli.table import SampleTable

    Array = NDArray[Any]

BINS = 15
# The number of bins that each library takes by default.
COMPAT: dict[Library, int] = {"torchmetrics": 15, "netcal": 10, "gpleiss": 15, "sklearn": 5}


@dataclass(frozen=True, eq=False)
class BinRule:
    """Which bin a confidence belongs to. Rules are compared by identity; `rule_of` caches them.

    Attributes:
        inner: [M-1], the edges between the bins, ascending.
        side: `left` if an edge belongs to the bin below it, `right` if it belongs to the bin above.
        params: the rule as a report prints it.
        element: the type that confidences are rounded to before they are compared and averaged.
        clip: the least distance of confidences from 0 and 1; closer ones are clipped.
        one_apart: a confidence of 1 has its own bin.
    """

    inner: Array
    side: Literal["left", "right"]
    params: Mapping[str, Any]
    element: type[np.floating[Any]] = np.float64
    clip: float = 0.0
    one_apart: bool = False

    @property
    def slots(self) -> int:
        """The number of bins, including the one for a confidence of 1."""
        return len(self.inner) + 1 + self.one_apart

    @property
    def edges(self) -> Array:
        """The lower edge of each bin, then the upper edge of the last, [slots + 1]."""
        return np.concatenate(([0.0], self.inner, [1.0] * (1 + self.one_apart)))

    def confidence(self, c: Array) -> Array:
        """The confidences [n] clipped and rounded by the rule, float64."""
        if self.clip:
            c = np.clip(c, self.clip, 1.0 - self.clip)
        return c.astype(self.element).astype(np.float64, copy=False)

    def bin_of(self, c: Array) -> Array:
        """The bin of each confidence [n], by its edges, because c * M would round some into the next bin."""
        edges = np.append(self.inner, 1.0) if self.one_apart else self.inner
        smallest = np.uint8 if self.slots <= 256 else np.intp
        return np.searchsorted(edges, self.confidence(c), side=self.side).astype(smallest)


def rule_of(settings: Settings) -> BinRule:
    """The bin rule of ece for these settings."""
    compat = settings.compat
    usual = BINS if compat is None else COMPAT[compat]
    return _rule(usual if settings.bins is None else settings.bins, settings.bin_edges, compat)


@lru_cache
def _rule(bins: int, bin_edges: BinEdges, compat: Library | None) -> BinRule:
    """M bins of equal width, by default (lo, hi] with 0 in the first bin and 1 in the last."""
    params: dict[str, Any] = {"bins": bins}
    if compat is not None:
        params["compat"] = compat
    elif bin_edges == "left":
        params["bin_edges"] = "left"
    even = np.linspace(0, 1, bins + 1)[1:-1]
    if compat == "torchmetrics":  # float32 throughout; [lo, hi), with a separate bin for 1
        return BinRule(_linspace32(bins), "right", params, element=np.float32, one_apart=True)
    if compat == "netcal":  # [lo, hi) after clipping, so that 1 is in the last bin
        return BinRule(even, "right", params, clip=float(np.finfo(float).eps))
    if compat == "gpleiss":  # (lo, hi] with float32 edges
        return BinRule(_linspace32(bins), "left", params)
    if compat == "sklearn":  # calibration_curve: (lo, hi] with the edges of linspace
        return BinRule(even, "left", params)
    return BinRule(np.arange(1, bins) / bins, "left" if bin_edges == "right" else "right", params)


def _linspace32(bins: int) -> Array:
    # torch.linspace counts its second half down from the end and rounds once (fused multiply and add).
    step, i = float(np.float32(1) / np.float32(bins)), np.arange(1, bins)
    halves = np.where(i < (bins + 1) // 2, step * i, 1.0 - step * (bins - i))
    return halves.astype(np.float32).astype(np.float64)


class BinSums(NamedTuple):
    """Sums over the samples of each bin, [M]: of the weights, of a - c, of a and of c (1 - c)."""

    size: Array
    residual: Array
    correct: Array
    variance: Array

    def norm(self, norm: Norm) -> float:
        """The l1, l2 or max norm of the gaps mean a - mean c, weighted by the bins' sizes; nan without samples."""
        full = self.size > 0
        size = self.size[full]
        return float(norms_of(self.residual[full], size, float(size.sum()), norm)) if len(size) else math.nan


def bin_sums(table: SampleTable, rule: BinRule) -> BinSums:
    """The sums over the bins of a rule, computed once per table."""
    return table.kept_weighted(_bin_sums, rule)


def _bin_sums(table: SampleTable, rule: BinRule) -> BinSums:
    if table.weight is None:
        index, *values = binned(table, rule)
        counts = np.bincount(index, minlength=rule.slots).astype(np.float64)
        return BinSums(counts, *(np.bincount(index, x, rule.slots) for x in values))
    # The samples are sorted by bin once, so that a resample only takes four sums along them.
    bins, ordered = table.kept(_sorted_by_bin, rule)
    weight = table.weight[bins.order]
    sums = np.zeros((4, rule.slots))
    sums[:, bins.value] = [np.add.reduceat(x, bins.starts) for x in (weight, *(weight * x for x in ordered))]
    return BinSums(*sums)


def _sorted_by_bin(table: SampleTable, rule: BinRule) -> tuple[SortedValues, list[Array]]:
    index, *values = binned(table, rule)
    bins = SortedValues.of(index)
    return bins, [x[bins.order].astype(np.float64) for x in values]


def binned(table: SampleTable, rule: BinRule) -> tuple[Array, Array, Array, Array]:
    """The bin, a - c, a and c (1 - c) of every sample, [n] each, with c as the rule clips and rounds it."""
    c, correct = table["confidence"], table["correct"]
    if rule.clip or rule.element is not np.float64:
        seen = rule.confidence(c)
        return rule.bin_of(c), correct - seen, correct, seen * (1.0 - seen)
    return rule.bin_of(c), residual(table), correct, c * table["one_minus_confidence"]


class ClusteredShares(NamedTuple):
    """Of each bin, [M]: the standard error of the share of right samples, and the number of clusters."""

    stderr: Array
    clusters: Array

    def of(self, place: int) -> tuple[float, int]:
        """Those of one bin."""
        return float(self.stderr[place]), int(self.clusters[place])


def clustered_shares(table: SampleTable, bins: Array, size: Array, correct: Array) -> ClusteredShares:
    """How certain the shares of right samples are in bins of samples that belong together: CR1 in each bin.

    Args:
        table: with clusters.
        bins: the bin of each sample, [n].
        size, correct: the sums of the weights and of a over the samples of each bin, [M].
    """
    keep = slice(None) if table.weight is None else table.weight > 0
    weight = np.ones(len(table)) if table.weight is None else table.weight[keep]
    cluster, bins = np.asarray(table.cluster)[keep], bins[keep].astype(np.intp)
    count = len(size)
    # The pairs of a cluster and a bin: at most as many as samples.
    pairs, pair_of = np.unique(cluster * np.int64(count) + bins, return_inverse=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = weight * (table["correct"][keep] - (correct / size)[bins])
        squares = np.square(np.bincount(pair_of, deviation, len(pairs)))
        clusters = np.bincount(pairs % count, minlength=count)
        variance = np.bincount(pairs % count, squares, count) * clusters / (clusters - 1)
        stderr = np.where(clusters > 1, np.sqrt(variance) / size, math.nan)
    return ClusteredShares(stderr, clusters)


class MassBins:
    """Bins of equal count that never split equal confidences, so that the order of the samples does not matter.

    Bin i ends with the smallest confidence whose cumulative weight reaches i floor(N/M) + min(i, N mod M),
    the sizes of numpy.array_split; equal ends merge (Kumar et al. 2019 and their code).
    """

    def __init__(self, table: SampleTable) -> None:
        ascending = sorted_by(table, "confidence")
        weight = ascending.weights(table)
        full = weight > 0
        self.value = ascending.value[full]
        self.weight = weight[full]
        self.correct = ascending.weighted_sums(table, table["correct"])[full]
        self.residual = ascending.weighted_sums(table, residual(table))[full]
        variance = table["confidence"] * table["one_minus_confidence"]
        self.variance = ascending.weighted_sums(table, variance)[full]
        self._cumulative = np.cumsum(self.weight)
        self._total = table.total

    @classmethod
    def of(cls, table: SampleTable) -> MassBins:
        """The bins of a table, computed once per table."""
        return table.kept_weighted(cls)

    def starts(self, bins: int) -> Array:
        """The first distinct confidence of each bin."""
        # Sums of fractional weights are rounded; those of whole weights are exact.
        ends = np.searchsorted(self._cumulative, self._reach(bins) * (1 - 1e-12), side="left") + 1
        starts = np.unique(np.append(0, ends))
        return starts[starts < len(self.value)]

    def sums(self, starts: Array) -> BinSums:
        """The sums over the bins that start at these distinct confidences."""
        columns = (self.weight, self.residual, self.correct, self.variance)
        return BinSums(*(np.add.reduceat(x, starts) for x in columns))

    def edges(self, starts: Array, bins: int) -> Array:
        """The upper edge of each of M bins, 1 for the last."""
        last = np.append(starts[1:], len(self.value)) - 1
        edge: Array = self.value[last].copy()
        exact = np.isclose(self._cumulative[last][:, None], self._reach(bins)[None, :], rtol=1e-12, atol=0).any(axis=1)
        inside = last < len(self.value) - 1
        halfway = exact & inside
        edge[halfway] = (self.value[last[halfway]] + self.value[last[halfway] + 1]) / 2
        edge[~inside] = 1.0
        return edge

    def bin_of(self, c: Array, starts: Array) -> Array:
        """The bin of each confidence [n] of the table."""
        bins: Array = np.maximum(np.searchsorted(self.value[starts], c, side="right") - 1, 0)
        return bins

    def _reach(self, bins: int) -> Array:
        i = np.arange(1, bins)
        return i * (self._total // bins) + np.minimum(i, self._total % bins)


def norms_of(gaps: Array, size: Array, total: float, norm: Norm) -> Array:
    """A norm of each of several sets of gaps, [...], given as sums of a - c [..., M] over bins of these sizes > 0."""
    gaps = np.abs(gaps)
    norms: Array
    if norm == "l1":
        norms = gaps.sum(axis=-1) / total
    elif norm == "l2":
        norms = np.sqrt((gaps * gaps / size).sum(axis=-1) / total)
    else:
        norms = (gaps / size).max(axis=-1)
    return norms
