"""Statistics of logits that label smoothing changes: the logit gap, the largest logits, the other classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import NOT_NEGATIVE, SHARE, Compute, Metric, Settings, Value, column_mean, mean
from lscli.metrics.loss import no_distribution, value_per_eps
from lscli.metrics.quantiles import column_quantile
from lscli.metrics.smoothed_losses import SmoothedLosses, class_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from lscli.table import SampleTable

# Log odds with a difference up to this are equal: float32 logits of a target differ by as much from it.
_EQUAL_ODDS = 1e-6
_QUANTILES = (5, 25, 50, 75, 95)


def gap_sd(table: SampleTable, settings: Settings) -> list[Value]:
    gap, total = table["logit_gap"], table.total
    average = mean(table, gap).value
    if total <= 1 or not math.isfinite(average):
        return [Value(math.nan)]
    squares = mean(table, np.square(gap - average)).value
    return [Value(math.sqrt(squares * total / (total - 1)))]


def gap_optimal(table: SampleTable, settings: Settings) -> list[Value]:
    """ln((K(1-eps)+eps)/eps); with a prior it depends on the label."""
    return value_per_eps(table, settings, SmoothedLosses.optimal_gap, settings.targets.smoothing_params)


def above_target(table: SampleTable, settings: Settings) -> list[Value]:
    """The share of p_y above the target. ln(1 - p_y) is compared, which keeps its digits where p_y is near 1.

    Its derivative by the log odds of p_y is -p_y, so that a p_y that is the target but for rounding is not above it.
    """

    def is_above(losses: SmoothedLosses, eps: float) -> np.ndarray:
        rest = losses.target_rest(eps)
        with np.errstate(divide="ignore"):
            above: np.ndarray = losses.table["log_not_label"] < np.log(rest) - _EQUAL_ODDS * (1.0 - rest)
        return above

    return value_per_eps(table, settings, is_above, settings.targets.smoothing_params)


def _maxsup(part: Callable[[SampleTable], np.ndarray]) -> Compute:
    """The mean of one of the two parts of U - H, the label's logit less the mean of all; absent if K is unknown."""
    return lambda table, settings: [] if class_count(table) is None else [mean(table, table.reused(part))]


def _regularisation(table: SampleTable) -> np.ndarray:
    """U - H less the other part, [n]."""
    k = class_count(table)
    with np.errstate(invalid="ignore"):  # nan where the label is masked
        # A class that is alone in its row has no gap.
        result: np.ndarray = np.where(np.equal(k, 1), 0.0, table["logit_gap"] * (k - 1) / k) + table["above_label"] / k
    return result


def _error_enhancement(table: SampleTable) -> np.ndarray:
    """The part of the classes above the label, [n]: - (1/K) sum_k (z_k - z_y)_+."""
    result: np.ndarray = -(table["above_label"] / class_count(table))
    return result


def off_label_entropy(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean of H(r) / ln(K-1), r the distribution among the other classes; absent for K = 2."""
    k = table.num_classes
    if k is None or k == 2:
        return []
    entropy = table["off_label_entropy"]
    if "class_count" not in table.columns:
        return [mean(table, entropy).times(1 / math.log(k - 1))]
    # Rows with fewer than two other classes are excluded.
    count = table["class_count"]
    several = table.with_weights((count > 2) * (1.0 if table.weight is None else table.weight))
    return [mean(several, entropy / np.log(np.maximum(count - 1, 2)))]


_GAP = frozenset({"logit_gap"})
# Metrics that read the label are absent for soft labels and for tables without logits.
_TARGET = frozenset({"label"})
_MAXSUP = frozenset({"logit_gap", "above_label"})

METRICS = (
    Metric(
        "logit_gap_sd",
        "standard deviation of the logit gap g, sqrt(sum w (g - logit_gap_mean)^2 / (N - 1)); missing for N <= 1 and "
        "where a gap is infinite",
        _GAP,
        gap_sd,
        "spread of the logit gap",
        within=NOT_NEGATIVE,
    ),
    *(
        Metric(
            f"logit_gap_q{percent:02}",
            f"the {percent} % quantile of the logit gap: of the ascending gaps, each as often as its weight, the one "
            f"at the place {percent / 100:g} (N - 1), counted from 0, linear between whole places; at a whole place j "
            "is the first gap whose cumulative weight is above j",
            _GAP,
            column_quantile("logit_gap", percent / 100),
            f"{percent} % have a smaller gap",
            rises=_GAP,
        )
        for percent in _QUANTILES
    ),
    Metric(
        "logit_gap_optimal",
        "the logit gap at which p is the smoothed target q': ln q'_y less the mean of ln q'_k over the other classes, "
        "ln((K(1-eps)+eps)/eps) for uniform smoothing, or its mean over the samples; one row per eps",
        _TARGET,
        gap_optimal,
        "gap of the smoothed targets",
        interval="none",
        absent=no_distribution,
        parameter="eps",
        formula=r"\ln \frac{K (1 - \epsilon) + \epsilon}{\epsilon}",
    ),
    Metric(
        "above_target",
        "share of samples whose p_y is above the smoothed target's probability a of the label: ln(p_y/(1-p_y)) is more "
        "than 1e-6 above ln(a/(1-a)), so that p_y = a but for rounding is not above; one row per eps",
        _TARGET | {"log_not_label"},
        above_target,
        "share with p_y above target",
        absent=no_distribution,
        parameter="eps",
        interval="share",
        within=SHARE,
        falls=frozenset({"log_not_label"}),
    ),
    Metric(
        "maxsup_regularisation",
        "mean of (1/K) sum_k (z_y - z_k)_+: the part of U - H that lowers the label's logit (Zhou et al. 2025)",
        _MAXSUP,
        _maxsup(_regularisation),
        "U - H that regularises",
    ),
    Metric(
        "maxsup_error_enhancement",
        "- mean of (1/K) sum_k (z_k - z_y)_+: the part of U - H from classes above the label; the two parts add up to "
        "U - H",
        _MAXSUP,
        _maxsup(_error_enhancement),
        "U - H that enhances errors",
    ),
    Metric(
        "off_label_entropy",
        "mean of the entropy of p, renormalised to the classes other than the label, divided by ln(K-1): 1 is uniform; "
        "over the rows with K > 2, each with its own K; absent for K = 2",
        frozenset({"off_label_entropy"}),
        off_label_entropy,
        "1: other classes all equal",
        within=SHARE,
    ),
    column_mean("max_logit_mean", "mean of the largest logit", "largest_logit", "largest logit", chosen_by="all"),
    column_mean(
        "logit_margin_mean",
        "mean of the largest less the second largest logit",
        "logit_margin",
        "largest less second largest",
        chosen_by="all",
    ),
)
