"""How far the predicted distributions of two models are apart, whatever the labels are.

These metrics belong to a pair of models. They are computed from a table of pairs, which only `compare` makes, with
the columns of `kernels.divergence.Divergence` and those of `pair_columns`.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.base import NOT_NEGATIVE, SHARE, Metric, Settings, Value, mean
from lscli.metrics.changes import ONE_MODEL
from lscli.metrics.quantiles import column_quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

# The columns that a pass over both models fills.
DIVERGENCES = ("kl", "kl_reverse", "js")
# The columns of each model that the others are made from; labels are needed for the second set.
READS, READS_LABELS = frozenset({"predicted"}), frozenset({"loss_hard"})
_AGREES, _CHANGE = "agrees", "label_prob_change"
_QUANTILES = {"q50": 0.5, "q95": 0.95, "q99": 0.99, "q999": 0.999}
# The metrics that are a quantile of a column: the column and the share of samples below the quantile.
QUANTILES = {f"{name}_{suffix}": (name, share) for name in DIVERGENCES for suffix, share in _QUANTILES.items()}
_SUMS = {
    "kl": ("KL(p || q) = sum_k p_k ln(p_k / q_k), p of the first model and q of this one", "KL(first || this)"),
    "kl_reverse": ("KL(q || p) = sum_k q_k ln(q_k / p_k), p of the first model and q of this one", "KL(this || first)"),
    "js": (
        "the Jensen-Shannon divergence (KL(p || m) + KL(q || m)) / 2, m = (p + q) / 2 (Lin 1991), at most ln 2",
        "Jensen-Shannon divergence",
    ),
}


def pair_columns(baseline: SampleTable, model: SampleTable) -> dict[str, Array]:
    """The columns of a table of pairs that need no further pass, as far as both tables have what they are made of."""
    found = {}
    if baseline.columns.keys() & model.columns.keys() >= READS:
        found[_AGREES] = baseline["predicted"] == model["predicted"]
    if baseline.columns.keys() & model.columns.keys() >= READS_LABELS:
        found[_CHANGE] = np.exp(-model["loss_hard"]) - np.exp(-baseline["loss_hard"])
    return found


def _missing(column: str) -> Callable[[SampleTable, Settings], str]:
    return lambda table, _: "" if column in table.columns else table.lacks or ONE_MODEL


def _mean(column: str, table: SampleTable, settings: Settings) -> list[Value]:
    return [mean(table, table[column])]


def _largest(column: str, table: SampleTable, settings: Settings) -> list[Value]:
    x = table[column] if table.weight is None else table[column][table.weight > 0]
    return [Value(float(x.max()) if len(x) else math.nan)]


def _rms(table: SampleTable, settings: Settings) -> list[Value]:
    square = mean(table, np.square(table[_CHANGE]))
    rms = math.sqrt(square.value)
    return [square._replace(value=rms, stderr=square.stderr / (2 * rms) if rms else 0.0)]


def _family(name: str) -> list[Metric]:
    formula, gist = _SUMS[name]
    absent = _missing(name)
    return [
        Metric(
            name,
            f"mean of {formula}, in nats; needs lscli compare",
            frozenset(),
            partial(_mean, name),
            gist,
            absent=absent,
            interval="log-normal",
            within=NOT_NEGATIVE,
        ),
        *(
            Metric(
                f"{name}_{suffix}",
                f"the {100 * share:g} % quantile of {name} of the samples: of the ascending values, each as often as "
                f"its weight, the one at the place {share:g} (N - 1), counted from 0, linear between whole places; "
                "needs lscli compare",
                frozenset(),
                column_quantile(name, share),
                f"{100 * share:g} % have a smaller {name}"[:30],
                absent=absent,
                interval="quantile",
                within=NOT_NEGATIVE,
            )
            for suffix, share in _QUANTILES.items()
        ),
        Metric(
            f"{name}_max",
            f"the largest {name} of a sample, in nats; needs lscli compare",
            frozenset(),
            partial(_largest, name),
            f"largest {name}",
            absent=absent,
            interval="none",
            within=NOT_NEGATIVE,
        ),
    ]


METRICS = (
    *(metric for name in DIVERGENCES for metric in _family(name)),
    Metric(
        "top1_agreement",
        "share of samples for which both models predict the same class; needs lscli compare",
        frozenset(),
        partial(_mean, _AGREES),
        "same prediction",
        absent=_missing(_AGREES),
        interval="share",
        within=SHARE,
    ),
    Metric(
        "label_prob_change",
        "mean of p_y of this model less p_y of the first; needs lscli compare",
        frozenset(),
        partial(_mean, _CHANGE),
        "change of p_y",
        absent=_missing(_CHANGE),
        interval="mean",
        within=(-1.0, 1.0),
    ),
    Metric(
        "label_prob_change_rms",
        "root of the mean square of p_y of this model less p_y of the first; needs lscli compare",
        frozenset(),
        _rms,
        "size of the change of p_y",
        absent=_missing(_CHANGE),
        interval="log-normal",
        within=SHARE,
    ),
)
