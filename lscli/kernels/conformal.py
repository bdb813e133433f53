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
_ARRAYS = 6  # float64 arrays of a tile that are held at the same time
# Classes are left out before their exact score is known only if it is beyond the quantile by more than rounding.
_SLACK = 1e-6


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


def thread_bytes(num_classes: int) -> int:
    """An upper bound of the bytes that a call takes, besides its arguments and its result."""
    return 8 * _ARRAYS * max(_TILE, num_classes)


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
    of_tile = _lac_within if how.method == "lac" else _sums_within
    with np.errstate(all="ignore"):
        for rows in _tiles(x):
            of_tile(_Rows(x[rows]), how, quantile, inside[rows])
    return inside


def _tiles(x: Array) -> Iterator[slice]:
    step = max(1, _TILE // x.shape[1])
    return (slice(start, start + step) for start in range(0, len(x), step))


class _Rows:
    """What the scores of the classes of some rows share.

    Attributes:
        x: [n, K] float64.
        largest: m, [n].
        weights: w, [n, K] int64.
        ratio: r 2^-B, [n].
        tail: T, [n].
        z: Z, [n].
    """

    def __init__(self, x: Array) -> None:
        self.x = x.astype(np.float64)
        every, top = np.arange(len(x)), self.x.argmax(axis=1)
        self.largest = self.x[every, top]
        bits = 62 - x.shape[1].bit_length()
        self.x[every, top] = -np.inf
        second = np.maximum.reduce(self.x, axis=1)
        second[np.isneginf(second)] = 0.0  # all others are masked
        e = self.x - second[:, None]
        self.x[every, top] = self.largest
        np.exp(e, out=e)
        e *= 2.0**bits
        self.weights = e.astype(np.int64)
        self.ratio = np.ldexp(np.exp(second - self.largest), -bits)
        self.tail = self.ratio * np.add.reduce(self.weights, axis=1)
        self.z = 1.0 + self.tail

    def lac(self, row: Array, x: Array) -> Array:
        """1 - p of logits x in these rows, [m] each."""
        z = self.z[row]
        of_top = self.tail[row] / z
        return np.where(x == self.largest[row], of_top, np.maximum(1.0 - np.exp(x - self.largest[row]) / z, of_top))

    def share(self, row: Array, above: Array) -> Array:
        """The sum of the probabilities of a and of other classes, given the sum of their w; of these rows."""
        shares: Array = (1.0 + self.ratio[row] * above) / self.z[row]
        return shares

    def u(self) -> Array:
        """The number from 0 to 1 of each row, [n]."""
        hashes: Array = hash_of(self.x - self.largest[:, None])
        return np.ldexp((hashes >> np.uint64(11)).astype(np.float64), -53)


def _summed(rows: _Rows, how: Scoring, row: Array, least: Array, greater: Array, of_top: Array, rank: Array) -> Array:
    """Scores of aps and raps, [m] each.

    Args:
        rows, how: as above.
        row: the row of each class.
        least, greater: the sum of w over the classes whose logit is at least that of the class, and greater.
        of_top: whether the logit of the class is m.
        rank: the number of classes whose logit is at least that of the class.
    """
    score = rows.share(row, least)
    if how.randomized:
        above = np.where(of_top, 0.0, rows.share(row, greater))
        score -= rows.u()[row] * (score - above)
    if how.method == "raps":
        score += how.penalty * np.maximum(rank - how.rank, 0)
    return score


def _of_labels(rows: _Rows, label: Array, how: Scoring) -> Array:
    every = np.arange(len(label))
    own = rows.x[every, label]
    if how.method == "lac":
        return rows.lac(every, own)
    at_least = rows.x >= own[:, None]
    rank = np.count_nonzero(at_least, axis=1) if how.method == "raps" else every
    greater = least = np.add.reduce(rows.weights * at_least, axis=1)
    if how.randomized:
        greater = np.add.reduce(rows.weights * (rows.x > own[:, None]), axis=1)
    return _summed(rows, how, every, least, greater, own == rows.largest, rank)


def _lac_within(rows: _Rows, how: Scoring, quantile: Array, inside: Array) -> None:
    """Fill in `inside`: the exact scores of the classes whose logit is not clearly too low."""
    del how
    least = np.log(np.maximum(1.0 - quantile, 0.0)) - _SLACK  # of x - m - log Z
    shift = (rows.largest + np.log(rows.z))[:, None]
    bound = shift + (least[0] if (least == least[0]).all() else least)
    row, k = _places(rows.x >= bound)
    inside[row, k] = rows.lac(row, rows.x[row, k]) <= quantile[k]


def _sums_within(rows: _Rows, how: Scoring, quantile: Array, inside: Array) -> None:
    """Fill in `inside`: the largest logits of each row, in order, have the sums of aps and raps."""
    classes = rows.x.shape[1]
    # The classes below one whose sum is within the quantile have 1 - quantile of the probability, none of them more
    # than this one. A randomized sum of this class is less by as much as its probability.
    outside = 1.0 - float(np.maximum.reduce(quantile))
    least = np.log(max(outside, 0.0) / classes) - _SLACK
    row, k = _places(rows.x >= (rows.largest + np.log(rows.z) + least)[:, None])
    count = np.bincount(row, minlength=len(rows.x))
    place = np.arange(len(row)) - (np.cumsum(count) - count)[row]
    # Candidates, row by row; equal logits are next to each other.
    x = np.full((len(count), int(np.maximum.reduce(count))), np.inf)
    x[row, place] = -rows.x[row, k]
    order = np.argsort(x, axis=1)
    x = np.take_along_axis(x, order, axis=1)
    w = np.zeros(x.shape, np.int64)
    w[row, place] = rows.weights[row, k]
    w = np.take_along_axis(w, order, axis=1)
    last = _last_of_ties(x)
    total = np.cumsum(w, axis=1)
    every = np.arange(len(x))[:, None]
    least_sum = np.take_along_axis(total, last, axis=1)
    first = x.shape[1] - 1 - _last_of_ties(x[:, ::-1])[:, ::-1]
    greater = np.take_along_axis(total - w, first, axis=1)
    score = _summed(rows, how, every, least_sum, greater, x == -rows.largest[:, None], last + 1)
    by_place = np.empty_like(score)
    np.put_along_axis(by_place, order, score, axis=1)
    inside[row, k] = by_place[row, place] <= quantile[k]


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
