"""The answer of `conformal`: sets of classes that hold the label with a promised probability."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.decisions.conformal_sets import Sets
from lscli.decisions.threshold import threshold_text
from lscli.listings import Listing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import ConformalMethod, Data


class ConformalRow(NamedTuple):
    """A quantile of scores, and the coverage of the sets that it gives. Its columns call `number` `class`.

    Attributes:
        source: the logits: those of calibration, or the test samples.
        group: the group of test samples; empty for all samples.
        method: lac, aps or raps.
        number: the label that the row is of; None for all labels.
        n: the number of calibration samples, or of test samples.
        quantile: the k-th smallest score of n calibration samples, k = ceil((n+1)(1-alpha)); inf if k > n, so that
            every set holds the class; nan if the samples have several quantiles.
        coverage: for calibration samples, the expected coverage k/(n+1); for test samples, the share of sets that hold
            the label, nan if labels are not known.
        coverage_low, coverage_high: for calibration samples, the central interval of the coverage over calibration
            sets, which is Beta(k, n+1-k); for test samples, the interval of the share.
        mean_size: the mean number of classes in the sets of test samples; nan for calibration samples.
        empty: the share of sets of test samples that have no class; nan for calibration samples.
    """

    source: str
    group: str
    method: ConformalMethod
    number: int | None
    n: int
    quantile: float
    coverage: float
    coverage_low: float
    coverage_high: float
    mean_size: float = math.nan
    empty: float = math.nan


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Conformal(Listing):
    """Quantiles and coverages, one `ConformalRow` for each set of samples, group and class.

    Attributes:
        rows: those of calibration come first, then those of all test samples.
        quantiles: for each class, the largest score with which it is in a set, [K].
        by_class: whether each class has a quantile of its own.
        sets: the sets of the test samples, which are computed while they are read; None without test samples.
        tested: the row of all test samples; None without test samples.
        finder: makes the sets of other samples.
    """

    rows: Sequence[ConformalRow]
    quantiles: NDArray[Any]
    by_class: bool
    sets: Sets | None
    tested: ConformalRow | None
    finder: Callable[[Data], Sets]
    name = "conformal"
    title = "Conformal sets"
    row = ConformalRow
    whole = ("class",)

    def words(self) -> Iterator[Sequence[Any]]:
        place = ConformalRow._fields.index("quantile")
        texts = ("" if math.isnan(row.quantile) else threshold_text(row.quantile) for row in self.rows)
        return ((*row[:place], text, *row[place + 1 :]) for row, text in zip(self.rows, texts, strict=True))

    @property
    def quantile(self) -> float:
        """The quantile of all calibration samples; nan with `by_class`, where each class has its own."""
        return math.nan if self.by_class else self.rows[0].quantile

    @property
    def coverage(self) -> float:
        """The coverage of all test samples, nan without labels; without test samples, the expected coverage.

        With `by_class` and without test samples, it is the lowest expected coverage of a class.
        """
        return min(row.coverage for row in self.rows) if self.tested is None else self.tested.coverage

    @property
    def mean_size(self) -> float:
        """The mean number of classes in the sets of the test samples; nan without these."""
        return math.nan if self.tested is None else self.tested.mean_size

    def find_sets(self, logits: Data) -> Sets:
        """The sets of other samples, which need no labels.

        Args:
            logits: [M, K] as in `lscli.conformal`, read with the same options.

        Raises:
            LscliError: as `lscli.conformal`.
        """
        return self.finder(logits)

    def predict_sets(self, logits: Data) -> NDArray[Any]:
        """Which classes are in the sets of those of other samples that are kept, [M, K] bool; as `find_sets`."""
        return self.find_sets(logits).to_numpy()
