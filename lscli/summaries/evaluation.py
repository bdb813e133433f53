"""The conclusion of an evaluation: one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.report import by_metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lscli.report import Row

# The 97.5 % quantile of the normal distribution: a confidence gap of more standard errors is significant at 5 %.
_SIGNIFICANT = 1.96


def conclude(rows: Sequence[Row]) -> str:
    """Whether the model is over- or under-confident, how its ece compares with noise, and which eps it fits.

    Args:
        rows: the metrics of one source, all samples first.

    Returns:
        A sentence about those metrics that are among the rows; empty if none of them is.
    """
    found = by_metric(rows)
    clauses = [clause for clause in (_confidence(found), _floor(found), _fit(found)) if clause]
    if not clauses:
        return ""
    sentence = "; ".join(clauses)
    return sentence[0].upper() + sentence[1:] + "."


def _confidence(rows: Mapping[str, Row]) -> str:
    gap, ece, null = (rows.get(name) for name in ("confidence_gap", "ece", "ece_null"))
    if gap is None or math.isnan(gap.value):
        return ""
    if abs(gap.value) > _SIGNIFICANT * gap.stderr:
        word, side = ("over-confident", "above") if gap.value > 0 else ("under-confident", "below")
        clause = f"{word}: confidence is {abs(gap.value):.3g} {side} accuracy"
    else:
        clause = f"confidence matches accuracy on average ({gap.value:+.2g}, within noise)"
    if ece is None or null is None or math.isnan(ece.value):
        return clause
    if ece.value <= 1.5 * null.value:
        relation = "near"
    else:
        relation = f"{ece.value / null.value:.2g} times" if null.value > 0 else "above"
    # The gap is always that of the predicted class.
    number = ece.params.get("positive_class")
    named = f"ece {ece.value:.3g}" if number is None else f"the ece of class {number}, {ece.value:.3g},"
    return f"{clause}, and {named} is {relation} the {null.value:.2g} that noise alone gives"


def _floor(rows: Mapping[str, Row]) -> str:
    excess, floor = rows.get("loss_excess"), rows.get("loss_floor")
    if excess is None or floor is None or math.isnan(excess.value):
        return ""
    eps = excess.params["eps"]
    if math.isinf(excess.value):
        return f"the smoothed loss at eps {eps} is infinite, since a class is masked"
    above = f"{_bound(excess)}{excess.value:.3g} nats above its floor of {floor.value:.3g}"
    return f"the smoothed loss at eps {eps} is {above}"


def _fit(rows: Mapping[str, Row]) -> str:
    fit = rows.get("eps_gap")
    if fit is None or math.isnan(fit.value):
        return ""
    if fit.value > 1 and fit.bound != "upper":
        return "no eps fits these logits, whose labels lie below the other classes on average"
    return f"the eps that these logits fit best is {_bound(fit)}{fit.value:.2g}"


def _bound(row: Row) -> str:
    return {"lower": "at least ", "upper": "at most "}.get(row.bound, "")
