"""The answer of `conformal`: sets of classes that hold the label with a promised probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lscli.listings import Listing

if TYPE_CHECKING:
    from lscli.options import ConformalMethod


class ConformalRow(NamedTuple):
    """A quantile of scores, and the coverage of the sets that it gives. Its columns call `number` `class`.

    Attributes:
        source: the logits: those of calibration, or the test samples.
        group: the group of test samples; empty for all samples.
        method: lac, aps or raps.
        number: the label that the quantile is of; None for one quantile of all labels.
        n: the number of calibration samples that the quantile is of; of a row of test samples, how many these are.
        quantile: the k-th smallest score, k = ceil((n+1)(1-alpha)); inf if k > n: every class is in the set.
        coverage: of calibration samples, the expected coverage k/(n+1); of test samples, the share of sets with the
            label.
        coverage_low, coverage_high: of calibration samples, where the coverage of sets lies over calibration sets: an
            interval of Beta(k, n+1-k); of test samples, the interval of the share.
        mean_size: the mean number of classes in a set.
        empty: the share of sets without a class.
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
    mean_size: float
    empty: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Conformal(Listing):
    """Quantiles and coverages, one `ConformalRow` for each set of samples, group and class."""

    rows: Sequence[ConformalRow]
    name = "conformal"
    title = "Conformal sets"

    @property
    def columns(self) -> Sequence[str]:
        return tuple("class" if name == "number" else name for name in ConformalRow._fields)

    @property
    def quantile(self) -> float:
        """The quantile of the scores of all calibration samples."""
        return self.rows[0].quantile

    @property
    def coverage(self) -> float:
        """The coverage of the last samples: of the test samples, or else the expected one."""
        return self.rows[-1].coverage
