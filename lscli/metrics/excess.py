"""The excess of the smoothed loss over its floor, a KL divergence, and its three parts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import NOT_NEGATIVE, Compute, Metric, Settings, Value, ratio
from lscli.metrics.loss import floor, no_distribution, params, rising_columns, smoothed
from lscli.metrics.smoothed_losses import SmoothedLosses, class_count, floor_columns, target_columns
from lscli.table import weighted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.smoothing.targets import Targets
    from lscli.table import SampleTable


def excess(table: SampleTable, settings: Settings) -> list[Value]:
    """The smoothed loss less its floor, with the standard error of the difference; rounded below 0 it becomes 0.

    Its `moves` are those of the loss: two models on the same samples have the same floor.
    """
    if table.num_classes is None:
        return []
    settings = settings._replace(eps=_distributions(settings))
    return [
        loss._replace(
            value=float(np.maximum(loss.value - least.value, 0.0)), stderr=_stderr(table, settings, eps, loss)
        )
        for eps, loss, least in zip(settings.eps, smoothed(table, settings), floor(table, settings), strict=True)
    ]


def _stderr(table: SampleTable, settings: Settings, eps: float, loss: Value) -> float:
    """The standard error of the loss, or of the difference if the floor varies with the sample."""
    losses = SmoothedLosses(table, settings.targets)
    least = losses.floor(eps)
    if np.ndim(least) == 0 or math.isnan(loss.stderr):
        return loss.stderr
    return ratio(table, losses.at(eps) - least, losses.class_weight).stderr


def _distributions(settings: Settings) -> tuple[float, ...]:
    """The eps whose targets are distributions."""
    return tuple(eps for eps in settings.eps if eps >= 0)


def _part(place: int) -> Compute:
    """One of the three parts of the excess."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        if table.num_classes is None:
            return []
        settings = settings._replace(eps=_distributions(settings))
        return [parts[place] for parts in table.kept_weighted(_parts, settings)]

    return compute


def _whole(table: SampleTable, settings: Settings) -> str:
    """Why the parts are absent: class weights change the targets."""
    weighted = "with class weights the excess is not split" if settings.targets.class_weighted else ""
    return weighted or no_distribution(table, settings)


def _parts(table: SampleTable, settings: Settings) -> list[list[Value]]:
    """The three parts for each eps. A resample needs only sums, if all targets are equal and no loss is infinite."""
    equal = settings.targets.prior is None and "class_count" not in table.columns
    if table.origin is not None and equal and table.kept(_is_finite):
        return _parts_from_sums(table, settings)
    return _parts_from_samples(table, settings)


def _parts_from_samples(table: SampleTable, settings: Settings) -> list[list[Value]]:
    class_weight = SmoothedLosses(table, settings.targets).class_weight
    found = []
    for eps in settings.eps:
        parts = table.reused(_split, settings.targets, eps)
        by_class = parts if class_weight is None else [weighted(part, class_weight) for part in parts]
        found.append([ratio(table, part, class_weight, params(eps, settings)) for part in by_class])
    return found


