"""The temperature of the logits, and what they are like at it.

What is measured at a temperature is another metric of a view of the samples, `SampleTable.at`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics import binned_errors
from lscli.metrics.base import NOT_NEGATIVE, Metric, Settings, Value, clustered, mean
from lscli.metrics.bins import rule_columns
from lscli.table import column_at, weighted_sum

if TYPE_CHECKING:
    from lscli.table import SampleTable, Tempered

_WEIGHTED = "the temperature is that of the loss without class weights"
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


def no_loss_at_temperature(table: SampleTable, settings: Settings) -> str:
    """Why there is no loss at the temperature, which is that of the loss without class weights."""
    return _WEIGHTED if settings.targets.class_weighted else no_temperature(table, settings)


def no_loss_of_folds(table: SampleTable, settings: Settings) -> str:
    """The same for the temperatures of folds."""
    return _WEIGHTED if settings.targets.class_weighted else no_folds(table, settings)


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


def _loss(table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, table["loss_hard"])]


def calibration_loss(table: SampleTable, settings: Settings) -> list[Value]:
    """What the loss is above that of cross-fitted temperatures, sample by sample (Berta et al. 2025, section 4)."""
    return [mean(table, table.reused(_above_refinement))]


def _above_refinement(table: SampleTable) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # two infinite losses have no difference
        difference: np.ndarray = table["loss_hard"] - table[column_at("loss_hard", "cross_fitted")]
    return difference


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
        "loss_hard of z/T at T = temperature, fitted on the same samples; standard errors and intervals hold T fixed; "
        "absent with class weights",
        frozenset({"loss_hard"}),
        _loss,
        "loss_hard at that temperature",
        at="tempered",
        absent=no_loss_at_temperature,
        within=NOT_NEGATIVE,
        better="lower",
    ),
    Metric(
        "ece_tempered",
        "ece of z/T at T = temperature, fitted on the same samples; intervals hold T fixed",
        rule_columns,
        binned_errors.ece,
        "ece at that temperature",
        interval="inversion",
        at="tempered",
        of_class=True,
        absent=no_temperature,
        better="lower",
    ),
)

# The parts of the loss, in the family of proper scores.
LOSS_PARTS = (
    Metric(
        "refinement_loss",
        "loss_hard of z/T, T the temperature of the samples outside of the sample's fold: 5 folds by a hash of the "
        "row's logits, or of its cluster (Berta et al. 2025); absent if a fold has no T, and with class weights",
        frozenset({"loss_hard"}),
        _loss,
        "loss_hard, cross-fitted T",
        at="cross_fitted",
        absent=no_loss_of_folds,
        within=NOT_NEGATIVE,
        better="lower",
    ),
    Metric(
        "calibration_loss",
        "loss_hard - refinement_loss, which may be below 0; its standard error is that of the differences and holds "
        "each T fixed",
        frozenset({"loss_hard", column_at("loss_hard", "cross_fitted")}),
        calibration_loss,
        "loss_hard - refinement_loss",
        absent=no_loss_of_folds,
        better="lower",
    ),
)
