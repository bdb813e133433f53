"""Differences of metrics between models on the same samples, with their intervals and p-values.

The samples are the same, so most of their noise is, too, and a difference is more certain than either value:

- A mean of the samples differs by the mean of their differences, which has a standard error, with clusters that of
  clusters (CR1). The interval is that of Student's t: the paired t-test.
- Other metrics are resampled, and every resample has the same weights in all models. The interval has the median of
  the differences and reaches, to each side, as far as 95 % of them do, in the shape of Student's t.
- Calibration errors are larger by noise, and the better a model is calibrated the more. Their difference is that of
  two confidence distributions (`error_curves.py`), drawn with the correlation of the resampled errors.

An interval and its p-value come from the same distribution: p is below 1 - level exactly if 0 is outside. So does the
p-value of equivalence within a margin: it is below alpha exactly if the interval of level 1 - 2 alpha is within it.
"""

from __future__ import annotations

import math
from functools import partial
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.intervals.bootstrap import resampled
from lscli.intervals.error_curves import ErrorCurve
from lscli.intervals.label_simulation import SIMULATED
from lscli.intervals.of_metrics import INVERTED, threads_for
from lscli.intervals.pairs import check_same_samples
from lscli.intervals.student import t_quantile, t_tail
from lscli.metrics.binned_errors import GAPS
from lscli.metrics.bins import norms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.intervals.bootstrap import Bootstrap
    from lscli.intervals.of_metrics import Resampling
    from lscli.metrics.base import Settings, Value
    from lscli.metrics.selection import Choice
    from lscli.table import SampleTable

    Array = NDArray[Any]

# Differences below this share of the values are rounding, as where the classes have another order.
_ROUNDING = 1e-13
# The share of differences that an interval is fitted to, and by how many standard deviations it reaches.
_FITTED = (0.025, 0.5, 0.975)
_REACH = NormalDist().inv_cdf(_FITTED[2])
# A fourth of the number of pairs that are drawn from two confidence distributions.
_PAIRS = 2000
# The degrees of freedom of a difference of two errors. Its spread is known to about 13 %, one standard deviation, since
# the correlation of near copies is: 30 = 1 / (2 * .13^2) (Satterthwaite 1946).
_OF_ERRORS = 30
# The least positive p-value that is printed with all its digits.
_LEAST = 2.3e-308


class Difference(NamedTuple):
    """A metric of a model less that of the baseline on the same samples.

    Attributes:
        metric: its id.
        params: the settings behind it, as far as they are the same in both models.
        value: of the model.
        baseline: of the baseline.
        difference: value - baseline; nan if both are infinite.
        ci_low, ci_high: the interval of the difference; nan if it has none. For a calibration error it is of the
            difference without noise, and need not contain `difference`.
        p_value: two-sided, that there is no difference; nan without an interval. It is that of a continuous
            distribution, so that its digits do not end with the number of resamples, and 0 only if every sample shows
            the same difference.
        p_equivalent: that the difference is as large as the margin or larger, either way: the larger p-value of two
            one-sided tests (Schuirmann 1987); nan without a margin or an interval.
    """

    metric: str
    params: Mapping[str, Any]
    value: float
    baseline: float
    difference: float
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_value: float = math.nan
    p_equivalent: float = math.nan


class _Spread(NamedTuple):
    """The distribution of a difference: Student's t with a scale of its own, below and above, on each side."""

    centre: float
    below: float
    above: float
    freedom: int

    def interval(self, level: float) -> tuple[float, float]:
        reach = t_quantile(level, self.freedom)
        return self.centre - reach * self.below, self.centre + reach * self.above

    @property
    def p_value(self) -> float:
        if self.centre == 0:
            return 1.0
        scale = self.below if self.centre > 0 else self.above
        return max(t_tail(self.centre / scale, self.freedom), _LEAST) if scale > 0 else 0.0

    def outside(self, margin: float) -> float:
        """The p-value of two one-sided tests, that it is not between -margin and margin."""
        above = self._beyond(margin - self.centre, self.above)
        return max(above, self._beyond(margin + self.centre, self.below))

    def _beyond(self, distance: float, scale: float) -> float:
        """The probability of a part above the centre by this distance, which may be below 0."""
        if scale == 0:
            return 0.0 if distance > 0 else 1.0
        tail = t_tail(distance / scale, self.freedom) / 2
        return tail if distance > 0 else 1 - tail


