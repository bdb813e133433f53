"""The smoothed loss against eps, with its floor: the entropy of the targets."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.curves.chart import Chart, Curve, Series, Source
from lscli.curves.needed import check_needed
from lscli.errors import UsageError
from lscli.metrics.excess import excess
from lscli.metrics.loss import floor, smoothed
from lscli.metrics.smoothed_losses import floor_columns, target_columns
from lscli.metrics.smoothing_diagnosis import eps_gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lscli.metrics.base import Settings, Value
    from lscli.report import Report, Row

# The eps of a chart for which one eps is given, or none: those of `lscli sweep`.
_USUAL = tuple(float(f"{step * 0.05:.12g}") for step in range(11))
_METRICS = {"loss_smoothed": "loss", "loss_floor": "floor", "loss_excess": "excess"}


class SmoothingPoint(NamedTuple):
    """An amount of smoothing.

    Attributes:
        eps: as the convention of smoothing counts it.
        loss: the mean loss against the smoothed targets.
        floor: the mean entropy of the targets, which no loss is below; nan for an eps below 0.
        excess: the loss above the floor.
    """

    eps: float
    loss: float
    floor: float
    excess: float


class Flip(NamedTuple):
    """An eps at which the losses of two series cross.

    Attributes:
        eps, loss: the place.
        below, above: which series has the smaller loss on each side.
    """

    eps: float
    loss: float
    below: Series
    above: Series


def chart_of_sweep(report: Report) -> Chart:
    """The chart of a report of `lscli.sweep`.

    Raises:
        UsageError: the report has no losses against smoothed targets.
    """
    parts: dict[tuple[str, str], list[Row]] = {}
    for row in report.rows:
        parts.setdefault((row.source, row.group), []).append(row)
    series = []
    for (source, group), rows in parts.items():
        found: dict[float, dict[str, float]] = {}
        for row in rows:
            if row.metric in _METRICS and not row.bound:
                found.setdefault(float(row.params["eps"]), {})[_METRICS[row.metric]] = row.value
        points = [
            SmoothingPoint(eps, *(values.get(name, math.nan) for name in _METRICS.values()))
            for eps, values in sorted(found.items())
            if "loss" in values
        ]
        if points:
            params = next(row.params for row in rows if row.metric == "loss_smoothed")
            gap = next((row.value for row in rows if row.metric == "eps_gap"), math.nan)
            series.append(
                Series(source, group, points, _facts(points, gap, uniform=_is_uniform(params)), _note(points))
            )
    if not series:
        raise UsageError("the report has no losses against smoothed targets", "a sweep has such losses")
    return Chart(chart="smoothing", series=series, **report.fields())


def flips(series: Sequence[Series]) -> list[Flip]:
    """Where the loss of the first model crosses that of another one, on the same samples of a group."""
    found = []
    for other in series:
        first = next(each for each in series if each.group == other.group)
        if first is other:
            continue
        pairs = list(zip(_finite(first.points), _finite(other.points), strict=False))
        for (a, b), (c, d) in itertools.pairwise(pairs):
            start, end = b.loss - a.loss, d.loss - c.loss
            if a.eps == b.eps and c.eps == d.eps and start * end < 0:
                share = start / (start - end)  # the losses are straight lines
                eps, loss = a.eps + share * (c.eps - a.eps), a.loss + share * (c.loss - a.loss)
                below, above = (other, first) if start < 0 else (first, other)
                found.append(Flip(eps, loss, below, above))
    return found


def _finite(points: Sequence[SmoothingPoint]) -> list[SmoothingPoint]:
    return [point for point in points if math.isfinite(point.loss)]


def _is_uniform(params: Iterable[str]) -> bool:
    """Whether eps is counted as eps_gap counts it, given the names of the params of a loss."""
    return not {"smoothing", "class_weights"} & {*params}


def _facts(points: Sequence[SmoothingPoint], gap: float, *, uniform: bool) -> dict[str, float]:
    known = [point for point in points if math.isfinite(point.excess)]
    least = min(known, key=lambda point: point.excess) if known else None
    facts = {"least_excess": math.nan, "least_eps": math.nan}
    if least is not None:
        facts = {"least_excess": least.excess, "least_eps": least.eps}
    return {**facts, "eps_gap": gap if uniform else math.nan}


def _note(points: Sequence[SmoothingPoint]) -> str:
    return "" if _finite(points) else "the loss is infinite, because the logit of a label is minus infinity"


def _compute(given: Source) -> tuple[list[SmoothingPoint], dict[str, float], str]:
    """The losses of a table.

    Raises:
        UsageError: the samples have no losses against smoothed targets.
    """
    table, settings = given.table, given.settings
    check_needed(table, "smoothing", "logits of all classes", target_columns(settings) | floor_columns(settings))
    asked = settings.eps
    settings = settings._replace(eps=tuple(sorted({*asked, *_USUAL} if len(asked) == 1 else asked)))
    losses = smoothed(table, settings)
    whole = settings._replace(eps=tuple(eps for eps in settings.eps if eps >= 0))
    floors, over = _by_eps(whole, floor(table, whole)), _by_eps(whole, excess(table, whole))
    points = [
        SmoothingPoint(eps, loss.value, floors.get(eps, math.nan), over.get(eps, math.nan))
        for eps, loss in zip(settings.eps, losses, strict=True)
    ]
    gap = eps_gap(table, settings)[0].value if "logit_gap" in table.columns else math.nan
    return points, _facts(points, gap, uniform=_is_uniform(losses[0].params)), _note(points)


def _by_eps(settings: Settings, values: Sequence[Value]) -> dict[float, float]:
    return {eps: value.value for eps, value in zip(settings.eps, values, strict=True)}


def _columns(settings: Settings) -> frozenset[str]:
    return target_columns(settings) | floor_columns(settings) | {"logit_gap"}


CURVE = Curve(SmoothingPoint, _columns, _compute)
