"""The numbers in one plain sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.report import Row

# A gap is called one when it is this many standard errors wide: two-sided, 95 %.
_SIGNIFICANT = 1.96


def conclude(rows: Sequence[Row]) -> str:
    """Whether the model is over- or under-confident, by how much against noise, and what smoothing has to do with it.

    It speaks only of metrics that are among the rows; without any of them it is empty.
    """
    first = {row.metric: row for row in reversed(rows)}
    clauses = [clause for clause in (_confidence(first), _floor(first), _fit(first)) if clause]
    if not clauses:
        return ""
    sentence = "; ".join(clauses)
    return sentence[0].upper() + sentence[1:] + "."


def _confidence(rows: dict[str, Row]) -> str:
    gap, ece, null = (rows.get(name) for name in ("confidence_gap", "ece", "ece_null"))
    if gap is None or math.isnan(gap.value):
        return ""
    clear = abs(gap.value) > _SIGNIFICANT * gap.stderr
    if clear:
        word = "over-confident" if gap.value > 0 else "under-confident"
        side = "above" if gap.value > 0 else "below"
        clause = f"{word}: confidence is {abs(gap.value):.3g} {side} accuracy"
    else:
        clause = f"confidence matches accuracy on average ({gap.value:+.2g}, within noise)"
    if ece is None or null is None or math.isnan(ece.value):
        return clause
    relation = "near" if ece.value <= 1.5 * null.value else _times(ece.value, null.value)
    return f"{clause}, and ece {ece.value:.3g} is {relation} the {null.value:.2g} that noise alone gives"


def _times(value: float, least: float) -> str:
    return f"{value / least:.2g} times" if least > 0 else "above"


def _floor(rows: dict[str, Row]) -> str:
    excess, floor = rows.get("loss_excess"), rows.get("loss_floor")
    if excess is None or floor is None or math.isnan(excess.value):
        return ""
    eps = excess.params["eps"]
    if math.isinf(excess.value):
        return f"the smoothed loss at eps {eps} is infinite, since a class is masked"
    return f"the smoothed loss at eps {eps} is {excess.value:.3g} nats above its floor of {floor.value:.3g}"


def _fit(rows: dict[str, Row]) -> str:
    fit = rows.get("eps_gap")
    if fit is None or math.isnan(fit.value):
        return ""
    if fit.value > 1:
        return "no eps fits these logits, whose labels lie below the other classes on average"
    return f"the eps that these logits fit best is {fit.value:.2g}"
