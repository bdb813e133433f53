"""How the logit gaps are distributed: the label's logit less the mean of the others.

Label smoothing draws all of them to one number, the optimum.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.curves.binned_samples import counts
from lscli.curves.chart import Curve, Source
from lscli.errors import InputError
from lscli.metrics.base import mean
from lscli.metrics.smoothed_losses import SmoothedLosses

if TYPE_CHECKING:
    from lscli.metrics.base import Settings

_BINS = 60
# The bins reach over this central share of the samples; the outermost ones hold the others.
_CENTRAL = 0.999


class GapPoint(NamedTuple):
    """A bin of logit gaps.

    Attributes:
        low, high: the edges of the bin.
        size: the number of samples, by their weights.
    """

    low: float
    high: float
    size: float


def _compute(given: Source) -> tuple[list[GapPoint], dict[str, float], str]:
    table, settings = given.table, given.settings
    if not table.has(_columns(settings)):
        what = "the samples have no logit gaps, which need the logits of all classes"
        raise InputError(what, "give logits, or say --chart confidence")
    gap = table["logit_gap"]
    weight = np.ones(len(gap)) if table.weight is None else table.weight
    finite = np.isfinite(gap) & (weight > 0)
    left_out = float(weight[~finite & (weight > 0)].sum())
    note = f"{left_out:g} samples with an infinite logit gap are left out" if left_out else ""
    kept = table if finite.all() else table.select(finite)
    facts = {"logit_gap_mean": mean(kept, kept["logit_gap"]).value}
    losses = SmoothedLosses(table, settings.targets)
    for eps in settings.eps:
        facts[f"logit_gap_optimal@{eps:g}"] = _mean_of(losses.optimal_gap(eps), weight)
    if not finite.any():
        return [], facts, note
    gap, weight = gap[finite], weight[finite]
    low, high = np.quantile(gap, ((1 - _CENTRAL) / 2, (1 + _CENTRAL) / 2))
    edges = np.linspace(low, high, _BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    size, _ = np.histogram(np.clip(gap, edges[0], edges[-1]), edges, weights=weight)
    points = [GapPoint(*row) for row in zip(edges[:-1].tolist(), edges[1:].tolist(), counts(size), strict=True)]
    return points, facts, note


def _mean_of(gap: object, weight: np.ndarray) -> float:
    """The mean of the optimum, which is one number unless it depends on the label; nan if it is infinite."""
    of_samples = np.broadcast_to(np.asarray(gap, np.float64), weight.shape)
    counted = weight > 0
    with np.errstate(invalid="ignore"):
        found = float(np.average(of_samples[counted], weights=weight[counted])) if counted.any() else math.nan
    return found if math.isfinite(found) else math.nan


def _columns(settings: Settings) -> frozenset[str]:
    return frozenset({"logit_gap", "label"})


CURVE = Curve(GapPoint, _columns, _compute)
