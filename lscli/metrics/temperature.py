"""The temperature of the logits, and what they are like at it.

What is measured at a temperature is another metric of a view of the samples, `SampleTable.at`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics import binned_errors, loss
from lscli.metrics.base import NOT_NEGATIVE, Metric, Settings, Value, clustered, ratio
from lscli.metrics.smoothed_losses import SmoothedLosses, hard_columns
from lscli.table import column_at, weighted_sum

if TYPE_CHECKING:
    from lscli.smoothing.targets import Targets
    from lscli.table import SampleTable, Tempered

# What the standard error of a temperature needs if samples are in clusters.
CLUSTERED_COLUMNS = frozenset({"loss_hard", "entropy"})


def _tempered(table: SampleTable) -> Tempered | None:
    return table.tempered if table.origin is None else table.origin.tempered


def no_temperature(table: SampleTable, settings: Settings) -> str:
    """Why the samples have no temperature; empty if they have one, or if none was asked for."""
    found = _tempered(table)
    return "" if found is None else found.why


def no_folds(table: SampleTable, settings: Settings) -> str:
    """Why a sample has no temperature of the samples outside of its fold."""
    found = _tempered(table)
    return "" if found is None else found.why_folds


def temperature(table: SampleTable, settings: Settings) -> list[Value]:
    """T with its sandwich standard error T^2 sqrt(sum s^2) / sum v, which clusters make that of sums by cluster."""
    found = table.tempered
    if found is None:
        raise TypeError("no temperature was asked for")
    if table.cluster is None:
        return [Value(found.temperature, found.stderr)]
    # The loss less the entropy is (E z - z_y) / T under softmax(z / T), which is s / T.
    s = table[column_at("loss_hard", "tempered")] - table[column_at("entropy", "tempered")]
    apart = math.sqrt(weighted_sum(np.square(s), table.weight))
    together = clustered(table, Value(0.0), s).stderr * table.total
    return [Value(found.temperature, found.stderr * together / apart)]


def calibration_loss(table: SampleTable, settings: Settings) -> list[Value]:
    """What the loss is above that of cross-fitted temperatures, sample by sample (Berta et al. 2025, section 4)."""
    x = table.reused(_above_refinement, settings.targets)
    return [ratio(table, x, SmoothedLosses(table, settings.targets).class_weight)]


def _above_refinement(table: SampleTable, targets: Targets) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # two infinite losses have no difference
        after = SmoothedLosses(table.at("cross_fitted"), targets).hard
        difference: np.ndarray = SmoothedLosses(table, targets).hard - after
    return difference


def _both_losses(settings: Settings) -> frozenset[str]:
    columns = hard_columns(settings)
    return columns | {column_at(name, "cross_fitted") for name in columns}


METRICS = (
    Metric(
        "temperature",
        "the T > 0 with the smallest mean nll of z/T; its standard error is T^2 sqrt(sum s^2) / sum v, s = "
        "sum_k p_k z_k - z_y and v the variance of z under p, both at T; absent if every label has a largest logit of "
        "its row (T -> 0), or if the loss falls for ever as T grows",
        frozenset({"label"}),
        temperature,
        "best divisor of the logits",
        sums="tempered",
        interval="log-normal",
        absent=no_temperature,
        within=NOT_NEGATIVE,
    ),
    Metric(
        "loss_hard_tempered",
        "loss_hard of z/T at T = temperature, fitted on the same samples; standard errors and intervals hold T fixed",
        hard_columns,
        loss.hard,
        "loss_hard at that temperature",
        at="tempered",
        absent=no_temperature,
        within=NOT_NEGATIVE,
    ),
    Metric(
        "ece_tempered",
        "ece of z/T at T = temperature, fitted on the same samples; intervals hold T fixed",
        binned_errors.rule_columns,
        binned_errors.ece,
        "ece at that temperature",
        interval="inversion",
        at="tempered",
        of_class=True,
        absent=no_temperature,
    ),
)

# The parts of the loss, in the family of proper scores.
LOSS_PARTS = (
    Metric(
        "refinement_loss",
        "loss_hard of z/T, T the temperature of the samples outside of the sample's fold: 5 folds by a hash of the "
        "row's logits, or of its cluster (Berta et al. 2025); absent if a fold has no T",
        hard_columns,
        loss.hard,
        "loss_hard, cross-fitted T",
        at="cross_fitted",
        absent=no_folds,
        within=NOT_NEGATIVE,
    ),
    Metric(
        "calibration_loss",
        "loss_hard - refinement_loss, with the standard error of the differences; it may be below 0",
        _both_losses,
        calibration_loss,
        "loss_hard - refinement_loss",
        absent=no_folds,
    ),
)
