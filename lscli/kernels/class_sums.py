"""Sums by class and bin for class-wise calibration, filled in the same pass as the table.

Each class k has its own bins, over the probability p_k of all samples. In a row, few classes lie above the first bin;
only these are binned one by one. The first bin follows from the sums over all samples, less the other bins.
"""

from __future__ import annotations

import math
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lscli.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from lscli.kernels.layouts import Layout
    from lscli.kernels.rowstate import RowState

    Array = NDArray[Any]

_BLOCK_BYTES = 2 << 20
# Rows of probabilities are divided by their sum, unless it is 1 but for the last digits of float32.
LAST_DIGITS = 2.0**-22
LIMB = 2.0**30


def block_rows(num_classes: int, dtype: str) -> int:
    """The number of rows that are summed in floating point; blocks begin at its multiples, whatever the chunks are."""
    fitting = _BLOCK_BYTES // (num_classes * (8 if dtype == "float64" else 4))
    return min(max(4, 1 << max(0, fitting.bit_length() - 1)), 1 << 14)


class ClassSums:
    """Sums of probabilities and residuals by class and bin, [K, M].

    Every value is added as two integers of 30 bits, so that the order of threads and chunks changes no bit.

    Args:
        num_classes: K.
        edges: [M-1], the inner edges of the bins, ascending from above 0.
        side: as in numpy's searchsorted: `left` for bins (lo, hi], `right` for [lo, hi).
        weight: [N], the weight of each row of the logits; a row of weight 0 is excluded.
        stated: the type of the probabilities whose logarithms the rows are, or None for logits. Probabilities are
            binned as they are stored, if their row sums to 1: e^ln p differs from p, and so does p over the sum.

    Attributes:
        num_classes, edges, side, stated: as given.
        scaled: [N], the weights times a power of two, at most 1.
        state: the sums by name, each [2, length] int64: multiples of 2^-30 and of 2^-60.
        lock: held while a thread adds to the state.
    """

    def __init__(
        self,
        num_classes: int,
        edges: ArrayLike,
        side: Literal["left", "right"],
        weight: ArrayLike,
        stated: str | None = None,
    ) -> None:
        self.num_classes = num_classes
        self.stated = stated
        self.edges = np.asarray(edges, np.float64)
        self.side: Literal["left", "right"] = side
        if self.edges.size and (self.edges[0] <= 0 or (np.diff(self.edges) < 0).any()):
            raise UsageError("the inner edges of the bins must ascend from above 0")
        given = np.asarray(weight, np.float64)
        if not ((given >= 0) & np.isfinite(given)).all():
            raise UsageError("a weight is negative or not finite")
        self._exponent = math.frexp(float(given.max(initial=0)))[1]
        if given.max(initial=0) == 2.0 ** (self._exponent - 1):
            self._exponent -= 1
        self.scaled = np.ldexp(given, -self._exponent)
        bins = self.num_bins * num_classes
        lengths = {"total": 1, "tail": num_classes, "top": num_classes, "rest": num_classes}
        lengths |= {"residual": bins, "size": bins}
        self.state = {name: np.zeros((2, length), np.int64) for name, length in lengths.items()}
        self._bins_of = _Bins(self.edges, self.side)
        self.lock = threading.Lock()

    @property
    def num_bins(self) -> int:
        """M, the number of bins of each class."""
        return len(self.edges) + 1

    @property
    def total(self) -> float:
        """The sum of the weights of the rows added."""
        return float(self._value(self.state["total"])[0])

    @cached_property
    def mean_prob(self) -> Array:
        """[K], the mean probability of each class; nan if no row was added."""
        with np.errstate(invalid="ignore"):
            return self._value(self.state["tail"] + self.state["top"]) / np.float64(self.total)

    @cached_property
    def residual(self) -> Array:
        """[K, M], the sum of w ([y = k] - p_k) over the samples of each bin."""
        residual = self._bins("residual", self.state["rest"] - self.state["tail"])
        # A bin without samples has no residual; what remains is the rounding of the column sums.
        residual[:, 0][self.size[:, 0] == 0] = 0
        return residual

    @cached_property
    def size(self) -> Array:
        """[K, M], the sum of w over the samples of each bin."""
        return self._bins("size", self.state["total"])

    def _bins(self, name: str, whole: Array) -> Array:
        # The first bin is the total of all bins less the others.
        limbs = self.state[name].reshape(2, self.num_classes, self.num_bins)
        values = self._value(limbs)
        values[:, 0] = self._value(whole - np.add.reduce(limbs[:, :, 1:], axis=2))
        return values

    def _value(self, limbs: Array) -> Array:
        value: Array = np.ldexp(limbs[0] + limbs[1] / LIMB, self._exponent - 30)
        return value

    def add(self, layout: Layout, e: Array, state: RowState, first: int, rows: int) -> None:
        """Add rows of one block.

        Args:
            layout: the layout of `e`.
            e: e^(x_i - m) in the layout's shape, 0 at the prediction.
            state: the state of the same rows.
            first: the number of the first row.
            rows: the number of rows to add.
        """
        weight = self.scaled[first : first + rows]
        keep = np.flatnonzero((weight > 0) & np.isfinite(state.largest[:rows]))
        if not len(keep):
            return
        label, top, tail, largest = state.label, state.top, state.tail, state.largest
        if len(keep) < len(top):
            e, weight = layout.chosen(e, keep), weight[keep]
            label, top, tail, largest = label[keep], top[keep], tail[keep], largest[keep]
        z = 1.0 + tail.astype(np.float64)
        whole, part = limbs_of(layout.class_sums(e, weight / z)), limbs_of(weight)
        row_sum = None if self.stated is None else z * np.exp(largest.astype(np.float64))
        entries = self._entries(layout, e, label.astype(np.intp), top, tail, z, weight, part, row_sum)
        with self.lock:
            self.state["tail"] += whole
            self.state["total"] += np.add.reduce(part, axis=1, keepdims=True)
            for name, index, limbs in entries:
                for target, limb in zip(self.state[name], limbs, strict=True):
                    if limb.any():  # integer weights have no lower limb
                        np.add.at(target, index, limb)

    def _entries(
        self,
        layout: Layout,
        e: Array,
        label: Array,
        top: Array,
        tail: Array,
        z: Array,
        weight: Array,
        weight_limbs: Array,
        row_sum: Array | None,
    ) -> list[tuple[str, Array, Array]]:
        """The values for predictions, for labels and for classes above the first edge: sums, places in these, limbs.

        `row_sum` is the sum of the probabilities of each row as they are stored, or None for logits.
        """

        def place_of(k: Array, p: Array, row: Array | slice) -> Array:
            return self._place(k, p if row_sum is None else self._as_stated(p, row_sum[row]))

        # A threshold slightly too low: rounded to the type of e, it must not exclude an entry above the edge.
        first_edge = self.edges[0] if len(self.edges) else np.inf
        row, k, value = layout.at_least(e, z * (first_edge * (1 - 1e-6)))
        np.divide(value, z.take(row), out=value)
        place = place_of(k, value, row)
        np.multiply(value, -weight.take(row), out=value)

        wrong = np.flatnonzero(label != top)
        at_label = e.reshape(-1)[layout.at(label)][wrong] / z[wrong]
        label = label[wrong]
        top_place = place_of(top, 1.0 / z, slice(None))
        share = weight / z
        # s / Z keeps its digits where 1 - 1/Z has none.
        top_residual = share * tail
        top_residual[wrong] = -share[wrong]
        top_limbs, label_limbs = limbs_of(top_residual), weight_limbs.take(wrong, axis=1)
        return [
            ("top", top, limbs_of(share)),
            ("rest", top, top_limbs),
            ("rest", label, label_limbs),
            ("residual", place, limbs_of(value)),
            ("residual", top_place, top_limbs),
            ("residual", place_of(label, at_label, wrong), label_limbs),
            ("size", place, weight_limbs.take(row, axis=1)),
            ("size", top_place, weight_limbs),
        ]

    def _as_stated(self, p: Array, row_sum: Array) -> Array:
        """The probabilities of rows that sum to 1 as they are stored, from those divided by the sum, [n] float64."""
        own = p * row_sum
        if self.stated != "float64":  # the rounding is then undone
            own = own.astype(np.float32).astype(np.float64)
        stated: Array = np.where(np.abs(row_sum - 1.0) <= LAST_DIGITS, own, p)
        return stated

    def _place(self, k: Array, p: Array) -> Array:
        place: Array = k * self.num_bins + self._bins_of(p)
        return place