def paired(
    baseline: SampleTable,
    other: SampleTable,
    choices: Sequence[Choice],
    settings: Settings,
    resampling: Resampling,
    margin: float | None = None,
) -> list[Difference]:
    """The differences of a model to the baseline; see `paired_with_each`."""
    return paired_with_each(baseline, [other], choices, settings, resampling, margin)[0]


def paired_with_each(
    baseline: SampleTable,
    others: Sequence[SampleTable],
    choices: Sequence[Choice],
    settings: Settings,
    resampling: Resampling,
    margin: float | None = None,
) -> list[list[Difference]]:
    """The differences of each model to the baseline, in the order of the metrics. All models share the resamples.

    A metric that one of the two lacks, or of which it only has bounds, is left out. One that has no interval in a
    report of a single model has a difference alone.

    Args:
        baseline: the samples as one model sees them.
        others: the same samples in the same order, with the same weights and clusters, as other models see them.
        choices: the metrics.
        settings: their settings.
        resampling: the resamples, their seed and the level; without a bootstrap there are no intervals.
        margin: above 0; whether differences are smaller is tested, too, in the units of each metric.

    Raises:
        ValueError: the tables do not hold the same samples.
        InputError: the weights add up to more samples than can be drawn.
    """
    for other in others:
        check_same_samples(baseline, other)
    bootstrap = resampling.bootstrap
    freedom = _freedom(baseline)
    found: list[list[Difference]] = [[] for _ in others]
    # What is left to resampling: the model, the place among its differences, the metric and the place of its value.
    open_: list[tuple[int, int, Choice, int]] = []
    first, rest = baseline.with_moves(), [other.with_moves() for other in others]
    for choice in choices:
        of_first = choice.values(first, settings)
        for model, table in enumerate(rest):
            values = choice.values(table, settings)
            if len(values) != len(of_first) or any("bound" in value.params for value in (*values, *of_first)):
                continue
            for place, (own, theirs) in enumerate(zip(values, of_first, strict=True)):
                difference = _difference(choice, own, theirs)
                kind = choice.metric.interval
                if bootstrap is not None and freedom >= 1 and math.isfinite(difference.difference):
                    if own.moves is not None and theirs.moves is not None:
                        moves = own.moves - theirs.moves
                        spread = _of_mean(baseline, difference.difference, moves, freedom)
                        difference = _ended(difference, spread, choice, bootstrap, margin)
                    elif kind not in ("none", "normal") and not choice.metric.sums:  # resamples have no sums
                        open_.append((model, len(found[model]), choice, place))
                found[model].append(difference)
    if bootstrap is not None and open_:
        _resample(baseline, others, found, open_, settings, resampling, bootstrap, margin)
    return found


def _freedom(table: SampleTable) -> int:
    """The degrees of freedom of a difference: one less than the clusters, or than the samples."""
    return table.clusters - 1 if table.cluster is not None else math.floor(table.total) - 1


def _difference(choice: Choice, own: Value, theirs: Value) -> Difference:
    params = {name: value for name, value in own.params.items() if theirs.params.get(name) == value}
    difference = own.value - theirs.value  # of two infinite values it is nan
    scale = max(abs(own.value), abs(theirs.value))
    if math.isfinite(scale) and abs(difference) <= _ROUNDING * scale:
        difference = 0.0
    return Difference(choice.metric.id, params, own.value, theirs.value, difference)


def _freedom_of(freedom: int, bootstrap: Bootstrap) -> int:
    """The degrees of freedom of a spread that resamples estimate: two know little of it (Satterthwaite 1946)."""
    resampled_freedom = bootstrap.resamples - 1
    return max(1, round(freedom * resampled_freedom / (freedom + resampled_freedom)))


def _of_mean(table: SampleTable, difference: float, moves: Array, freedom: int) -> _Spread:
    """The paired t-test: from by how much each sample moves the difference, [n]."""
    count = freedom + 1.0
    if table.cluster is not None:
        squares = np.square(np.bincount(table.cluster, moves))
    else:
        count = table.total
        weight = np.ones(len(table)) if table.weight is None else table.weight
        squares = np.divide(np.square(moves), weight, out=np.zeros(len(table)), where=weight > 0)
    stderr = math.sqrt(count / (count - 1) * float(np.add.reduce(squares)))
    if stderr <= _ROUNDING * abs(difference):  # all samples differ by the same
        stderr = 0.0
    return _Spread(difference, stderr, stderr, freedom)


