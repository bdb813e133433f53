"""What smoothing leaves in the logits: the spread of the gaps, the largest logits, the shape of the other classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Metric, Settings, Value, mean, mean_of
from lscli.metrics.runs import runs
from lscli.metrics.smoothed_losses import Against

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lscli.table import SampleTable

_QUANTILES = (5, 25, 50, 75, 95)


def gap_sd(table: SampleTable, settings: Settings) -> list[Value]:
    gap, total = table["logit_gap"], table.total
    average = mean(table, gap).value
    if total <= 1 or not math.isfinite(average):
        return [Value(math.nan)]
    squares = mean(table, np.square(gap - average)).value
    return [Value(math.sqrt(squares * total / (total - 1)))]


def _gap_quantile(percent: int) -> Callable[[SampleTable, Settings], Sequence[Value]]:
    """The value at q (N - 1) of the ascending gaps, counted from 0, straight lines between (numpy's rule)."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        if not table.total:
            return [Value(math.nan)]
        found = runs(table, "logit_gap", lambda: table["logit_gap"])
        ends = table.derived("logit_gap ends", lambda: np.cumsum(found.weights(table)), weighted=True)
        # nan comes last, and every quantile is between values that are there.
        if math.isnan(found.value[np.searchsorted(ends, ends[-1])]):
            return [Value(math.nan)]
        place = max(0.0, percent / 100 * (float(ends[-1]) - 1))
        around = np.searchsorted(ends, [math.floor(place), math.ceil(place)], side="right")
        low, high = found.value[np.minimum(around, len(ends) - 1)]
        share = place - math.floor(place)
        between = low if low in (high, -math.inf) or share == 0 else low + (high - low) * share
        return [Value(float(between))]

    return compute


def gap_optimal(table: SampleTable, settings: Settings) -> list[Value]:
    """ln((K(1-eps)+eps)/eps), which depends on the label with a prior."""
    if table.num_classes is None:
        return []
    against = Against(table, settings.targets)
    found = []
    for eps in settings.eps:
        if eps >= 0:
            gap, params = against.optimal_gap(eps), {"eps": eps, **settings.targets.smoothing_params}
            found.append(Value(float(gap), params=params) if np.ndim(gap) == 0 else mean(table, gap, params))
    return found


def above_target(table: SampleTable, settings: Settings) -> list[Value]:
    """The share with p_y above the target's, compared as what is left to the others, which keeps its digits."""
    if table.num_classes is None:
        return []
    against = Against(table, settings.targets)
    found = []
    for eps in settings.eps:
        if eps >= 0:
            with np.errstate(divide="ignore"):
                above = table["log_not_label"] < np.log(against.target_rest(eps))
            found.append(mean(table, above, {"eps": eps, **settings.targets.smoothing_params}))
    return found


def _of_maxsup(sign: int) -> Callable[[SampleTable, Settings], Sequence[Value]]:
    """U - H is the label's logit less the mean of all; above the label are (1/K) sum_k (z_k - z_y)_+ of it."""

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        k = table["class_count"] if "class_count" in table.columns else table.num_classes
        if k is None:
            return []

        def part() -> np.ndarray:
            above = table["above_label"] / k
            if sign < 0:
                return -above
            with np.errstate(invalid="ignore"):  # a masked label: nan
                # A class that stands alone has no gap: there is nothing to take off.
                result: np.ndarray = np.where(np.equal(k, 1), 0.0, table["logit_gap"] * (k - 1) / k) + above
            return result

        return [mean(table, table.reused(f"maxsup {sign}", part))]

    return compute


def off_label_entropy(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean of H(r) / ln(K-1), r the other classes among themselves; absent for K = 2."""
    k = table.num_classes
    if k is None or k == 2:
        return []
    entropy = table["off_label_entropy"]
    if "class_count" not in table.columns:
        value = mean(table, entropy)
        return [Value(value.value / math.log(k - 1), value.stderr / math.log(k - 1))]
    # One other class, or none, has nothing to be unequal to, and takes no part.
    count = table["class_count"]
    several = table.with_weights((count > 2) * (1.0 if table.weight is None else table.weight))
    return [mean(several, entropy / np.log(np.maximum(count - 1, 2)))]


_GAP = frozenset({"logit_gap"})

METRICS = (
    Metric(
        "logit_gap_sd",
        "standard deviation of the logit gap",
        _GAP,
        gap_sd,
        "spread of the logit gap",
    ),
    *(
        Metric(
            f"logit_gap_q{percent:02}",
            f"the {percent} % quantile of the logit gap, straight lines between samples",
            _GAP,
            _gap_quantile(percent),
            f"{percent} % have a smaller gap",
        )
        for percent in _QUANTILES
    ),
    Metric(
        "logit_gap_optimal",
        "ln((K(1-eps)+eps)/eps): the logit gap at which p is the smoothed target; one row an eps",
        frozenset({"gap_of_targets"}),
        gap_optimal,
        "the gap that eps asks for",
        constant=True,
        parameter="eps",
    ),
    Metric(
        "above_target",
        "share of samples with p_y above what the smoothed target has on the label; one row an eps",
        frozenset({"log_not_label", "gap_of_targets"}),
        above_target,
        "more on y than the target",
        parameter="eps",
    ),
    Metric(
        "maxsup_regularisation",
        "mean of (1/K) sum_k (z_y - z_k)_+: what the smoothing term takes off the label's logit (Zhou et al. 2025)",
        frozenset({"logit_gap", "above_label"}),
        _of_maxsup(1),
        "U - H that regularises",
    ),
    Metric(
        "maxsup_error_enhancement",
        "- mean of (1/K) sum_k (z_k - z_y)_+: what it adds where the label is not the largest; the two add up to U - H",
        frozenset({"logit_gap", "above_label"}),
        _of_maxsup(-1),
        "U - H that enhances errors",
    ),
    Metric(
        "off_label_entropy",
        "mean entropy of the other classes among themselves, over ln(K-1): 1 is uniform; absent for K = 2",
        frozenset({"off_label_entropy"}),
        off_label_entropy,
        "1: other classes all equal",
    ),
    Metric(
        "max_logit_mean",
        "mean of the largest logit",
        frozenset({"largest_logit"}),
        mean_of("largest_logit"),
        "largest logit",
    ),
    Metric(
        "logit_margin_mean",
        "mean of the largest less the second largest logit",
        frozenset({"logit_margin"}),
        mean_of("logit_margin"),
        "its lead over the next logit",
    ),
)
