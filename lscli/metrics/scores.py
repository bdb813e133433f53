"""Confidence scores, and the samples ranked by one of them, for selective prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np

from lscli.kernels.row_hash import mixed
from lscli.kernels.rowstate import PNORM_EXPONENTS
from lscli.metrics.certainty import CERTAINTY
from lscli.metrics.sorted_values import SortedValues, sorted_by
from lscli.options import Score
from lscli.table import SampleTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.metrics.base import Settings

    Array = NDArray[Any]
    # The params of a score, and the ranking by it: None if a score is nan or there are no samples.
    ScoredRanking = tuple[dict[str, Any], "Ranking | None"]

# The column of each score.
SCORE_COLUMNS: dict[Score, str] = {score: CERTAINTY[score][0] for score in get_args(Score)}
# The column of the half-table with the scores of one exponent.
_PNORM = "pnorm_score"


class Ranking(NamedTuple):
    """The weight of the right and of the wrong samples of each group of equal scores, [G] each.

    The most confident group comes first; no group has weight 0.

    Attributes:
        samples: the samples that are ranked.
        ascending: them sorted by the score, with groups of weight 0.
    """

    right: Array
    wrong: Array
    samples: SampleTable
    ascending: SortedValues

    @property
    def ends(self) -> Array:
        """The weight up to the end of each group, [G]; the last is N."""
        total: Array = np.cumsum(self.right + self.wrong)
        return total

    def wrong_among(self, k: float) -> float:
        """The expected number of wrong samples among the k most confident; k is at most N."""
        ends = self.ends
        last = int(np.searchsorted(ends, k))
        missing = (ends[last] - k) / (self.right[last] + self.wrong[last])
        return float(np.cumsum(self.wrong)[last]) - float(missing * self.wrong[last])

    def coverage_at(self, risk: float, errors: float = 0.0) -> float:
        """The largest share of most confident samples whose error rate is at most the risk; 0 if there is none.

        Args:
            risk: in [0, 1].
            errors: by how many standard errors of that risk the rate may be above it; below 0, it must be below it.
        """
        ends, wrong = self.ends, np.cumsum(self.wrong)
        # 3 errors of 10 are within a risk of 0.3, however either is rounded.
        most = risk * (1 + 1e-12) * ends + errors * np.sqrt(risk * (1 - risk) * ends)
        kept = np.flatnonzero(wrong <= most if errors >= 0 else wrong < most)
        return float(ends[kept[-1]] / ends[-1]) if kept.size else 0.0

    def chosen(self, k: float) -> Array:
        """The probability of each sample to be among the k most confident, [n]: between 0 and 1 for one group only."""
        weight = self.ascending.weights(self.samples)[::-1]
        rest = k - (np.cumsum(weight) - weight)
        share = np.clip(np.divide(rest, weight, out=np.zeros(len(weight)), where=weight > 0), 0, 1)
        chosen = np.empty(len(self.samples))
        chosen[self.ascending.order] = np.repeat(share[::-1], np.diff(self.ascending.starts, append=len(chosen)))
        return chosen

    def aurc(self) -> float:
        """The mean over k of the error rate of the k most confident, in expectation over the orders of equal scores.

        A group of weight n with e errors, after groups of weight n0 with e0 errors, adds the sum over j = 1..n of
        (e0 + e j/n) / (n0 + j) (Geifman and El-Yaniv 2017, section 2, for distinct scores).
        """
        size, ends = self.right + self.wrong, self.ends
        before = np.concatenate(([0.0], ends[:-1]))
        wrong_before = np.concatenate(([0.0], np.cumsum(self.wrong)[:-1]))
        slope = wrong_before - self.wrong / size * before
        return float((self.wrong + slope * digamma_rise(before + 1.0, size)).sum()) / float(ends[-1])


def score_columns(settings: Settings) -> frozenset[str]:
    """The columns of a ranking by the score of the settings."""
    halves = frozenset({"row_hash"}) if settings.score == "max_logit_pnorm" else frozenset[str]()
    return halves | {"correct", SCORE_COLUMNS[settings.score]}


def ranking_by(table: SampleTable, score: Score) -> ScoredRanking:
    """The samples ranked by a score, computed once per table."""
    return table.kept_weighted(_ranking_by, score)


def _ranking_by(table: SampleTable, score: Score) -> ScoredRanking:
    if score == "max_logit_pnorm":
        return _ranking_by_pnorm(table)
    return {"score": score}, _ranking(table, SCORE_COLUMNS[score], descending=CERTAINTY[score][1])


def _ranking(table: SampleTable, column: str, *, descending: bool = False) -> Ranking | None:
    """The ranking by a column, or by its negative."""
    if not len(table):
        return None
    found = sorted_by(table, column, descending=descending)
    right = found.weighted_sums(table, table["correct"])
    wrong = found.weighted_sums(table, ~table["correct"])
    full = right + wrong > 0
    if not full.any() or np.isnan(found.value[full]).any():
        return None
    return Ranking(right[full][::-1], wrong[full][::-1], table, found)


def _ranking_by_pnorm(table: SampleTable) -> ScoredRanking:
    """MaxLogit-pNorm on half of the samples, its exponent chosen on the others (Cattelan and Silva 2024)."""
    # Resamples use the exponent of their origin, so that the interval belongs to the printed number.
    base = table if table.origin is None else table.origin
    column, held_out = base.kept_weighted(_choose_exponent)
    size = int(held_out) if held_out.is_integer() else held_out
    if column is None:
        return {"score": "max_logit_pnorm", "held_out": size}, None
    params = {"score": "max_logit_pnorm", "p": PNORM_EXPONENTS[column], "held_out": size}
    return params, ranking_of_half(table, column)


def ranking_of_half(table: SampleTable, exponent: int | None) -> Ranking | None:
    """The ranking of the samples that do not choose the exponent: by this column of pnorm_scores, or by confidence."""
    # The half is kept without weights, so that a resample finds it sorted.
    half = table.kept(_evaluated_half, exponent)
    if table.weight is not None:
        half = half.with_weights(table.weight[~table.kept(held_out_rows)])
    if table.cluster is not None and table.origin is None:
        half = half.with_clusters(table.cluster[~table.kept(held_out_rows)])
    return _ranking(half, "confidence" if exponent is None else _PNORM)


def _evaluated_half(table: SampleTable, exponent: int | None) -> SampleTable:
    rows = ~table.kept(held_out_rows)
    name, scores = ("confidence", table["confidence"]) if exponent is None else (_PNORM, _pnorm(table, exponent))
    return SampleTable({"correct": table["correct"][rows], name: scores[rows]})


def _pnorm(table: SampleTable, exponent: int) -> Array:
    """The scores with one exponent, [n]."""
    scores: Array = table["pnorm_scores"][:, exponent]
    return scores


def _choose_exponent(table: SampleTable) -> tuple[int | None, float]:
    """The best column of pnorm_scores, None if no column gives a ranking, and the weight of the samples that choose."""
    rows = table.kept(held_out_rows)
    weight = None if table.weight is None else table.weight[rows]
    correct = table["correct"][rows]
    areas = []
    for column in range(len(PNORM_EXPONENTS)):
        half = SampleTable({"correct": correct, _PNORM: _pnorm(table, column)[rows]}, weight=weight)
        ranking = _ranking(half, _PNORM)
        areas.append(np.inf if ranking is None else ranking.aurc())
    size, least = float(rows.sum() if weight is None else weight.sum()), min(areas)
    if least == np.inf:
        return None, size
    # Areas that differ by rounding are equal; the smallest exponent among them is chosen.
    return next(j for j, area in enumerate(areas) if area <= least * (1 + 1e-12)), size


def held_out_rows(table: SampleTable) -> Array:
    """The half of the samples that the exponent is chosen on, [n] bool: by their logits, not by their positions.

    Rows that are permutations of each other, or that differ by a constant, are in the same half.
    """
    return (mixed(table["row_hash"]) & np.uint64(1)).astype(np.bool_)


def digamma_rise(a: Array, n: Array) -> Array:
    """psi(a + n) - psi(a) = sum over j < n of 1/(a + j), for a >= 1 and n >= 0, [G] each, also fractional.

    A difference would have no digits left where a is large and n small. Abramowitz and Stegun 6.3.6 raises a to
    where the series 6.3.18 is exact.
    """
    rise = _rise_of_large(a, n)
    small = a < _LARGE
    low, steps = a[small, None] + np.arange(_LARGE), n[small, None]
    rise[small] = _rise_of_large(a[small] + _LARGE, n[small]) + (steps / low / (low + steps)).sum(axis=1)
    return np.where(n == 1, 1 / a, rise)


_LARGE = 16  # from here on the first omitted term of the series is below 1e-15 of the rise


def _rise_of_large(a: Array, n: Array) -> Array:
    b = a + n
    rise: Array = np.log1p(n / a) + n / a / b / 2 + (_correction(a**-2) - _correction(b**-2))
    return rise


def _correction(x: Array) -> Array:
    correction: Array = x * (1 / 12 - x * (1 / 120 - x * (1 / 252 - x * (1 / 240 - x / 132))))
    return correction