def _ended(
    difference: Difference, spread: _Spread, choice: Choice, bootstrap: Bootstrap, margin: float | None
) -> Difference:
    """The difference with its interval, within what the metric can be, and its p-values."""
    low, high = spread.interval(bootstrap.level)
    least, most = choice.metric.within
    reach = most - least
    equivalent = math.nan if margin is None else 0.0 if margin > reach else spread.outside(margin)
    return difference._replace(
        ci_low=max(low, -reach), ci_high=min(high, reach), p_value=spread.p_value, p_equivalent=equivalent
    )


def _resample(
    baseline: SampleTable,
    others: Sequence[SampleTable],
    found: list[list[Difference]],
    open_: Sequence[tuple[int, int, Choice, int]],
    settings: Settings,
    resampling: Resampling,
    bootstrap: Bootstrap,
    margin: float | None,
) -> None:
    """Give the differences that are open their intervals and p-values."""
    tables = [_counted(table) for table in (baseline, *others)]
    # Each value is computed once in a resample, for whichever models need it: [table, metric, place of the value].
    choices = list(dict.fromkeys(choice for _, _, choice, _ in open_))
    used = [{0, *(model + 1 for model, _, of, _ in open_ if of is choice or of == choice)} for choice in choices]
    computed = [
        (number, place, _function(tables[number], choice, settings))
        for place, choice in enumerate(choices)
        for number in sorted(used[place])
    ]

    def compute(resample: SampleTable) -> list[float]:
        weight = np.asarray(resample.weight)
        same = [resample, *(table.resample(weight) for table in tables[1:])]
        return [value for number, _, function in computed for value in function(same[number])]

    threads = resampling.threads or threads_for(len(baseline) * len(tables))
    drawn = resampled(tables[0], compute, bootstrap, threads, resampling.progress).T
    places = _places(tables, computed)
    curves: dict[tuple[int, int], ErrorCurve] = {}
    freedom = _freedom(tables[0])
    for model, index, choice, value in open_:
        metric = choices.index(choice)
        own, theirs = (drawn[places[number, metric] + value] for number in (model + 1, 0))
        difference = found[model][index]
        scale = max(abs(difference.value), abs(difference.baseline))
        if difference.difference == 0 and not (np.abs(own - theirs) > _ROUNDING * scale).any():
            found[model][index] = _ended(difference, _Spread(0.0, 0.0, 0.0, freedom), choice, bootstrap, margin)
        elif choice.metric.id in _ERRORS:
            for number in (model + 1, 0):
                if (number, metric) not in curves:
                    curves[number, metric] = _curve(tables[number], choice, settings, bootstrap)
            pair = curves[model + 1, metric], curves[0, metric]
            found[model][index] = _of_errors(difference, pair, _correlation(own, theirs), bootstrap, margin)
        else:
            spread = _fitted(own - theirs, _freedom_of(freedom, bootstrap), math.sqrt((freedom + 1) / freedom))
            if spread is not None:
                found[model][index] = _ended(difference, spread, choice, bootstrap, margin)


_ERRORS = {*GAPS, *SIMULATED}


def _counted(table: SampleTable) -> SampleTable:
    """The samples of a weight above 0."""
    return table if table.weight is None or (table.weight > 0).all() else table.select(table.weight > 0)


def _function(table: SampleTable, choice: Choice, settings: Settings) -> Callable[[SampleTable], Sequence[float]]:
    """What computes the values of a metric of a resample. An error over bins stays in the bins of the samples."""
    if choice.metric.id in GAPS:
        own = choice.settings(settings)
        gaps = GAPS[choice.metric.id](choice.metric.view(table, own), own)
        bins, residual = gaps.of_samples()
        full = gaps.sums.size > 0
        size = gaps.sums.size[full]
        total, count = float(size.sum()), len(full)

        def error(resample: SampleTable) -> list[float]:
            sums = np.bincount(bins, np.asarray(resample.weight) * residual, count)
            return [float(norms_of(sums[full], size, total, gaps.norm))]

        return error
    return lambda resample: [value.value for value in choice.values(resample, settings)]


