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
from lscli.metrics.sorted_values import SortedValues, rounding_of_probability, sorted_by
from lscli.metrics.torch_rounding import as_sigmoid_of, linspace_of_torch, rounded_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lscli.metrics.base import Settings
    from lscli.options import BinEdges, Library, Norm
    from lscli.table import SampleTable

    Array = NDArray[Any]

BINS = 15
# The number of bins that each library takes by default.
COMPAT: dict[Library, int] = {
    "torchmetrics": 15,
    "netcal": 10,
    "gpleiss": 15,
    "sklearn": 5,
    "relplot": 10,
    "focal": 15,
}


@dataclass(frozen=True, eq=False)
class BinRule:
    """Which bin a confidence belongs to. Rules are compared by identity; `rule_of` caches them.

    Attributes:
        inner: [M-1], the edges between the bins, ascending.
        side: `left` if an edge belongs to the bin below it, `right` if it belongs to the bin above.
        params: the rule as a report prints it.
        library: c is the `library_confidence` of the table.
        sigmoid: the type that a library computes c in from two logits, see `as_sigmoid_of`.
        element: the type that confidences are rounded to before they are compared and averaged.
        clip: the least distance of confidences from 0 and 1; closer ones are clipped.
        one_apart: a confidence of 1 has its own bin.
        within_rounding: a confidence that was computed lies on an edge if it differs from it by rounding alone.
            Else the order of the classes would choose the bin of 0.6, which is an edge and a common probability.
    """

    inner: Array
    side: Literal["left", "right"]
    params: Mapping[str, Any]
    library: bool = False
    sigmoid: str = "float64"
    element: str = "float64"
    clip: float = 0.0
    one_apart: bool = False
    within_rounding: bool = False

    @property
    def slots(self) -> int:
        """The number of bins, including the one for a confidence of 1."""
        return len(self.inner) + 1 + self.one_apart

    @property
    def edges(self) -> Array:
        """The lower edge of each bin, then the upper edge of the last, [slots + 1]."""
        return np.concatenate(([0.0], self.inner, [1.0] * (1 + self.one_apart)))

    @property
    def inner_computed(self) -> Array:
        """The inner edges for probabilities that were computed, [M-1]."""
        if not self.within_rounding:
            return self.inner
        return self.inner + rounding_of_probability(self.inner) * (1.0 if self.side == "left" else -1.0)

    def changes(self, table: SampleTable) -> bool:
        """Whether the confidences of the rule are not those of the table."""
        rounds = bool(self.clip) or (self.sigmoid, self.element) != ("float64", "float64")
        return rounds or (self.library and "library_confidence" in table.columns)

    def confidence(self, table: SampleTable) -> Array:
        """The confidences [n], clipped and rounded by the rule, float64."""
        c = table["library_confidence" if self.library else "confidence"]
        if self.clip:
            c = np.clip(c, self.clip, 1.0 - self.clip)
        return rounded_to(as_sigmoid_of(c, self.sigmoid), self.element)

    def bin_of(self, c: Array, *, computed: bool = False) -> Array:
        """The bin of each of these confidences [n], by its edges: c * M would round some into the next bin.

        Confidences that were given are compared exactly, and those that were computed from logits within rounding.
        """
        inner = self.inner_computed if computed else self.inner
        edges = np.append(inner, 1.0) if self.one_apart else inner
        smallest = np.uint8 if self.slots <= 256 else np.intp
        return np.searchsorted(edges, c, side=self.side).astype(smallest)


def rule_of(settings: Settings) -> BinRule:
    """The bin rule of ece for these settings."""
    compat, given = settings.compat, settings.given
    usual = BINS if compat is None else COMPAT[compat]
    bins = usual if settings.bins is None else settings.bins
    if compat == "torchmetrics" and settings.positive_class is not None:
        return _binary_torchmetrics(bins, given.element, softmax=given.softmax)
    return _rule(bins, settings.bin_edges, compat)


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
        edges = linspace_of_torch(bins, "float32")
        return BinRule(edges, "right", params, element="float32", one_apart=True, library=True)
    if compat == "netcal":  # [lo, hi) after clipping, so that 1 is in the last bin
        return BinRule(even, "right", params, clip=float(np.finfo(float).eps), library=True)
    if compat == "gpleiss":  # (lo, hi] with float32 edges, which are compared with confidences of any type
        return BinRule(linspace_of_torch(bins, "float32"), "left", params, library=True)
    if compat == "sklearn":  # calibration_curve: (lo, hi] with the edges of linspace
        return BinRule(even, "left", params, library=True)
    if compat == "relplot":  # binnedECE: the whole part of c / (1/M), so that 1 mostly has a bin of its own
        return BinRule(_relplot_edges(bins), "right", params)
    if compat == "focal":  # ECELoss: (lo, hi] with float32 edges, and the softmax of float32 logits
        return BinRule(linspace_of_torch(bins, "float32"), "left", params, element="float32", library=True)
    side: Literal["left", "right"] = "left" if bin_edges == "right" else "right"
    return BinRule(np.arange(1, bins) / bins, side, params, within_rounding=True)


@lru_cache
def _binary_torchmetrics(bins: int, element: str, *, softmax: bool) -> BinRule:
    """The rule of torchmetrics for one of two classes, in the type of the probabilities or logits."""
    edges, params = linspace_of_torch(bins, element), {"bins": bins, "compat": "torchmetrics"}
    return BinRule(edges, "right", params, sigmoid=element if softmax else "float64", element=element, one_apart=True)


def rule_columns(settings: Settings) -> frozenset[str]:
    """The columns of the errors over these bins."""
    columns = frozenset({"confidence", "one_minus_confidence", "correct"})
    return (
        columns if settings.compat is None or settings.positive_class is not None else columns | {"library_confidence"}
    )


def _relplot_edges(bins: int) -> Array:
    """The smallest confidences whose quotient by the width 1/M rounds to at least 1, 2, ..., mostly up to M."""
    width = 1.0 / bins
    i = np.arange(1.0, int(1.0 / width) + 1)
    edges = i * width
    for step in (0.0, 1.0):  # the product is at most a few units in the last place from the edge
        for _ in range(4):
            near = np.nextafter(edges, step)
            edges = np.where((near / width >= i) if step == 0.0 else (edges / width < i), near, edges)
    return edges


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
    computed = table.num_classes is not None
    if rule.changes(table):
        c = rule.confidence(table)
        return rule.bin_of(c, computed=computed), correct - c, correct, c * (1.0 - c)
    return rule.bin_of(c, computed=computed), residual(table), correct, c * table["one_minus_confidence"]


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
