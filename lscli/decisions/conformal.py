"""The answer of `conformal`: sets of classes that hold the label with a promised probability."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.decisions.conformal_sets import Sets
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
        n: the number of calibration samples that the quantile is of; of a row of test samples, how many these are.
        quantile: the k-th smallest score, k = ceil((n+1)(1-alpha)); inf if k > n: every set then holds the class; nan
            of samples that have several quantiles.
        coverage: of calibration samples, the expected coverage k/(n+1); of test samples, the share of sets with the
            label; nan if the labels are not known.
        coverage_low, coverage_high: of calibration samples, where the coverage of sets lies over calibration sets: an
            interval of Beta(k, n+1-k); of test samples, the interval of the share.
        mean_size: of test samples, the mean number of classes in a set.
        empty: of test samples, the share of sets without a class.
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
        quantiles: the largest score that is in a set, of each class, [K].
        sets: the sets of the test samples, which are computed while they are read; None without test samples.
        tested: the row of all test samples; None without any.
    """

    rows: Sequence[ConformalRow]
    quantiles: NDArray[Any]
    by_class: bool
    sets: Sets | None
    tested: ConformalRow | None
    finder: Callable[[Data], Sets]
    name = "conformal"
    title = "Conformal sets"

    @property
    def columns(self) -> Sequence[str]:
        return tuple("class" if name == "number" else name for name in ConformalRow._fields)

    @property
    def quantile(self) -> float:
        """The quantile of the scores of all calibration samples; nan with `by_class`, where each class has one."""
        return math.nan if self.by_class else self.rows[0].quantile

    @property
    def coverage(self) -> float:
        """The coverage of all test samples, nan without labels; without test samples, the expected one of the sets.

        With `by_class` and without test samples, it is that of the class with the lowest one.
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
