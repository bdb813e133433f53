"""The table of per-sample values: kernels only fill it, metrics only read it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, TypeVarTuple, cast, get_args

import numpy as np

from lscli.arrays import as_array
from lscli.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from lscli.kernels.class_sums import ClassSums
    from lscli.kernels.tuples import TupleSums

    Column = NDArray[Any]
    # Each value under the function that computed it and the arguments.
    Memo = dict[tuple[Hashable, ...], Any]

T = TypeVar("T")
# The temperatures at which a table may have columns again, such as `loss_hard@tempered`: that of the smallest mean nll
# of all samples, or for each sample that of the samples outside of its fold.
At = Literal["tempered", "cross_fitted"]
# What no temperature changes. The confidence that libraries see is not that of the type of the logits any more.
_STAYS = frozenset({"row", "label", "correct", "predicted", "label_rank", "class_count"})
# Of a column that is not exact, the table has two: `entropy@lower` and `entropy@upper`.
Side = Literal["lower", "upper"]
BOUNDS: tuple[Side, Side] = ("lower", "upper")
Arguments = TypeVarTuple("Arguments")
NO_LOGITS = "there are no logits"  # what a table of confidences lacks
# Columns that a table computes from others if it lacks them. A pass over logits fills `log_one_minus_confidence`, which
# is finite even where 1 - c underflows, and `library_confidence`, which is rounded as other libraries round it.
_DERIVED: dict[str, frozenset[str]] = {
    "log_confidence": frozenset({"confidence", "one_minus_confidence"}),
    "log_one_minus_confidence": frozenset({"one_minus_confidence"}),
    "library_confidence": frozenset({"confidence"}),
}


def bound(column: str, side: Side) -> str:
    """The name of the column with one bound of another column."""
    return f"{column}@{side}"


def column_at(column: str, at: At) -> str:
    """The name of a column at a temperature; the same name if no temperature changes it."""
    return column if column in _STAYS else f"{column}@{at}"


def is_at_temperature(name: str) -> bool:
    """Whether the name is that of a column at a temperature."""
    return name.partition("@")[2] in get_args(At)


class Tempered(NamedTuple):
    """The temperature that gives the logits of a table the smallest mean nll, or why there is none.

    Attributes:
        temperature: T; nan if there is none.
        stderr: its standard error if samples are independent.
        why: why there is no T; empty if there is.
        why_folds: why a fold has no T; empty if all have, or none is asked for.
        curve: temperatures with the mean nll at each, ascending; only on request, and empty if a loss is infinite.
    """

    temperature: float = math.nan
    stderr: float = math.nan
    why: str = ""
    why_folds: str = ""
    curve: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class SampleTable:
    """One row per kept sample, one column per quantity.

    A weight is a multiplicity: a sample of weight 2 is two samples in every sum, count and standard error. Without
    weights every sample counts once.

    Values that several metrics or many resamples need are computed once and kept. `kept`, `kept_weighted` and `reused`
    take a module-level function of the table and hashable arguments, and keep the value under both.

    Attributes:
        columns: arrays [n] by name; the names are those of `kernels.rowstate.COLUMNS`, with `@lower` and `@upper` for
            bounds, and with `@tempered` and `@cross_fitted` at a temperature.
        num_classes: K, or None for a table made without logits.
        weight: [n], or None.
        cluster: [n], numbers of the clusters, from 0 on, that the samples belong to; None if samples are independent.
        classes: sums over all samples by class and bin, which no column can hold; only on request.
        tuples: sums over the groups of samples whose probabilities are all in the same bins; only on request.
        tempered: the temperature of `@tempered`, which a resample keeps; only on request.
        origin: the table that this one is a resample of, or None.
        lacks: why it has no column for some quantities; empty if nothing is known about that.
        has_moves: means of it also say by how much each sample moves them, which takes one more column for each.
    """

    columns: Mapping[str, Column]
    num_classes: int | None = None
    weight: Column | None = None
    cluster: Column | None = None
    classes: ClassSums | None = None
    tuples: TupleSums | None = None
    tempered: Tempered | None = None
    origin: SampleTable | None = None
    lacks: str = ""
    has_moves: bool = False
    _by_columns: Memo = field(default_factory=dict)
    _by_weights: Memo = field(default_factory=dict)

    @classmethod
    def from_confidences(
        cls,
        confidence: ArrayLike,
        correct: ArrayLike,
        *,
        weight: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
    ) -> SampleTable:
        """A table without logits, for binary forecasts and published numbers.

        Args:
            confidence: [n], probabilities in [0, 1].
            correct: [n], whether each prediction was right.
            weight: [n], multiplicities; by default 1 each.
            cluster: [n], which samples belong together, such as the document of each: numbers or strings.

        Raises:
            UsageError: the lengths differ, or a value is out of range.
            InputError: something is not numbers, values are masked, or a sample has no cluster.

        Example:
            >>> import lscli
            >>> table = lscli.SampleTable.from_confidences([0.9, 0.8, 0.6], [True, True, False])
            >>> len(table), lscli.measure(table)["accuracy"]
            (3, 0.6666666666666666)
        """
        c = _numbers(confidence, "confidence").astype(np.float64)
        a = _numbers(correct, "correct")
        w = None if weight is None else _numbers(weight, "weight").astype(np.float64)
        if c.ndim != 1 or a.shape != c.shape or (w is not None and w.shape != c.shape) or not c.size:
            hint = f"their shapes are {c.shape}, {a.shape}{'' if w is None else f', {w.shape}'}"
            raise UsageError(
                "confidence, correct and weight must be one-dimensional, of one length, and not empty", hint
            )
        if not ((c >= 0) & (c <= 1)).all():
            raise UsageError(
                "a confidence is not in [0, 1]", "give the probability of each prediction", where="confidence"
            )
        if not ((a == 0) | (a == 1)).all():
            raise UsageError("a value is neither 1 nor 0", "give whether each prediction was right", where="correct")
        if w is not None and not ((w >= 0) & np.isfinite(w)).all():
            raise UsageError("a weight is negative or not finite", "give finite weights of at least 0", where="weight")
        columns = {"confidence": c, "one_minus_confidence": 1.0 - c, "correct": a.astype(np.bool_)}
        return cls(columns, None, w, None if cluster is None else _clusters(cluster, len(c)))

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> Column:
        if name in _DERIVED and name not in self.columns:
            return self.reused(_derived, name)
        return self.columns[name]

    def has(self, names: frozenset[str]) -> bool:
        """Whether the table has all of these columns, or those that it computes them from."""
        return all(_DERIVED.get(name, {name}) <= self.columns.keys() for name in names - self.columns.keys())

    @property
    def total(self) -> float:
        """N: the number of samples, counted by their weights."""
        return self.kept_weighted(_total)

    @property
    def clusters(self) -> int:
        """G: the number of clusters that have a sample of a weight above 0; 0 if samples are independent."""
        return 0 if self.cluster is None else len(self.kept_weighted(present_clusters))

    def select(self, keep: Column) -> SampleTable:
        """The rows where `keep`, [n] bool, is true, in their order."""
        weight, cluster = (None if each is None else each[keep] for each in (self.weight, self.cluster))
        columns = {name: c[keep] for name, c in self.columns.items()}
        return SampleTable(columns, self.num_classes, weight, cluster, origin=self.origin, lacks=self.lacks)

    def without(self, names: Collection[str]) -> SampleTable:
        """The same samples without these columns; nothing is copied."""
        return replace(self, columns={name: column for name, column in self.columns.items() if name not in names})

    def joined(self, other: SampleTable) -> SampleTable:
        """These samples, then those of another table with the same columns, and the same clusters if there are any."""
        columns = {name: np.concatenate((c, other.columns[name])) for name, c in self.columns.items()}
        weight = cluster = None
        if self.weight is not None or other.weight is not None:
            weight = np.concatenate([np.ones(len(t)) if t.weight is None else t.weight for t in (self, other)])
        if self.cluster is not None and other.cluster is not None:
            cluster = np.concatenate((self.cluster, other.cluster))
        return SampleTable(columns, self.num_classes, weight, cluster, lacks=self.lacks)

    def with_weights(self, weight: Column) -> SampleTable:
        """The same samples with other weights, [n]; nothing is copied, and values of the columns stay kept."""
        return replace(self, weight=weight, classes=None, tuples=None, tempered=None, _by_weights={})

    def with_clusters(self, cluster: Column) -> SampleTable:
        """The same samples in clusters, [n]; nothing is copied."""
        return replace(self, cluster=cluster, _by_weights={})

    def with_moves(self) -> SampleTable:
        """The same samples, whose means say by how much each sample moves them (`Value.moves`); nothing is copied."""
        return replace(self, has_moves=True, _by_weights={})

    def resample(self, weight: Column) -> SampleTable:
        """The same samples, each drawn as often as `weight` says, [n]."""
        return replace(self, weight=weight, classes=None, tuples=None, origin=self, _by_weights={})

    def bounded(self, sides: frozenset[tuple[str, Side]]) -> SampleTable:
        """The view of these samples with one bound of each of some columns as that column; computed once per table.

        The view of a resample is a resample of the view.
        """
        return self.kept_weighted(_bounded, sides)

    def at(self, at: At) -> SampleTable:
        """The view of these samples at a temperature; computed once per table.

        The view of a resample is a resample of the view.
        """
        return self.kept_weighted(_at, at)

    def of_class(self, number: int) -> SampleTable:
        """The view of these samples of two classes from one of them; computed once per table.

        The columns are those of `from_confidences`: the probability of the class as `confidence`, and as `correct`
        whether it is the label. Both probabilities are taken from the columns, so that they keep their digits near 0.
        The view of a resample is a resample of the view.
        """
        return self.kept_weighted(_of_class, number)

    def kept(self, function: Callable[[SampleTable, *Arguments], T], *arguments: *Arguments) -> T:
        """The value of a function that reads only columns, computed once for this table and all its resamples."""
        return self._recalled(self._by_columns, function, *arguments)

    def kept_weighted(self, function: Callable[[SampleTable, *Arguments], T], *arguments: *Arguments) -> T:
        """The value of a function that also reads the weights, computed once for this table."""
        return self._recalled(self._by_weights, function, *arguments)

    def reused(self, function: Callable[[SampleTable, *Arguments], T], *arguments: *Arguments) -> T:
        """Like `kept` in a resample; otherwise the value is computed and not kept, to save its memory."""
        return function(self, *arguments) if self.origin is None else self.kept(function, *arguments)

    def _recalled(self, memo: Memo, function: Callable[[SampleTable, *Arguments], T], *arguments: *Arguments) -> T:
        key = (function, *arguments)
        if key not in memo:
            memo[key] = function(self, *arguments)
        return cast("T", memo[key])


def _at(table: SampleTable, at: At) -> SampleTable:
    origin = None if table.origin is None else table.origin.at(at)
    return replace(table.kept(_moved, at), weight=table.weight, cluster=table.cluster, origin=origin, _by_weights={})


def _moved(table: SampleTable, at: At) -> SampleTable:
    columns = {name: column for name, column in table.columns.items() if name in _STAYS}
    for name, column in table.columns.items():
        own, _, where = name.partition("@")
        if where == at:
            columns[own] = column
    return SampleTable(columns, table.num_classes, lacks=table.lacks)


def _of_class(table: SampleTable, number: int) -> SampleTable:
    origin = None if table.origin is None else table.origin.of_class(number)
    forecasts = table.kept(_forecasts, number)
    return _seen(forecasts, table, origin)


def _bounded(table: SampleTable, sides: frozenset[tuple[str, Side]]) -> SampleTable:
    origin = None if table.origin is None else table.origin.bounded(sides)
    at_bounds = table.kept(_at_bounds, sides)
    return _seen(at_bounds, table, origin)


def _seen(columns: SampleTable, table: SampleTable, origin: SampleTable | None) -> SampleTable:
    """A view of a table, from a table that has its columns."""
    return replace(
        columns,
        weight=table.weight,
        cluster=table.cluster,
        origin=origin,
        has_moves=table.has_moves,
        _by_weights={},
    )


def _at_bounds(table: SampleTable, sides: frozenset[tuple[str, Side]]) -> SampleTable:
    columns = {**table.columns, **{name: table[bound(name, side)] for name, side in sides}}
    return SampleTable(columns, table.num_classes, lacks=table.lacks)


def _forecasts(table: SampleTable, number: int) -> SampleTable:
    predicted = table["predicted"] == number
    columns = {"correct": table["label"] == number}
    for name, other in _OPPOSITES:
        if {name, other} & table.columns.keys():
            own, rest = table[name], table[other]
            columns[name], columns[other] = np.where(predicted, own, rest), np.where(predicted, rest, own)
    return SampleTable(columns)


# Of one of two classes, each of these columns is the other one of the other class.
_OPPOSITES = (("confidence", "one_minus_confidence"), ("log_confidence", "log_one_minus_confidence"))


def _derived(table: SampleTable, name: str) -> Column:
    """A column of `_DERIVED`, [n]: c itself; ln(1 - c); or ln c, from 1 - c where c is near 1."""
    if name == "library_confidence":
        return table["confidence"]
    rest = table["one_minus_confidence"]
    with np.errstate(divide="ignore"):
        if name == "log_one_minus_confidence":
            return np.log(rest)
        return np.where(rest < 0.5, np.log1p(-np.minimum(rest, 0.5)), np.log(table["confidence"]))


def _numbers(value: ArrayLike, name: str) -> Column:
    """The array that a caller gave, of numbers or booleans."""
    array = as_array(value, name)
    if array.dtype.kind not in "biuf":
        raise InputError(f"not numbers ({array.dtype.name})", "give one number per sample", where=name)
    return array


def _clusters(value: ArrayLike, count: int) -> Column:
    """The number of the cluster of each sample."""
    from lscli.io.clusters import check_complete
    from lscli.io.row_values import of_given

    found = of_given(value, "cluster")
    if found.codes.shape != (count,):
        what = f"must have one value per sample, got shape {found.codes.shape}"
        raise UsageError(what, f"give {count} values", where="cluster")
    check_complete(found, found.codes)
    return found.codes


def present_clusters(table: SampleTable) -> Column:
    """The clusters that have a sample of a weight above 0, ascending, [G]; for a table with clusters."""
    if table.cluster is None or not len(table):
        return np.empty(0, np.intp)
    return np.flatnonzero(np.bincount(table.cluster, table.weight) > 0)


def _total(table: SampleTable) -> float:
    return float(len(table)) if table.weight is None else float(np.add.reduce(table.weight))


def weighted(x: Column, weight: Column) -> Column:
    """x times its weights, [n] each. A sample of weight 0 is excluded, even if its value is infinite."""
    product: Column = np.multiply(x, weight, out=np.zeros(len(x)), where=weight > 0)
    return product


def weighted_sum(x: Column, weight: Column | None) -> float:
    """The sum of x [n] times its weights, or of x alone; samples of weight 0 are excluded."""
    return float(np.add.reduce(x if weight is None else weighted(x, weight), dtype=np.float64))
