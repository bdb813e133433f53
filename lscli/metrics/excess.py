"""What the smoothed loss has above its floor, and the three parts of it."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.metrics.base import Metric, Settings, Value, mean, ratio
from lscli.metrics.loss import floor, params, smoothed
from lscli.metrics.smoothed_losses import Against, weighed_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lscli.table import SampleTable


def excess(table: SampleTable, settings: Settings) -> list[Value]:
    """The smoothed loss less its floor, with the standard error of the loss; below 0 it is rounding."""
    if table.num_classes is None:
        return []
    settings = settings._replace(eps=_distributions(settings))
    return [
        Value(float(np.maximum(loss.value - least.value, 0.0)), _stderr(table, settings, eps, loss), loss.params)
        for eps, loss, least in zip(settings.eps, smoothed(table, settings), floor(table, settings), strict=True)
    ]


def _stderr(table: SampleTable, settings: Settings, eps: float, loss: Value) -> float:
    """That of the loss; a soft label makes for most of both, so that only their difference tells."""
    if not settings.soft_labels or math.isnan(loss.stderr):
        return loss.stderr
    against = Against(table, settings.targets)
    return mean(table, against.losses(eps) - against.floor(eps)).stderr


def _distributions(settings: Settings) -> tuple[float, ...]:
    """The eps whose targets are distributions."""
    return tuple(eps for eps in settings.eps if eps >= 0)


def _part(place: int) -> Callable[[SampleTable, Settings], Sequence[Value]]:
    """One of the three parts of the excess; class weights on all classes leave it whole."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        if settings.targets.class_weighted or table.num_classes is None:
            return []
        several = _distributions(settings)
        by_sums = table.origin is not None and _same_for_all(table, settings)
        found = table.derived(
            f"parts {several} {settings.targets.key}",
            lambda: (_from_sums if by_sums else _from_samples)(table, settings._replace(eps=several)),
            weighted=True,
        )
        return [parts[place] for parts in found]

    return compute


def _from_samples(table: SampleTable, settings: Settings) -> list[list[Value]]:
    """The three parts of each eps."""
    against, alike = Against(table, settings.targets), Against(table, settings.targets.unweighted)
    found = []
    for eps in settings.eps:
        parts = table.reused(f"split {eps} {settings.targets.key}", partial(_split, alike, eps))
        weighed = parts if against.by is None else [weighed_by(against.by, part) for part in parts]
        found.append([ratio(table, part, against.by, params(eps, settings)) for part in weighed])
    return found


