"""What changed between two models: predictions that became wrong or right, and whether that is noise.

These metrics belong to a pair of models. They are computed from a table of pairs (`pair_columns`), which only
`compare` makes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.base import CLUSTERED, SHARE, Compute, Metric, Settings, Value, mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

# The columns of each model that pairs are made from.
READS = frozenset({"predicted", "correct"})
_RIGHT_TO_WRONG, _WRONG_TO_RIGHT, _CHANGED_WRONG = "right_to_wrong", "wrong_to_right", "changed_wrong"
ONE_MODEL = "there is one model; lscli compare takes several"


def pair_columns(baseline: SampleTable, model: SampleTable) -> dict[str, Array]:
    """The columns of a table of pairs, [n] bool each, given two tables of the same samples with `READS`."""
    was, now = baseline["correct"], model["correct"]
    return {
        _RIGHT_TO_WRONG: was & ~now,
        _WRONG_TO_RIGHT: ~was & now,
        _CHANGED_WRONG: ~was & ~now & (baseline["predicted"] != model["predicted"]),
    }


def no_changes(table: SampleTable, settings: Settings) -> str:
    """Why the shares of changes are absent."""
    return "" if _CHANGED_WRONG in table.columns else ONE_MODEL


def _no_test(table: SampleTable, settings: Settings) -> str:
    """Why McNemar's test is absent: its counts must be whole and independent."""
    if _CHANGED_WRONG not in table.columns:
        return ONE_MODEL
    if table.cluster is not None:
        return CLUSTERED
    if table.weight is not None and not np.isin(table.weight, (0.0, 1.0)).all():
        return "it needs whole samples, and these have weights"
    return ""


def _share(column: str) -> Compute:
    return lambda table, _: [mean(table, table[column])]


def mcnemar(table: SampleTable, settings: Settings) -> list[Value]:
    """The exact p-value of McNemar 1947: under chance, half of the discordant samples are of either kind."""
    if not table.total:
        return [Value(math.nan)]
    weight = table.weight
    worse, better = (
        int(table[name].sum() if weight is None else weight[table[name]].sum())
        for name in (_RIGHT_TO_WRONG, _WRONG_TO_RIGHT)
    )
    # scipy.stats.binomtest gives the same, but takes half a second to import.
    from scipy.special import bdtr

    return [Value(min(1.0, 2.0 * float(bdtr(min(worse, better), worse + better, 0.5))))]


def _change(name: str, definition: str, gist: str) -> Metric:
    return Metric(name, definition, frozenset(), _share(name), gist, absent=no_changes, interval="share", within=SHARE)


METRICS = (
    _change(
        _RIGHT_TO_WRONG,
        "share of samples that the first model predicts right and this model predicts wrong; needs lscli compare",
        "right before, wrong now",
    ),
    _change(
        _WRONG_TO_RIGHT,
        "share of samples that the first model predicts wrong and this model predicts right; needs lscli compare",
        "wrong before, right now",
    ),
    _change(
        _CHANGED_WRONG,
        "share of samples that both models predict wrong, as different classes; needs lscli compare",
        "wrong in two ways",
    ),
    Metric(
        "mcnemar_p",
        "p-value of equal accuracy: the exact two-sided binomial test on the numbers of samples behind right_to_wrong "
        "and wrong_to_right (McNemar 1947); 1 if both are 0; absent for weights other than 0 and 1, and for clusters; "
        "needs lscli compare",
        frozenset(),
        mcnemar,
        "p-value of equal accuracy",
        absent=_no_test,
        interval="none",
        within=SHARE,
    ),
)
