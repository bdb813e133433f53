"""Bin rules, ours and other libraries', and the sums of a table over its bins.

The same confidences give different errors by different rules: the rule has a name, and is printed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lscli.errors import UsageError, whole
from lscli.metrics.confidence import residual
from lscli.metrics.runs import Runs, runs
from lscli.text import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.metrics.base import Settings
    from lscli.table import SampleTable

    Array = NDArray[Any]

BINS = 15
MOST_BINS = 10_000
EDGES = ("right", "left")
# The number of bins that each library takes unless told otherwise.
COMPAT = {"torchmetrics": 15, "netcal": 10, "gpleiss": 15, "sklearn": 5}


class BinRule(NamedTuple):
    """Which bin a confidence belongs to.

    Attributes:
        inner: [M-1], the edges between the bins, ascending.
        side: `left` when an edge belongs to the bin below it, `right` when to the one above.
        element: the type that confidences are rounded to before they are compared and averaged.
        clip: how far from 0 and 1 confidences are kept.
        one_apart: whether a confidence of 1 has a bin of its own.
        params: the rule as a report prints it.
    """

    inner: Array
    side: Literal["left", "right"]
    element: type[np.floating[Any]]
    clip: float
    one_apart: bool
    params: dict[str, Any]

    @property
    def slots(self) -> int:
        """How many bins there are, one for 1 alone among them."""
        return len(self.inner) + 1 + self.one_apart

    @property
    def edges(self) -> Array:
        """The lower edge of each bin, and the upper one of the last, [slots + 1]."""
        return np.concatenate(([0.0], self.inner, [1.0] * (1 + self.one_apart)))

    def confidence(self, c: Array) -> Array:
        """The confidences [n] as the rule sees them, float64."""
        if self.clip:
            c = np.clip(c, self.clip, 1.0 - self.clip)
        return c.astype(self.element).astype(np.float64, copy=False)

    def bin_of(self, c: Array) -> Array:
        """The bin of each confidence [n]. Compared with the edges: c * M would round some into the next bin."""
        edges = np.append(self.inner, 1.0) if self.one_apart else self.inner
        smallest = np.uint8 if self.slots <= 256 else np.intp
        return np.searchsorted(edges, self.confidence(c), side=self.side).astype(smallest)


def rule_of(settings: Settings) -> BinRule:
    """The rule of ece: M bins of equal width, (lo, hi] with 0 in the first and 1 in the last unless told otherwise.

    Raises:
        UsageError: a number of bins, a side or a library that there is not.
    """
    if settings.compat not in ("", *COMPAT):
        raise UsageError(
            f"unknown library {settings.compat!r}",
            nearest(settings.compat, COMPAT) or f"one of {', '.join(COMPAT)}",
            where="compat",
        )
    if settings.bin_edges not in EDGES:
        raise UsageError(f"unknown value {settings.bin_edges!r}", "use right for (lo, hi] or left", where="bin-edges")
    bins = COMPAT.get(settings.compat, BINS) if settings.bins is None else whole(settings.bins, "bins")
    if not 1 <= bins <= MOST_BINS:
        raise UsageError(f"must be from 1 to {MOST_BINS}, got {bins}", "15 is usual", where="bins")
    params: dict[str, Any] = {"bins": bins}
    if settings.compat:
        params["compat"] = settings.compat
    elif settings.bin_edges == "left":
        params["bin_edges"] = "left"
    side: Literal["left", "right"] = "left" if settings.bin_edges == "right" else "right"
    plain = BinRule(np.arange(1, bins) / bins, side, np.float64, 0.0, False, params)
    if settings.compat == "torchmetrics":  # float32 throughout; [lo, hi), and 1 in a bin of its own
        return plain._replace(inner=_linspace32(bins), side="right", element=np.float32, one_apart=True)
    if settings.compat == "netcal":  # [lo, hi) after clipping, so that 1 is in the last
        return plain._replace(inner=np.linspace(0, 1, bins + 1)[1:-1], side="right", clip=float(np.finfo(float).eps))
    if settings.compat == "gpleiss":  # (lo, hi] with float32 edges
        return plain._replace(inner=_linspace32(bins), side="left")
    if settings.compat == "sklearn":  # calibration_curve: (lo, hi] with the edges of linspace
        return plain._replace(inner=np.linspace(0, 1, bins + 1)[1:-1], side="left")
    return plain


def _linspace32(bins: int) -> Array:
    # torch.linspace counts its second half down from the end, and rounds once (fused multiply and add).
    step, i = float(np.float32(1) / np.float32(bins)), np.arange(1, bins)
    halves = np.where(i < (bins + 1) // 2, step * i, 1.0 - step * (bins - i))
    return halves.astype(np.float32).astype(np.float64)


class BinSums(NamedTuple):
    """Sums over the samples of each bin, [M].

    Attributes:
        size: weights.
        residual: a - c.
        correct: a.
        variance: c (1 - c).
    """

    size: Array
    residual: Array
    correct: Array
    variance: Array


def bin_sums(table: SampleTable, rule: BinRule) -> BinSums:
    """The sums over the bins of a rule, computed once a table."""
    name = repr(sorted(rule.params.items()))
    return table.derived(f"bin_sums {name}", lambda: _bin_sums(table, rule, name), weighted=True)


def _bin_sums(table: SampleTable, rule: BinRule, name: str) -> BinSums:
    if table.weight is None:
        index, *values = _binned(table, rule)
        counts = np.bincount(index, minlength=rule.slots).astype(np.float64)
        return BinSums(counts, *(np.bincount(index, x, rule.slots) for x in values))
    # Sorted by bin once, a resample is four sums along the samples.
    bins, ordered = table.derived(f"sorted {name}", lambda: _sorted(*_binned(table, rule)))
    weight = table.weight[bins.order]
    sums = np.zeros((4, rule.slots))
    sums[:, bins.value] = [np.add.reduceat(x, bins.starts) for x in (weight, *(weight * x for x in ordered))]
    return BinSums(*sums)


def _sorted(index: Array, *values: Array) -> tuple[Runs, list[Array]]:
    bins = Runs.of(index)
    return bins, [x[bins.order].astype(np.float64) for x in values]


def _binned(table: SampleTable, rule: BinRule) -> tuple[Array, Array, Array, Array]:
    """The bin, a - c, a and c (1 - c) of every sample, as the rule sees c."""
    c, correct = table["confidence"], table["correct"]
    if rule.clip or rule.element is not np.float64:
        seen = rule.confidence(c)
        return rule.bin_of(c), correct - seen, correct, seen * (1.0 - seen)
    return rule.bin_of(c), residual(table), correct, c * table["one_minus_confidence"]


class MassSums(NamedTuple):
    """Sums over bins of equal count, [B], B <= M.

    Attributes:
        edge: the upper edge of each bin; the last is 1.
        size: weights.
        correct: a.
        residual: a - c.
    """

    edge: Array
    size: Array
    correct: Array
    residual: Array


class MassBins:
    """Bins of equal count by value: a run of equal confidences is never split, so no order can matter.

    Bin i ends with the smallest confidence whose cumulative weight reaches i floor(N/M) + min(i, N mod M),
    the sizes of numpy.array_split; equal ends merge (Kumar et al. 2019 and their code).
    """

    def __init__(self, table: SampleTable) -> None:
        ascending = runs(table, "confidence", lambda: table["confidence"])
        weight = ascending.weights(table)
        full = weight > 0
        self.value = ascending.value[full]
        self.weight = weight[full]
        self.correct = ascending.weighted(table, table["correct"])[full]
        self.residual = ascending.weighted(table, residual(table))[full]
        self._cumulative = np.cumsum(self.weight)
        self._total = table.total

    @classmethod
    def of(cls, table: SampleTable) -> MassBins:
        """The bins of a table, sorted once and summed once for its weights."""
        return table.derived("mass_bins", lambda: cls(table), weighted=True)

    def starts(self, bins: int) -> Array:
        """The first run of each bin."""
        reach = self._reach(bins)
        # Fractional weights add up with rounding; whole ones are exact either way.
        ends = np.searchsorted(self._cumulative, reach * (1 - 1e-12), side="left") + 1
        starts = np.unique(np.append(0, ends))
        return starts[starts < len(self.value)]

    def sums(self, bins: int) -> MassSums:
        """The sums over M bins."""
        starts = self.starts(bins)
        last = np.append(starts[1:], len(self.value)) - 1
        edge = self.value[last].copy()
        exact = np.isclose(self._cumulative[last][:, None], self._reach(bins)[None, :], rtol=1e-12, atol=0).any(axis=1)
        inside = last < len(self.value) - 1
        halfway = exact & inside
        edge[halfway] = (self.value[last[halfway]] + self.value[last[halfway] + 1]) / 2
        edge[~inside] = 1.0
        return MassSums(edge, *(np.add.reduceat(x, starts) for x in (self.weight, self.correct, self.residual)))

    def _reach(self, bins: int) -> Array:
        i = np.arange(1, bins)
        return i * (self._total // bins) + np.minimum(i, self._total % bins)


def norm_of(gap: Array, size: Array, total: float, norm: str) -> float:
    """The l1, l2 or max norm of the gaps of bins, given as sums of a - c [M], weighted by their sizes [M]."""
    gap, size = np.abs(gap[size > 0]), size[size > 0]
    if not len(size):
        return math.nan
    if norm == "l1":
        return float(gap.sum() / total)
    if norm == "l2":
        return float(np.sqrt((gap * gap / size).sum() / total))
    return float((gap / size).max())


NORMS = ("l1", "l2", "max")


def check_norm(norm: str) -> None:
    """Raise UsageError unless the norm is known."""
    if norm not in NORMS:
        raise UsageError(f"unknown norm {norm!r}", nearest(norm, NORMS) or "use l1, l2 or max", where="norm")
