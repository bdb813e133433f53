"""Losses: hard, uniform and smoothed, with the floor of the smoothed one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.base import NOT_NEGATIVE, Metric, Settings, Value, mean, ratio
from lscli.metrics.smoothed_losses import (
    SmoothedLosses,
    floor_columns,
    hard_columns,
    one_label_columns,
    prior_columns,
    target_columns,
    uniform_columns,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lscli.smoothing.targets import Targets
    from lscli.table import SampleTable


def hard(table: SampleTable, settings: Settings) -> list[Value]:
    losses = SmoothedLosses(table, settings.targets)
    return [ratio(table, losses.hard, losses.class_weight, _class_weights(settings))]


def uniform(table: SampleTable, settings: Settings) -> list[Value]:
    losses = SmoothedLosses(table, settings.targets)
    return [ratio(table, losses.uniform, losses.class_weight, _class_weights(settings))]


def prior(table: SampleTable, settings: Settings) -> list[Value]:
    losses = SmoothedLosses(table, settings.targets)
    return [ratio(table, losses.mixed_in, losses.class_weight, _class_weights(settings))]


def smoothed(table: SampleTable, settings: Settings) -> list[Value]:
    """(1-e) H + e U for each eps, exactly linear in e."""
    return [_smoothed(SmoothedLosses(table, settings.targets), eps, params(eps, settings)) for eps in settings.eps]


def _smoothed(losses: SmoothedLosses, eps: float, params: Mapping[str, Any]) -> Value:
    table = losses.table
    e = losses.mixture_weight(eps)
    if table.origin is None or np.ndim(e) or not 0 < e < 1:
        return ratio(table, losses.at(eps), losses.class_weight, params)
    # In a resample two means are enough for every eps.
    hard, mixed_in = table.kept_weighted(_means_at_both_ends, losses.targets)
    return Value((1.0 - e) * hard + e * mixed_in, params=params)


def _means_at_both_ends(table: SampleTable, targets: Targets) -> tuple[float, float]:
    """The mean losses at e = 0 and e = 1."""
    losses = SmoothedLosses(table, targets)
    hard, mixed_in = (ratio(table, x, losses.class_weight).value for x in (losses.hard, losses.mixed_in))
    return hard, mixed_in


def floor(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean entropy of the targets for each eps, one number unless it depends on the sample.

    Weights of every class of the target move the optimum to p* = w q' / sum(w q'), and the floor is the loss at p*.
    """
    class_weight = SmoothedLosses(table, settings.targets).class_weight
    return value_per_eps(table, settings, SmoothedLosses.floor, settings.targets.described, class_weight)


def target_on(table: SampleTable, settings: Settings) -> list[Value]:
    return value_per_eps(table, settings, lambda losses, eps: 1.0 - losses.target_rest(eps), settings.targets.described)


def target_off(table: SampleTable, settings: Settings) -> list[Value]:
    def share(losses: SmoothedLosses, eps: float) -> Any:
        return losses.target_rest(eps) / losses.other_classes

    return value_per_eps(table, settings, share, settings.targets.described)


def value_per_eps(
    table: SampleTable,
    settings: Settings,
    of: Callable[[SmoothedLosses, float], Any],
    described: Mapping[str, str],
    class_weight: np.ndarray | None = None,
) -> list[Value]:
    """A property of the targets for each eps that is not negative; absent without logits.

    Args:
        table: the samples.
        settings: the eps and the targets.
        of: gives the property: a number, or [n] of which the value is the mean.
        described: the params of the values besides eps.
        class_weight: [n], the denominators of the mean.
    """
    if table.num_classes is None:
        return []
    losses, values = SmoothedLosses(table, settings.targets), []
    for eps in settings.eps:
        if eps >= 0:
            x, params = of(losses, eps), {"eps": eps, **described}
            values.append(Value(float(x), params=params) if np.ndim(x) == 0 else ratio(table, x, class_weight, params))
    return values


def no_distribution(table: SampleTable, settings: Settings) -> str:
    """Why a metric of the targets themselves is absent."""
    return "targets of a negative eps are no distribution" if max(settings.eps) < 0 else ""


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
    losses = table["loss_hard"] if rho == 0 else table.reused(_corrected, rho)
    return [mean(table, losses, {"rho": rho})]


