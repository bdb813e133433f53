"""What a sweep says in words: over- or under-smoothed, the eps that fits, and which model is better where.

Nothing is said to be so unless its interval says it: the bootstrap's, or the normal one of the standard error.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from lscli.intervals.normal import band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.report import Row


def verdict(rows: Sequence[Row], level: float = 0.95) -> str:
    """One or two sentences a model, and one on each further model against the first.

    Args:
        rows: those of all samples, by source; the first source is the baseline.
        level: of the intervals.
    """
    sources = list(dict.fromkeys(row.source for row in rows))
    of_source = {source: [row for row in rows if row.source == source] for source in sources}
    several = len(sources) > 1
    parts = []
    for source, own in of_source.items():
        found = _smoothing(own, level)
        if several and found:
            parts.append(f"{source}: {found[0]}")
        elif found:
            parts.append(found[0][:1].upper() + found[0][1:])
        parts.extend(found[1:])
    parts.extend(_ranking(sources[0], source, of_source[source], level) for source in sources[1:])
    return " ".join(part for part in parts if part)


def _smoothing(rows: Sequence[Row], level: float) -> list[str]:
    """Sentences on one model, the first of them beginning with a small letter."""
    first = {row.metric: row for row in reversed(rows)}
    found = []
    if "smoothing_balance" in first:
        found.append(_balance(first["smoothing_balance"], level))
    found += [_fit(first, level), _least(rows)]
    return [sentence for sentence in found if sentence]


def _balance(row: Row, level: float) -> str:
    if math.isnan(row.value):
        return ""
    low, high = band(row, level)
    if math.isnan(low):
        return f"no verdict on the smoothing: a balance of {row.value:+.3g} without an interval."
    of = f"{row.value:+.3g} ({_interval(low, high, level)})"
    if low > 0:
        return f"over-smoothed (under-confident): the smoothing balance {of} is above 0."
    if high < 0:
        return f"under-smoothed (over-confident): the smoothing balance {of} is below 0."
    return f"neither over- nor under-smoothed: the smoothing balance {of} is within noise."


def _fit(rows: dict[str, Row], level: float) -> str:
    fit, gap = rows.get("eps_gap"), rows.get("logit_gap_mean")
    if fit is None or gap is None or math.isnan(fit.value):
        return ""
    if fit.value > 1:
        return f"No eps fits these logits, whose mean logit gap is {gap.value:.3g}: the labels lie below other classes."
    interval = "" if math.isnan(fit.ci_low) else f" ({_interval(fit.ci_low, fit.ci_high, level)})"
    optimal = rows.get("logit_gap_optimal")
    convention = "" if optimal is None or "smoothing" not in optimal.params else " of uniform smoothing"
    best = f"The eps{convention} that the logits fit best is {fit.value:.3g}{interval}"
    return f"{best}, whose optimal gap is their mean of {gap.value:.3g}."


def _least(rows: Sequence[Row]) -> str:
    row = least_excess(rows)
    several = sum(row.metric == "loss_excess" for row in rows) > 1
    return f"Of the sweep, eps {eps_of(row)} has the least excess, {row.value:.3g} nats." if row and several else ""


def least_excess(rows: Sequence[Row]) -> Row | None:
    """The row of the finite excess that is the smallest."""
    found = [row for row in rows if row.metric == "loss_excess" and math.isfinite(row.value)]
    return min(found, key=lambda row: row.value, default=None)


def _ranking(first: str, other: str, rows: Sequence[Row], level: float) -> str:
    """Which of two models has the smaller smoothed loss, at those eps whose band leaves 0 out."""
    curve = sorted((row for row in rows if row.metric == "loss_difference"), key=lambda row: row.params["eps"])
    if not curve:
        return ""
    winners = [_winner(row, first, other, level) for row in curve]
    known = [name for name in winners if name]
    if not known:
        return f"Between {first} and {other} no difference in loss is beyond noise, whatever eps of the sweep."
    noise = _where(curve, [not name for name in winners])
    rest = f"; at eps {noise} it is within noise" if noise else ""
    flip = next((row for row in rows if row.metric == "loss_flip_eps" and not math.isnan(row.value)), None)
    if known[0] != known[-1] and flip is not None:
        low, high = band(flip, level)
        interval = "" if math.isnan(low) else f" ({_interval(low, high, level)})"
        return f"{known[0]} has the smaller loss below eps {flip.value:.3g}{interval}, {known[-1]} above{rest}."
    if len(set(known)) == 1 and not noise:
        return f"{known[0]} has the smaller loss at every eps of the sweep."
    best, *more = dict.fromkeys(known)
    where = {name: _where(curve, [winner == name for winner in winners]) for name in (best, *more)}
    also = "".join(f", {name} at eps {where[name]}" for name in more)
    return f"{best} has the smaller loss at eps {where[best]}{also}{rest}."


def _where(curve: Sequence[Row], chosen: Sequence[bool]) -> str:
    """The eps of the chosen rows, those in a row as `first to last`."""
    runs = [
        [eps_of(row) for _, row in run]
        for which, run in itertools.groupby(zip(chosen, curve, strict=True), key=lambda pair: pair[0])
        if which
    ]
    return " and ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _winner(row: Row, first: str, other: str, level: float) -> str:
    low, high = band(row, level)
    return first if low > 0 else other if high < 0 else ""


def eps_of(row: Row) -> str:
    """The eps of a row as text."""
    return f"{row.params['eps']:g}"


def _interval(low: float, high: float, level: float) -> str:
    return f"{100 * level:g} % interval {low:.3g} .. {high:.3g}"
