"""The state of a row after one read of its logits, and every per-sample quantity that follows from it.

Let m be the maximum of a row x_1..x_K, and a its first index. **The sums leave the maximum out**, so that a confident
row keeps its digits: in float32, 1 + 1e-9 rounds to 1 and its logarithm to 0, while log1p of the sum over the other
classes is exact. All kernels compute the same state, and this module alone turns it into columns, in float64.
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


# With fewer classes, everything after the raw values is computed in float64, since so few rounding errors do not
# average out. (From about this many classes on, numpy is also faster on untransposed rows; see layouts.py.)
NARROW = 128

# A sum of exponentials above this has all of its digits, even in float32.
_WHOLE = 1e-30

# The exponents p of the norms in the column `pnorm_scores`, in order.
PNORM_EXPONENTS = (1, 2, 3, 4, 5, 6, 7, 8)


@dataclass(eq=False)
class RowState:
    """The state of n rows; each field is [n] unless stated otherwise. An optional field is None unless requested.

    Attributes:
        label: y.
        top: a, the first index of the largest logit.
        largest: m = x_a.
        label_logit: x_y.
        runner_up: max over i != a of x_i - m.
        tail: s = sum over i != a of e^(x_i - m).
        tail_cross: u = sum over i != a of e^(x_i - m) (x_i - m), where an exponential of 0 adds 0.
        tail_square: q = sum over i != a of e^(2 (x_i - m)).
        shift: t = sum over i of (x_i - m); -inf with a masked class, nan if the sum overflows.
        mean_shift: t / K, even where t overflows; present with `shift`.
        rank: the number of classes with a logit above the label's, or an equal one and a lower index.
        log_tail: log s, even where s underflows.
        tail_entropy: the entropy of the probabilities of all i != a, renormalised; 0 where these classes are masked.
        above_label: sum over i of max(0, x_i - x_y).
        open_classes: the number of classes that are not masked.
        open_shift: sum over the classes that are not masked of (x_i - m). If present, columns exclude masked classes
            from their row.
        softmax_total: the sum over all i of e^(x_i - m), m included, added in the type of the logits (float32 for
            narrower ones) as torch adds it.
        dots: [n, V], sum over i of c_i (x_i - m) for each of V vectors c; classes where c is 0 are excluded.
        differences: [n, K], x_i - m for every class.
        norms: [n, P], (sum over i of |v_i|^p)^(1/p) divided by the largest v_i, for each p of PNORM_EXPONENTS, where v
            is the row minus its mean; inf if all logits are equal, nan with a masked class.
        row_hash: 64 bits from all x_i - m, rounded to 1e-4, whatever the order of the classes; see row_hash.py.

    With soft labels q, the following fields are present, and `label` and `label_logit` have no meaning:
        ignored: whether the soft label is ignored.
        soft_shift: sum over i of q_i (x_i - m); classes where q is 0 are excluded.
        soft_squares: sum over i of (p_i - q_i)^2.
        soft_columns: [n, C], columns that the kernel of soft labels computes itself.
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
    mean_shift: Part = None
    rank: Part = None
    log_tail: Part = None
    tail_entropy: Part = None
    above_label: Part = None
    open_classes: Part = None
    open_shift: Part = None
    softmax_total: Part = None
    dots: Part = None
    differences: Part = None
    norms: Part = None
    row_hash: Part = None
    ignored: Part = None
    soft_shift: Part = None
    soft_squares: Part = None
    soft_columns: Part = None

    def rows(self, start: int, stop: int) -> RowState:
        """The state of rows `start` to `stop`: views."""
        return self.mapped(lambda part: part[start:stop])

    def mapped(self, change: Callable[[Part], Part]) -> RowState:
        """The state with `change` applied to every field that is present."""
        return RowState(**{name: change(part) for name, part in self.parts().items()})

    @staticmethod
    def concatenated(states: Sequence[RowState], join: Callable[[list[Any]], Any] = np.concatenate) -> RowState:
        """The states of consecutive rows as one."""
        return RowState(**{name: join([state.parts()[name] for state in states]) for name in states[0].parts()})

    def parts(self) -> dict[str, Part]:
        """The fields that are present, by name."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: part for name, part in parts.items() if part is not None}


class Terms:
    """Terms that several columns share, each computed once, in float64, and named as in the formulas."""

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
    def q(self) -> Column:
        return _float64(self.state.tail_square)

    @cached_property
    def t(self) -> Column:
        return _float64(self.state.shift if self.state.open_shift is None else self.state.open_shift)

    @cached_property
    def mean(self) -> Column:
        """t / k, which float64 may hold where it does not hold t."""
        return _float64(self.state.mean_shift) if self.state.open_shift is None else self.t / self.k

    @cached_property
    def gap(self) -> Column:
        """The logit of the label less the mean of the others."""
        gap = (self.k * self.d - self.t) / (self.k - 1)
        far = np.isnan(self.t)
        return np.where(far, (self.d - self.mean) * (self.k / (self.k - 1)), gap) if far.any() else gap

    @cached_property
    def k(self) -> Column | int:
        """The number of classes; of each row, without the masked ones, where t excludes them too."""
        return self.num_classes if self.state.open_shift is None else _float64(self.state.open_classes)

    @cached_property
    def d(self) -> Column:
        """x_y - m, exactly 0 where the label is the prediction; with soft labels, its mean under q."""
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
    def log_rest(self) -> Column:
        """log(1 - confidence) = log s - log Z."""
        whole = self.s > _WHOLE
        return np.where(whole, -np.log1p(1.0 / self.s), _float64(self.state.log_tail) - self.log_z)

    @cached_property
    def log_not_label(self) -> Column:
        # Where the label is the prediction, 1 - p_y = s / Z keeps its digits; elsewhere p_y is at most 1/2.
        return np.where(self.correct, self.log_rest, np.log1p(-self.label_prob))

    @cached_property
    def off_label_entropy(self) -> Column:
        # H(p) = h(p_y) + (1 - p_y) H(r), solved for H(r). This loses all digits where p_y is near 1; where the label is
        # the prediction, the kernel has the entropy itself.
        p, rest = self.label_prob, 1.0 - self.label_prob
        of_label = np.where(p > 0, p * (self.log_z - self.d), 0.0) - rest * np.log1p(-p)
        entropy = np.where(self.correct, _float64(self.state.tail_entropy), (self.entropy - of_label) / rest)
        return np.maximum(entropy, 0.0)

    @cached_property
    def entropy(self) -> Column:
        return self.log_z - _float64(self.state.tail_cross) / self.z


def unscaled(total: Column, exponent: int) -> Column:
    """The sums times 2^exponent; nan where float64 does not hold one, so that -inf means a masked class alone."""
    with np.errstate(over="ignore"):
        sums = np.ldexp(total, exponent)
    sums[np.isinf(sums) & np.isfinite(total)] = np.nan
    return sums


def _float64(part: Part) -> Column:
    if part is None:
        raise TypeError("a column needs a field of the row state that was not requested")
    return np.asarray(part, np.float64)


class ColumnRule(NamedTuple):
    """How to compute a column of the SampleTable, and the fields of the row state that this needs."""

    fields: frozenset[str]
    compute: Callable[[Terms], Column | None]


def _rule(names: str, compute: Callable[[Terms], Column | None]) -> ColumnRule:
    return ColumnRule(frozenset(names.split()), compute)


COLUMNS: dict[str, ColumnRule] = {
    "label": _rule("", lambda terms: terms.state.label),
    "predicted": _rule("", lambda terms: terms.state.top),
    "correct": _rule("", lambda terms: terms.correct),
    "largest_logit": _rule("", lambda terms: terms.state.largest),
    # logsumexp of the logits (Liu et al. 2020: minus the free energy at temperature 1).
    "energy": _rule("tail", lambda terms: _float64(terms.state.largest) + terms.log_z),
    # Both terms are non-negative, so nothing cancels.
    "loss_hard": _rule("tail", lambda terms: terms.log_z - terms.d),
    "loss_uniform": _rule("tail shift", lambda terms: terms.log_z - terms.mean),
    "confidence": _rule("tail", lambda terms: 1.0 / terms.z),
    # Not 1 - confidence: s / Z keeps its digits however small it is.
    "one_minus_confidence": _rule("tail", lambda terms: terms.s / terms.z),
    # Finite where s / Z underflows.
    "log_one_minus_confidence": _rule("tail log_tail", lambda terms: terms.log_rest),
    # As libraries that call torch's softmax compute it, in the type of the logits.
    "library_confidence": _rule("softmax_total", lambda terms: 1.0 / terms.state.softmax_total),
    "label_prob": _rule("tail", lambda terms: terms.label_prob),
    "label_rank": _rule("rank", lambda terms: terms.state.rank),
    "entropy": _rule("tail tail_cross", lambda terms: terms.entropy),
    "brier": _rule("tail tail_square", lambda terms: terms.brier),
    # 0 - expm1: on a tie this is 0, where -expm1(0) is -0.
    "margin": _rule("tail runner_up", lambda terms: (0.0 - np.expm1(_float64(terms.state.runner_up))) / terms.z),
    "pnorm_scores": _rule("shift norms", lambda terms: 1.0 / _float64(terms.state.norms)),
    "row_hash": _rule("row_hash", lambda terms: np.asarray(terms.state.row_hash).view(np.uint64)),
    "logit_gap": _rule("shift", lambda terms: terms.gap),
    "logit_margin": _rule("runner_up", lambda terms: 0.0 - _float64(terms.state.runner_up)),
    "above_label": _rule("above_label", lambda terms: terms.state.above_label),
    "log_not_label": _rule("tail log_tail", lambda terms: terms.log_not_label),
    "off_label_entropy": _rule("tail tail_cross log_tail tail_entropy", lambda terms: terms.off_label_entropy),
    "differences": _rule("differences", lambda terms: terms.state.differences),
    "class_count": _rule("open_classes", lambda terms: terms.state.open_classes),
}

DTYPES: dict[str, type[np.generic]] = {
    "row": np.int64,
    "label": np.int32,
    "predicted": np.int32,
    "label_rank": np.int32,
    "class_count": np.int32,
    "correct": np.bool_,
    "row_hash": np.uint64,
}

# The shape of one sample's value, where this is not a scalar.
_SHAPES: dict[str, tuple[int, ...]] = {"pnorm_scores": (len(PNORM_EXPONENTS),)}
# Columns of K values a sample, of the type that the kernels compute in: few metrics read them, and only of few samples.
WIDE = frozenset({"differences"})


def column_type(name: str, num_classes: int, dtype: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """The type of a column and the shape of one sample's value, given K and the type of the logits."""
    if name in WIDE:
        narrow = num_classes < NARROW or dtype == "float64"
        return np.dtype(np.float64 if narrow else np.float32), (num_classes,)
    return np.dtype(DTYPES.get(name, np.float64)), _SHAPES.get(name, ())


