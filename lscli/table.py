"""The table of per-sample values: kernels only fill it, metrics only read it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lscli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from lscli.kernels.class_sums import ClassSums

    Column = NDArray[Any]

T = TypeVar("T")


@dataclass(frozen=True, eq=False, repr=False)
class SampleTable:
    """One row a kept sample, one column a quantity.

    A weight is a multiplicity: a sample of weight 2 is two samples in every sum, count and
    standard error. Without a `weight` column every sample counts once.

    Attributes:
        columns: name to array, [n] each; the names are those of `kernels.rowstate.COLUMNS`.
        num_classes: K, or None for a table made without logits.
        weight: [n], or None.
        classes: sums over all samples by class and bin, which no column can hold; None where nobody asked.
        origin: the table that this one is a resample of, or None.
    """

    columns: Mapping[str, Column]
    num_classes: int | None = None
    weight: Column | None = None
    classes: ClassSums | None = None
    origin: SampleTable | None = None
    _of_columns: dict[str, Any] = field(default_factory=dict, repr=False)
    _of_weights: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_confidences(
        cls, confidence: ArrayLike, correct: ArrayLike, *, weight: ArrayLike | None = None
    ) -> SampleTable:
        """A table without logits, for binary forecasts and published numbers.

        Args:
            confidence: [n], probabilities in [0, 1].
            correct: [n], whether each prediction was right.
            weight: [n], multiplicities; 1 each unless given.

        Raises:
            UsageError: another length, or a value out of its range.
        """
        c = np.asarray(confidence, np.float64)
        a = np.asarray(correct)
        w = None if weight is None else np.asarray(weight, np.float64)
        if c.ndim != 1 or a.shape != c.shape or (w is not None and w.shape != c.shape) or not c.size:
            raise UsageError("confidence, correct and weight must be one-dimensional, of one length, and not empty")
        if not ((c >= 0) & (c <= 1)).all():
            raise UsageError("a confidence is not in [0, 1]")
        if not ((a == 0) | (a == 1)).all():
            raise UsageError("correct must be true or false, 1 or 0")
        if w is not None and not ((w >= 0) & np.isfinite(w)).all():
            raise UsageError("a weight is negative or not finite")
        columns = {"confidence": c, "one_minus_confidence": 1.0 - c, "correct": a.astype(np.bool_)}
        return cls(columns, None, w)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def has(self, names: frozenset[str]) -> bool:
        """Whether the table has all of these columns."""
        return names <= self.columns.keys()

    @property
    def total(self) -> float:
        """N: how many samples, counted by their weights."""
        weight = self.weight
        if weight is None:
            return float(len(self))
        return self.derived("total", lambda: float(np.add.reduce(weight)), weighted=True)

    def select(self, keep: Column) -> SampleTable:
        """The rows where `keep`, [n] bool, is true, in their order."""
        weight = None if self.weight is None else self.weight[keep]
        columns = {name: c[keep] for name, c in self.columns.items()}
        return SampleTable(columns, self.num_classes, weight, origin=self.origin)

    def joined(self, other: SampleTable) -> SampleTable:
        """These samples, then those of another table with the same columns."""
        columns = {name: np.concatenate((c, other.columns[name])) for name, c in self.columns.items()}
        if self.weight is None and other.weight is None:
            return SampleTable(columns, self.num_classes)
        weights = [np.ones(len(table)) if table.weight is None else table.weight for table in (self, other)]
        return SampleTable(columns, self.num_classes, np.concatenate(weights))

    def with_weights(self, weight: Column) -> SampleTable:
        """The same samples with other weights, [n]; nothing is copied, and what was derived stays."""
        return replace(self, weight=weight, classes=None, _of_weights={})

    def resample(self, weight: Column) -> SampleTable:
        """The same samples, each drawn as often as `weight` says, [n]."""
        return replace(self, weight=weight, classes=None, origin=self, _of_weights={})

    def derived(self, name: str, compute: Callable[[], T], *, weighted: bool = False) -> T:
        """What `compute` makes of the table, computed once and kept under a name.

        What does not depend on the weights is kept for tables with other weights too.
        """
        kept = self._of_weights if weighted else self._of_columns
        if name not in kept:
            kept[name] = compute()
        value: T = kept[name]
        return value

    def reused(self, name: str, compute: Callable[[], T]) -> T:
        """What `compute` makes of the columns, kept for the next resample; a table that is asked once keeps nothing."""
        return compute() if self.origin is None else self.derived(name, compute)
