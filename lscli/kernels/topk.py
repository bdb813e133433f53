"""Columns of rows with only the k largest probabilities: exact values where they are determined, else bounds.

The kept classes of a row have probabilities p_1 >= ... >= p_k. The other m = K - k classes, the tail, share the
mass t = 1 - sum p_i, and none of them is above the cap p_k. If the label's own probability is known though it is not
among the k, the label counts as a further kept class, which leaves m - 1 classes, its share less of t, and the cap.

A sum of one concave function over the tail is largest when all of its classes are equal, t/m each (Jensen), and
smallest when as many as possible are at the cap and one more takes what is left, since any other division is a mean of
permutations of that one (it majorises them all). A convex function is the other way round. Both divisions fit all that
is known, so that each bound is attained by some row.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]


# A tail of a single class is taken as it is, unless rounding may change it by more than this many times the relative
# precision of the stored values.
_DIGITS = 1000


class Bounds(NamedTuple):
    """The lower and the upper bound of a quantity of each row, [n] each; the same array if it is exact."""

    lower: Array
    upper: Array


class TopKRows:
    """Rows of top-k log-probabilities, checked: their classes are distinct, and they sum to 1 at most.

    Probabilities that sum to a little more than 1, by rounding, are divided by their sum.

    Args:
        log_p: [n, k] float64 natural logarithms, in any order; -inf for a probability of 0.
        classes: [n, k] class numbers; -1 where a row keeps fewer than k, with a log_p of -inf.
        label: [n], from 0 to K-1.
        own: [n], log-probability of the label, or None; it is used where the label is not among the k.
        num_classes: K, larger than k.
        epsilon: the relative precision of the stored values, which bounds the error of t.

    Attributes:
        count: [n], the number of kept classes.
        top: [n], the class of the largest log_p; of equal ones that with the lowest number.
        inside: [n] bool, whether the label is among the kept classes.
        unknown: [n] bool, whether it is not, and its probability is not known either.
        cap: [n], p_k, the smallest kept probability, which no class of the tail exceeds.
        tail: [n], t, the mass of the classes that are not kept.
        excess: [n], by how much the tail is above what its classes can hold, which only rounding explains.
    """

    def __init__(
        self, log_p: Array, classes: Array, label: Array, own: Array | None, num_classes: int, epsilon: float
    ) -> None:
        self.label, self._classes, self._num_classes = label, classes, num_classes
        there = classes >= 0
        self.count = np.count_nonzero(there, axis=1)
        largest = log_p.max(axis=1)
        self.top = np.where((log_p == largest[:, None]) & there, classes, num_classes).min(axis=1)
        self._is_top = classes == self.top[:, None]
        at = classes == label[:, None]
        self.inside = at.any(axis=1)
        self.unknown = ~self.inside if own is None else np.zeros(len(label), np.bool_)
        apart = ~self.inside & ~self.unknown  # the label is a further kept class
        p = np.exp(log_p)
        cap = np.where(there, p, np.inf).min(axis=1)
        own_p = np.where(apart, np.minimum(0.0 if own is None else np.exp(own), cap), 0.0)
        # 1 - p_1 keeps its digits near 0 if p_1 is stored to that precision, and the sum of the others keeps its own.
        rest = -np.expm1(np.minimum(largest, 0.0))
        others = np.add.reduce(np.where(self._is_top, 0.0, p), axis=1) + own_p
        over = np.maximum(others + np.expm1(largest), 0.0)
        left = np.maximum(rest - others, 0.0)
        self.one_minus_confidence = others / (1.0 + over) + left
        self.log_p = log_p - np.log1p(over)[:, None]
        self._p = p / (1.0 + over)[:, None]
        self.cap = cap / (1.0 + over)
        self._own_p = own_p / (1.0 + over)
        self.tail = self._own_p + left
        smallest = np.where(there, self.log_p, np.inf).min(axis=1)  # the logarithm of the cap, which may underflow
        own_log = largest if own is None else np.minimum(own - np.log1p(over), smallest)
        self.log_label = np.where(self.inside, np.where(at, self.log_p, -np.inf).max(axis=1), own_log)
        tail_classes = num_classes - self.count - apart
        self.excess = left - tail_classes * self.cap
        self._left = _Tail(np.minimum(left, tail_classes * self.cap), tail_classes, self.cap)
        # How much rounding of the stored values may have changed the tail. It matters for the logarithm of a small
        # share. A tail of a single class is used as it is, unless it is small.
        unsure = epsilon * (2.0 - np.add.reduce(_entropy_terms(self._p, self.log_p), axis=1))
        spread = np.where((tail_classes > 1) | (unsure > _DIGITS * epsilon * left), unsure, 0.0)
        self._most = self._left._replace(mass=np.minimum(left + spread, tail_classes * self.cap))
        self._least = self._left._replace(mass=np.maximum(self._left.mass - spread, 0.0))

    @cached_property
    def correct(self) -> Array:
        correct: Array = self.top == self.label
        return correct

    @cached_property
    def log_confidence(self) -> Array:
        rest, largest = self.one_minus_confidence, self.log_p.max(axis=1)
        near: Array = np.log1p(-np.minimum(rest, 0.5))
        return np.where(rest < 0.5, near, largest)

    @cached_property
    def confidence(self) -> Array:
        rest = self.one_minus_confidence
        near: Array = 1.0 - rest
        return np.where(rest < 0.5, near, np.exp(self.log_confidence))

    @cached_property
    def label_prob(self) -> Bounds:
        """p_y. In the tail it is at most min(t, p_k), and at least what m - 1 others at the cap leave to it."""
        known = np.exp(np.where(self.correct, self.log_confidence, self.log_label))
        left = self._least
        least = np.maximum(left.mass - (left.classes - 1) * left.cap, 0.0)
        most = np.maximum(least, np.minimum(self._most.mass, left.cap))
        return Bounds(np.where(self.unknown, least, known), np.where(self.unknown, most, known))

    @cached_property
    def loss_hard(self) -> Bounds:
        known = -np.where(self.correct, self.log_confidence, self.log_label)
        p = self.label_prob
        return Bounds(
            np.where(self.unknown, -np.log(p.upper), known) + 0.0, np.where(self.unknown, -np.log(p.lower), known) + 0.0
        )

    @cached_property
    def log_not_label(self) -> Bounds:
        p = self.label_prob
        known = np.where(self.correct, np.log(self.one_minus_confidence), np.log1p(-p.lower))
        return Bounds(np.where(self.unknown, np.log1p(-p.upper), known), known)

    @cached_property
    def label_rank(self) -> Bounds:
        """Exact for kept classes; the label of another row is behind all of them."""
        own = self.log_label[:, None]
        before = (self.log_p > own) | ((self.log_p == own) & (self._classes < self.label[:, None]))
        rank = np.count_nonzero(before & (self._classes >= 0), axis=1)
        return Bounds(np.where(self.inside, rank, self.count), np.where(self.inside, rank, self._num_classes - 1))

    @cached_property
    def entropy(self) -> Bounds:
        """-sum p log p: concave, largest for an even tail."""
        log_p = np.where(self._is_top, self.log_confidence[:, None], self.log_p)
        kept = -np.add.reduce(_entropy_terms(self._p, log_p), axis=1) - _entropy_terms(self._own_p, self.log_label)
        return _ordered(kept + self._left.uneven(_minus_p_log_p), kept + self._left.even(_minus_p_log_p))

    @cached_property
    def brier(self) -> Bounds:
        """(1 - p_y)^2 + sum of the other squares: convex, smallest for an even tail.

        If p_y = q is not known, the derivative in q is -2 (1 - q) less that of the others' squares, which grow with
        their share t - q: it falls with q, whether the others are even or uneven. So the bounds lie at the ends of q.
        """
        others = np.add.reduce(np.where(self._is_top, 0.0, np.square(self._p)), axis=1)
        correct = np.square(self.one_minus_confidence) + others
        p, left = self.label_prob, self._left
        kept = np.square(self.confidence) + others
        wrong = kept - np.square(np.where(self.inside, p.lower, 0.0)) + np.square(1.0 - p.lower)
        known = np.where(self.correct, correct, wrong)
        low, high = known + left.even(np.square), known + left.uneven(np.square)
        if self.unknown.any():
            ends = [
                kept + np.square(1.0 - q) + getattr(left.without(q), shape)(np.square)
                for q, shape in ((p.upper, "even"), (p.lower, "uneven"))
            ]
            low, high = (np.where(self.unknown, end, x) for end, x in zip(ends, (low, high), strict=True))
        return _ordered(low, high)

    @cached_property
    def loss_uniform(self) -> Bounds:
        """-(1/K) sum log p: convex, smallest for an even tail, and infinite if a class may have the probability 0.

        The lower bound takes all that rounding may have left to the tail: it would be infinite if t were rounded to 0.
        """
        own = np.where(self.inside | self.unknown, 0.0, self.log_label)
        log_p = np.where(self._is_top, self.log_confidence[:, None], self.log_p)
        kept = -np.add.reduce(np.where(self._classes >= 0, log_p, 0.0), axis=1) - own
        low, high = kept + self._most.even(_minus_log), kept + self._least.uneven(_minus_log)
        return _ordered(low / self._num_classes, high / self._num_classes)

    @cached_property
    def logit_gap(self) -> Bounds:
        """log p_y less the mean of the other log p: K/(K-1) (U - H) of the row's losses."""
        scale = self._num_classes / (self._num_classes - 1)
        low = scale * (self.loss_uniform.lower - self.loss_hard.upper)
        high = scale * (self.loss_uniform.upper - self.loss_hard.lower)
        # inf - inf says nothing, if H may be infinite.
        masked = np.isinf(self.loss_hard.lower)
        low = np.where(np.isnan(low) & ~masked, -np.inf, low)
        return Bounds(low, np.where(np.isnan(high) & ~masked, np.inf, high))

    @cached_property
    def _log_second(self) -> Bounds:
        """The logarithm of the second largest probability. Of one kept class, it is the largest of the tail."""
        second = np.where(self._is_top, -np.inf, self.log_p).max(axis=1)
        several, least, most = self.count > 1, self._least, self._most
        low = np.log(np.maximum(self._own_p, least.mass / np.maximum(least.classes, 1)))
        high = np.log(np.maximum(self._own_p, np.minimum(most.mass, most.cap)))
        return Bounds(np.where(several, second, low), np.where(several, second, high))

    @cached_property
    def margin(self) -> Bounds:
        below = self._log_second
        low, high = (
            (0.0 - np.expm1(other - self.log_confidence)) * self.confidence for other in (below.upper, below.lower)
        )
        return _ordered(np.maximum(low, 0.0), np.maximum(high, 0.0))

    @cached_property
    def logit_margin(self) -> Bounds:
        below = self._log_second
        return Bounds(
            np.maximum(self.log_confidence - below.upper, 0.0), np.maximum(self.log_confidence - below.lower, 0.0)
        )


