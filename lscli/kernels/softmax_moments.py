"""Moments of rows under softmax(b z), the derivatives of the nll in b, for a fit of a temperature.

Let d = z - max z, and E the mean under softmax(b z). The nll of a row is ln sum e^(b d) - b d_y; its derivatives in b:

    s = E d - d_y,   v = E (d - E d)^2,   k = E (d - E d)^3.

They are computed in float64 from e^u, u^n e^u with u = b d, none of which overflows whatever the scale of the logits.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import widened
from lscli.kernels.rowstate import NARROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# Bytes of each of two buffers: they stay in the second-level cache, and two threads do not yet wait for each other.
_TILE = 1 << 19
# Stands for all below it, whose square times e^u = 0 would be nan.
_FAR = -1e150


class SoftmaxMoments:
    """Computes moments of rows. Each thread needs its own, because the buffers are reused.

    The moments of a row do not depend, in any bit, on the other rows.

    Args:
        num_classes: K.
        dtype: the type of the rows, as `Logits.dtype`.
    """

    def __init__(self, num_classes: int, dtype: str) -> None:
        self._k = num_classes
        self._dtype = dtype
        self._axis = 0 if num_classes < NARROW else 1  # one line per class where rows are short; see layouts.py
        self._products = "kn,kn->n" if self._axis == 0 else "nk,nk->n"
        self._tile = max(2, _TILE // (8 * num_classes))
        self._u, self._e = np.empty(self._tile * num_classes), np.empty(self._tile * num_classes)

    def __call__(self, x: Array, label: Array, b: float, *, first: bool = False) -> Array:
        """The nll, s, v and k of rows.

        Args:
            x: [n, K], as stored.
            label: [n], from 0 to K-1.
            b: 1/T.
            first: whether what does not depend on b is computed too.

        Returns:
            [4, n]: the nll, s, v and k. With `first`, [7, n]: also mean d - d_y, the value of s at b = 0, the largest
            |d|, and whether d_y is below 0. A class at -inf takes no part in any of these; where the label is at -inf,
            the nll is inf. The values of a row with nan, with +inf, or of -inf alone mean nothing.
        """
        out = np.empty((7 if first else 4, len(x)))
        with np.errstate(all="ignore"):
            for start in range(0, len(x), self._tile):
                rows = slice(start, start + self._tile)
                self._add(widened(x[rows], self._dtype), label[rows], b, out[:, rows])
        return out

    def _add(self, x: Array, label: Array, b: float, out: Array) -> None:
        if len(x) == 1:  # numpy sums a single line in another order, so a single row is computed twice
            both = np.empty((len(out), 2))
            self._add(np.repeat(x, 2, axis=0), np.repeat(label, 2), b, both)
            out[:, 0] = both[:, 0]
            return
        n, axis = len(x), self._axis
        shape = (self._k, n) if axis == 0 else (n, self._k)
        u, e = self._u[: x.size].reshape(shape), self._e[: x.size].reshape(shape)
        row = np.arange(n)
        at = (label, row) if axis == 0 else (row, label)

        def by_row(value: Array) -> Array:
            return value if axis == 0 else value[:, None]

        np.copyto(u, x.T if axis == 0 else x)
        u -= by_row(np.maximum.reduce(u, axis=axis))
        of_label = u[at]
        if len(out) == 7:
            out[4] = self._sum(u) / self._k - of_label
            out[5] = -np.minimum.reduce(u, axis=axis)
            out[6] = of_label < 0
            masked = np.flatnonzero(out[5] == np.inf)
            if len(masked):
                self._masked(u[:, masked].T if axis == 0 else u[masked], of_label[masked], out[4:], masked)
        u *= b
        right = of_label == 0
        sums = self._sums(u, e, at, right)
        if np.isnan(sums[3]).any():
            np.copyto(u, x.T if axis == 0 else x)
            u -= by_row(np.maximum.reduce(u, axis=axis))
            u *= b
            np.maximum(u, _FAR, out=u)
            sums = self._sums(u, e, at, right)
        # The label at the maximum is left out of the sum, so that a confident row keeps its digits.
        total = sums[0] + right
        mean, second, third = sums[1] / total, sums[2] / total, sums[3] / total
        out[0] = np.log1p(sums[0] - ~right) - b * of_label
        out[1] = mean / b - of_label
        out[2] = np.maximum(second - mean * mean, 0) / b / b
        out[3] = (third - 3 * mean * second + 2 * mean * mean * mean) / b / b / b

    def _sums(self, u: Array, e: Array, at: Any, right: Array) -> tuple[Array, Array, Array, Array]:
        """The sums over the classes of u^n e^u for n from 0 to 3, the first without labels at the maximum."""
        np.exp(u, out=e)
        e[at] = np.where(right, 0.0, e[at])
        total = self._sum(e)
        e *= u
        first, second = self._sum(e), np.einsum(self._products, e, u)
        u *= u
        return total, first, second, np.einsum(self._products, e, u)

    def _sum(self, a: Array) -> Array:
        total: Array = np.add.reduce(a, axis=0) if self._axis == 0 else np.einsum("nk->n", a)
        return total

    def _masked(self, d: Array, of_label: Array, out: Array, rows: Array) -> None:
        """What does not depend on b, of rows [m, K] with classes at -inf."""
        open_, d = ~np.isneginf(d), np.where(np.isneginf(d), 0.0, d)
        out[0, rows] = np.add.reduce(d, axis=1) / np.add.reduce(open_, axis=1) - of_label
        out[1, rows] = -np.minimum.reduce(d, axis=1)


class FirstMoments:
    """The moments of all rows at one b, filled by the first pass over them.

    Args:
        label: [N], from 0 to K-1.
        num_classes: K.
        dtype: as in `SoftmaxMoments`.
        b: 1/T.

    Attributes:
        b: as given.
        loss, slope, curvature, third: [N] each, the nll, s, v and k of the module.
        slope_at_0: [N], the slope at b = 0.
        spread: [N], the largest |d|.
        below: [N] bool, whether the logit of the label is not the largest of its row.
    """

    def __init__(self, label: Array, num_classes: int, dtype: str, b: float) -> None:
        self.b = b
        self._label, self._of = label, (num_classes, dtype)
        self._values = np.zeros((7, len(label)))
        self.loss, self.slope, self.curvature, self.third, self.slope_at_0, self.spread, self.below = self._values
        self._local = threading.local()

    def add(self, x: Array, first: int) -> None:
        """Fill in rows [n, K] as stored, the first of which has the number `first`; called from any thread."""
        if not hasattr(self._local, "moments"):
            self._local.moments = SoftmaxMoments(*self._of)
        rows = slice(first, first + len(x))
        self._values[:, rows] = self._local.moments(x, self._label[rows], self.b, first=True)

    def leave_out(self, rows: Array) -> None:
        """Set the values of the rows [N] bool to 0, so that a weight of 0 removes whatever they were."""
        self._values[:, rows] = 0