def _places(
    tables: Sequence[SampleTable],
    computed: Sequence[tuple[int, int, Callable[[SampleTable], Sequence[float]]]],
) -> dict[tuple[int, int], int]:
    """Where the values of each table and metric begin among those of a resample."""
    places, start = {}, 0
    for number, metric, function in computed:
        table = tables[number]
        weight = np.ones(len(table)) if table.weight is None else table.weight
        places[number, metric] = start
        start += len(function(table.resample(weight)))
    return places


def _fitted(differences: Array, freedom: int, factor: float = 1.0) -> _Spread | None:
    """The distribution of drawn differences, [draws]; None if one is infinite or none is defined.

    Args:
        differences: nan ones are left out.
        freedom: the degrees of freedom.
        factor: by how much more samples vary than these, as than resamples by sqrt(n/(n-1)).
    """
    differences = differences[~np.isnan(differences)]
    if not len(differences) or not np.isfinite(differences).all():
        return None
    low, centre, high = (float(x) for x in np.quantile(differences, _FITTED))
    below, above = ((centre - low) / _REACH * factor, (high - centre) / _REACH * factor)
    # Most resamples of a coarse metric may have one value.
    spread = float(np.std(differences)) * factor
    return _Spread(centre, below or spread, above or spread, freedom)


def _curve(table: SampleTable, choice: Choice, settings: Settings, bootstrap: Bootstrap) -> ErrorCurve:
    own = choice.settings(settings)
    interval = partial(INVERTED[choice.metric.id], choice.metric.view(table, own), own)
    return ErrorCurve(lambda level: interval(bootstrap._replace(level=level)))


def _of_errors(
    difference: Difference,
    pair: tuple[ErrorCurve, ErrorCurve],
    correlation: float,
    bootstrap: Bootstrap,
    margin: float | None,
) -> Difference:
    """The difference of two errors: of pairs drawn from their confidence distributions, correlated like resamples.

    A model is not better than another that may have no error at all. So the interval reaches to what the difference
    is then, and the p-value is no smaller than that of perfect calibration.
    """
    mine, other = pair
    if not (mine.finite and other.finite):
        return difference
    z, z_other = _pairs(correlation, bootstrap.seed)
    freedom = _freedom_of(_OF_ERRORS, bootstrap)
    spread = _fitted(mine.at(z) - other.at(z_other), freedom)  # few clusters make the curves wider
    assert spread is not None  # noqa: S101  # the curves are finite
    low, high = spread.interval(bootstrap.level)
    p_value = spread.p_value
    reach = NormalDist().inv_cdf((1 + bootstrap.level) / 2)
    if -reach <= mine.zero:
        low = min(low, -other.upper(reach))
    if -reach <= other.zero:
        high = max(high, mine.upper(reach))
    shown = mine.zero if spread.centre > 0 else other.zero
    if shown > -math.inf:
        p_value = max(p_value, min(1.0, 2 * NormalDist().cdf(shown)))
    equivalent = math.nan
    if margin is not None:
        # The intervals reach as far as an error whose other model may have none: as above, at each level.
        far = min(max(-other.zero, mine.within(margin)), max(-mine.zero, other.within(margin)))
        equivalent = max(spread.outside(margin), NormalDist().cdf(-far))
    return difference._replace(ci_low=low, ci_high=high, p_value=p_value, p_equivalent=equivalent)


def _correlation(one: Array, other: Array) -> float:
    """The correlation of the errors of resamples; 0 where one does not vary."""
    one, other = one - one.mean(), other - other.mean()
    scale = math.sqrt(float(np.square(one).sum()) * float(np.square(other).sum()))
    return min(1.0, max(-1.0, float((one * other).sum()) / scale)) if scale > 0 else 0.0


def _pairs(correlation: float, seed: int) -> tuple[Array, Array]:
    """Pairs of normal numbers; the same pairs in the other order if the models change places."""
    common, apart = np.random.Generator(np.random.SFC64([seed, 4])).standard_normal((2, _PAIRS))
    common = math.sqrt((1 + correlation) / 2) * np.concatenate((common, common, -common, -common))
    apart = math.sqrt((1 - correlation) / 2) * np.concatenate((apart, -apart, apart, -apart))
    return common + apart, common - apart
