"""Losses: hard, uniform and smoothed, with the floor of the smoothed one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.base import Metric, Settings, Value, mean, ratio
from lscli.metrics.smoothed_losses import Against

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lscli.table import SampleTable


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
    return [_smoothed(Against(table, settings.targets), eps, params(eps, settings)) for eps in settings.eps]


def _smoothed(against: Against, eps: float, params: Mapping[str, Any]) -> Value:
    table = against.table
    e = against.mixture_weight(eps)
    if table.origin is None or np.ndim(e) or not 0 < e < 1:
        return ratio(table, against.losses(eps), against.by, params)
    # A thousand times: two sums of a resample are enough for every eps.
    hard, spread = table.derived(
        f"ends {against.targets.key}",
        lambda: [ratio(table, x, against.by).value for x in (against.hard, against.spread)],
        weighted=True,
    )
    return Value((1.0 - e) * hard + e * spread, params=params)


def floor(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean entropy of the targets for each eps, one number unless it depends on the sample.

    Class weights pull to p* = w q' / sum(w q'), so that with them it is the loss at p*. Below 0 there is none.
    """
    against = Against(table, settings.targets)
    return _each(table, settings, against.floor, against.by)


def target_on(table: SampleTable, settings: Settings) -> list[Value]:
    against = Against(table, settings.targets)
    return _each(table, settings, lambda eps: 1.0 - against.target_rest(eps), None)


def target_off(table: SampleTable, settings: Settings) -> list[Value]:
    against = Against(table, settings.targets)
    return _each(table, settings, lambda eps: against.target_rest(eps) / against.others, None)


def _each(table: SampleTable, settings: Settings, of: Callable[[float], Any], by: np.ndarray | None) -> list[Value]:
    """The mean of what the targets of each eps give: one number, unless it depends on the sample."""
    if table.num_classes is None:
        return []
    values = []
    for eps in settings.eps:
        if eps >= 0:
            x, told = of(eps), params(eps, settings)
            values.append(Value(float(x), params=told) if np.ndim(x) == 0 else ratio(table, x, by, told))
    return values


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


def params(eps: float, settings: Settings) -> dict[str, Any]:
    """What a number against the targets of an eps says of them."""
    return {"eps": eps, **settings.targets.described}


def _class_weights(settings: Settings) -> Mapping[str, Any]:
    return {} if settings.targets.class_weights is None else {"class_weights": settings.targets.weight_mode}


# Words that stand for columns: see `lscli.metrics.PLACEHOLDERS`.
_HARD = frozenset({"hard"})
_TARGETS = frozenset({"targets"})
_OF_ONE_LABEL = frozenset({"one_label"})

METRICS = (
    Metric(
        "loss_hard",
        "H: mean -log p_y, natural log: the cross-entropy (nll) without smoothing; class weights: sum w_y h / sum w_y; "
        "soft labels: mean -sum_k q_k log p_k",
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
        "target_on",
        "what the smoothed target has on the label (the mean, where it depends on it); one row an eps",
        _OF_ONE_LABEL,
        target_on,
        "the target's p of the label",
        default=True,
        constant=True,
        parameter="eps",
    ),
    Metric(
        "target_off",
        "what it has on each other class, on average; one row an eps",
        _OF_ONE_LABEL,
        target_off,
        "and of each other class",
        default=True,
        constant=True,
        parameter="eps",
    ),
    Metric(
        "loss_floor",
        "the mean entropy of the smoothed targets: no model can go below it; with class weights the loss at "
        "p* = w q'/sum(w q'); none for eps < 0; one row an eps",
        frozenset({"floor"}),
        floor,
        "the least there can be",
        default=True,
        constant=True,
        parameter="eps",
    ),
)
