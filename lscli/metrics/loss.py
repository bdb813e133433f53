"""Losses: hard, uniform and smoothed, with the floor of the smoothed one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.metrics.base import Metric, Settings, Value, mean, mean_of
from lscli.targets import target_entropy

if TYPE_CHECKING:
    import numpy as np

    from lscli.samples import SampleTable


def smoothed(table: SampleTable, settings: Settings) -> list[Value]:
    """(1-eps) H + eps U for each eps, exactly linear; 0 and 1 leave out the other part, where 0 * inf is nan."""
    return [mean(table, _losses(table, eps), {"eps": eps}) for eps in settings.eps]


def _losses(table: SampleTable, eps: float) -> np.ndarray:
    if eps in (0, 1):
        return table["loss_uniform" if eps else "loss_hard"]
    return table.reused(f"smoothed {eps}", lambda: (1.0 - eps) * table["loss_hard"] + eps * table["loss_uniform"])


def floor(table: SampleTable, settings: Settings) -> list[Value]:
    """H(q') for each eps: a closed form, which has no standard error."""
    if table.num_classes is None:
        return []
    return [Value(target_entropy(eps, table.num_classes), params={"eps": eps}) for eps in settings.eps]


def excess(table: SampleTable, settings: Settings) -> list[Value]:
    """The smoothed loss less its floor, with the standard error of the loss."""
    return [
        Value(loss.value - least.value, loss.stderr, loss.params)
        for loss, least in zip(smoothed(table, settings), floor(table, settings), strict=True)
    ]


def perplexity(table: SampleTable, settings: Settings) -> list[Value]:
    """exp(H), infinite where that overflows."""
    hard = mean(table, table["loss_hard"]).value
    return [Value(math.exp(hard) if hard < 709 else hard if math.isnan(hard) else math.inf)]


_HARD = frozenset({"loss_hard"})
_BOTH = frozenset({"loss_hard", "loss_uniform"})

METRICS = (
    Metric(
        "loss_hard",
        "H: mean -log p_y, natural log: the cross-entropy (nll) without smoothing",
        _HARD,
        mean_of("loss_hard"),
        "cross-entropy, nats",
        default=True,
    ),
    Metric(
        "loss_uniform",
        "U: mean over samples and classes of -log p_k: the cross-entropy of the uniform distribution",
        frozenset({"loss_uniform"}),
        mean_of("loss_uniform"),
        "loss of uniform targets, nats",
        default=True,
    ),
    Metric(
        "loss_smoothed",
        "(1-eps) H + eps U: the cross-entropy of the targets (1-eps) [k = y] + eps/K; one row an eps",
        _BOTH,
        smoothed,
        "(1-eps) hard + eps uniform",
        default=True,
        parameter="eps",
    ),
    Metric(
        "loss_floor",
        "the entropy of the smoothed targets: no model can go below it; one row an eps",
        frozenset({"loss_hard"}),
        floor,
        "the least there can be",
        default=True,
        constant=True,
        parameter="eps",
    ),
    Metric(
        "loss_excess",
        "loss_smoothed - loss_floor: the mean KL divergence of p from the smoothed targets; one row an eps",
        _BOTH,
        excess,
        "smoothed loss above its floor",
        default=True,
        parameter="eps",
    ),
    Metric("perplexity", "exp(loss_hard)", _HARD, perplexity, "exp(loss_hard)", default=True),
)
