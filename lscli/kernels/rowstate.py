"""The state that one read of a row leaves, and every per-sample quantity that follows from it.

For a row x_1..x_K with its first maximum m at index a: **the maximum is left out of the sums**, so
that a confident row keeps its digits. log(1 + 1e-9) is 0 in float32 once the 1 is inside; log1p of
the sum of the others is exact. Whatever computes the sums, the columns come from this one
float64 epilogue.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Column = NDArray[Any]
    Part = Any  # a numpy array, or a torch tensor on its device


# Below this many classes all that follows the raw values is float64: so few roundings do not average
# out. (From about as many classes on, numpy is faster with rows as they are; see layouts.py.)
NARROW = 128

# From here on a sum of exponentials has all of its digits, also in float32.
_WHOLE = 1e-30

# The norms of the column `pnorm_scores`, in its order.
PNORM_EXPONENTS = (1, 2, 3, 4, 5, 6, 7, 8)


@dataclass(eq=False)
class RowState:
    """One value a row of each, [n] unless it is said; a field that nobody asked for is None.

    Attributes:
        label: y, the label.
        top: a, the first index of the largest logit.
        largest: m = x_a.
        label_logit: x_y.
        runner_up: the largest of the others, less m.
        tail: s = sum over i != a of e^(x_i - m).
        tail_cross: u = sum over i != a of e^(x_i - m) (x_i - m), 0 where the exponential is 0.
        tail_square: q = sum over i != a of e^(2 (x_i - m)).
        shift: t = sum over i of (x_i - m).
        rank: how many classes stand before the label: larger logits, and equal ones of a lower index.
        log_tail: log s, also where s itself is too small for its type.
        tail_entropy: the entropy of the others among themselves, 0 where all of them are masked.
        above_label: sum over i of the positive parts of x_i - x_y.
        open_classes: how many classes are not masked.
        open_shift: sum over these of (x_i - m); where it is there, masked classes are left out of their row.
        dots: [n, V], sum over i of c_i (x_i - m) for each of some vectors c, without the classes that c leaves out.
        norms: [n, P], (sum over i of |v_i|^p)^(1/p) over the largest v_i, for v = the row less its mean and p of
            PNORM_EXPONENTS; inf if all logits are equal, nan with a masked class.
        ignored: whether the soft label is to be left out. These four are there where labels are distributions, and
            `label` and `label_logit` say nothing then.
        soft_shift: sum over i of q_i (x_i - m), without the classes that the soft label q has nothing of.
        soft_squares: sum over i of (p_i - q_i)^2.
        soft_entropies: [n, E], the entropy of q, smoothed in each of some ways.
    """

    label: Part
    top: Part
    largest: Part
    label_logit: Part
    runner_up: Part = None
    tail: Part = None
    tail_cross: Part = None
    tail_square: Part = None
    shift: Part = None
    rank: Part = None
    log_tail: Part = None
    tail_entropy: Part = None
    above_label: Part = None
    open_classes: Part = None
    open_shift: Part = None
    dots: Part = None
    norms: Part = None
    ignored: Part = None
    soft_shift: Part = None
    soft_squares: Part = None
    soft_entropies: Part = None

    def rows(self, start: int, stop: int) -> RowState:
        """The state of some of the rows, not copied."""
        return self.mapped(lambda part: part[start:stop])

    def mapped(self, change: Callable[[Part], Part]) -> RowState:
        """The state with every field changed."""
        return RowState(**{name: change(part) for name, part in self.parts().items()})

    @staticmethod
    def concatenated(states: Sequence[RowState], join: Callable[[list[Any]], Any] = np.concatenate) -> RowState:
        """The states of consecutive rows as one."""
        return RowState(**{name: join([state.parts()[name] for state in states]) for name in states[0].parts()})

    def parts(self) -> dict[str, Part]:
        """The fields that are there, by name."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: part for name, part in parts.items() if part is not None}


class Terms:
    """The terms that the columns share, each computed once and in float64 (named as in the formulas)."""

    def __init__(self, state: RowState, num_classes: int) -> None:
        self.state = state
        self.num_classes = num_classes

    @cached_property
    def correct(self) -> Column:
        return np.asarray(self.state.label == self.state.top)

    @cached_property
    def s(self) -> Column:
        return _float64(self.state.tail)

    @cached_property
    def u(self) -> Column:
        return _float64(self.state.tail_cross)

    @cached_property
    def q(self) -> Column:
        return _float64(self.state.tail_square)

    @cached_property
    def t(self) -> Column:
        return _float64(self.state.shift if self.state.open_shift is None else self.state.open_shift)

    @cached_property
    def k(self) -> Column | int:
        """How many classes there are: in the row, where masked ones are left out of it as they are out of t."""
        return self.num_classes if self.state.open_shift is None else _float64(self.state.open_classes)

    @cached_property
    def d(self) -> Column:
        """x_y - m, exactly 0 where the label is the prediction; of a soft label its mean over the classes."""
        if self.state.soft_shift is not None:
            return _float64(self.state.soft_shift)
        difference = _float64(self.state.label_logit) - _float64(self.state.largest)
        return np.where(self.correct, 0.0, difference)

    @cached_property
    def z(self) -> Column:
        return 1.0 + self.s

    @cached_property
    def log_z(self) -> Column:
        return np.log1p(self.s)

    @cached_property
    def label_prob(self) -> Column:
        return np.divide(np.exp(self.d), self.z)

    @cached_property
    def brier(self) -> Column:
        if self.state.soft_squares is not None:
            return _float64(self.state.soft_squares)
        right = (self.s * self.s + self.q) / (self.z * self.z)
        wrong = (1.0 + self.q) / (self.z * self.z) - 2.0 * self.label_prob + 1.0
        scores: Column = np.where(self.correct, right, wrong)
        return scores

    @cached_property
    def margin(self) -> Column:
        # 0 - 0 is 0 where -expm1(0) would be -0, on a tie.
        return (0.0 - np.expm1(_float64(self.state.runner_up))) / self.z

    @cached_property
    def log_not_label(self) -> Column:
        # The others' own sum where the label has nearly all; elsewhere p_y is at most 1/2.
        whole = self.s > _WHOLE
        rest = np.where(whole, -np.log1p(1.0 / self.s), _float64(self.state.log_tail) - self.log_z)
        return np.where(self.correct, rest, np.log1p(-self.label_prob))

    @cached_property
    def off_label_entropy(self) -> Column:
        # H(p) = h(p_y) + (1 - p_y) H(r), which has no digits left where p_y is near 1: there it is the tail's own.
        p, rest = self.label_prob, 1.0 - self.label_prob
        of_label = np.where(p > 0, p * (self.log_z - self.d), 0.0) - rest * np.log1p(-p)
        entropy = np.where(self.correct, _float64(self.state.tail_entropy), (self.entropy - of_label) / rest)
        return np.maximum(entropy, 0.0)

    @cached_property
    def entropy(self) -> Column:
        return self.log_z - self.u / self.z

    @cached_property
    def pnorm_scores(self) -> Column:
        return 1.0 / _float64(self.state.norms)