class _Tail(NamedTuple):
    """Classes that share a mass, none of them above the cap, [n] each; the mass is at most classes times cap."""

    mass: Array
    classes: Array
    cap: Array

    def without(self, q: Array) -> _Tail:
        """The tail without one class of probability q, [n]."""
        classes = np.maximum(self.classes - 1, 0)
        return _Tail(np.minimum(np.maximum(self.mass - q, 0.0), classes * self.cap), classes, self.cap)

    def even(self, f: Callable[[Array], Array]) -> Array:
        """The sum of f over the classes if all are equal, [n]; 0 without classes."""
        some = self.classes > 0
        return np.where(some, self.classes * f(np.where(some, self.mass / np.maximum(self.classes, 1), 1.0)), 0.0)

    def uneven(self, f: Callable[[Array], Array]) -> Array:
        """The sum of f if as many classes as possible are at the cap, one takes the remainder, and the rest has 0."""
        full = np.where(self.cap > 0, np.floor(self.mass / np.where(self.cap > 0, self.cap, 1.0)), 0.0)
        full = np.minimum(full, self.classes)
        remainder = np.maximum(self.mass - full * self.cap, 0.0)
        empty = self.classes - full - 1
        sums = np.where(full > 0, full * f(np.where(full > 0, self.cap, 1.0)), 0.0)
        sums = sums + np.where(empty >= 0, f(np.where(empty >= 0, remainder, 1.0)), 0.0)
        sums = sums + np.where(empty > 0, empty * f(np.zeros(1)), 0.0)
        return np.where(self.classes > 1, sums, self.even(f))


