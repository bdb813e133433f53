"""Conformal scores of classes, and the classes whose score is within a quantile.

A class is in a set exactly if its score is at most the quantile, so the score of a label and the score of a class are
computed by the same operations. Neither the order of the classes nor the other rows of a call change a bit of them:
exponentials are rounded to integers, whose sums are exact. Equal logits have equal scores.

Let a be the first class of the largest logit m, and m2 the largest logit of the others. With w_i the integer part of
2^B e^(x_i - m2), w_a = 0 and r = e^(m2 - m), the classes other than a have T = r 2^-B (sum of w) times the probability
of a, and Z = 1 + T. The sum of the probabilities of all classes is thus Z / Z = 1 exactly, and a confident row keeps
the digits of 1 - p_a = T / Z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.kernels.row_hash import hash_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.options import ConformalMethod

    Array = NDArray[Any]

_TILE = 1 << 17  # elements that are taken together: they stay in the cache
_ARRAYS = 16  # of that many elements, at most
# Classes are left out before their exact score is known only if it is beyond the quantile by more than rounding.
_SLACK = 1e-6
_STEP = 32  # classes that are added together before they are added one by one


class Scoring(NamedTuple):
    """How classes are scored.

    Let S be the sum of the probabilities that are at least p, those of equal logits included.

    Attributes:
        method: lac: 1 - p (Sadinle et al. 2019); aps: S (Romano et al. 2020); raps: S and a penalty for each class
            after a rank (Angelopoulos et al. 2021), where the rank of a class is the number of classes whose
            probability is at least p.
        penalty, rank: those of raps.
        randomized: whether S of aps and raps has only a share 1 - u of the probabilities that equal p; u is from 0 to
            1 and comes from a hash of the row's logits, to 1e-4, whatever the order of its classes.
    """

    method: ConformalMethod
    penalty: float = 0.0
    rank: int = 0
    randomized: bool = False


def label_scores(x: Array, label: Array, how: Scoring) -> Array:
    """The score of the label [n], from 0 to K-1, of rows x [n, K] of finite or masked logits; [n] float64."""
    found = np.empty(len(x))
    with np.errstate(all="ignore"):  # rows of any values may come, and exponentials underflow
        for rows in _tiles(x):
            found[rows] = _of_labels(_Rows(x[rows]), label[rows], how)
    return found


def within(x: Array, how: Scoring, quantile: Array) -> Array:
    """Which classes of rows x [n, K] have a score of at most the quantile [K] of their class; [n, K] bool."""
    inside = np.zeros(x.shape, np.bool_)
    one = (quantile == quantile[0]).all()
    of_tile = _lac_within if how.method == "lac" else _first_within if one else _sums_within
    with np.errstate(all="ignore"):
        for rows in _tiles(x):
            of_tile(x[rows], how, quantile, inside[rows])
    return inside


def counts(flags: Array) -> Array:
    """How many flags of each row [n, K] are set, [n]; several times as fast as numpy's count_nonzero."""
    narrow = np.uint16 if flags.shape[1] < 1 << 16 else np.uint32
    found: Array = np.add.reduce(flags, axis=1, dtype=narrow).astype(np.intp)
    return found


def _tiles(x: Array) -> Iterator[slice]:
    # Allocated and freed at once: this raises glibc's threshold for returning memory to the system, so that arrays of a
    # tile do not need new pages each time.
    np.empty(24 << 20, np.uint8)
    step = tile_rows(x.shape[1])
    return (slice(start, start + step) for start in range(0, len(x), step))


