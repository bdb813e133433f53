"""The conclusion of a sweep: over- or under-confident, the eps that fits best, and which model has the smaller loss.

Each statement needs an interval that supports it: the one of `--ci`, or else that of the standard error. What is said
of confidence also needs a gap that a calibrated model does not show by chance.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.intervals.clusters import quantile, quantile_of_lines
from lscli.intervals.normal import band
from lscli.metrics.smoothing_marks import EPS
from lscli.report import by_metric, least_excess, rows_by_source
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lscli.intervals.gap_test import Side
    from lscli.metrics.smoothing_marks import Marks
    from lscli.report import Row
    from lscli.summaries.evidence import Evidence

_CONFIDENCE: dict[tuple[Side, bool], str] = {
    ("over-confident", False): "over-confident",
    ("over-confident", True): "under-smoothed (over-confident)",
    ("under-confident", False): "under-confident",
    ("under-confident", True): "over-smoothed (under-confident)",
}


class Certainty(NamedTuple):
    """How certain a statement has to be.

    Attributes:
        level: the level of the intervals.
        quantile: by how many standard errors an interval without resamples reaches to each side.
        of_lines: the same for an interval that holds at every eps at once.
    """

    level: float
    quantile: float
    of_lines: float

    @classmethod
    def of(cls, level: float, clusters: int) -> Certainty:
        """The certainty of a level; `clusters` is 0 for independent samples."""
        return cls(level, quantile(level, clusters), quantile_of_lines(level, clusters))


def verdict(rows: Sequence[Row], evidence: Mapping[str, Evidence], level: float = 0.95, clusters: int = 0) -> str:
    """A few sentences on each model, and one on each further model against the first.

    Args:
        rows: the metrics of all samples, without those of groups; the first source is the baseline.
        evidence: what the samples of each source show beyond noise at this level.
        level: the level of the intervals.
        clusters: the least number of clusters; 0 for independent samples.

    Returns:
        The sentences; empty if none of their metrics is among the rows.
    """
    certainty = Certainty.of(level, clusters)
    models = list(rows_by_source(rows))
    sentences = []
    for source, own in models:
        found = _smoothing(own, evidence[source], certainty)
        if found and len(models) > 1:
            found[0] = f"{source}: {found[0]}"
        elif found:
            found[0] = found[0][:1].upper() + found[0][1:]
        sentences += found
    sentences += [_ranking(models[0][0], source, own, certainty) for source, own in models[1:]]
    return " ".join(sentence for sentence in sentences if sentence)


def _smoothing(rows: Sequence[Row], evidence: Evidence, certainty: Certainty) -> list[str]:
    """Sentences on one model; the first one may begin with a small letter."""
    found = by_metric(rows)
    balance = _balance(found.get("smoothing_balance"), evidence, certainty)
    sentences = [balance, _fit(found, evidence.marks, certainty.level), _least(rows)]
    return [sentence for sentence in sentences if sentence]


def _balance(row: Row | None, evidence: Evidence, certainty: Certainty) -> str:
    if row is None or math.isnan(row.value):
        return ""
    low, high = band(row, certainty.quantile)
    value = rounded(row.value, 3, signed=True)
    if math.isnan(low):
        return f"no verdict on the confidence: a smoothing balance of {value} without an interval."
    if not low <= 0 <= high and not evidence.gap:  # such as without errors, where the interval is too narrow
        within = "within the noise of a calibrated model"
        return f"neither over- nor under-confident: the smoothing balance {value} is {within}."
    value = f"{value} ({_interval(low, high, certainty.level)})"
    smoothed = evidence.marks is not None and evidence.marks.smoothed
    if low > 0:
        return f"{_CONFIDENCE['under-confident', smoothed]}: the smoothing balance {value} is above 0."
    if high < 0:
        return f"{_CONFIDENCE['over-confident', smoothed]}: the smoothing balance {value} is below 0."
    return f"neither over- nor under-confident: the smoothing balance {value} is within noise."


def _fit(rows: Mapping[str, Row], marks: Marks | None, level: float) -> str:
    fit, gap = rows.get("eps_gap"), rows.get("logit_gap_mean")
    if fit is None or gap is None or math.isnan(fit.value):
        return ""
    if fit.value > 1:
        mean = rounded(gap.value, 3)
        return f"No eps fits these logits, whose mean logit gap is {mean}: the labels lie below other classes."
    if marks is None:
        return ""
    if not marks.smoothed:
        return f"The logits do not look smoothed: {_doubt(marks)}."
    interval = "" if math.isnan(fit.ci_low) else f" ({_interval(fit.ci_low, fit.ci_high, level)})"
    optimal = rows.get("logit_gap_optimal")
    convention = "" if optimal is None or "smoothing" not in optimal.params else " of uniform smoothing"
    best = f"The logits look smoothed, and the eps{convention} that they fit best is {rounded(fit.value, 3)}{interval}"
    return f"{best}: its optimal logit gap is their mean gap, {rounded(gap.value, 3)}."


def _doubt(marks: Marks) -> str:
    """Why logits do not look smoothed."""
    gap = rounded(marks.gap, 3)
    if not marks.fits:
        beside = f"below {EPS[0]:g}" if marks.eps < EPS[0] else f"above {EPS[1]:g}"
        return f"the eps of their mean logit gap of {gap}, {rounded(marks.eps, 3)}, is {beside}"
    if not marks.narrow:
        return f"their logit gaps vary by {rounded(marks.spread, 3)} around a mean of {gap}"
    return f"the other classes are not nearly equal (an off_label_entropy of {rounded(marks.entropy, 2)})"


def _least(rows: Sequence[Row]) -> str:
    row = least_excess(rows)
    amounts = [row.params["eps"] for row in rows if row.metric == "loss_excess"]
    if row is None or len(amounts) < 2:
        return ""
    least = f"Of the sweep, eps {_eps(row)} has the least excess, {rounded(row.value, 3)} nats"
    eps = row.params["eps"]
    if eps == max(amounts) < 1:
        return f"{least}, at its edge: a larger eps may have less."
    if eps == min(amounts) > 0:
        return f"{least}, at its edge: a smaller eps may have less."
    return f"{least}."


def _ranking(first: str, other: str, rows: Sequence[Row], certainty: Certainty) -> str:
    """The model with the smaller smoothed loss, at each eps at which the interval of the difference excludes 0."""
    curve = sorted((row for row in rows if row.metric == "loss_difference"), key=lambda row: row.params["eps"])
    if not curve:
        return ""
    winners = [_winner(row, first, other, certainty) for row in curve]
    known = [name for name in winners if name]
    everywhere = len(set(winners)) == 1  # then no choice among several eps helped
    if not known:
        return f"Between {first} and {other} no difference in loss is beyond noise at any eps of the sweep."
    if not everywhere and not any(_is_beyond_all(row, certainty) for row in curve):
        whole = "no difference in loss is beyond noise if all eps of the sweep are considered"
        return f"Between {first} and {other} {whole}."
    noise = _where(curve, [not name for name in winners])
    rest = f"; at eps {noise} it is within noise" if noise else ""
    flip = next((row for row in rows if row.metric == "loss_flip_eps" and not math.isnan(row.value)), None)
    if known[0] != known[-1] and flip is not None:
        low, high = band(flip, certainty.quantile)
        interval = "" if math.isnan(low) else f" ({_interval(low, high, certainty.level)})"
        return f"{known[0]} has the smaller loss below eps {rounded(flip.value, 3)}{interval}, {known[-1]} above{rest}."
    if len(set(known)) == 1 and not noise:
        return f"{known[0]} has the smaller loss at every eps of the sweep."
    best, *more = dict.fromkeys(known)
    where = {name: _where(curve, [winner == name for winner in winners]) for name in (best, *more)}
    also = "".join(f", {name} at eps {where[name]}" for name in more)
    return f"{best} has the smaller loss at eps {where[best]}{also}{rest}."


def _where(curve: Sequence[Row], chosen: Sequence[bool]) -> str:
    """The eps of the chosen rows; neighbours are written as `first to last`."""
    runs = [
        [_eps(row) for _, row in run]
        for which, run in itertools.groupby(zip(chosen, curve, strict=True), key=lambda pair: pair[0])
        if which
    ]
    return " and ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _winner(row: Row, first: str, other: str, certainty: Certainty) -> str:
    low, high = band(row, certainty.quantile)
    return first if low > 0 else other if high < 0 else ""


def _is_beyond_all(row: Row, certainty: Certainty) -> bool:
    """Whether a difference is beyond the noise of the whole line, not only of the one eps at which it is largest."""
    low, high = band(row, certainty.quantile)
    factor = certainty.of_lines / certainty.quantile
    return row.value - factor * (row.value - low) > 0 or row.value + factor * (high - row.value) < 0


def _eps(row: Row) -> str:
    """The eps of a row as text."""
    return f"{row.params['eps']:g}"


def _interval(low: float, high: float, level: float) -> str:
    return f"{100 * level:g} % interval {rounded(low, 3)} .. {rounded(high, 3)}"
