"""Losses: hard, uniform and smoothed, with the floor of the smoothed one and what is above it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.against import Against, weighed_by
from lscli.metrics.base import Metric, Settings, Value, mean, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lscli.samples import SampleTable


def hard(table: SampleTable, settings: Settings) -> list[Value]:
    against = Against(table, settings.targets)
    return [ratio(table, against.hard, against.by, _class_weights(settings))]


def uniform(table: SampleTable, settings: Settings) -> list[Value]:
    against = Against(table, settings.targets)
    return [ratio(table, against.uniform, against.by, _class_weights(settings))]


def prior(table: SampleTable, settings: Settings) -> list[Value]:
    if settings.targets.prior is None:
        return []
    against = Against(table, settings.targets)
    return [ratio(table, against.spread, against.by, _class_weights(settings))]


def smoothed(table: SampleTable, settings: Settings) -> list[Value]:
    """(1-e) H + e U for each eps, exactly linear."""
    against = Against(table, settings.targets)
    return [ratio(table, against.losses(eps), against.by, _params(eps, settings)) for eps in settings.eps]


def floor(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean entropy of the targets for each eps, one number unless it depends on the sample.

    Class weights pull to p* = w q' / sum(w q'), so that with them it is the loss at p*. Below 0 there is none.
    """
    against = Against(table, settings.targets)
    return _each(table, settings, against.floor, against.by)


def excess(table: SampleTable, settings: Settings) -> list[Value]:
    """The smoothed loss less its floor, with the standard error of the loss."""
    if table.num_classes is None:
        return []
    settings = settings._replace(eps=tuple(eps for eps in settings.eps if eps >= 0))
    return [
        Value(loss.value - least.value, loss.stderr, loss.params)
        for loss, least in zip(smoothed(table, settings), floor(table, settings), strict=True)
    ]


def target_on(table: SampleTable, settings: Settings) -> list[Value]:
    against = Against(table, settings.targets)
    return _each(table, settings, lambda eps: 1.0 - against.missing(eps), None)


def target_off(table: SampleTable, settings: Settings) -> list[Value]:
    against = Against(table, settings.targets)
    return _each(table, settings, lambda eps: against.missing(eps) / against.others, None)


def _each(table: SampleTable, settings: Settings, of: Callable[[float], Any], by: np.ndarray | None) -> list[Value]:
    """The mean of what the targets of each eps give: one number, unless it depends on the sample."""
    if table.num_classes is None:
        return []
    values = []
    for eps in settings.eps:
        if eps >= 0:
            x = of(eps)
            params = _params(eps, settings)
            values.append(Value(float(x), params=params) if np.ndim(x) == 0 else ratio(table, x, by, params))
    return values


