"""Moments of rows under softmax(b z), the derivatives of the nll in b, for a fit of a temperature.

Let d = z - max z, and E the mean under softmax(b z). The nll of a row is ln sum e^(b d) - b d_y; its derivatives in b:

    s = E d - d_y,   v = E (d - E d)^2,   k = E (d - E d)^3.

They are computed from e^u and u^n e^u with u = b d, none of which overflows whatever the scale of the logits, in
float64 or, where a search only begins, in float32.
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
_TILE = 1 << 20
# Bytes of all else that depends on the rows of a chunk, and not on K.
_SMALL = 8 << 20
# Of a mean over K classes and of a sum of these over the rows, in units of the last place.
_ROUNDING = 300
# Stands for -inf, whose product with e^u = 0 would be nan.
_FAR = -1e30


def is_rough(num_classes: int, dtype: str) -> bool:
    """Whether moments in float32 are near enough to begin a search: those of many classes that are no wider."""
    return num_classes >= NARROW and dtype != "float64"


def _tile(num_classes: int, itemsize: int) -> int:
    """The number of rows that are computed together; up to half as many again where that is one call less."""
    return max(2, _TILE // (itemsize * num_classes))


class SoftmaxMoments:
    """Computes moments of rows. Each thread needs its own, because the buffers are reused.

    The moments of a row do not depend, in any bit, on the other rows.

    Args:
        num_classes: K.
        dtype: the type of the rows, as `Logits.dtype`.
        rough: whether to compute in float32, in a third of the time, rows that are no wider.
    """

    def __init__(self, num_classes: int, dtype: str, *, rough: bool = False) -> None:
        self._k = num_classes
        self._dtype = dtype
        self._axis = 0 if num_classes < NARROW else 1  # one line per class where rows are short; see layouts.py
        self._element = np.dtype(np.float32 if rough else np.float64)
        # Of rows whose differences are beyond float32, or that have classes at -inf.
        self._exact = SoftmaxMoments(num_classes, dtype) if rough else None
        self._tile = _tile(num_classes, self._element.itemsize)
        self._u, self._e = np.empty((2, (self._tile * 3 // 2 + 1) * num_classes), self._element)

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
        count = max(1, round(len(x) / self._tile))
        tile = max(1, -(-len(x) // count))  # about as many rows in each
        with np.errstate(all="ignore"):
            for start in range(0, len(x), tile):
                rows = slice(start, start + tile)
                self._add(widened(x[rows], self._dtype), label[rows], b, out[:, rows])
            if self._exact is not None:
                odd = np.flatnonzero(~np.isfinite(np.add.reduce(out, axis=0)))
                for start in range(0, len(odd), tile):
                    some = odd[start : start + tile]
                    out[:, some] = self._exact(x[some], label[some], b, first=first)
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
        if axis == 0:
            np.copyto(u, x.T)
            u -= np.maximum.reduce(u, axis=0)
        else:
            largest = x[row, x.argmax(axis=1), None]  # faster than maximum.reduce
            if u.dtype == x.dtype:
                np.subtract(x, largest, out=u)
            else:
                np.copyto(u, x)  # converting first is faster than a subtraction that converts
                u -= largest
        of_label = u[at].astype(np.float64)
        if len(out) == 7:
            out[4] = np.add.reduce(u, axis=axis) / self._k - of_label
            out[5] = -np.minimum.reduce(u, axis=axis)
            out[6] = of_label < 0
            masked = np.flatnonzero(out[5] == np.inf)
            if len(masked) and self._exact is None:
                self._masked(u[:, masked].T if axis == 0 else u[masked], of_label[masked], out[4:], masked)
        u *= b
        right = of_label == 0
        sums = self._sums(u, e, at, right)
        if self._exact is None and np.isnan(sums[3]).any():
            np.maximum(u, _FAR, out=u)
            sums = self._sums(u, e, at, right)
        # The label at the maximum is left out of the sum, so that a confident row keeps its digits.
        total = sums[0] + right
        mean, second, third = sums[1:] / total
        out[0] = np.log1p(sums[0] - ~right) - b * of_label
        out[1] = mean / b - of_label
        out[2] = np.maximum(second - mean * mean, 0) / b / b
        out[3] = (third - 3 * mean * second + 2 * mean * mean * mean) / b / b / b

    def _sums(self, u: Array, e: Array, at: Any, right: Array) -> Array:
        """The sums over the classes of u^n e^u for n from 0 to 3, [4, n], the first without labels at the maximum."""
        np.exp(u, out=e)
        e[at] = np.where(right, 0.0, e[at])
        found = np.empty((4, len(right)))
        for power in range(4):
            if power:
                e *= u
            found[power] = np.add.reduce(e, axis=0) if self._axis == 0 else np.einsum("nk->n", e)
        return found

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
        exact: whether the moments are computed in float64 whatever the rows; else those of which `is_rough` holds are
            in float32, since what is found from them is only where the next pass computes its moments.

    Attributes:
        b: as given.
        rough: whether the moments are rough.
        loss, slope, curvature, third: [N] each, the nll, s, v and k of the module.
        slope_at_0: [N], the slope at b = 0.
        spread: [N], at least the largest |d|.
        below: [N] bool, whether the logit of the label is not the largest of its row.
    """

    def __init__(self, label: Array, num_classes: int, dtype: str, b: float, *, exact: bool = False) -> None:
        self.b = b
        self.rough = not exact and is_rough(num_classes, dtype)
        self._label, self._of = label, (num_classes, dtype)
        self._values = np.zeros((7, len(label)))
        self.loss, self.slope, self.curvature, self.third, self.slope_at_0, self.spread, self.below = self._values
        self._local = threading.local()

    @property
    def rounding(self) -> float:
        """The error of a slope at b = 0, and of a sum of them, is below this many times the spread."""
        return _ROUNDING * float(np.finfo(np.float32 if self.rough else np.float64).eps)

    @property
    def thread_bytes(self) -> int:
        """An upper bound of the bytes that `add` takes in a thread, beside the moments of the rows."""
        sizes, classes = (4, 8) if self.rough else (8,), self._of[0]
        # Three of each: two buffers, and some rows themselves.
        return sum(3 * (_tile(classes, size) * 3 // 2 + 1) * classes * size for size in sizes) + _SMALL

    def add(self, x: Array, first: int) -> None:
        """Fill in rows [n, K] as stored, the first of which has the number `first`; called from any thread."""
        if not hasattr(self._local, "moments"):
            self._local.moments = SoftmaxMoments(*self._of, rough=self.rough)
        rows = slice(first, first + len(x))
        self._values[:, rows] = self._local.moments(x, self._label[rows], self.b, first=True)
        if self.rough:
            self.spread[rows] *= 1 + 1e-6  # more than it was rounded

    def leave_out(self, rows: Array) -> None:
        """Set the values of the rows [N] bool to 0, so that a weight of 0 removes whatever they were."""
        self._values[:, rows] = 0
