"""How far the predictions of two models are apart, row by row: Kullback-Leibler and Jensen-Shannon divergences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_ELEMENTS = 1 << 15  # of a tile, whose arrays stay in the cache
_MOST = float(np.log(2.0))  # of js
_FAR = 745.0  # exp(-745) is the smallest number above 0
_NEAR = 300.0  # its exponential neither overflows nor makes a probability that underflows matter


class Divergence(NamedTuple):
    """Divergences of two distributions p and q of each row, in nats, [n] each.

    Attributes:
        kl: KL(p || q), inf where q is 0 for a class that p has.
        kl_reverse: KL(q || p).
        js: the mean of KL(p || m) and KL(q || m), m = (p + q) / 2; at most ln 2.
    """

    kl: Array
    kl_reverse: Array
    js: Array


class DivergenceKernel:
    """Computes divergences. Each thread needs its own kernel, since a kernel reuses its buffers."""

    def __init__(self, classes: int) -> None:
        self._size = max(2, _ELEMENTS // classes)
        self._p, self._d, self._e = np.empty((3, self._size, classes))

    def rows(self, first: Array, other: Array) -> Divergence:
        """The divergences of softmax rows.

        Args:
            first: logits of p, [n, K], finite or -inf, at least one finite in each row.
            other: logits of q, [n, K], as `first`. A class at -inf in both is left out.

        Equal rows have divergences of exactly 0. The numbers of a row do not depend, in any bit, on the other rows.
        """
        found = Divergence(*(np.empty(len(first)) for _ in Divergence._fields))
        with np.errstate(all="ignore"):  # what -inf leads to is settled below
            for start in range(0, len(first), self._size):
                part = slice(start, start + self._size)
                for into, values in zip(found, self._tile(first[part], other[part]), strict=True):
                    into[part] = values
        return found

    def _tile(self, first: Array, other: Array) -> Divergence:
        """The divergences from one exponential of each difference.

        Let d be the difference of the logits of a class, less its value at the first model's prediction, and E the mean
        under p. Then e^d = W q/p with W = E e^d, and so KL(p || q) = ln W - E d, KL(q || p) = E d e^d / W - ln W, and
        js = KL(q || p) / 2 - E m/p ln(m/p) with m/p = (1 + q/p) / 2. All are sums of e^d - 1 and d, which keep the
        digits of small differences: errors are some 1e-16 of d, where the divergences are some d^2.
        """
        if len(first) == 1:  # numpy sums a single line in another order
            found = self._tile(np.repeat(first, 2, axis=0), np.repeat(other, 2, axis=0))
            return Divergence(*(values[:1] for values in found))
        p, d, e = (buffer[: len(first)] for buffer in (self._p, self._d, self._e))
        p[:], d[:] = first, other
        d -= p
        top = np.arange(len(first)), first.argmax(axis=1)
        d -= d[top][:, None]
        odd = ~(d.max(axis=1) < _NEAR)
        p -= p[top][:, None]
        np.exp(p, out=p)
        total = np.add.reduce(p, axis=1)
        np.expm1(d, out=e)
        excess = np.einsum("ij,ij->i", p, e) / total  # W - 1
        mean = np.einsum("ij,ij->i", p, d) / total
        d *= e
        log_w = np.log1p(excess)
        kl = log_w - mean
        reverse = (np.einsum("ij,ij->i", p, d) / total + mean) / (1.0 + excess) - log_w
        # (1 + q/p) / 2 = share (1 + f) with f = (e^d - 1) / (W + 1), and E (1 + q/p) / 2 = 1.
        share = (2.0 + excess) / (2.0 + 2.0 * excess)
        e *= (1.0 / (2.0 + excess))[:, None]
        np.log1p(e, out=d)
        p *= d
        terms = (np.add.reduce(p, axis=1) + np.einsum("ij,ij->i", p, e)) / total
        js = 0.5 * reverse - share * terms - np.log1p(excess / (-2.0 - 2.0 * excess))
        odd |= ~np.isfinite(kl + reverse + js)
        found = Divergence(*(np.maximum(values, 0.0) for values in (kl, reverse, np.minimum(js, _MOST))))
        if odd.any():
            for values, exact in zip(found, _far(first[odd], other[odd]), strict=True):
                values[odd] = exact
        return found


def _far(first: Array, other: Array) -> Divergence:
    """The divergences of rows of any logits, as sums of terms that are not negative.

    With r the larger of p_k and q_k, s = |ln p_k - ln q_k| and e = exp(-s) - 1, the terms are r (s + e) for the larger
    one, -r (e + (1+e) s) for the smaller one, and for js -r ((2+e) ln(1 + e/2) + (1+e) s) / 2.
    """
    p, log_p = _softmax(first)
    q, log_q = _softmax(other)
    np.maximum(p, q, out=p)  # r
    s = np.subtract(log_p, log_q, out=log_p)
    absent = np.isnan(s).any(axis=1)  # -inf in both
    if absent.any():
        s[np.isnan(s)] = 0.0
    above = s.max(axis=1) == np.inf
    below = s.min(axis=1) == -np.inf
    p_is_larger = s >= 0
    np.abs(s, out=s)
    e = np.expm1(np.negative(s, out=q), out=q)
    to_smaller = np.add(s, e, out=log_q)
    to_smaller *= p
    np.minimum(s, _FAR, out=s)
    rest = np.add(e, 1.0)
    rest *= s  # (1+e) s
    np.multiply(e, 0.5, out=s)
    np.log1p(s, out=s)
    js = np.add(e, 2.0)
    js *= s
    js += rest
    js *= p
    to_larger = np.add(e, rest, out=rest)
    to_larger *= p
    np.negative(to_larger, out=to_larger)
    kl = np.add.reduce(np.where(p_is_larger, to_smaller, to_larger), axis=1)
    reverse = np.add.reduce(np.where(p_is_larger, to_larger, to_smaller), axis=1)
    # The terms are not negative but for their rounding.
    kl, reverse = np.maximum(kl, 0.0), np.maximum(reverse, 0.0)
    kl[above], reverse[below] = np.inf, np.inf
    return Divergence(kl, reverse, np.maximum(-0.5 * np.add.reduce(js, axis=1), 0.0))


def _softmax(x: Array) -> tuple[Array, Array]:
    """Probabilities and their logarithms, float64."""
    z = x.astype(np.float64)
    z -= z.max(axis=1)[:, None]
    p = np.exp(z)
    total = np.add.reduce(p, axis=1)[:, None]
    p /= total
    z -= np.log(total)
    return p, z
