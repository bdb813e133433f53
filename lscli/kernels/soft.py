"""The wide pass against soft labels: every label is a distribution q over the classes, [N, K] as the logits are.

Two float64 arrays of a tile's size stand side by side. The cross-entropy is linear in q, and as the maximum is left
out of the sums, H(q, p) = log Z - sum_k q_k (x_k - m) is a sum of two terms that are not negative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.kernels.layouts import NarrowLayout, WideLayout
from lscli.kernels.numpy_kernel import NumpyKernel
from lscli.kernels.rowstate import NARROW, RowState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]
    Distributions = Callable[[Array, int, Array], Array]

# The columns that there are for soft labels, besides those that a pass is asked for by vectors or by eps.
SOFT_COLUMNS = frozenset({"row", "loss_hard", "loss_uniform", "brier", "class_count"})
# Buffers of a tile's size that a kernel has at most.
TILES = 9
_TINY = np.finfo(np.float64).tiny


class SoftKernel(NumpyKernel):
    """Computes row states against soft labels on the CPU, in float64; one instance a thread.

    The result for a row is the same, bit for bit, whatever rows stand beside it.

    Args:
        num_classes: K.
        dtype: element type of the chunks: float16, bfloat16, float32 or float64.
        fields: the optional fields of the row state to compute; `tail_square` stands for `soft_squares`.
        vectors: [V, K], for the field `dots`.
        distributions: what makes float64 distributions of rows of labels as they are stored, [n, K], into its last
            argument: called with the number of the first row, it returns which are ignored, [n].
        targets: how the labels are smoothed.
        eps: the amounts that an entropy is asked for, in [0, 1].
    """

    def __init__(
        self,
        num_classes: int,
        dtype: str,
        fields: frozenset[str],
        vectors: Array | None,
        distributions: Distributions,
        targets: Targets,
        eps: Sequence[float],
    ) -> None:
        super().__init__(num_classes, "float64", (fields | {"tail"}) - {"tail_square"}, (), vectors)
        self._squares = "tail_square" in fields
        self._excludes = "open_classes" in fields
        self._is_bfloat16 = dtype == "bfloat16"
        self._distributions = distributions
        self._targets, self._eps = targets, eps
        self._x = np.empty((self._tile, num_classes))
        self._rows_of_q = np.empty((self._tile, num_classes))
        layout = NarrowLayout if num_classes < NARROW else WideLayout
        self._beside: NarrowLayout | WideLayout = layout(num_classes, self._tile, np.dtype(np.float64))
        self._q: Array = self._rows_of_q

    def row_state(self, x: Array, label: Array, *, overwrite: bool = False, first: int = 0) -> RowState:
        """The state of rows x [n, K] with labels [n, K], both as stored; `first` is the number of the first row."""
        steps = range(0, len(x), self._tile)
        tiles = [self._against(x[i : i + self._tile], label[i : i + self._tile], first + i) for i in steps]
        return tiles[0] if len(tiles) == 1 else RowState.concatenated(tiles)

    def _against(self, x: Array, label: Array, first: int) -> RowState:
        n = len(x)
        q = self._rows_of_q[: max(2, n)]
        ignored = self._distributions(label, first, q[:n])
        if n == 1:  # numpy sums an array of one line in another order: it is computed as two
            q[1], x = q[0], np.repeat(x, 2, axis=0)
        self._q = self._beside.load(q)
        state = self._tile_state(x, np.zeros(len(x), np.intp), True, first, n).rows(0, n)
        state.ignored = ignored
        return state

    def _widen(self, x: Array) -> Array:
        if self._k < NARROW and not self._is_bfloat16:
            return x  # which is copied to where a class is a line
        wide = self._x[: len(x)]
        wide[:] = (x.astype(np.uint32) << 16).view(np.float32) if self._is_bfloat16 else x
        return wide

    def _sum(self, state: RowState, raw: Array, d: Array, e: Array, at_top: Array) -> None:
        super()._sum(state, raw, d, e, at_top)
        state.soft_shift = self._mean_difference(state, raw, d)
        if self._squares:
            state.soft_squares = self._squared_errors(state, e, at_top)
        if self._eps:
            masked = np.flatnonzero(np.isneginf(state.shift)) if self._excludes else np.empty(0, np.intp)
            found = [self._entropies(eps, state, raw, masked) for eps in self._eps]
            state.soft_entropies = np.stack(found, axis=1)

    def _mean_difference(self, state: RowState, raw: Array, d: Array) -> Array:
        """sum_k q_k (x_k - m) of each row."""
        mean = self._layout.sums(self._q, d)
        # Masked or far out: anew, and without the classes that q has nothing of, where 0 * -inf is nan.
        odd = np.flatnonzero(~np.isfinite(mean))
        if len(odd):
            q = self._own_rows(odd)
            products = np.where(q > 0, q * self._differences(state, raw, odd), 0.0)
            mean[odd] = np.ldexp(np.add.reduce(products, axis=1), self._exponent)
        return mean

    def _squared_errors(self, state: RowState, e: Array, at_top: Array) -> Array:
        """sum_k (p_k - q_k)^2 of each row; e has the exponentials, and 0 at the maximum."""
        error, _ = self._beside.buffers(len(state.top))
        self._layout.divide(e, 1.0 + state.tail, out=error)
        error -= self._q
        # The errors add up to 0: that of the prediction is what the others' lack, and keeps its digits where both are
        # sure of it, which p - q does not.
        error.reshape(-1)[at_top] = 0.0
        error.reshape(-1)[at_top] = -self._layout.sums(error)
        return self._layout.sums(error, error)

    def _entropies(self, eps: float, state: RowState, raw: Array, masked: Array) -> Array:
        """The entropy of the smoothed labels of an eps; in rows with a masked class, over the other classes."""
        targets, k = self._targets, self._k
        mixed, logs = self._beside.buffers(len(state.top))
        share, off = targets.on(eps, k) - targets.off(eps, k), targets.off(eps, k)
        if np.ndim(off):
            share, off = self._beside.by_class(share), self._beside.by_class(off)
        # Of a class that is all of the label it is `on` again: where that is more than 1/2, or 0, nothing rounds.
        np.multiply(self._q, share, out=mixed)
        mixed += off
        np.maximum(mixed, _TINY, out=logs)
        np.log(logs, out=logs)
        entropy: Array = 0.0 - self._layout.sums(mixed, logs)
        if len(masked):
            seen = ~np.isneginf(self._differences(state, raw, masked))
            q, count = self._own_rows(masked), state.open_classes[masked]
            on, off = (np.broadcast_to(part(eps, count), len(masked))[:, None] for part in (targets.on, targets.off))
            of_rows = np.where(seen, q * (on - off) + off, 0.0)
            entropy[masked] = 0.0 - np.add.reduce(of_rows * np.log(np.maximum(of_rows, _TINY)), axis=1)
        # A sum of q that rounds above 1 would leave less than nothing.
        return np.maximum(entropy, 0.0)

    def _own_rows(self, index: Array) -> Array:
        """The labels of some rows, [m, K]."""
        return self._rows_of_q[index]
