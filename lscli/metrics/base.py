"""What a metric is, and the weighted mean that most of them are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lscli.smoothing.targets import Targets
from lscli.table import column_at, weighted, weighted_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import BinEdges, Library, Norm, Score
    from lscli.table import At, SampleTable, Side

# Rows whose squares are summed at a time. The number is fixed, so that the sum does not vary and memory stays flat.
_BLOCK = 1 << 16
_UNIFORM = Targets()
_VIEW = "; with --positive-class k (1 with --binary) c = p_k and a = [y = k]"
_BY_NAME = "; by name only"
# What a share or a probability can be, and what a loss or an amount can be.
SHARE, NOT_NEGATIVE = (0.0, 1.0), (0.0, math.inf)
# Why a metric of independent samples is absent.
CLUSTERED = "samples in clusters are not independent"
# The columns that `SampleTable.of_class`, the view of one of two classes, is made from.
OF_CLASS = frozenset({"confidence", "one_minus_confidence", "predicted", "label"})
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Value(NamedTuple):
    """A number with its standard error, each nan where it is not defined.

    Attributes:
        params: the settings behind the number, such as `{"eps": 0.1}`.
        clusters: if the number is a mean whose standard error is that of clusters, their number G; else 0.
        share_of: if the number is a share of samples, how many these are, by their weights; else 0.
        whole: what the number would be for a share of 1.
        moves: [n], by how much each sample moves the number to the first order, w (x - mean) / N; only of means, and
            only for a table `with_moves`. Paired differences are computed from it.
    """

    value: float
    stderr: float = math.nan
    params: Mapping[str, Any] = _NOTHING
    clusters: int = 0
    share_of: float = 0.0
    whole: float = 1.0
    moves: NDArray[Any] | None = None

    def times(self, factor: float) -> Value:
        """The number times a constant."""
        return self._replace(
            value=factor * self.value + 0.0,
            stderr=abs(factor) * self.stderr,
            whole=factor * self.whole,
            moves=None if self.moves is None else factor * self.moves,
        )


class Given(NamedTuple):
    """What confidences are computed from, for rules of libraries that compute in the type of the values.

    Attributes:
        element: the type of the values as they are stored.
        softmax: the values are logits, whose softmax a library takes in this type; otherwise they are probabilities.
    """

    element: str = "float64"
    softmax: bool = False


class Settings(NamedTuple):
    """The settings of metrics, checked by `lscli.options`. They are hashable: a table keeps values under them.

    Attributes:
        eps: amounts of smoothing as the convention of `targets` counts them, each in [0, 1]; below 0 where the user
            allows it.
        targets: the convention of smoothing, and class weights.
        rho: for loss_noise_corrected, the share of labels that were drawn anew, in [0, 1).
        bins: M, the number of bins; None for the rule's default (15, or the default of the `compat` library).
        bin_edges: `right` for bins (lo, hi], `left` for [lo, hi).
        compat: the library whose rules the calibration errors that it has follow.
        norm: for ece_equal_mass, ece_sweep and the class-wise errors.
        score: the confidence score that the selective metrics rank by.
        coverage: for risk_at_coverage, in [0, 1].
        risk: for coverage_at_risk, in [0, 1].
        soft_labels: the labels are distributions, so that each sample's target has its own entropy.
        positive_class: with two classes, the one whose probability is the confidence of metrics marked `of_class`; None
            for the top label.
        given: the type of the logits or probabilities that the table was made from.
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
    positive_class: int | None = None
    given: Given = Given()


# How `--ci` computes the interval of a metric: that of a share; percentiles of resamples; their deviation on the scale
# of log odds; the standard error, for a normal estimate or for one whose logarithm is normal; the variance of a gap
# between confidence and accuracy; or, for a calibration error, which is biased upwards, by inverting a test. A p-value
# has none, nor has a number that is the same for all samples.
IntervalKind = Literal[
    "resamples", "inversion", "share", "mean", "quantile", "gap", "log-odds", "normal", "log-normal", "none"
]
# The sets of `--metrics` that have a metric: the default one and those after it; the default one if there are
# intervals, and those after it; `all` and its family; or none, so that only its id selects it.
ChosenBy = Literal["default", "ci", "all", "name"]
# Which values of a metric are better; empty if neither are, as of a mean confidence.
Better = Literal["higher", "lower", ""]
Columns = frozenset[str] | Callable[[Settings], frozenset[str]]
# The values of a metric: none where it does not apply, several where a setting has several values.
Compute = Callable[["SampleTable", Settings], Sequence[Value]]


