"""The conclusion of an evaluation: one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.report import by_metric
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lscli.report import Row
    from lscli.summaries.evidence import Evidence

# The share of calibrated models about which nothing is said.
LEVEL = 0.95


def conclude(rows: Sequence[Row], evidence: Evidence) -> str:
    """Whether the model is over- or under-confident, how its ece compares with noise, and which eps it fits.

    Args:
        rows: the metrics of one source, all samples first.
        evidence: what the samples show beyond noise at LEVEL.

    Returns:
        A sentence about those metrics that are among the rows; empty if none of them is.
    """
    found = by_metric(rows)
    clauses = [clause for clause in (_confidence(found, evidence), _floor(found), _fit(found, evidence)) if clause]
    if not clauses:
        return ""
    sentence = "; ".join(clauses)
    return sentence[0].upper() + sentence[1:] + "."


def _confidence(rows: Mapping[str, Row], evidence: Evidence) -> str:
    gap, clusters = rows.get("confidence_gap"), evidence.clusters
    if gap is None or math.isnan(gap.value):
        return ""
    apart = f"confidence is {rounded(abs(gap.value), 3)} {'above' if gap.value > 0 else 'below'} accuracy"
    if clusters == 1:
        clause = f"{apart} (one cluster has no standard error)"
    elif evidence.gap:
        clause = f"{evidence.gap}: {apart}"
    else:
        clause = f"{apart}, within noise" if gap.value else "confidence equals accuracy on average"
    return f"{clause}{_error(rows, evidence, miscalibrated=bool(evidence.gap))}"


def _error(rows: Mapping[str, Row], evidence: Evidence, *, miscalibrated: bool) -> str:
    """How ece compares with that of noise; it is not called noise beside a gap that is more."""
    ece, null = rows.get("ece"), rows.get("ece_null")
    if ece is None or null is None or math.isnan(ece.value):
        return ""
    # The gap is always that of the predicted class.
    number = ece.params.get("positive_class")
    name, value = "ece" if number is None else f"the ece of class {number}", rounded(ece.value, 3)
    named = f"{name} {value}" if number is None else f"{name}, {value},"
    noise = rounded(null.value, 2)
    beyond = evidence.ece and ece.ci_low != 0  # of another level, or simulated, the interval may still begin at 0
    if beyond and null.value > 0:
        return f", and {named} is {rounded(ece.value / null.value, 2)} times the {noise} that noise alone gives"
    if beyond:
        return f", and {named} is above the {noise} that noise alone gives"
    if evidence.ece is False and not miscalibrated:
        return f", and {named} is within the noise of a calibrated model, {noise} on average"
    independent = " if samples are independent" if evidence.clusters else ""
    return f", and {name} is {value}, where noise alone gives {noise}{independent}"


def _floor(rows: Mapping[str, Row]) -> str:
    excess, floor = rows.get("loss_excess"), rows.get("loss_floor")
    if excess is None or floor is None or math.isnan(excess.value):
        return ""
    eps = excess.params["eps"]
    if math.isinf(excess.value):
        return f"the smoothed loss at eps {eps} is infinite, since a class is masked"
    above = f"{_bound(excess)}{rounded(excess.value, 3)} nats above its floor of {rounded(floor.value, 3)}"
    return f"the smoothed loss at eps {eps} is {above}"


def _fit(rows: Mapping[str, Row], evidence: Evidence) -> str:
    fit, marks = rows.get("eps_gap"), evidence.marks
    if fit is not None and fit.value > 1 and fit.bound != "upper":
        return "no eps fits these logits, whose labels lie below the other classes on average"
    if marks is None or not marks.smoothed:
        return ""
    return f"the logits look smoothed, and fit eps {rounded(marks.eps, 2)} best"


def _bound(row: Row) -> str:
    return {"lower": "at least ", "upper": "at most "}.get(row.bound, "")
