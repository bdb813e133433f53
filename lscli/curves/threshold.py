"""The error rate of the samples that a threshold keeps, and its one-sided bound, against the share of samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from lscli.curves.chart import Chart, Curve, Series, Source
from lscli.decisions.independent import check_independent
from lscli.errors import UsageError
from lscli.intervals.fixed_sequence import Point, Ranked, chosen, rest_of, sequence, size_of
from lscli.metrics.certainty import CERTAINTY, certainty
from lscli.metrics.sorted_values import rounding_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.decisions.threshold import Threshold, ThresholdPoint
    from lscli.metrics.base import Settings
    from lscli.options import ThresholdScore


class KeptPoint(NamedTuple):
    """The samples whose score is at least a threshold.

    Attributes:
        coverage: the share of samples that are kept.
        threshold: samples whose score is at least this are kept.
        kept: the number of samples that are kept.
        errors: how many of these are wrong.
        error: errors / kept.
        bound: the one-sided upper bound of the error (Clopper and Pearson 1934).
    """

    coverage: float
    threshold: float
    kept: int
    errors: int
    error: float
    bound: float


def chart_of_threshold(answer: Threshold) -> Chart:
    """The chart of an answer of `lscli.threshold`: the points that were tested, and the threshold that was found."""
    level = float(answer.settings["level"].value) if "level" in answer.settings else math.nan
    parts: dict[tuple[str, str, int | None], list[ThresholdPoint]] = {}
    for point in answer.points:
        parts.setdefault((point.source, point.group, point.number), []).append(point)
    series = []
    first = answer.rows[0].source
    for row in answer.rows:
        if row.source != first:  # a measurement of test samples
            continue
        tested = parts.get((row.source, row.group, row.number), [])
        group = " ".join(filter(None, [row.group, "" if row.number is None else f"class {row.number}"]))
        points = [KeptPoint(p.coverage, p.threshold, p.kept, p.errors, p.error, p.bound) for p in tested]
        facts = {
            "max_error": row.max_error,
            "level": level,
            "threshold": row.threshold,
            "coverage": row.coverage if row.found else math.nan,
            "bound": row.bound,
        }
        series.append(Series(row.source, group, points, facts))
    return Chart(chart="threshold", series=series, **answer.fields())


def _compute(given: Source) -> tuple[list[KeptPoint], dict[str, float], str]:
    """The points of a table: those that are tested if there is a limit; else one for each percent of coverage.

    Raises:
        UsageError: the samples are weighted or in clusters, or do not have the score.
    """
    table, options = given.table, given.options
    if table.weight is not None:
        what = "the samples have weights, and the guarantee counts each sample once"
        raise UsageError(what, "draw --chart risk-coverage, which takes weights", where="weights")
    check_independent(clustered=table.cluster is not None)
    if options.score == "max_logit_pnorm":
        what = "max_logit_pnorm has an exponent that labels choose, which voids the promise"
        raise UsageError(what, "use --score max_logit, or another score that reads no labels", where="score")
    column = CERTAINTY[options.score][0]
    if column not in table.columns:
        why = table.lacks or f"the table has no column {column}"
        raise UsageError(f"{options.score} is not known: {why}", "use --score msp", where="score")
    score = certainty(table, cast("ThresholdScore", options.score))
    limit, level = options.max_error, options.level
    facts = {"max_error": math.nan if limit is None else limit, "level": level}
    missing = {"threshold": math.nan, "coverage": math.nan, "bound": math.nan}
    if np.isnan(score).any():
        return [], {**facts, **missing}, f"a {options.score} is nan"
    ranked = Ranked.of(score, ~table["correct"].astype(np.bool_), rounding_of(column))
    if limit is None:
        return _points(ranked.n, _pointwise(ranked, rest_of(level))), {**facts, **missing}, ""
    found = sequence(ranked, limit, rest_of(level))
    best = chosen(found, limit)
    if best is not None:
        missing = {"threshold": best.threshold, "coverage": best.kept / ranked.n, "bound": best.bound}
    note = "" if found else f"{ranked.n} samples are too few for this limit"
    return _points(ranked.n, found), {**facts, **missing}, note


def _pointwise(ranked: Ranked, delta: float) -> list[Point]:
    found: dict[int, Point] = {}
    for percent in range(1, 101) if ranked.n else ():
        point = ranked.point(size_of(ranked.n, percent / 100), delta)
        found.setdefault(point.kept, point)
    return [*found.values()]


def _points(n: int, found: Sequence[Point]) -> list[KeptPoint]:
    return [
        KeptPoint(each.kept / n, each.threshold, each.kept, each.errors, each.errors / each.kept, each.bound)
        for each in found
    ]


def _columns(settings: Settings) -> frozenset[str]:
    return frozenset({"correct", CERTAINTY[settings.score][0]})


CURVE = Curve(KeptPoint, _columns, _compute)
