"""How far the predictions of two models are apart, row by row: Kullback-Leibler and Jensen-Shannon divergences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_ELEMENTS = 1 << 15  # of a tile, whose arrays stay in the cache
_FAR = 745.0  # exp(-745) is the smallest number above 0


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


def divergence(first: Array, other: Array) -> Divergence:
    """The divergences of softmax rows.

    Args:
        first: logits of p, [n, K], finite or -inf, at least one finite in each row.
        other: logits of q, [n, K], as `first`. A class at -inf in both is left out.

    Equal rows have divergences of exactly 0. Every number is a sum of terms that are not negative, and so it keeps its
    digits where p and q nearly agree. With r the larger of p_k and q_k, s = |ln p_k - ln q_k| and e = exp(-s) - 1, the
    terms are r (s + e) for the larger one, -r (e + (1+e) s) for the smaller one, and for js
    -r ((2+e) ln(1 + e/2) + (1+e) s) / 2.
    """
    rows, classes = first.shape
    found = Divergence(*(np.empty(rows) for _ in Divergence._fields))
    size = max(1, _ELEMENTS // classes)
    with np.errstate(all="ignore"):  # what -inf leads to is settled below
        for start in range(0, rows, size):
            part = slice(start, start + size)
            for into, values in zip(found, _tile(first[part], other[part]), strict=True):
                into[part] = values
    return found


def _tile(first: Array, other: Array) -> Divergence:
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
