"""Two models on the same samples: by how much their smoothed losses differ, and at which eps their ranking flips.

The loss of a sample is a straight line in eps (for `classy` in eps/(1+eps)), and its two ends determine it:
L(t) = (1-t) first + t last. A table of differences holds both ends of each sample's difference. For any weights, the
mean of differences is the difference of means, so that a resample of this table is a paired resample of both models.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.base import SHARE, Metric, Settings, Value, mean, ratio
from lscli.metrics.loss import params
from lscli.metrics.smoothed_losses import SmoothedLosses, with_label
from lscli.table import SampleTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]

HARD, SPREAD = "hard_difference", "spread_difference"


def paired_columns(settings: Settings) -> frozenset[str]:
    """The columns that both tables need besides their losses: `row` pairs the samples, the label selects its weight."""
    return with_label(settings, "row")


def differences(first: SampleTable, other: SampleTable, targets: Targets) -> SampleTable:
    """The table of differences, other less first, of two tables of the same rows."""
    (hard, spread), (other_hard, other_spread) = (_ends(SmoothedLosses(table, targets)) for table in (first, other))
    with np.errstate(invalid="ignore"):  # two infinite losses have no difference
        columns = {HARD: other_hard - hard, SPREAD: other_spread - spread}
    columns |= {name: first[name] for name in ("row", "label") if name in first.columns}
    return SampleTable(columns, first.num_classes, first.weight, first.cluster)


def _one_model(table: SampleTable, settings: Settings) -> str:
    return "" if table.has(frozenset({HARD, SPREAD})) else "there is one model; lscli sweep takes several"


def _ends(losses: SmoothedLosses) -> tuple[Array, Array]:
    """The numerators of the losses at both ends of the line, [n] each."""
    return losses.hard, losses.at(1.0) if losses.targets.convention.others_only else losses.mixed_in


def loss_difference(table: SampleTable, settings: Settings) -> list[Value]:
    return [_difference(table, settings, eps) for eps in settings.eps]


def _difference(table: SampleTable, settings: Settings, eps: float) -> Value:
    t = settings.targets.convention.position(eps)
    if table.origin is not None and t not in (0, 1):
        # In a resample two means are enough for every eps.
        hard, spread = table.kept_weighted(_means_at_both_ends, settings.targets)
        return Value((1.0 - t) * hard + t * spread, params=params(eps, settings))
    x = table[HARD] if t == 0 else table[SPREAD] if t == 1 else (1.0 - t) * table[HARD] + t * table[SPREAD]
    return ratio(table, x, SmoothedLosses(table, settings.targets).class_weight, params(eps, settings))


def _means_at_both_ends(table: SampleTable, targets: Targets) -> tuple[float, float]:
    """The mean differences at t = 0 and t = 1."""
    class_weight = SmoothedLosses(table, targets).class_weight
    hard, spread = (ratio(table, table[name], class_weight).value for name in (HARD, SPREAD))
    return hard, spread


def flip(table: SampleTable, settings: Settings) -> list[Value]:
    """The eps where the mean difference is 0, a ratio with its linearised standard error.

    A resample without a flip counts as a flip at 1 if its ranking is that of the samples at eps = 0, else as a flip
    at 0. So no resample is left out, and an interval that ends at 0 or 1 is open there.
    """
    hard, described = table[HARD], settings.targets.described
    slope = table.reused(_slope)
    start, rise = mean(table, hard).value, mean(table, slope).value
    end = start + settings.targets.convention.position(1.0) * rise
    if not math.isfinite(end):
        return [Value(math.nan, params=described)]
    if start * end >= 0:
        side = math.nan
        if table.origin is not None:
            side = float(table.origin.kept_weighted(_mean_at_start) * (start + end) > 0)
        return [Value(side, params=described)]
    sign = math.copysign(1.0, rise)
    place = ratio(table, -sign * hard, sign * slope) if table.origin is None else Value(-start / rise)
    eps = settings.targets.convention.eps_at(place.value)
    # The derivative of `eps_at` is (eps / place)^2 for every convention: 1, except for classy.
    # It is not a mean: with clusters, its interval comes from resamples.
    return [Value(eps, place.stderr * (eps / place.value) ** 2, described)]


def _slope(table: SampleTable) -> Array:
    return np.subtract(table[SPREAD], table[HARD])


def _mean_at_start(table: SampleTable) -> float:
    return mean(table, table[HARD]).value


METRICS = (
    Metric(
        "loss_difference",
        "loss_smoothed less that of the first model on the same samples, with the paired standard error; below 0 this "
        "model has the smaller loss; needs several models; one row per eps",
        paired_columns,
        loss_difference,
        "smoothed loss less the first's",
        absent=_one_model,
        parameter="eps",
    ),
    Metric(
        "loss_flip_eps",
        "the eps at which loss_difference is 0, -dH/(dU - dH), as --smoothing counts eps: below and above it different "
        "models have the smaller loss; missing unless it is in (0, 1); an interval that ends at 0 or 1 is open there",
        paired_columns,
        flip,
        "eps at which the ranking flips",
        absent=_one_model,
        within=SHARE,
    ),
)
