"""What a metric is, and the mean that most of them are."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.smoothing.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.table import SampleTable

# Rows whose squares are added up at a time: fixed, so that the sum is too, and memory stays flat.
_BLOCK = 1 << 16
_UNIFORM = Targets()
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Value(NamedTuple):
    """A number with its standard error; nan is a number that the data do not define.

    Attributes:
        value: the number.
        stderr: its standard error, nan where it has none.
        params: what it was computed with, such as `{"eps": 0.1}`.
    """

    value: float
    stderr: float = math.nan
    params: Mapping[str, Any] = _NOTHING


class Settings(NamedTuple):
    """What a metric may ask for besides the table.

    Attributes:
        eps: amounts of smoothing, each in [0, 1] in the measure of `targets`; below 0 where that was allowed.
        targets: the convention of smoothing, and class weights.
        rho: share of labels that were drawn anew, for loss_noise_corrected; None where nobody said.
        bins: M, how many bins; None is the rule's own number (15 but for some of `compat`).
        bin_edges: `right` for bins (lo, hi], `left` for [lo, hi).
        compat: the library whose rule the bins of ece follow, or an empty string.
        norm: `l1`, `l2` or `max`, for ece_equal_mass and the class-wise errors.
        score: what the selective metrics rank by.
        coverage: for risk_at_coverage, in [0, 1].
        risk: for coverage_at_risk, in [0, 1].
        soft_labels: whether the labels are distributions, so that the entropy of a target is the sample's own.
    """

    eps: tuple[float, ...] = (0.1,)
    targets: Targets = _UNIFORM
    rho: float | None = None
    bins: int | None = None
    bin_edges: str = "right"
    compat: str = ""
    norm: str = "l1"
    score: str = "msp"
    coverage: float = 0.8
    risk: float = 0.05
    soft_labels: bool = False


class Metric(NamedTuple):
    """A metric: an id, its one definition, and the function that computes it.

    Attributes:
        id: snake_case, stable: it is printed, and accepted by `--metrics`.
        definition: what it is, as `lscli metrics` prints it.
        columns: the columns of the SampleTable that it reads; some words stand for what settings make of them
            (`lscli.metrics.PLACEHOLDERS`).
        compute: a table and settings to values; several where a setting has several values.
        gist: the definition in a few words, for a table.
        default: whether `eval` prints it unless told otherwise.
        parameter: the setting that may follow its id after `@` and is the first of its params, or an empty string.
        by_class: whether it reads `table.classes`, the sums by class and bin, which no resample has.
        constant: whether it is the same for all samples, so that there is nothing to be unsure of.
        biased: whether resamples of it are biased upwards, so that an interval has to be shifted.
    """

    id: str
    definition: str
    columns: frozenset[str]
    compute: Callable[[SampleTable, Settings], Sequence[Value]]
    gist: str = ""
    default: bool = False
    parameter: str = ""
    by_class: bool = False
    constant: bool = False
    biased: bool = False


def mean(table: SampleTable, x: NDArray[Any], params: Mapping[str, Any] | None = None) -> Value:
    """The mean of x [n] and its standard error sqrt(sum w (x - mean)^2 / (N (N-1))), N = sum w.

    The mean of nothing is nan; so is the standard error of one sample, or of infinite values.
    Resamples have none: nobody asks for it a thousand times.
    """
    weight, total, params = table.weight, table.total, params or _NOTHING
    if total == 0:
        return Value(math.nan, params=params)
    with np.errstate(invalid="ignore", over="ignore"):
        resample = None if table.origin is None else weight
        average = (_sum(x, weight) if resample is None else _fast_sum(x, resample)) / total
        if total <= 1 or not math.isfinite(average) or table.origin is not None:
            return Value(average, params=params)
        squares = sum(
            _sum(np.square(x[i : i + _BLOCK] - average), None if weight is None else weight[i : i + _BLOCK])
            for i in range(0, len(x), _BLOCK)
        )
    return Value(average, math.sqrt(squares / (total * (total - 1))), params)


def ratio(
    table: SampleTable, x: NDArray[Any], by: NDArray[Any] | None, params: Mapping[str, Any] | None = None
) -> Value:
    """The mean of x [n] over that of `by` [n], with its linearised standard error; of x alone without `by`."""
    if by is None:
        return mean(table, x, params)
    below = mean(table, by).value
    if not below > 0:
        return Value(math.nan, params=params or _NOTHING)
    value = mean(table, x).value / below
    if table.origin is not None or not math.isfinite(value):
        return Value(value, params=params or _NOTHING)
    return Value(value, mean(table, x - value * by).stderr / below, params or _NOTHING)


def _sum(x: NDArray[Any], weight: NDArray[Any] | None) -> float:
    if weight is None:
        return float(np.add.reduce(x, dtype=np.float64))
    # A weight of 0 takes a sample out, also an infinite one. Added up as the weights are: the mean of ones is 1.
    return float(np.add.reduce(np.where(weight > 0, x * weight, 0.0)))


def _fast_sum(x: NDArray[Any], weight: NDArray[Any]) -> float:
    """The same for a resample, a thousand times: einsum reads each number once, and unlike BLAS has one way."""
    total = float(np.einsum("i,i->", x.astype(np.float64, copy=False), weight))
    return total if math.isfinite(total) else _sum(x, weight)


def mean_of(column: str) -> Callable[[SampleTable, Settings], Sequence[Value]]:
    """The metric that is the mean of one column."""
    return lambda table, settings: [mean(table, table[column])]