def _split(table: SampleTable, targets: Targets, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """KL(q' || p) of each sample, without class weights, as overshoot + undershoot + structure, [n] each.

    With a = q'(y), the target's probability of the label, kl(a || p_y) compares the label with all other classes
    together: it is overshoot where p_y > a and undershoot where p_y < a. The remainder is structure: (1-a) times
    the KL divergence among the other classes.
    """
    losses = SmoothedLosses(table, targets.unweighted)
    log_rest = table["log_not_label"]
    rest = losses.target_rest(eps)
    on = 1.0 - rest
    # In place, so that memory is a few columns.
    with np.errstate(divide="ignore", invalid="ignore"):
        binary = table["loss_hard"] + np.log(on)
        binary *= on
        # 0 log 0 = 0: at a = 1 all of the excess is undershoot.
        np.copyto(binary, 0.0, where=np.less_equal(on, 0))
        if np.any(rest > 0):
            others = np.log(rest) - log_rest
            others *= rest
            np.add(binary, others, out=binary, where=np.greater(rest, 0))
            del others
        np.maximum(binary, 0.0, out=binary)
        # ln(1 - p_y) is compared, which keeps its digits where p_y is near 1.
        above = log_rest < np.log(rest)
        structure = losses.at(eps) - losses.floor(eps)
        structure -= binary
        np.maximum(structure, 0.0, out=structure)
        # With one other class there is no structure but rounding.
        np.copyto(structure, 0.0, where=np.less_equal(rest, 0) | np.equal(class_count(table), 2))
    over = np.where(above, binary, 0.0)
    np.copyto(binary, 0.0, where=above)
    return over, binary, structure


def _is_finite(table: SampleTable) -> bool:
    return all(bool(np.isfinite(table[name]).all()) for name in ("loss_hard", "log_not_label"))


def _by_rest(
    table: SampleTable, targets: Targets, several_eps: tuple[float, ...]
) -> tuple[np.ndarray, list[int], np.ndarray, np.ndarray]:
    """The samples by ascending ln(1 - p_y), so that those with p_y above the target of an eps come first.

    Returns:
        The order, [n]; for each eps the number of samples with p_y above its target; the hard losses and ln(1 - p_y)
        in this order, [n] each.
    """
    losses = SmoothedLosses(table, targets)
    order = np.argsort(table["log_not_label"], kind="stable")
    log_rest = table["log_not_label"][order]
    ends = [int(np.searchsorted(log_rest, _log(losses.target_rest(eps)))) for eps in several_eps]
    return order, ends, table["loss_hard"][order], log_rest


def _parts_from_sums(table: SampleTable, settings: Settings) -> list[list[Value]]:
    """The parts for a resample, from three sums up to the threshold of each eps, without an array per eps.

    kl(a || p_y) = a ln a + (1-a) ln(1-a) + a h - (1-a) ln(1 - p_y) is linear in the sample's h and ln(1 - p_y).
    """
    losses = SmoothedLosses(table, settings.targets)
    order, ends, hard_losses, log_rests = table.reused(_by_rest, settings.targets, settings.eps)
    w = np.ones(len(table)) if table.weight is None else table.weight
    w = (w if losses.class_weight is None else w * losses.class_weight)[order]
    weight, hard, log_rest = (_up_to(ends, w, x) for x in (None, hard_losses, log_rests))
    every = len(table)

    def divergence(rest: float, end: int) -> float:
        label = (1.0 - rest) * (_log(1.0 - rest) * weight[end] + hard[end]) if rest < 1 else 0.0
        return label + (rest * (_log(rest) * weight[end] - log_rest[end]) if rest > 0 else 0.0)

    found = []
    for eps, end, whole in zip(settings.eps, ends, excess(table, settings), strict=True):
        rest = losses.target_rest(eps)
        above = divergence(rest, end)
        parts = [math.nan] * 3
        if weight[every] > 0:
            over, under = (max(part, 0.0) / weight[every] for part in (above, divergence(rest, every) - above))
            parts = [over, under, max(whole.value - over - under, 0.0) if rest > 0 and table.num_classes != 2 else 0.0]
        found.append([Value(part, params=whole.params) for part in parts])
    return found


def _up_to(ends: Sequence[int], w: np.ndarray, x: np.ndarray | None) -> dict[int, float]:
    """The sum of w times x [n] up to each end, and over all."""
    sums, start, total = {0: 0.0}, 0, 0.0
    for end in sorted({*ends, len(w)} - {0}):
        part = w[start:end]
        # einsum reads each number once, and unlike BLAS adds in one fixed order.
        total += float(np.add.reduce(part) if x is None else np.einsum("i,i->", part, x[start:end]))
        sums[end], start = total, end
    return sums


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _excess_columns(settings: Settings) -> frozenset[str]:
    return target_columns(settings) | floor_columns(settings)


def _part_columns(settings: Settings) -> frozenset[str]:
    return _excess_columns(settings) | {"loss_hard", "log_not_label"}


METRICS = (
    Metric(
        "loss_excess",
        "loss_smoothed - loss_floor, at least 0: without class weights the mean of KL(q' || p), q' the smoothed "
        "target; its standard error is that of the samples' own differences; absent for eps < 0; one row per eps",
        _excess_columns,
        excess,
        "KL divergence from the targets",
        chosen_by="default",
        absent=no_distribution,
        parameter="eps",
        within=NOT_NEGATIVE,
        rises=rising_columns,
        better="lower",
        formula=r"L_\epsilon + \sum_{k=1}^{K} q'_k \ln q'_k = \frac{1}{N} \sum_{i=1}^{N} \mathrm{KL}(q'_i \| p_i)",
    ),
    Metric(
        "excess_overshoot",
        "part of loss_excess: mean over all samples of a ln(a/p_y) + (1-a) ln((1-a)/(1-p_y)) where p_y is above a, the "
        "target's probability of the label, and of 0 elsewhere; --weight-mode target-only: sum of w_y times it over "
        "sum w_y; absent with other class weights; one row per eps",
        _part_columns,
        _part(0),
        "excess: p_y above its target",
        chosen_by="default",
        absent=_whole,
        parameter="eps",
        within=NOT_NEGATIVE,
        rises=frozenset({"loss_uniform"}),
        better="lower",
    ),
    Metric(
        "excess_undershoot",
        "part of loss_excess: as excess_overshoot, where p_y is below a; all of loss_excess at eps = 0; one row per "
        "eps",
        _part_columns,
        _part(1),
        "excess: p_y below its target",
        chosen_by="default",
        absent=_whole,
        parameter="eps",
        within=NOT_NEGATIVE,
        rises=frozenset({"loss_uniform"}),
        better="lower",
    ),
    Metric(
        "excess_structure",
        "part of loss_excess: mean of (1-a) times the KL divergence of the target from p, each renormalised to the "
        "other classes; 0 for K = 2; class weights as in excess_overshoot; one row per eps",
        _part_columns,
        _part(2),
        "excess: among other classes",
        chosen_by="default",
        absent=_whole,
        parameter="eps",
        within=NOT_NEGATIVE,
        rises=frozenset({"loss_uniform"}),
        better="lower",
    ),
)
