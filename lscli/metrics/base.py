"""What a metric is, and the mean that most of them are."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.samples import SampleTable

# Rows whose squares are added up at a time: fixed, so that the sum is too, and memory stays flat.
_BLOCK = 1 << 16
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
        eps: amounts of smoothing, each in [0, 1].
    """

    eps: tuple[float, ...] = (0.1,)


class Metric(NamedTuple):
    """A metric: an id, its one definition, and the function that computes it.

    Attributes:
        id: snake_case, stable: it is printed, and accepted by `--metrics`.
        definition: what it is, as `lscli metrics` prints it.
        columns: the columns of the SampleTable that it reads.
        compute: a table and settings to values; several where a setting has several values.
        gist: the definition in a few words, for a table.
        default: whether `eval` prints it unless told otherwise.
        parameter: the setting that may follow its id after `@`, or an empty string.
    """

    id: str
    definition: str
    columns: frozenset[str]
    compute: Callable[[SampleTable, Settings], Sequence[Value]]
    gist: str = ""
    default: bool = False
    parameter: str = ""


def mean(x: NDArray[Any], weight: NDArray[Any] | None = None, params: Mapping[str, Any] | None = None) -> Value:
    """The mean of x [n] and its standard error sqrt(sum w (x - mean)^2 / (N (N-1))), N = sum w.

    The mean of nothing is nan; so is the standard error of one sample, or of infinite values.
    """
    total = float(len(x)) if weight is None else float(np.add.reduce(weight))
    if total == 0:
        return Value(math.nan, math.nan, params or _NOTHING)
    with np.errstate(invalid="ignore", over="ignore"):
        average = float(_sum(x, weight)) / total
        squares = math.nan
        if total > 1 and math.isfinite(average):
            squares = sum(
                float(_sum(np.square(x[i : i + _BLOCK] - average), None if weight is None else weight[i : i + _BLOCK]))
                for i in range(0, len(x), _BLOCK)
            )
    return Value(average, math.sqrt(squares / (total * (total - 1))) if total > 1 else math.nan, params or _NOTHING)


def _sum(x: NDArray[Any], weight: NDArray[Any] | None) -> Any:
    if weight is None:
        return np.add.reduce(x, dtype=np.float64)
    # A weight of 0 takes a sample out, also an infinite one.
    return np.add.reduce(np.where(weight > 0, x * weight, 0.0))


def mean_of(column: str) -> Callable[[SampleTable, Settings], Sequence[Value]]:
    """The metric that is the mean of one column."""
    return lambda table, settings: [mean(table[column], table.weight)]