class Metric(NamedTuple):
    """A metric: an id, its one definition, and the function that computes it.

    Attributes:
        id: its stable name in snake_case, which reports print and `--metrics` accepts.
        definition: one line, from which `lscli metrics` prints `described`.
        columns: the columns of the SampleTable that it reads; a function if they depend on the settings.
        gist: the definition in at most 30 characters, for a table.
        chosen_by: which of the sets of `--metrics` have it.
        parameter: the setting that may follow its id after `@` and is the first of its params.
        sums: the attribute of the table that it reads, of what no column can hold and resamples do not have: `classes`,
            the sums by class and bin, `tuples`, those by the bins of all classes, or `tempered`, the temperature.
        interval: how its interval is computed, see `intervals/of_metrics.py` and docs/intervals.md.
        of_class: whether the metric is computed from `SampleTable.of_class` if there is a positive class.
        at: the temperature at which the metric sees the samples; None for the logits as they are.
        absent: why these samples or settings do not have the metric, whatever their columns; empty if they do.
        within: the least and the largest number that it can be; an interval of clusters ends there.
        better: which of its values are better.
        rises, falls: the columns that it never decreases, or never increases, with, so that bounds of these are bounds
            of it; a function if they depend on the settings.
        formula: the definition as LaTeX, for the reference of the metrics; empty if words say it better.
    """

    id: str
    definition: str
    columns: Columns
    compute: Compute
    gist: str = ""
    chosen_by: ChosenBy = "all"
    parameter: Literal["", "eps", "rho", "coverage", "risk"] = ""
    sums: Literal["", "classes", "tuples", "tempered"] = ""
    interval: IntervalKind = "resamples"
    of_class: bool = False
    at: At | None = None
    absent: Callable[[SampleTable, Settings], str] | None = None
    within: tuple[float, float] = (-math.inf, math.inf)
    better: Better = ""
    rises: Columns = frozenset()
    falls: Columns = frozenset()
    formula: str = ""

    def columns_for(self, settings: Settings) -> frozenset[str]:
        """The columns that the metric reads with these settings."""
        columns = self.columns(settings) if callable(self.columns) else self.columns
        if self._seen_from(settings) is not None:
            columns = columns | OF_CLASS
        at = self.at
        return columns if at is None else frozenset(column_at(name, at) for name in columns)

    def sides_for(self, columns: Iterable[str], settings: Settings, side: Side) -> frozenset[tuple[str, Side]] | None:
        """The bounds of these columns that give a bound of the metric; None if it does not rise or fall with one."""
        opposite: Side = "upper" if side == "lower" else "lower"
        rises, falls = (of(settings) if callable(of) else of for of in (self.rises, self.falls))
        if not rises | falls >= {*columns}:
            return None
        return frozenset((name, side if name in rises else opposite) for name in columns)

    def view(self, table: SampleTable, settings: Settings) -> SampleTable:
        """The samples as the metric sees them: at its temperature, of the positive class if it is marked `of_class`."""
        number = self._seen_from(settings)
        seen = table if self.at is None else table.at(self.at)
        return seen if number is None else seen.of_class(number)

    def has_sums(self, table: SampleTable) -> bool:
        """Whether the table has the sums that the metric reads."""
        return self.sums == "" or getattr(table, self.sums) is not None

    @property
    def described(self) -> str:
        """The definition; also what c and a are with a positive class, and that only the id selects it, if so."""
        return f"{self.definition}{_VIEW if self.of_class else ''}{_BY_NAME if self.chosen_by == 'name' else ''}"

    def values(self, table: SampleTable, settings: Settings) -> Sequence[Value]:
        """The values of the metric: of the positive class if there is one and the metric is marked `of_class`."""
        if self.absent is not None and self.absent(table, settings):
            return []
        number = self._seen_from(settings)
        found = self.compute(self.view(table, settings), settings)
        return (
            found
            if number is None
            else [value._replace(params={**value.params, "positive_class": number}) for value in found]
        )

    def _seen_from(self, settings: Settings) -> int | None:
        """The class whose forecasts the metric is of; None for the top label."""
        return settings.positive_class if self.of_class else None