def _split(against: Against, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """KL(q' || p) of each sample by what is wrong with p: overshoot, undershoot and structure, [n] each.

    kl(a || p_y) is the label against all others together, a what the target has on the label: overshoot where
    p_y > a, undershoot where p_y < a. What is left is (1-a) KL of the others among themselves: structure.
    """
    log_rest = against.table["log_not_label"]
    rest = against.target_rest(eps)
    on = 1.0 - rest
    # In place: memory is a few columns, however many steps there are.
    with np.errstate(divide="ignore", invalid="ignore"):
        binary = against.table["loss_hard"] + np.log(on)
        binary *= on
        # 0 log 0 = 0: at a = 1 all of the excess is undershoot.
        np.copyto(binary, 0.0, where=np.less_equal(on, 0))
        if np.any(rest > 0):
            others = np.log(rest) - log_rest
            others *= rest
            np.add(binary, others, out=binary, where=np.greater(rest, 0))
            del others
        np.maximum(binary, 0.0, out=binary)
        # By the logarithm of 1 - p_y, which keeps the digits of a p_y near 1.
        above = log_rest < np.log(rest)
        structure = against.losses(eps) - against.floor(eps)
        structure -= binary
        np.maximum(structure, 0.0, out=structure)
        np.copyto(structure, 0.0, where=np.less_equal(rest, 0))
    over = np.where(above, binary, 0.0)
    np.copyto(binary, 0.0, where=above)
    return over, binary, structure


def _same_for_all(table: SampleTable, settings: Settings) -> bool:
    """Whether all samples have the same targets, and no loss is infinite."""
    if settings.targets.prior is not None or "class_count" in table.columns:
        return False
    both = (table["loss_hard"], table["log_not_label"])
    return table.reused("finite losses", lambda: all(bool(np.isfinite(x).all()) for x in both))


class _Ascending(NamedTuple):
    """Samples by ascending ln(1 - p_y): those above the target of an eps come first.

    Attributes:
        order: [n], the samples.
        ends: where those above the target of each eps end.
        hard: [n], their hard losses.
        log_rest: [n], ln(1 - p_y).
    """

    order: np.ndarray
    ends: list[int]
    hard: np.ndarray
    log_rest: np.ndarray


def _from_sums(table: SampleTable, settings: Settings) -> list[list[Value]]:
    """The same for a resample, a thousand times: three sums up to the threshold of each eps, and no array an eps.

    kl(a || p_y) = a ln a + (1-a) ln(1-a) + a h - (1-a) ln(1 - p_y) is linear in what differs from sample to sample.
    """
    against = Against(table, settings.targets)
    rests = [against.target_rest(eps) for eps in settings.eps]
    name = f"{settings.eps} {settings.targets.key}"
    samples = table.reused(f"ascending {name}", lambda: _ascending(table, rests))
    w = np.ones(len(table)) if table.weight is None else table.weight
    w = (w if against.by is None else w * against.by)[samples.order]
    weight, hard, log_rest = (_up_to(samples.ends, w, x) for x in (None, samples.hard, samples.log_rest))
    every = len(table)

    def divergence(rest: float, end: int) -> float:
        label = (1.0 - rest) * (_log(1.0 - rest) * weight[end] + hard[end]) if rest < 1 else 0.0
        return label + (rest * (_log(rest) * weight[end] - log_rest[end]) if rest > 0 else 0.0)

    found = []
    for rest, end, whole in zip(rests, samples.ends, excess(table, settings), strict=True):
        above = divergence(rest, end)
        parts = [math.nan] * 3
        if weight[every] > 0:
            over, under = (max(part, 0.0) / weight[every] for part in (above, divergence(rest, every) - above))
            parts = [over, under, max(whole.value - over - under, 0.0) if rest > 0 else 0.0]
        found.append([Value(part, params=whole.params) for part in parts])
    return found


def _ascending(table: SampleTable, rests: Sequence[float]) -> _Ascending:
    order = np.argsort(table["log_not_label"], kind="stable")
    log_rest = table["log_not_label"][order]
    ends = [int(np.searchsorted(log_rest, _log(rest))) for rest in rests]
    return _Ascending(order, ends, table["loss_hard"][order], log_rest)


def _up_to(ends: Sequence[int], w: np.ndarray, x: np.ndarray | None) -> dict[int, float]:
    """The sum of w times x [n] up to each end, and over all."""
    sums, start, total = {0: 0.0}, 0, 0.0
    for end in sorted({*ends, len(w)} - {0}):
        part = w[start:end]
        # einsum reads each number once, and unlike BLAS has one way.
        total += float(np.add.reduce(part) if x is None else np.einsum("i,i->", part, x[start:end]))
        sums[end], start = total, end
    return sums


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


_TARGETS = frozenset({"targets", "floor"})
_SPLIT = _TARGETS | {"loss_hard", "log_not_label"}

METRICS = (
    Metric(
        "loss_excess",
        "loss_smoothed - loss_floor: the mean KL divergence of p from the smoothed targets; one row an eps",
        _TARGETS,
        excess,
        "smoothed loss above its floor",
        default=True,
        parameter="eps",
    ),
    Metric(
        "excess_overshoot",
        "the part of loss_excess of samples with p_y above the target's a: mean a ln(a/p_y) + (1-a) ln((1-a)/(1-p_y))",
        _SPLIT,
        _part(0),
        "of it: too sure of the label",
        default=True,
        parameter="eps",
    ),
    Metric(
        "excess_undershoot",
        "the same of samples with p_y below a: all of loss_excess at eps = 0",
        _SPLIT,
        _part(1),
        "of it: not sure enough",
        default=True,
        parameter="eps",
    ),
    Metric(
        "excess_structure",
        "the rest of loss_excess: (1-a) KL of the target's other classes from the model's, among themselves",
        _SPLIT,
        _part(2),
        "of it: other classes unequal",
        default=True,
        parameter="eps",
    ),
)