def _entropy_terms(p: Array, log_p: Array) -> Array:
    """p log p, 0 for p = 0."""
    return np.where(p > 0, p * np.where(p > 0, log_p, 0.0), 0.0)


def _minus_p_log_p(p: Array) -> Array:
    return np.where(p > 0, -p * np.log(np.where(p > 0, p, 1.0)), 0.0)


def _minus_log(p: Array) -> Array:
    return -np.log(p)


def _ordered(lower: Array, upper: Array) -> Bounds:
    """Bounds that rounding may have put in the wrong order."""
    return Bounds(np.minimum(lower, upper), np.maximum(lower, upper))


def _exact(values: Array) -> Bounds:
    return Bounds(values, values)


# What each column of the SampleTable is for such rows. Other columns need all K probabilities, or logits themselves.
COLUMNS: Mapping[str, Callable[[TopKRows], Bounds]] = {
    "label": lambda rows: _exact(rows.label),
    "predicted": lambda rows: _exact(rows.top),
    "correct": lambda rows: _exact(rows.correct),
    "confidence": lambda rows: _exact(rows.confidence),
    "one_minus_confidence": lambda rows: _exact(rows.one_minus_confidence),
    "label_prob": lambda rows: rows.label_prob,
    "loss_hard": lambda rows: rows.loss_hard,
    "log_not_label": lambda rows: rows.log_not_label,
    "label_rank": lambda rows: rows.label_rank,
    "entropy": lambda rows: rows.entropy,
    "brier": lambda rows: rows.brier,
    "loss_uniform": lambda rows: rows.loss_uniform,
    "logit_gap": lambda rows: rows.logit_gap,
    "margin": lambda rows: rows.margin,
    "logit_margin": lambda rows: rows.logit_margin,
}


def columns_of(rows: TopKRows, names: set[str]) -> dict[str, Bounds]:
    """Those of the columns that can be computed or bounded, by name."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        return {name: COLUMNS[name](rows) for name in sorted(names & COLUMNS.keys())}
