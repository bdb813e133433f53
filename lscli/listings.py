"""Listings: tables that are not reports of metrics, one class each, their rows with named fields.

A view is chosen by the class of a listing; formats such as CSV need only its columns and cells.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from lscli.notebook import html_of, text_of
from lscli.report import Provenance
from lscli.text import bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

T = TypeVar("T")

# The columns and cells that the representation of a listing names.
_FEW = 6


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Listing(Provenance):
    """A table with its provenance.

    Attributes:
        rows: tuples with named fields; they may be computed while they are read.
        conclusion: a sentence about the rows.
        name: the name of the table in its JSON schema.
        title: the heading of the table.
        row: the class of the rows, whose fields are the columns.
        whole: the columns of whole numbers that may be missing.
    """

    rows: Iterable[Any]
    conclusion: str = ""
    name: ClassVar[str] = "listing"
    title: ClassVar[str] = ""
    row: ClassVar[Any] = None
    whole: ClassVar[tuple[str, ...]] = ()

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns, which do not change between versions."""
        # `class` is a keyword of Python, so no field has this name.
        return tuple("class" if name == "number" else name for name in self.row._fields)

    def cells(self) -> Iterable[Sequence[Any]]:
        """The rows as values under the columns."""
        return self.rows

    def words(self) -> Iterable[Sequence[Any]]:
        """The same cells for people, where a value may be said in words."""
        return self.cells()

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame with the columns of the CSV; a missing number is NaN, or NA if it is whole."""
        import pandas as pd

        found = pd.DataFrame(list(self.cells()), columns=list(self.columns))
        return found.astype(dict.fromkeys(self.whole, "Int64"))

    def __repr__(self) -> str:
        length, name = self._length(), type(self).__name__
        rows = "rows to be computed" if length is None else f"{length:,} row{'s' * (length != 1)}"
        head = f"{name}({rows} of {', '.join(itertools.islice(self.columns, _FEW))}"
        more = f", ... {len(self.columns):,} columns" if len(self.columns) > _FEW else ""
        first = self._first(1)
        cells = zip(self.columns, first[0], strict=True) if first else ()
        there = [f"{key}={bounded(text, 40)}" for key, cell in cells if (text := text_of(cell))]
        said = f"; first {', '.join(there[:_FEW])}{', ...' * (len(there) > _FEW)}" if there else ""
        return f"{head}{more}{said})"

    def _repr_html_(self) -> str:
        rows = list(self.words()) if isinstance(self.rows, Sequence) else None
        notes = [self.conclusion, *self.warned()]
        return html_of(str(self.title), self.columns, rows, self._length(), notes)

    def _length(self) -> int | None:
        """The number of rows, if it is known before they are read."""
        shape = getattr(self.rows, "shape", None)
        return len(self.rows) if isinstance(self.rows, Sequence) else None if shape is None else int(shape[0])

    def _first(self, most: int | None) -> list[Sequence[Any]]:
        """The first cells of rows that are there; none of rows that are computed while they are read."""
        return list(itertools.islice(self.cells(), most)) if isinstance(self.rows, Sequence) else []


class Recomputed(Generic[T]):
    """Rows that are computed while they are read, and computed again when they are read again.

    Args:
        first: the rows, ready to be read.
        again: makes them ready once more.
    """

    def __init__(self, first: Iterator[T], again: Callable[[], Iterator[T]]) -> None:
        self._first: Iterator[T] | None = first
        self._again = again

    def __iter__(self) -> Iterator[T]:
        rows, self._first = self._first, None
        return self._again() if rows is None else rows


class Bin(NamedTuple):
    """A bin of confidences: its edges and its samples, each counted as often as its weight.

    Attributes:
        size: the number of samples. The column is called `count`, but tuples have a method of that name.
        gap: confidence - accuracy.
        ci_low, ci_high: the interval of the accuracy: Wilson's, or one of clusters.
    """

    source: str
    group: str
    low: float
    high: float
    size: int | float
    confidence: float
    accuracy: float
    gap: float
    ci_low: float
    ci_high: float


class Bins(Listing):
    """The reliability table, one `Bin` per row. The conclusion says which class it is of, if it is of one."""

    rows: Sequence[Bin]
    name = "bins"
    title = "Reliability"

    @property
    def columns(self) -> Sequence[str]:
        return tuple("count" if name == "size" else name for name in Bin._fields)


class ClassRow(NamedTuple):
    """A class: support, recall, precision, calibration error and losses.

    Attributes:
        number: the class, from 0.
        metrics: the values of further metrics over the samples with this label.
    """

    source: str
    group: str
    number: int
    name: str
    support: int | float
    predicted: int | float
    base_rate: float
    mean_prob: float
    recall: float
    precision: float
    ece: float
    loss_hard: float
    loss_uniform: float
    logit_gap: float
    metrics: Sequence[float] = ()


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Classes(Listing):
    """All classes, one `ClassRow` per row.

    Attributes:
        metrics: the names of the columns that further metrics add.
    """

    rows: Sequence[ClassRow]
    metrics: Sequence[str] = ()
    name = "classes"
    title = "Classes"

    FIXED: ClassVar[tuple[str, ...]] = tuple("class" if name == "number" else name for name in ClassRow._fields[:-1])

    @property
    def columns(self) -> Sequence[str]:
        return (*self.FIXED, *self.metrics)

    def cells(self) -> Iterator[Sequence[Any]]:
        return ((*row[:-1], *row.metrics) for row in self.rows)


class Sample(NamedTuple):
    """A sample with the values that metrics are computed from. Losses are in nats.

    Attributes:
        cluster: what its cluster is called, if clusters were named.
    """

    source: str
    group: str
    row: int
    label: int
    predicted: int
    correct: bool
    confidence: float
    one_minus_confidence: float
    label_prob: float
    label_rank: int
    loss_hard: float
    loss_uniform: float
    entropy: float
    brier: float
    margin: float
    logit_gap: float
    weight: float
    cluster: str | int | None = None
    expected_entropy: float = math.nan
    mutual_information: float = math.nan


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Samples(Listing):
    """Samples, one `Sample` per row.

    Attributes:
        further: the names of the columns after FIXED.
    """

    rows: Iterable[Sample]
    further: Sequence[str] = ()
    name = "samples"
    title = "Samples"

    FIXED: ClassVar[tuple[str, ...]] = Sample._fields[:-3]

    @property
    def columns(self) -> Sequence[str]:
        return (*self.FIXED, *self.further)

    def cells(self) -> Iterator[Sequence[Any]]:
        fixed, further = len(self.FIXED), [Sample._fields.index(name) for name in self.further]
        return ((*row[:fixed], *(row[place] for place in further)) for row in self.rows)


class CandidateRow(NamedTuple):
    """A loss that may be the printed one, and how it is computed.

    Attributes:
        difference: the loss minus the printed value.
        who: the frameworks that compute the loss this way.
    """

    difference: float
    loss: float
    eps: float
    smoothing: str
    recipe: str
    formula: str
    who: str


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Candidates(Listing):
    """The candidates for a printed loss, best first, one `CandidateRow` per row.

    Attributes:
        value: the loss as it was printed.
        by_chance: how many candidates would give a number of so many digits that has nothing to do with them; no
            candidate explains a loss unless this is well below 1.
    """

    rows: Sequence[CandidateRow]
    value: str
    by_chance: float
    name = "explain"
    title = "Candidates"
    row = CandidateRow


class ArrayRow(NamedTuple):
    """An array of a file.

    Attributes:
        min, max: the smallest and the largest finite value.
        sum_to_1: the share of rows that sum to 1.
        taken_for: the role of the array in `lscli eval`.
        command: the command to type next.
    """

    source: str
    format: str
    key: str
    shape: str
    dtype: str
    bytes: int
    min: int | float
    max: int | float
    nan: float
    posinf: float
    neginf: float
    sum_to_1: float
    taken_for: str
    command: str


class Contents(Listing):
    """The arrays of a file, one `ArrayRow` per row."""

    rows: Sequence[ArrayRow]
    name = "inspect"
    title = "Contents"
    row = ArrayRow


@dataclass(frozen=True, eq=False)
class Matrix:
    """Rows of float64 that are computed in blocks. Iterating gives tuples.

    Attributes:
        shape: the number of rows and of columns.
        blocks: [n, columns] each, in order; they can be read once if they are computed while they are read.
    """

    shape: tuple[int, int]
    blocks: Iterable[NDArray[Any]]

    def __iter__(self) -> Iterator[tuple[float, ...]]:
        for block in self.blocks:
            yield from map(tuple, block.tolist())


class SmoothedLabels(Listing):
    """The smoothed targets of labels, one probability per class."""

    rows: Matrix
    name = "smooth"
    title = "Smoothed targets"

    @property
    def columns(self) -> Sequence[str]:
        return [f"q{number}" for number in range(self.rows.shape[1])]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas DataFrame."""
        import pandas as pd

        parts = [pd.DataFrame(block, columns=list(self.columns)) for block in self.rows.blocks]
        return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class LogitArray(Listing):
    """Logits that are computed while they are read, one column per class; one column for a binary classifier.

    Attributes:
        shape: of the array, whose last axis is that of the classes, if it has one.
        dtype: float32 or float64.
    """

    rows: Matrix
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    name = "apply"
    title = "Logits"

    to_frame = SmoothedLabels.to_frame

    @property
    def columns(self) -> Sequence[str]:
        return [f"logit_{number}" for number in range(self.rows.shape[1])] if self.rows.shape[1] > 1 else ["logit"]