def limbs_of(value: Array) -> Array:
    """The multiples of 2^-30 and of 2^-60 that add up to the values; [2, n] int64."""
    # In place: allocating many large arrays takes longer than all of the arithmetic.
    limbs = np.empty((2, len(value)), np.int64)
    scaled = value * LIMB
    high = np.rint(scaled)
    limbs[0] = high
    np.subtract(scaled, high, out=scaled)
    np.multiply(scaled, LIMB, out=scaled)
    limbs[1] = np.rint(scaled, out=scaled)
    return limbs


class _Bins:
    """numpy's searchsorted, but fast for unsorted probabilities.

    A binary search mispredicts its branches, which costs 20 ns a value. Here [0, 1] is divided into cells, and a table
    gives the bin at the start of each cell; as long as no cell holds two edges, one comparison finds the bin.
    """

    _CELLS = 1024  # a power of two, so that the cell of a value is exact

    def __init__(self, edges: Array, side: Literal["left", "right"]) -> None:
        self._edges = edges
        self._side: Literal["left", "right"] = side
        self._beyond = np.greater if side == "left" else np.greater_equal
        self._next_edge = np.append(edges, np.inf)
        self._low = np.searchsorted(edges, np.arange(self._CELLS + 2) / self._CELLS, side)
        self._one_edge_a_cell = bool((np.diff(self._low) <= 1).all())

    def __call__(self, p: Array) -> Array:
        if not self._one_edge_a_cell:
            return np.searchsorted(self._edges, p, self._side)
        low = self._low.take((p * self._CELLS).astype(np.intp))
        found: Array = low + self._beyond(p, self._next_edge.take(low))
        return found