def _part(place: int) -> Callable[[SampleTable, Settings], Sequence[Value]]:
    """One of the three parts of the excess; class weights on all classes leave it whole."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        if settings.targets.tilted or table.num_classes is None:
            return []
        return [_parts(table, settings, eps)[place] for eps in settings.eps if eps >= 0]

    return compute


def _parts(table: SampleTable, settings: Settings, eps: float) -> Sequence[Value]:
    by, name = Against(table, settings.targets).by, f"parts {eps} {settings.targets.key}"

    def means() -> list[Value]:
        parts = table.reused(name, lambda: _split(Against(table, settings.targets.unweighted), eps))
        weighed = parts if by is None else [weighed_by(by, part) for part in parts]
        return [ratio(table, part, by, _params(eps, settings)) for part in weighed]

    return table.derived(name, means, weighted=True)


def _split(against: Against, eps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """KL(q' || p) of each sample by what is wrong with p: overshoot, undershoot and structure, [n] each.

    kl(a || p_y) is the label against all others together, a what the target has on the label: overshoot where
    p_y > a, undershoot where p_y < a. What is left is (1-a) KL of the others among themselves: structure.
    """
    log_rest = against.table["log_not_label"]
    rest = against.missing(eps)
    on = 1.0 - rest
    with np.errstate(divide="ignore", invalid="ignore"):
        # 0 log 0 = 0: at a = 1 all of the excess is undershoot.
        binary = np.where(on > 0, on * (np.log(on) + against.table["loss_hard"]), 0.0)
        if np.any(rest > 0):
            binary += np.where(rest > 0, rest * (np.log(rest) - log_rest), 0.0)
        np.maximum(binary, 0.0, out=binary)
        # By the logarithm of 1 - p_y, which keeps the digits of a p_y near 1.
        above = log_rest < np.log(rest)
        others = np.maximum(against.losses(eps) - against.floor(eps) - binary, 0.0)
        structure = np.where(rest > 0, others, 0.0)
    return np.where(above, binary, 0.0), np.where(above, 0.0, binary), structure


def perplexity(table: SampleTable, settings: Settings) -> list[Value]:
    """exp(H), infinite where that overflows."""
    value = hard(table, settings)[0].value
    result = math.exp(value) if value < 709 else value if math.isnan(value) else math.inf
    return [Value(result, params=_class_weights(settings))]


def noise_corrected(table: SampleTable, settings: Settings) -> list[Value]:
    """(H - rho U) / (1 - rho), the loss of eps = -rho/(1-rho) (Patrini et al. 2017, for symmetric noise)."""
    rho = settings.rho
    if rho is None:
        return []
    h, u = table["loss_hard"], table["loss_uniform"]

    def corrected() -> np.ndarray:
        with np.errstate(invalid="ignore"):  # a masked label: nan
            result: np.ndarray = (h - rho * u) / (1.0 - rho)
        return result

    losses = h if rho == 0 else table.reused(f"corrected {rho}", corrected)
    return [mean(table, losses, {"rho": rho})]


def _params(eps: float, settings: Settings) -> dict[str, Any]:
    return {"eps": eps, **settings.targets.described}


def _class_weights(settings: Settings) -> Mapping[str, Any]:
    return {} if settings.targets.class_weights is None else {"class_weights": settings.targets.weight_mode}


# Words that stand for columns: see `lscli.metrics.PLACEHOLDERS`.
_HARD = frozenset({"hard"})
_TARGETS = frozenset({"targets"})
_SPLIT = frozenset({"targets", "loss_hard", "log_not_label"})

METRICS = (
    Metric(
        "loss_hard",
        "H: mean -log p_y, natural log: the cross-entropy (nll) without smoothing; class weights: sum w_y h / sum w_y",
        _HARD,
        hard,
        "cross-entropy, nats",
        default=True,
    ),
    Metric(
        "loss_uniform",
        "U: mean over samples and classes of -log p_k: the cross-entropy of the uniform distribution",
        frozenset({"uniform"}),
        uniform,
        "loss of uniform targets, nats",
        default=True,
    ),
    Metric(
        "loss_prior",
        "mean of -sum_k pi_k log p_k: the cross-entropy of the prior; absent without one",
        frozenset({"prior"}),
        prior,
        "loss of the prior, nats",
        default=True,
    ),
    Metric(
        "loss_smoothed",
        "(1-eps) H + eps U: the cross-entropy of the targets (1-eps) [k = y] + eps/K, or of another --smoothing; "
        "one row an eps",
        _TARGETS,
        smoothed,
        "(1-eps) hard + eps uniform",
        default=True,
        parameter="eps",
    ),
    Metric(
        "loss_floor",
        "the mean entropy of the smoothed targets: no model can go below it; with class weights the loss at "
        "p* = w q'/sum(w q'); none for eps < 0; one row an eps",
        _TARGETS,
        floor,
        "the least there can be",
        default=True,
        constant=True,
        parameter="eps",
    ),
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
    Metric(
        "target_on",
        "what the smoothed target has on the label (the mean, where it depends on it); one row an eps",
        _TARGETS,
        target_on,
        "the target's p of the label",
        default=True,
        constant=True,
        parameter="eps",
    ),
    Metric(
        "target_off",
        "what it has on each other class, on average; one row an eps",
        _TARGETS,
        target_off,
        "and of each other class",
        default=True,
        constant=True,
        parameter="eps",
    ),
    Metric("perplexity", "exp(loss_hard)", _HARD, perplexity, "exp(loss_hard)", default=True),
    Metric(
        "loss_noise_corrected",
        "(H - rho U)/(1 - rho): the loss on clean labels, if a share rho of them was drawn anew from all K classes; "
        "absent without --noise-rate",
        frozenset({"loss_hard", "loss_uniform"}),
        noise_corrected,
        "if rho of the labels are noise",
        default=True,
        parameter="rho",
    ),
)