def _corrected(table: SampleTable, rho: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # nan where the label is masked
        result: np.ndarray = (table["loss_hard"] - rho * table["loss_uniform"]) / (1.0 - rho)
    return result


def rising_columns(settings: Settings) -> frozenset[str]:
    """The columns that (1-e) H + e U rises with, whatever the eps: H needs e <= 1, and U e >= 0."""
    if min(settings.eps) < 0:
        return frozenset()
    # Off-target smoothing has e = eps K/(K-1), K >= 2, which may be above 1.
    if settings.targets.convention.others_only and max(settings.eps) > 0.5:
        return uniform_columns(settings)
    return target_columns(settings)


def params(eps: float, settings: Settings) -> dict[str, Any]:
    """The params of a number that depends on the targets of an eps."""
    return {"eps": eps, **settings.targets.described}


def _class_weights(settings: Settings) -> Mapping[str, Any]:
    return {} if settings.targets.class_weights is None else {"class_weights": settings.targets.weight_mode}


METRICS = (
    Metric(
        "loss_hard",
        "H: mean -log p_y, natural log: the cross-entropy (nll) without smoothing; class weights: sum w_y h / sum w_y; "
        "soft labels: mean -sum_k q_k log p_k, with class weights mean -sum_k w_k q_k log p_k",
        hard_columns,
        hard,
        "cross-entropy, nats",
        chosen_by="default",
        within=NOT_NEGATIVE,
        rises=hard_columns,
        better="lower",
        formula=r"H = \frac{1}{N} \sum_{i=1}^{N} -\ln p_{i, y_i}",
    ),
    Metric(
        "loss_uniform",
        "U: mean over samples of u = (1/K) sum_k -log p_k: the cross-entropy of the uniform distribution; class "
        "weights: sum of (1/K) sum_k -w_k log p_k (--weight-mode target-only: of w_y u) over sum w_y",
        uniform_columns,
        uniform,
        "loss of uniform targets, nats",
        chosen_by="default",
        within=NOT_NEGATIVE,
        rises=uniform_columns,
        formula=r"U = \frac{1}{N} \sum_{i=1}^{N} \frac{1}{K} \sum_{k=1}^{K} -\ln p_{i,k}",
    ),
    Metric(
        "loss_prior",
        "P: mean of -sum_k pi_k log p_k: the cross-entropy of the prior; class weights as in loss_uniform; absent "
        "without a prior",
        prior_columns,
        prior,
        "loss of the prior, nats",
        chosen_by="default",
        absent=lambda _, settings: "there is no prior" if settings.targets.prior is None else "",
        within=NOT_NEGATIVE,
    ),
    Metric(
        "perplexity",
        "exp(loss_hard)",
        hard_columns,
        perplexity,
        "exp(loss_hard)",
        chosen_by="default",
        within=NOT_NEGATIVE,
        rises=hard_columns,
        better="lower",
        formula=r"e^{H}",
    ),
    Metric(
        "loss_noise_corrected",
        "(H - rho U)/(1 - rho), H and U without class weights: the loss on clean labels, if a share rho of the labels "
        "was drawn anew from all K classes; absent without --noise-rate",
        frozenset({"loss_hard", "loss_uniform"}),
        noise_corrected,
        "loss on clean labels",
        chosen_by="default",
        absent=lambda _, settings: "there is no noise rate" if settings.rho is None else "",
        parameter="rho",
        rises=frozenset({"loss_hard"}),
        falls=frozenset({"loss_uniform"}),
        better="lower",
        formula=r"\frac{H - \rho U}{1 - \rho}",
    ),
    Metric(
        "loss_smoothed",
        "(1-e) H + e U, e = eps: the cross-entropy of the targets q' = (1-e) [k = y] + e/K; --smoothing off-target: "
        "e = eps K/(K-1); classy: e = eps/(1+eps); prior: P and pi_k for U and 1/K; one row per eps",
        target_columns,
        smoothed,
        "(1-eps) hard + eps uniform",
        chosen_by="default",
        parameter="eps",
        rises=rising_columns,
        better="lower",
        formula=r"L_\epsilon = (1 - \epsilon) H + \epsilon U",
    ),
    Metric(
        "target_on",
        "the smoothed target's probability of the label, q'_y, or its mean over the samples; no class weights; one row "
        "per eps",
        one_label_columns,
        target_on,
        "target probability, label",
        chosen_by="default",
        interval="none",
        absent=no_distribution,
        parameter="eps",
        rises=one_label_columns,
    ),
    Metric(
        "target_off",
        "the smoothed target's mean probability of each other class, (1 - q'_y)/(K-1), or its mean over the samples; "
        "no class weights; one row per eps",
        one_label_columns,
        target_off,
        "target probability, others",
        chosen_by="default",
        interval="none",
        absent=no_distribution,
        parameter="eps",
        rises=one_label_columns,
    ),
    Metric(
        "loss_floor",
        "the mean entropy of the smoothed targets, the lower bound of loss_smoothed for any model; with class weights "
        "the loss at p* = w q'/sum(w q') (--weight-mode target-only: sum of w_y times the entropy over sum w_y); "
        "absent for eps < 0; one row per eps",
        floor_columns,
        floor,
        "entropy of the targets",
        chosen_by="default",
        interval="none",
        absent=no_distribution,
        parameter="eps",
        rises=floor_columns,
        formula=r"-\sum_{k=1}^{K} q'_k \ln q'_k",
    ),
)