def independent(table: SampleTable, settings: Settings) -> str:
    """Why a metric that needs independent samples is absent."""
    return "" if table.cluster is None else CLUSTERED


def mean(table: SampleTable, x: NDArray[Any], params: Mapping[str, Any] = _NOTHING) -> Value:
    """The mean of x [n] and its standard error sqrt(sum w (x - mean)^2 / (N (N-1))), N = sum w.

    With clusters it is that of `clustered`. The mean of no samples is nan, and so is the standard error of one sample
    or cluster, or of infinite values. The standard error of a resample is not computed. A mean of booleans is a share.
    """
    weight, total = table.weight, table.total
    if total == 0:
        return Value(math.nan, params=params)
    with np.errstate(invalid="ignore", over="ignore"):
        if table.origin is not None and weight is not None:
            return Value(_fast_sum(x, weight) / total, params=params)
        average = weighted_sum(x, weight) / total
        if not math.isfinite(average):
            return Value(average, params=params)
        found = Value(average, params=params, share_of=total if x.dtype == np.bool_ else 0.0)
        if table.has_moves:
            deviation = np.subtract(x, average, dtype=np.float64)
            found = found._replace(moves=(deviation if weight is None else weighted(deviation, weight)) / total)
        if table.cluster is not None:
            return clustered(table, found, x)
        if total <= 1:
            return found
        squares = sum(
            weighted_sum(np.square(x[i : i + _BLOCK] - average), None if weight is None else weight[i : i + _BLOCK])
            for i in range(0, len(x), _BLOCK)
        )
    return found._replace(stderr=math.sqrt(squares / (total * (total - 1))))


def clustered(table: SampleTable, found: Value, x: NDArray[Any]) -> Value:
    """The mean of x [n] with its standard error if samples in a cluster belong together.

    It is sqrt(G/(G-1) sum_g (sum_{i in g} w (x - mean))^2) / N, the CR1 of Cameron and Miller 2015, section II.C; nan
    for fewer than two clusters.
    """
    count = table.clusters
    if count < 2:
        return found
    # Over whole columns, so that no digit depends on how the rows were read.
    deviation = np.subtract(x, found.value, dtype=np.float64)
    sums = np.bincount(
        np.asarray(table.cluster), deviation if table.weight is None else weighted(deviation, table.weight)
    )
    error = math.sqrt(count / (count - 1) * float(np.add.reduce(np.square(sums)))) / table.total
    return found._replace(stderr=error, clusters=count)


def ratio(table: SampleTable, x: NDArray[Any], by: NDArray[Any] | None, params: Mapping[str, Any] = _NOTHING) -> Value:
    """The mean of x [n] over that of `by` [n], with its linearised standard error; the mean of x if `by` is None.

    For booleans x it is a share of samples, divided by the mean of `by`.
    """
    if by is None:
        return mean(table, x, params)
    below = mean(table, by).value
    if not below > 0:
        return Value(math.nan, params=params)
    above = mean(table, x)
    value = above.value / below
    if table.origin is not None or not math.isfinite(value):
        return Value(value, params=params)
    rest = mean(table, x - value * by)
    return rest.times(1 / below)._replace(
        value=value, stderr=rest.stderr / below, params=params, share_of=above.share_of, whole=1 / below
    )


def _fast_sum(x: NDArray[Any], weight: NDArray[Any]) -> float:
    """The weighted sum of a resample. einsum reads each number once and, unlike BLAS, adds in one fixed order."""
    total = float(np.einsum("i,i->", x.astype(np.float64, copy=False), weight))
    return total if math.isfinite(total) else weighted_sum(x, weight)


def column_mean(
    metric_id: str,
    definition: str,
    column: str,
    gist: str,
    *,
    chosen_by: ChosenBy = "default",
    within: tuple[float, float] = (-math.inf, math.inf),
    interval: IntervalKind = "resamples",
    absent: Callable[[SampleTable, Settings], str] | None = None,
    better: Better = "",
    formula: str = "",
) -> Metric:
    """The metric that is the mean of one column."""
    columns = frozenset({column})
    metric = Metric(metric_id, definition, columns, lambda table, _: [mean(table, table[column])], gist, chosen_by)
    return metric._replace(
        within=within, rises=columns, interval=interval, absent=absent, better=better, formula=formula
    )
