"""Confidence scores, and the samples ranked by one: what selective prediction answers first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import UsageError
from lscli.kernels.rowstate import PNORM_EXPONENTS
from lscli.metrics.runs import runs
from lscli.table import SampleTable
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

# The column that each score is read from.
SCORE_COLUMNS: dict[str, str] = {
    "msp": "confidence",
    "margin": "margin",
    "entropy": "entropy",
    "max_logit": "largest_logit",
    "max_logit_pnorm": "pnorm_scores",
}


class Ranking(NamedTuple):
    """Samples from the most confident on, equal scores as one run; R runs, none of weight 0.

    Attributes:
        right: [R], the weight of the samples of each run that are predicted right.
        wrong: [R], that of the others.
    """

    right: Array
    wrong: Array

    @property
    def ends(self) -> Array:
        """The weight up to the end of each run, [R]; the last is N."""
        total: Array = np.cumsum(self.right + self.wrong)
        return total

    def aurc(self) -> float:
        """The mean over k of the error rate of the k most confident, expected over the orders of equal scores.

        A run of weight n with errors e, after n0 with e0, adds the sum over j = 1..n of (e0 + e j/n) / (n0 + j)
        (Geifman and El-Yaniv 2017, section 2, for distinct scores).
        """
        size, ends = self.right + self.wrong, self.ends
        before = np.concatenate(([0.0], ends[:-1]))
        wrong_before = np.concatenate(([0.0], np.cumsum(self.wrong)[:-1]))
        slope = wrong_before - self.wrong / size * before
        return float((self.wrong + slope * digamma_rise(before + 1.0, size)).sum()) / float(ends[-1])


class Ranked(NamedTuple):
    """A ranking with what to say of its score; no ranking where a score is nan or nothing is left to rank."""

    params: Mapping[str, Any]
    ranking: Ranking | None


def check_score(name: str) -> None:
    """Refuse a score that is unknown.

    Raises:
        UsageError: there is no such score.
    """
    if name not in SCORE_COLUMNS:
        hint = nearest(name, SCORE_COLUMNS) or f"one of {', '.join(SCORE_COLUMNS)}"
        raise UsageError(f"unknown score {name!r}", hint, where="score")


def ranked(table: SampleTable, score: str) -> Ranked | None:
    """The samples ranked by a score, once a table; None where the table lacks its column."""
    check_score(score)
    if not table.has(frozenset({SCORE_COLUMNS[score], "correct"})):
        return None
    return table.derived(f"ranked_{score}", lambda: _ranked(table, score), weighted=True)


def _ranked(table: SampleTable, score: str) -> Ranked:
    if score == "max_logit_pnorm":
        return _by_pnorm(table)
    column = table[SCORE_COLUMNS[score]]
    return Ranked({"score": score}, _ranking(table, score, lambda: -column if score == "entropy" else column))


def _ranking(table: SampleTable, name: str, score: Callable[[], Array]) -> Ranking | None:
    if not len(table):
        return None
    found = runs(table, name, score)
    right = found.weighted(table, table["correct"])
    wrong = found.weighted(table, ~table["correct"])
    full = right + wrong > 0
    if not full.any() or np.isnan(found.value[full]).any():
        return None
    return Ranking(right[full][::-1], wrong[full][::-1])


class _Exponent(NamedTuple):
    """Which column of pnorm_scores was chosen, None where nothing could be, on how many samples."""

    column: int | None
    held_out: float


def _by_pnorm(table: SampleTable) -> Ranked:
    """MaxLogit-pNorm on half of the samples, its exponent chosen on the others (Cattelan and Silva 2024)."""
    # Resamples use the origin's choice: an interval is that of the number that is printed.
    base = table if table.origin is None else table.origin
    column, held_out = base.derived("pnorm_exponent", lambda: _choose(base), weighted=True)
    size = int(held_out) if held_out.is_integer() else held_out
    if column is None:
        return Ranked({"score": "max_logit_pnorm", "held_out": size}, None)
    params = {"score": "max_logit_pnorm", "p": PNORM_EXPONENTS[column], "held_out": size}
    rows = ~_held_out(table)
    # Kept without weights, so that a resample finds it sorted.
    part = table.derived(f"pnorm_evaluated_{column}", lambda: _part(table, rows, column))
    if table.weight is not None:
        part = part.with_weights(table.weight[rows])
    return Ranked(params, _ranking_of_part(part))


def msp_where_pnorm_is(table: SampleTable) -> Ranking | None:
    """The ranking by confidence of the half of the samples on which MaxLogit-pNorm is computed."""
    rows = ~_held_out(table)

    def half() -> SampleTable:
        return SampleTable({"correct": table["correct"][rows], "score": table["confidence"][rows]})

    part = table.derived("msp_where_pnorm_is", half)
    return _ranking_of_part(part if table.weight is None else part.with_weights(table.weight[rows]))


def _choose(table: SampleTable) -> _Exponent:
    rows = _held_out(table)
    weight = None if table.weight is None else table.weight[rows]
    size = float(rows.sum()) if weight is None else float(weight.sum())
    areas = []
    for column in range(len(PNORM_EXPONENTS)):
        ranking = _ranking_of_part(_part(table, rows, column, weight))
        areas.append(np.inf if ranking is None else ranking.aurc())
    least = min(areas)
    if least == np.inf:
        return _Exponent(None, size)
    # What sums of another order could turn round is a tie, which the smallest exponent wins.
    return _Exponent(next(j for j, area in enumerate(areas) if area <= least * (1 + 1e-12)), size)


def _part(table: SampleTable, rows: Array, column: int, weight: Array | None = None) -> SampleTable:
    columns = {"correct": table["correct"][rows], "score": table["pnorm_scores"][rows, column]}
    return SampleTable(columns, weight=weight)


def _ranking_of_part(part: SampleTable) -> Ranking | None:
    return _ranking(part, "score", lambda: part["score"])


def _held_out(table: SampleTable) -> Array:
    """Which half of the samples the exponent is chosen on, [n] bool, by their values and not by their places."""
    return table.derived("pnorm_held_out", lambda: _halved(table["pnorm_scores"]))


def _halved(values: Array) -> Array:
    """One bit of a hash of each row of values, [n] bool (mixed as by SplitMix64, Steele et al. 2014)."""
    # In float32, for kernels differ in the last digits of a float64; + 0 because -0 equals 0.
    with np.errstate(over="ignore"):
        rounded = np.ascontiguousarray(values, np.float64).astype(np.float32) + np.float32(0)
    mixed = np.zeros(len(values), np.uint64)
    for bits in rounded.view(np.uint32).T:
        mixed += bits + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed & np.uint64(1)).astype(np.bool_)


def digamma_rise(a: Array, n: Array) -> Array:
    """psi(a + n) - psi(a) = sum over j < n of 1/(a + j), for a >= 1 and n >= 0, [R] each, also not whole.

    Not as a difference, which has no digits left where a is large and n small.
    (Abramowitz and Stegun 6.3.6 moves a up to where 6.3.18 is exact.)
    """
    rise = _rise_of_large(a, n)
    small = a < _LARGE
    low, steps = a[small, None] + np.arange(_LARGE), n[small, None]
    rise[small] = _rise_of_large(a[small] + _LARGE, n[small]) + (steps / low / (low + steps)).sum(axis=1)
    return np.where(n == 1, 1 / a, rise)


_LARGE = 16  # from here on the next term is below 1e-15 of the rise


def _rise_of_large(a: Array, n: Array) -> Array:
    b = a + n
    rise: Array = np.log1p(n / a) + n / a / b / 2 + (_correction(a**-2) - _correction(b**-2))
    return rise


def _correction(x: Array) -> Array:
    correction: Array = x * (1 / 12 - x * (1 / 120 - x * (1 / 252 - x * (1 / 240 - x / 132))))
    return correction