class SmoothedLabel(NamedTuple):
    """The smoothed targets of one label.

    Attributes:
        targets: one probability per class.
        floor: the entropy of the targets in nats; nan if they are no distribution.
        optimal_gap: the label's logit minus the mean of the others where the loss reaches the floor.
    """

    targets: Sequence[float]
    floor: float
    optimal_gap: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class OneLabel(Listing):
    """The smoothed targets of one label: one `SmoothedLabel`."""

    rows: Sequence[SmoothedLabel]
    label: int
    smoothing: str
    eps: float
    name = "smooth_label"

    @property
    def title(self) -> str:  # type: ignore[override]  # it names the label
        """The label, the number of classes, the convention and eps."""
        classes = len(self.rows[0].targets)
        return f"Smoothed targets of label {self.label}: {classes:,} classes, {self.smoothing}, eps {self.eps:g}"

    @property
    def columns(self) -> Sequence[str]:
        return [*(f"q{number}" for number in range(len(self.rows[0].targets))), "floor", "optimal_gap"]

    def cells(self) -> Iterator[Sequence[Any]]:
        return ((*row.targets, row.floor, row.optimal_gap) for row in self.rows)


class MetricRow(NamedTuple):
    """A metric and its definition.

    Attributes:
        interval: how `--ci` computes its interval: `share`, `gap`, `log-odds`, `normal`, `inversion`, `resamples` or
            `none`; docs/intervals.md says how.
        better: which of its values `compare` calls better, `lower` or `higher`; empty if neither are.
    """

    id: str
    family: str
    default: bool
    interval: str
    definition: str
    better: str = ""


class MetricList(Listing):
    """All metrics, one `MetricRow` per row."""

    rows: Sequence[MetricRow]
    name = "metrics"
    title = "Metrics"
    row = MetricRow


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Wide(Listing):
    """A report with one row per source and group, and one column per metric.

    Attributes:
        metrics: the names of the columns after source, group and n.
        sorted_by: the metric that the rows are sorted by; empty if by none.
    """

    rows: Sequence[Sequence[Any]]
    metrics: Sequence[str]
    sorted_by: str = ""
    name = "wide"
    title = "Metrics"

    @property
    def columns(self) -> Sequence[str]:
        return ("source", "group", "n", *self.metrics)
