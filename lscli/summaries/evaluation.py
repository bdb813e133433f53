"""The conclusion of an evaluation: one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.intervals.clusters import quantile
from lscli.report import by_metric
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lscli.report import Row

# A confidence gap outside of an interval of this level is significant; the quantile is that of independent samples.
_LEVEL, _SIGNIFICANT = 0.95, 1.96


def conclude(rows: Sequence[Row], clusters: int = 0) -> str:
    """Whether the model is over- or under-confident, how its ece compares with noise, and which eps it fits.

    Args:
        rows: the metrics of one source, all samples first.
        clusters: the number of clusters; 0 for independent samples.

    Returns:
        A sentence about those metrics that are among the rows; empty if none of them is.
    """
    found = by_metric(rows)
    clauses = [clause for clause in (_confidence(found, clusters), _floor(found), _fit(found)) if clause]
    if not clauses:
        return ""
    sentence = "; ".join(clauses)
    return sentence[0].upper() + sentence[1:] + "."


def _confidence(rows: Mapping[str, Row], clusters: int) -> str:
    gap, ece, null = (rows.get(name) for name in ("confidence_gap", "ece", "ece_null"))
    if gap is None or math.isnan(gap.value):
        return ""
    word, side = ("over-confident", "above") if gap.value > 0 else ("under-confident", "below")
    apart = f"confidence is {rounded(abs(gap.value), 3)} {side} accuracy"
    if clusters == 1:
        clause = f"{apart} (one cluster has no standard error)"
    elif abs(gap.value) > (quantile(_LEVEL, clusters) if clusters else _SIGNIFICANT) * gap.stderr:
        clause = f"{word}: {apart}"
    else:
        clause = f"confidence matches accuracy on average ({rounded(gap.value, 2, signed=True)}, within noise)"
    if ece is None or null is None or math.isnan(ece.value):
        return clause
    if ece.value <= 1.5 * null.value:
        relation = "near"
    else:
        relation = f"{rounded(ece.value / null.value, 2)} times" if null.value > 0 else "above"
    # The gap is always that of the predicted class.
    number = ece.params.get("positive_class")
    named = f"ece {rounded(ece.value, 3)}" if number is None else f"the ece of class {number}, {rounded(ece.value, 3)},"
    alone = "noise alone gives" if not clusters else "noise alone gives if samples are independent"
    return f"{clause}, and {named} is {relation} the {rounded(null.value, 2)} that {alone}"


def _floor(rows: Mapping[str, Row]) -> str:
    excess, floor = rows.get("loss_excess"), rows.get("loss_floor")
    if excess is None or floor is None or math.isnan(excess.value):
        return ""
    eps = excess.params["eps"]
    if math.isinf(excess.value):
        return f"the smoothed loss at eps {eps} is infinite, since a class is masked"
    above = f"{_bound(excess)}{rounded(excess.value, 3)} nats above its floor of {rounded(floor.value, 3)}"
    return f"the smoothed loss at eps {eps} is {above}"


def _fit(rows: Mapping[str, Row]) -> str:
    fit = rows.get("eps_gap")
    if fit is None or math.isnan(fit.value):
        return ""
    if fit.value > 1 and fit.bound != "upper":
        return "no eps fits these logits, whose labels lie below the other classes on average"
    return f"the eps that these logits fit best is {_bound(fit)}{rounded(fit.value, 2)}"


def _bound(row: Row) -> str:
    return {"lower": "at least ", "upper": "at most "}.get(row.bound, "")