def fields_for(columns: Iterable[str]) -> frozenset[str]:
    """The optional fields of the row state that these columns need."""
    return frozenset[str]().union(*(COLUMNS[name].fields for name in columns))


def write_columns(
    state: RowState,
    num_classes: int,
    out: dict[str, Column],
    vectors: Mapping[str, Column] = MappingProxyType({}),
    of_labels: Sequence[str] = (),
) -> None:
    """Compute columns of n rows.

    Args:
        state: the rows.
        num_classes: K.
        out: the columns to compute, by name: arrays to write to, of the `column_type` of each.
        vectors: columns in `out` by name, -sum_k c_k log p_k, each with its c [K]; from the field `dots`, in its order.
        of_labels: names of columns in `out`, from the field `soft_columns`, in its order.
    """
    terms = Terms(state, num_classes)
    # A masked label has d = -inf. Where masked classes are kept, t is -inf too, and the gap is nan, as intended.
    with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
        for name in out.keys() - vectors.keys() - set(of_labels):
            out[name][:] = COLUMNS[name].compute(terms)
        for place, (name, c) in enumerate(vectors.items()):
            out[name][:] = np.add.reduce(c) * terms.log_z - _float64(state.dots)[:, place]
        for place, name in enumerate(of_labels):
            out[name][:] = state.soft_columns[:, place]