def _float64(part: Part) -> Column:
    if part is None:
        raise TypeError("the kernel was not asked for a field that a column needs")
    return np.asarray(part, np.float64)


class ColumnRule(NamedTuple):
    """How a column of the SampleTable follows from the row state, and which fields that takes."""

    fields: frozenset[str]
    compute: Callable[[Terms], Column | None]


def _rule(names: str, compute: Callable[[Terms], Column | None]) -> ColumnRule:
    return ColumnRule(frozenset(names.split()), compute)


COLUMNS: dict[str, ColumnRule] = {
    "label": _rule("", lambda terms: terms.state.label),
    "predicted": _rule("", lambda terms: terms.state.top),
    "correct": _rule("", lambda terms: terms.correct),
    "largest_logit": _rule("", lambda terms: terms.state.largest),
    # Two non-negative terms: nothing cancels.
    "loss_hard": _rule("tail", lambda terms: terms.log_z - terms.d),
    "loss_uniform": _rule("tail shift", lambda terms: terms.log_z - terms.t / terms.k),
    "confidence": _rule("tail", lambda terms: 1.0 / terms.z),
    # Never 1 - confidence: s / Z keeps its digits however small it is.
    "one_minus_confidence": _rule("tail", lambda terms: terms.s / terms.z),
    "label_prob": _rule("tail", lambda terms: terms.label_prob),
    "label_rank": _rule("rank", lambda terms: terms.state.rank),
    "entropy": _rule("tail tail_cross", lambda terms: terms.entropy),
    "brier": _rule("tail tail_square", lambda terms: terms.brier),
    "margin": _rule("tail runner_up", lambda terms: terms.margin),
    "pnorm_scores": _rule("shift norms", lambda terms: terms.pnorm_scores),
    "logit_gap": _rule("shift", lambda terms: (terms.k * terms.d - terms.t) / (terms.k - 1)),
    "logit_margin": _rule("runner_up", lambda terms: 0.0 - _float64(terms.state.runner_up)),
    "above_label": _rule("above_label", lambda terms: terms.state.above_label),
    "log_not_label": _rule("tail log_tail", lambda terms: terms.log_not_label),
    "off_label_entropy": _rule("tail tail_cross log_tail tail_entropy", lambda terms: terms.off_label_entropy),
    "class_count": _rule("open_classes", lambda terms: terms.state.open_classes),
}

DTYPES: dict[str, type[np.generic]] = {
    "row": np.int64,
    "label": np.int32,
    "predicted": np.int32,
    "label_rank": np.int32,
    "class_count": np.int32,
    "correct": np.bool_,
}

# What a row of a column is, where it is more than one value.
SHAPES: dict[str, tuple[int, ...]] = {"pnorm_scores": (len(PNORM_EXPONENTS),)}


def fields_for(columns: Iterable[str]) -> frozenset[str]:
    """The fields of the row state that these columns need, besides the ones that are always there."""
    return frozenset[str]().union(*(COLUMNS[name].fields for name in columns))


def write_columns(
    state: RowState,
    num_classes: int,
    out: dict[str, Column],
    vectors: Mapping[str, Column] = MappingProxyType({}),
    entropies: Sequence[str] = (),
) -> None:
    """Compute the columns that `out` names into its arrays, [n] each or of their SHAPES.

    One of `vectors`, c [K], is the column -sum_k c_k log p_k, from the field `dots` of their order; `entropies` are
    those of the field `soft_entropies`.
    """
    terms = Terms(state, num_classes)
    # A masked label has d = -inf; where its class drops out of the gap as well that is inf - inf, a nan that is meant.
    with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
        for name in out.keys() - vectors.keys() - set(entropies):
            out[name][:] = COLUMNS[name].compute(terms)
        for place, (name, c) in enumerate(vectors.items()):
            out[name][:] = np.add.reduce(c) * terms.log_z - _float64(state.dots)[:, place]
        for place, name in enumerate(entropies):
            out[name][:] = state.soft_entropies[:, place]
