"""What a metric is, and the weighted mean that most of them are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lscli.smoothing.targets import Targets
from lscli.table import weighted_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import BinEdges, Library, Norm, Score
    from lscli.table import SampleTable

Parameter = Literal["", "eps", "rho", "coverage", "risk"]

# Rows whose squares are added up at a time: fixed, so that the sum is too, and memory stays flat.
_BLOCK = 1 << 16
_UNIFORM = Targets()
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Value(NamedTuple):
    """A number with its standard error; nan is a number that the data do not define.

    Attributes:
        value: the number.
        stderr: its standard error, nan where it has none.
        params: the settings that it was computed with, such as `{"eps": 0.1}`.
    """

    value: float
    stderr: float = math.nan
    params: Mapping[str, Any] = _NOTHING


class Settings(NamedTuple):
    """The settings of metrics, checked by `lscli.options`. All are hashable: values of a table are kept under them.

    Attributes:
        eps: amounts of smoothing as the convention of `targets` counts them, each in [0, 1]; below 0 where the user
            allows it.
        targets: the convention of smoothing, and class weights.
        rho: share of labels that were drawn anew, for loss_noise_corrected; None if unknown.
        bins: M, the number of bins; None for the rule's own number (15, or what `compat` takes).
        bin_edges: `right` for bins (lo, hi], `left` for [lo, hi).
        compat: the library whose bin rule ece and its relatives follow, or None.
        norm: for ece_equal_mass and the class-wise errors.
        score: the confidence score that the selective metrics rank by.
        coverage: for risk_at_coverage, in [0, 1].
        risk: for coverage_at_risk, in [0, 1].
        soft_labels: whether the labels are distributions, so that each sample's target has an entropy of its own.
    """

    eps: tuple[float, ...] = (0.1,)
    targets: Targets = _UNIFORM
    rho: float | None = None
    bins: int | None = None
    bin_edges: BinEdges = "right"
    compat: Library | None = None
    norm: Norm = "l1"
    score: Score = "msp"
    coverage: float = 0.8
    risk: float = 0.05
    soft_labels: bool = False


Columns = frozenset[str] | Callable[[Settings], frozenset[str]]


class Metric(NamedTuple):
    """A metric: an id, its one definition, and the function that computes it.

    Attributes:
        id: snake_case, stable: it is printed, and accepted by `--metrics`.
        definition: what it is, as `lscli metrics` prints it.
        columns: the columns of the SampleTable that it reads, or a function of the settings that gives them.
        compute: a table and settings to values; several where a setting has several values.
        gist: the definition in a few words, for a table.
        default: whether `eval` prints it without `--metrics`.
        parameter: the setting that may follow its id after `@` and is the first of its params, or an empty string.
        by_class: whether it reads `table.classes`, the sums by class and bin, which no resample has.
        constant: whether it is the same for all samples, so that it has no interval.
        biased: whether it is larger in resamples than in the sample, so that an interval has to be shifted.
    """

    id: str
    definition: str
    columns: Columns
    compute: Callable[[SampleTable, Settings], Sequence[Value]]
    gist: str = ""
    default: bool = False
    parameter: Parameter = ""
    by_class: bool = False
    constant: bool = False
    biased: bool = False

    def columns_for(self, settings: Settings) -> frozenset[str]:
        """The columns that it reads with these settings."""
        return self.columns(settings) if callable(self.columns) else self.columns


def mean(table: SampleTable, x: NDArray[Any], params: Mapping[str, Any] | None = None) -> Value:
    """The mean of x [n] and its standard error sqrt(sum w (x - mean)^2 / (N (N-1))), N = sum w.

    The mean of no samples is nan; so is the standard error of one sample, or of infinite values.
    The standard error of a resample is not computed.
    """
    weight, total, params = table.weight, table.total, params or _NOTHING
    if total == 0:
        return Value(math.nan, params=params)
    with np.errstate(invalid="ignore", over="ignore"):
        resample = None if table.origin is None else weight
        average = (weighted_sum(x, weight) if resample is None else _fast_sum(x, resample)) / total
        if total <= 1 or not math.isfinite(average) or table.origin is not None:
            return Value(average, params=params)
        squares = sum(
            weighted_sum(np.square(x[i : i + _BLOCK] - average), None if weight is None else weight[i : i + _BLOCK])
            for i in range(0, len(x), _BLOCK)
        )
    return Value(average, math.sqrt(squares / (total * (total - 1))), params)


def ratio(
    table: SampleTable, x: NDArray[Any], by: NDArray[Any] | None, params: Mapping[str, Any] | None = None
) -> Value:
    """The mean of x [n] over that of `by` [n], with its linearised standard error; the mean of x if `by` is None."""
    if by is None:
        return mean(table, x, params)
    below = mean(table, by).value
    if not below > 0:
        return Value(math.nan, params=params or _NOTHING)
    value = mean(table, x).value / below
    if table.origin is not None or not math.isfinite(value):
        return Value(value, params=params or _NOTHING)
    return Value(value, mean(table, x - value * by).stderr / below, params or _NOTHING)


def _fast_sum(x: NDArray[Any], weight: NDArray[Any]) -> float:
    """The weighted sum of a resample: einsum reads each number once, and unlike BLAS adds in one fixed order."""
    total = float(np.einsum("i,i->", x.astype(np.float64, copy=False), weight))
    return total if math.isfinite(total) else weighted_sum(x, weight)


def mean_of(column: str) -> Callable[[SampleTable, Settings], Sequence[Value]]:
    """The metric that is the mean of one column."""
    return lambda table, settings: [mean(table, table[column])]
