"""Two models on the same samples: by how much their smoothed losses differ, and at which eps their ranking flips.

The loss of a sample is a straight line in eps (for `classy` in eps/(1+eps)), so that its two ends are all there is
to know: L(t) = (1-t) first + t last. A table of differences holds both, and the mean of them is the difference of
the means, for any weights: a resample of this table is a paired resample of both models.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.base import Metric, Settings, Value, mean, ratio
from lscli.metrics.smoothed_losses import Against, hard_columns
from lscli.table import SampleTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]

HARD, SPREAD = "hard_difference", "spread_difference"


def paired_columns(settings: Settings) -> frozenset[str]:
    """What both tables need besides their losses: the samples of a pair have one row number."""
    return frozenset({"row"}) | (hard_columns(settings) - {"loss_hard"})


def differences(first: SampleTable, other: SampleTable, targets: Targets) -> SampleTable:
    """The samples of two tables of the same rows, [n], by what each loses in the other model less in the first."""
    (hard, spread), (other_hard, other_spread) = (_ends(Against(table, targets)) for table in (first, other))
    with np.errstate(invalid="ignore"):  # two infinite losses have no difference
        columns = {HARD: other_hard - hard, SPREAD: other_spread - spread}
    columns |= {name: first[name] for name in ("row", "label") if name in first.columns}
    return SampleTable(columns, first.num_classes, first.weight)


def _ends(against: Against) -> tuple[Array, Array]:
    """The numerators of the losses at both ends of the line, [n] each."""
    return against.hard, against.losses(1.0) if against.targets.convention.others_only else against.spread


def loss_difference(table: SampleTable, settings: Settings) -> list[Value]:
    if not table.has(frozenset({HARD, SPREAD})):
        return []
    return [_difference(table, settings, eps) for eps in settings.eps]


def _difference(table: SampleTable, settings: Settings, eps: float) -> Value:
    params = {"eps": eps, **settings.targets.described}
    t, by = settings.targets.convention.position(eps), Against(table, settings.targets).by
    if table.origin is not None and t not in (0, 1):
        # Two sums of a resample are enough for every eps.
        hard, spread = table.derived(
            f"ends {settings.targets.key}",
            lambda: [ratio(table, table[c], by).value for c in (HARD, SPREAD)],
            weighted=True,
        )
        return Value((1.0 - t) * hard + t * spread, params=params)
    x = table[HARD] if t == 0 else table[SPREAD] if t == 1 else (1.0 - t) * table[HARD] + t * table[SPREAD]
    return ratio(table, x, by, params)


def flip(table: SampleTable, settings: Settings) -> list[Value]:
    """The root of the mean line, with its linearised standard error as that of a ratio.

    A resample whose ranking does not flip says on which side the flip went: 1 where all of it is as the samples
    are at eps = 0, else 0. So an interval that ends at 0 or 1 is open there, and none is of the flips alone.
    """
    if not table.has(frozenset({HARD, SPREAD})):
        return []
    hard, params = table[HARD], dict(settings.targets.described)
    slope = table.reused("slope of the difference", lambda: table[SPREAD] - hard)
    start, rise = mean(table, hard).value, mean(table, slope).value
    end = start + settings.targets.convention.position(1.0) * rise
    if not math.isfinite(end):
        return [Value(math.nan, params=params)]
    if start * end >= 0:
        side = math.nan if table.origin is None else _side(table.origin, start + end)
        return [Value(side, params=params)]
    sign = math.copysign(1.0, rise)
    place = ratio(table, -sign * hard, sign * slope) if table.origin is None else Value(-start / rise)
    eps = settings.targets.convention.eps_at(place.value)
    # The derivative of `eps_at` is (eps / place)^2 for every convention: 1, except for classy.
    return [Value(eps, place.stderr * (eps / place.value) ** 2, params)]


def _side(origin: SampleTable, difference: float) -> float:
    start = origin.derived("start of the difference", lambda: mean(origin, origin[HARD]).value, weighted=True)
    return 1.0 if start * difference > 0 else 0.0


# A word that stands for columns: the differences themselves are filled by no pass over one model's logits.
_PAIRED = frozenset({"paired"})

METRICS = (
    Metric(
        "loss_difference",
        "loss_smoothed less that of the first model on the same samples, with the paired standard error; below 0 this "
        "model has the smaller loss; only of several models; one row an eps",
        _PAIRED,
        loss_difference,
        "smoothed loss less the first's",
        parameter="eps",
    ),
    Metric(
        "loss_flip_eps",
        "the eps at which loss_difference is 0, -dH/(dU - dH) in the measure of --smoothing: which model has the "
        "smaller loss changes there; missing unless it is in (0, 1); an interval that ends at 0 or 1 is open there",
        _PAIRED,
        flip,
        "eps at which the ranking flips",
    ),
)
