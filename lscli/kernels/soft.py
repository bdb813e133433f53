"""The wide pass against soft labels: each label is a distribution q over the classes, [N, K] like the logits.

Everything is computed in float64. The cross-entropy is linear in q: H(q, p) = log Z - sum_k q_k (x_k - m), and neither
term is negative, so that nothing cancels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import BFLOAT16, widened
from lscli.kernels.layouts import layout_for
from lscli.kernels.numpy_kernel import NumpyKernel
from lscli.kernels.rowstate import NARROW, RowState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]
    Distributions = Callable[[Array, int, Array], Array]

# The columns that exist for soft labels, besides those of vectors and of smoothed entropies.
SOFT_COLUMNS = frozenset({"row", "loss_hard", "loss_uniform", "brier", "class_count"})
# The most buffers of the size of a tile that a kernel holds.
TILES = 9
_TINY = np.finfo(np.float64).tiny


class SoftKernel(NumpyKernel):
    """Computes row states against soft labels on the CPU, in float64. Each thread needs its own kernel.

    The state of a row does not depend, in any bit, on the other rows.

    Args:
        num_classes: K.
        dtype: element type of the chunks: float16, bfloat16, float32 or float64.
        fields: the optional fields of the row state to compute; `soft_squares` takes the place of `tail_square`.
        vectors: [V, K], for the field `dots`.
        distributions: a function (labels [n, K] as stored, number of the first row, out [n, K]) that writes the labels
            to `out` as float64 distributions, and returns which rows are ignored, [n].
        targets: the smoothing convention of the labels, and class weights.
        eps: the amounts of smoothing, in [0, 1], for the field `soft_columns`.
        weighted_loss: whether the last of these columns is the loss with the class weights of the targets.
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
        weighted_loss: bool = False,
    ) -> None:
        super().__init__(num_classes, "float64", (fields | {"tail"}) - {"tail_square"}, (), vectors)
        self._squares = "tail_square" in fields
        self._excludes = "open_classes" in fields
        self._element = dtype
        self._distributions = distributions
        self._targets, self._eps, self._weighted_loss = targets, eps, weighted_loss
        # Scaled by a power of 2 to at most 1, so that sums of products keep their digits.
        weights = targets.class_weights if targets.class_weighted else None
        self._scale = 0 if weights is None else int(np.frexp(np.maximum.reduce(weights))[1])
        self._weights = None if weights is None else np.ldexp(weights, -self._scale)
        self._x = np.empty((self._tile, num_classes))
        self._rows_of_q = np.empty((self._tile, num_classes))
        self._label_layout = layout_for(num_classes, self._tile, np.dtype(np.float64))
        self._q: Array = self._rows_of_q

    def row_state(self, x: Array, label: Array, *, overwrite: bool = False, first: int = 0) -> RowState:
        """The state of rows x [n, K] with labels [n, K], both as stored; see `NumpyKernel.row_state`."""
        steps = range(0, len(x), self._tile)
        tiles = [self._soft_tile_state(x[i : i + self._tile], label[i : i + self._tile], first + i) for i in steps]
        return tiles[0] if len(tiles) == 1 else RowState.concatenated(tiles)

    def _soft_tile_state(self, x: Array, label: Array, first: int) -> RowState:
        n = len(x)
        q = self._rows_of_q[: max(2, n)]
        ignored = self._distributions(label, first, q[:n])
        if n == 1:  # numpy sums a single line in another order, so a single row is computed twice
            q[1], x = q[0], np.repeat(x, 2, axis=0)
        self._q = self._label_layout.load(q)
        state = self._tile_state(x, np.zeros(len(x), np.intp), True, first, n).rows(0, n)
        state.ignored = ignored
        return state

    def _widen(self, x: Array) -> Array:
        if self._k < NARROW and self._element != BFLOAT16:
            return x  # the narrow layout converts it
        wide = self._x[: len(x)]
        wide[:] = widened(x, self._element)
        return wide

    def _sum(self, state: RowState, raw: Array, d: Array, e: Array) -> None:
        super()._sum(state, raw, d, e)
        state.soft_shift = self._mean_difference(state, raw, d, self._q)
        if self._squares:
            state.soft_squares = self._squared_errors(state, e, self._layout.at(state.top))
        masked = np.flatnonzero(np.isneginf(state.shift)) if self._eps and self._excludes else np.empty(0, np.intp)
        found = [self._floors(eps, state, raw, masked) for eps in self._eps]
        if self._weighted_loss:
            found.append(self._weighted_losses(state, raw, d))
        if found:
            state.soft_columns = np.stack(found, axis=1)

    def _weighted_losses(self, state: RowState, raw: Array, d: Array) -> Array:
        """-sum_k w_k q_k log p_k of each row."""
        if self._weights is None:
            raise TypeError("there are no class weights")
        of_class, _ = self._label_layout.buffers(len(state.top))
        np.multiply(self._q, self._label_layout.by_class(self._weights), out=of_class)
        mass = self._label_layout.sums(of_class)
        # Both terms are non-negative, so nothing cancels.
        losses = mass * np.log1p(state.tail) - self._mean_difference(state, raw, d, of_class, self._weights)
        scaled: Array = np.ldexp(losses, self._scale)
        return scaled

    def _mean_difference(self, state: RowState, raw: Array, d: Array, q: Array, weights: Any = 1.0) -> Array:
        """sum_k q_k (x_k - m) of each row; q has the class weights [K] already."""
        mean = self._layout.sums(q, d)
        # Rows with masked or huge logits are recomputed without the classes where q is 0: 0 * -inf is nan.
        odd = np.flatnonzero(~np.isfinite(mean))
        if len(odd):
            q = self._rows_of_q[odd] * weights
            products = np.where(q > 0, q * self._differences(state, raw, odd), 0.0)
            mean[odd] = np.ldexp(np.add.reduce(products, axis=1), self._exponent)
        return mean

    def _squared_errors(self, state: RowState, e: Array, at_top: Array) -> Array:
        """sum_k (p_k - q_k)^2 of each row; e holds the exponentials, and 0 at the prediction."""
        error, _ = self._label_layout.buffers(len(state.top))
        np.divide(e, self._layout.by_row(1.0 + state.tail), out=error)
        error -= self._q
        # The errors sum to 0, so that of the prediction is minus the sum of the others. Unlike p - q, this keeps its
        # digits where both are close to 1.
        error.reshape(-1)[at_top] = 0.0
        error.reshape(-1)[at_top] = -self._layout.sums(error)
        return self._layout.sums(error, error)

    def _floors(self, eps: float, state: RowState, raw: Array, masked: Array) -> Array:
        """The lower bound of the loss against the labels smoothed by eps: their entropy.

        With class weights w it is the loss at p = c / sum c, where c = w q'. In the rows `masked`, which class weights
        do not have, only classes that are not masked count.
        """
        targets, k = self._targets, self._k
        mixed, logs = self._label_layout.buffers(len(state.top))
        off = targets.target_other(eps, k)
        share = targets.target_label(eps, k) - off
        if np.ndim(off):
            share, off = self._label_layout.by_class(share), self._label_layout.by_class(off)
        # For a one-hot label, share + off gives the label's target, without rounding where that is above 1/2, or 0.
        np.multiply(self._q, share, out=mixed)
        mixed += off
        mass: Any = 1.0
        if self._weights is not None:
            mixed *= self._label_layout.by_class(self._weights)
            mass = np.maximum(self._label_layout.sums(mixed), _TINY)
        np.maximum(mixed, _TINY, out=logs)
        np.log(logs, out=logs)
        entropy: Array = mass * np.log(mass) - self._layout.sums(mixed, logs)
        if len(masked):
            seen = ~np.isneginf(self._differences(state, raw, masked))
            q, count = self._rows_of_q[masked], state.open_classes[masked]
            both = targets.target_label(eps, count), targets.target_other(eps, count)
            on, off = (np.broadcast_to(part, len(masked))[:, None] for part in both)
            of_rows = np.where(seen, q * (on - off) + off, 0.0)
            entropy[masked] = 0.0 - np.add.reduce(of_rows * np.log(np.maximum(of_rows, _TINY)), axis=1)
        # Where q rounds to a sum above 1, the entropy may come out below 0.
        floors: Array = np.ldexp(np.maximum(entropy, 0.0), self._scale)
        return floors
