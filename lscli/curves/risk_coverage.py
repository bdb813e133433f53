"""The error rate of the most confident samples against the share that is kept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.curves.chart import Curve, Source
from lscli.metrics.catalogue import METRICS
from lscli.metrics.scores import ranking_by, score_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# The most points of a curve. They are chosen at even steps of coverage, and where the curve turns.
_MOST = 1000


class RiskPoint(NamedTuple):
    """The samples of the highest scores, equal scores together.

    Attributes:
        coverage: the share of samples that are kept.
        risk: the error rate of these.
        best: the error rate at this coverage if all right samples came before the wrong ones.
    """

    coverage: float
    risk: float
    best: float


def _compute(given: Source) -> tuple[list[RiskPoint], dict[str, float], str]:
    table, settings = given.table, given.settings
    params, ranking = ranking_by(table, settings.score)
    if ranking is None:
        return [], {"aurc": math.nan, "eaurc": math.nan, "error": math.nan}, f"a {settings.score} is nan"
    ends, wrong = ranking.ends, np.cumsum(ranking.wrong)
    coverage, risk = ends / ends[-1], wrong / ends
    chosen = _thinned(coverage, risk)
    right = float(ranking.right.sum()) / float(ends[-1])
    best = np.maximum(coverage - right, 0.0) / coverage
    points = [RiskPoint(*each) for each in zip(*(x[chosen].tolist() for x in (coverage, risk, best)), strict=True)]
    facts = {name: METRICS[name].values(table, settings)[0].value for name in ("aurc", "eaurc")}
    return points, {**facts, "error": float(wrong[-1] / ends[-1]), **_numbers(params)}, ""


def _numbers(params: dict[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in params.items() if not isinstance(value, str)}


def _thinned(coverage: Array, risk: Array) -> Array:
    """Which points to keep: all of a short curve; else the lowest and the highest of each step of coverage.

    The first points, where the curve jumps most, are those of the smallest steps: half of the steps are even in
    coverage, and half in its logarithm.
    """
    n = len(coverage)
    if n <= _MOST:
        return np.arange(n)
    low = math.log(coverage[0])
    steps = _MOST // 4
    edges = np.concatenate((np.linspace(0, 1, steps // 2 + 1), np.exp(np.linspace(low, 0, steps // 2 + 1))))
    places = np.unique(np.clip(np.searchsorted(coverage, np.unique(edges)), 0, n - 1))
    kept = {0, n - 1, *places.tolist()}
    for start, stop in zip(places[:-1].tolist(), places[1:].tolist(), strict=True):
        part = risk[start:stop]
        kept |= {start + int(part.argmin()), start + int(part.argmax())}
    return np.array(sorted(kept))


CURVE = Curve(RiskPoint, score_columns, _compute)