def tile_rows(num_classes: int) -> int:
    """The number of rows that are taken together."""
    return max(1, _TILE // num_classes)


def tile_bytes(num_classes: int) -> int:
    """An upper bound of the bytes that the scores or sets of such rows take."""
    return _ARRAYS * 8 * max(_TILE, num_classes)


class _Rows:
    """What the scores of the classes of some rows share.

    Args:
        x: [n, K].
        descending: whether the logits of each row are sorted, the largest first.

    Attributes:
        x: as given.
        largest: m, [n].
        second: m2, [n]; 0 if all other classes are masked.
        weights: w, [n, K] int64.
        tail: T, [n].
        z: Z, [n].
    """

    def __init__(self, x: Array, *, descending: bool = False) -> None:
        self.x = x
        every, top = np.arange(len(x)), 0 if descending else x.argmax(axis=1)
        e = x.astype(np.float64)
        self.largest = e[every, top]
        e[every, top] = -np.inf
        self.second = np.maximum.reduce(e[:, :2] if descending else e, axis=1)
        self.second[np.isneginf(self.second)] = 0.0
        bits = 62 - x.shape[1].bit_length()
        e -= self.second[:, None]
        np.exp(e, out=e)
        e *= 2.0**bits
        self.weights = e.astype(np.int64)
        self._ratio = np.ldexp(np.exp(self.second - self.largest), -bits)
        self.tail = self._ratio * np.add.reduce(self.weights, axis=1)
        self.z = 1.0 + self.tail

    def lac(self, row: Array, x: Array) -> Array:
        """1 - p of logits x in these rows, [m] each."""
        x, z = x.astype(np.float64), self.z[row]
        of_top = self.tail[row] / z
        others = np.maximum(1.0 - np.exp(x - self.largest[row]) / z, of_top)
        found: Array = np.where(x == self.largest[row], of_top, others)
        return found

    def share(self, row: Array, above: Array) -> Array:
        """The sum of the probabilities of a and of other classes, given the sum of their w; of these rows."""
        shares: Array = (1.0 + self._ratio[row] * above) / self.z[row]
        return shares

    def bound(self, least: Array | float) -> Array:
        """Logits whose difference to logsumexp is `least`, [n, 1] or [n, K], less an allowance for rounding."""
        shift = (self.largest + np.log(self.z))[:, None]
        bound: Array = shift + (least - self.slack)
        return bound

    @property
    def slack(self) -> Array:
        slack: Array = _SLACK + 1e-15 * np.abs(self.largest)[:, None]
        return slack

    def u(self, how: Scoring) -> Array:
        """The number from 0 to 1 of each row, [n]; 0 unless scores are randomized."""
        if not how.randomized:
            return np.zeros(len(self.x))
        differences = self.x.astype(np.float64)
        differences -= self.largest[:, None]
        hashes: Array = hash_of(differences)
        return np.ldexp((hashes >> np.uint64(11)).astype(np.float64), -53)


class _Sums(NamedTuple):
    """What the scores of aps and raps are computed from, of classes in any shape.

    Attributes:
        row: the row of each class.
        least: the sum of w over the classes whose logit is at least that of the class.
        equal: the sum of w over those whose logit is the same.
        of_top: whether the logit is m.
        rank: the number of classes whose logit is at least that of the class.
    """

    row: Array
    least: Array
    equal: Array
    of_top: Array
    rank: Array

    def scores(self, rows: _Rows, how: Scoring, u: Array) -> Array:
        """The scores; none is above that of a class with a smaller logit, whatever is rounded."""
        if how.randomized:
            share = u[self.row]
            own = np.where(self.of_top, 0, (share * self.equal).astype(np.int64))
            score = rows.share(self.row, self.least - own)
            score *= np.where(self.of_top, 1.0 - share, 1.0)
        else:
            score = rows.share(self.row, self.least)
        if how.method == "raps":
            score += how.penalty * np.maximum(self.rank - how.rank, 0)
        return score


def _of_labels(rows: _Rows, label: Array, how: Scoring) -> Array:
    every = np.arange(len(label))
    own = rows.x[every, label]
    return rows.lac(every, own) if how.method == "lac" else _sums_of(rows, every, label, how, rows.u(how))


def _sums_of(rows: _Rows, chosen: Array, place: Array, how: Scoring, u: Array) -> Array:
    """The scores of aps and raps of the class at a place of each of the chosen rows."""
    whole = len(chosen) == len(rows.x)
    x, w = (rows.x, rows.weights) if whole else (rows.x[chosen], rows.weights[chosen])
    every = np.arange(len(chosen))
    own, equal = x[every, place], w[every, place]
    at_least = x >= own[:, None]
    least = np.einsum("nk,nk->n", w, at_least)
    rank = counts(at_least) if how.method == "raps" else chosen
    if how.randomized:
        equal = equal * counts(x == own[:, None])  # equal logits have equal w, but for a, whose own is not used
    return _Sums(chosen, least, equal, own == rows.largest[chosen], rank).scores(rows, how, u)


def _lac_within(x: Array, how: Scoring, quantile: Array, inside: Array) -> None:
    """Fill in `inside`: only classes next to the bound need their score."""
    del how
    rows = _Rows(x)
    least = np.log(np.maximum(1.0 - quantile, 0.0))  # of x - logsumexp
    if (quantile == quantile[0]).all():
        low = rows.bound(least[:1])
        low, high = _below(low, x.dtype), -_below(-low - 2 * rows.slack, x.dtype)
    else:
        x = x.astype(np.float64)
        low = rows.bound(least)
        high = low + 2 * rows.slack
    np.greater_equal(x, low, out=inside)
    clear = x > high
    near = np.flatnonzero(counts(inside) > counts(clear))
    if len(near):
        row, k = _places(inside[near] & ~clear[near])
        inside[near[row], k] = rows.lac(near[row], x[near[row], k]) <= quantile[k]


def _below(bound: Array, dtype: Any) -> Array:
    """Bounds in the type of logits, which compares faster, rounded down or lower."""
    found: Array = np.nextafter(bound.astype(dtype), np.array(-np.inf, dtype))
    return found


def _largest_outside(rows: _Rows, quantile: Array) -> Array:
    """The smallest logit that a class within the quantiles can have, [n, 1].

    The classes up to such a class, from below, have 1 - quantile of the probability, none of them more than this one.
    """
    outside = 1.0 - float(np.maximum.reduce(quantile))
    return _below(rows.bound(float(np.log(max(outside, 0.0) / rows.x.shape[1]))), rows.x.dtype)


def _first_within(x: Array, how: Scoring, quantile: Array, inside: Array) -> None:
    """Fill in `inside` for one quantile: the classes before the first one, in order, whose score is beyond it."""
    q, classes, every = quantile[0], x.shape[1], np.arange(len(x))
    v = np.negative(x)
    v.sort(axis=1)
    np.negative(v, out=v)
    rows = _Rows(v, descending=True)
    w, u = rows.weights, rows.u(how)
    # Sums of steps first, then of the classes in the first step whose last score is beyond.
    begins = np.arange(0, classes, _STEP)
    before = np.cumsum(np.add.reduceat(w, begins, axis=1), axis=1)
    ends = np.minimum(begins + _STEP, classes)
    score = _Sums(every[:, None], before, w[:, ends - 1], ends == 1, ends).scores(rows, how, u)
    step = np.minimum(np.count_nonzero(score <= q, axis=1), len(begins) - 1)
    places = begins[step][:, None] + np.arange(_STEP)
    own = w[every[:, None], np.minimum(places, classes - 1)]
    total = np.cumsum(own, axis=1) + np.where(step > 0, before[every, step - 1], 0)[:, None]
    score = _Sums(every[:, None], total, own, places == 0, places + 1).scores(rows, how, u)
    first = begins[step] + np.count_nonzero((score <= q) & (places < classes), axis=1)
    bound = v[every, np.minimum(first, classes - 1)]
    np.greater(x, bound[:, None], out=inside)
    inside[first == classes] = True
    if how.randomized:  # of classes with one logit, the first may be within only because its share is smaller
        tied = np.flatnonzero((first > 0) & (first < classes))
        tied = tied[v[tied, first[tied]] == v[tied, first[tied] - 1]]
        if len(tied):
            tied = tied[_sums_of(rows, tied, first[tied], how, u) <= q]
            inside[tied] |= x[tied] == bound[tied, None]


def _sums_within(x: Array, how: Scoring, quantile: Array, inside: Array) -> None:
    """Fill in `inside`, with a quantile for each class."""
    order, v = _descending(x)
    rows = _Rows(v, descending=True)
    most = int(np.maximum.reduce(counts(rows.x >= _largest_outside(rows, quantile))))
    v, w, order = v[:, :most], rows.weights[:, :most], order[:, :most]
    least, rank = np.cumsum(w, axis=1), np.broadcast_to(np.arange(1, most + 1), w.shape)
    tied = np.flatnonzero((v[:, 1:] == v[:, :-1]).any(axis=1))
    if len(tied):
        some = v[tied]
        last, first = _last_of_ties(some), most - 1 - _last_of_ties(some[:, ::-1])[:, ::-1]
        before = np.take_along_axis(least[tied] - w[tied], first, axis=1)
        least[tied] = np.take_along_axis(least[tied], last, axis=1)
        w[tied] = least[tied] - before
        rank = rank.copy()
        rank[tied] = last + 1
    every = np.arange(len(x))[:, None]
    score = _Sums(every, least, w, v == v[:, :1], rank).scores(rows, how, rows.u(how))
    np.put(inside, order + every * x.shape[1], score <= quantile.take(order))


def _descending(x: Array) -> tuple[Array, Array]:
    """The order of the logits of each row, the largest first, and the logits in this order, [n, K] each."""
    if x.dtype != np.float32:
        order = np.argsort(-x, axis=1)
        return order, np.take_along_axis(x, order, axis=1)
    # Integers that have the order of the negative logits, and below them the class: numpy sorts values several times
    # as fast as it finds their order.
    bits = (0 - x).view(np.int32)
    key = (bits ^ (bits >> 31 & 0x7FFFFFFF)).astype(np.int64) << 32
    key |= np.arange(x.shape[1])
    key.sort(axis=1)
    bits = (key >> 32).astype(np.int32)
    bits ^= bits >> 31 & 0x7FFFFFFF
    return key & 0xFFFFFFFF, 0 - bits.view(np.float32)


def _last_of_ties(x: Array) -> Array:
    """The place of the last of the values equal to each one, [n, c], in rows x [n, c] that are sorted."""
    places = np.broadcast_to(np.arange(x.shape[1]), x.shape)
    tied = x[:, :-1] == x[:, 1:]
    if not tied.any():
        return places
    ends = np.where(np.pad(tied, ((0, 0), (0, 1))), x.shape[1], places)
    last: Array = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    return last


def _places(flags: Array) -> tuple[Array, Array]:
    """The rows and columns where flags [n, K] are set, in order; several times as fast as numpy's nonzero."""
    place = np.flatnonzero(flags)
    row = place // flags.shape[1]
    return row, place - row * flags.shape[1]
