"""The CORP decomposition of a score into miscalibration - discrimination + uncertainty.

It compares the score of the confidences with that of their isotonic regression, the best recalibration
that keeps their order, and so has no bins to choose (Dimitriadis, Gneiting & Jordan 2021).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.limits import check_room
from lscli.metrics.base import Metric, Settings, Value, mean
from lscli.metrics.confidence import residual
from lscli.metrics.sorted_values import sorted_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

# Address space that scipy's libraries take, measured.
_SCIPY = 132 << 20


class Outcomes(NamedTuple):
    """The weights of the right and of the wrong samples of each group; [B] each.

    Attributes:
        right: sum of w a.
        wrong: sum of w (1 - a).
    """

    right: Array
    wrong: Array

    @property
    def size(self) -> Array:
        """The weight of each group, [B]."""
        size: Array = self.right + self.wrong
        return size

    def pooled(self, starts: Array) -> Outcomes:
        """Join the groups from each of `starts` to the next."""
        return Outcomes(np.add.reduceat(self.right, starts), np.add.reduceat(self.wrong, starts))


def recalibrated(table: SampleTable) -> Outcomes:
    """The blocks of the isotonic regression of a on c, equal confidences pooled first; computed once per table."""
    return table.kept_weighted(_recalibrated)


def _recalibrated(table: SampleTable) -> Outcomes:
    check_room("scipy", _SCIPY)
    from scipy.optimize import isotonic_regression  # half a second that only these metrics need

    ties = sorted_by(table, "confidence")
    outcomes = Outcomes(ties.weighted_sums(table, table["correct"]), ties.weighted_sums(table, ~table["correct"]))
    full = outcomes.size > 0
    outcomes = Outcomes(outcomes.right[full], outcomes.wrong[full])
    fit = isotonic_regression(outcomes.right / outcomes.size, weights=outcomes.size)
    return outcomes.pooled(fit.blocks[:-1])


class Score(NamedTuple):
    """A proper score of a probability that the prediction is right.

    Attributes:
        of_samples: the score of each sample's confidence, [n].
        of_shares: the sum of the scores of all samples when each has its group's share of right samples as confidence.
    """

    of_samples: Callable[[SampleTable], Array]
    of_shares: Callable[[Outcomes], float]


def _brier_of_samples(table: SampleTable) -> Array:
    squares: Array = np.square(residual(table))
    return squares


def _brier_of_shares(groups: Outcomes) -> float:
    """Sum of n r (1 - r)."""
    return float((groups.right * (groups.wrong / groups.size)).sum())


def _nll_of_samples(table: SampleTable) -> Array:
    with np.errstate(divide="ignore"):
        nll: Array = -np.log(np.where(table["correct"], table["confidence"], table["one_minus_confidence"]))
    return nll


def _nll_of_shares(groups: Outcomes) -> float:
    """Sum of -n [r ln r + (1-r) ln (1-r)], 0 ln 0 = 0."""
    n = np.concatenate(groups)
    full = n > 0
    return float((n[full] * np.log(np.tile(groups.size, 2)[full] / n[full])).sum())


BRIER = Score(_brier_of_samples, _brier_of_shares)
NLL = Score(_nll_of_samples, _nll_of_shares)


def _best(table: SampleTable, score: Score) -> float:
    """S(r), the score of the recalibrated confidences."""
    return score.of_shares(recalibrated(table)) / table.total


def _constant(table: SampleTable, score: Score) -> float:
    """S(abar), the score of the accuracy as the confidence of every sample."""
    return score.of_shares(recalibrated(table).pooled(np.array([0]))) / table.total


def _miscalibration(table: SampleTable, score: Score) -> float:
    return max(0.0, mean(table, score.of_samples(table)).value - _best(table, score))


def _discrimination(table: SampleTable, score: Score) -> float:
    return max(0.0, _constant(table, score) - _best(table, score))


def _part(part: Callable[[SampleTable, Score], float], score: Score) -> Callable[[SampleTable, Settings], list[Value]]:
    """The function of a metric; its value is nan where all weights are 0."""
    return lambda table, settings: [Value(part(table, score) if table.total else math.nan)]


_COLUMNS = frozenset({"confidence", "one_minus_confidence", "correct"})

METRICS = (
    Metric(
        "brier_miscalibration",
        "S(c) - S(r), S(c) = mean (c - a)^2 of the top label, r the isotonic regression of a on c with equal c pooled "
        "first (CORP, Dimitriadis et al. 2021); brier_miscalibration - brier_discrimination + brier_uncertainty = S(c)",
        _COLUMNS,
        _part(_miscalibration, BRIER),
        "Brier lost to miscalibration",
        biased=True,
    ),
    Metric(
        "brier_discrimination",
        "S(abar) - S(r), abar = accuracy, S and r of brier_miscalibration",
        _COLUMNS,
        _part(_discrimination, BRIER),
        "Brier won by ranking",
        biased=True,
    ),
    Metric(
        "brier_uncertainty",
        "S(abar) = abar (1 - abar), abar = accuracy, S of brier_miscalibration",
        _COLUMNS,
        _part(_constant, BRIER),
        "Brier of the accuracy alone",
    ),
    Metric(
        "nll_miscalibration",
        "S(c) - S(r), S(c) = mean -[a ln c + (1-a) ln (1-c)] of the top label against right or wrong, 0 ln 0 = 0, "
        "r of brier_miscalibration; not loss_hard",
        _COLUMNS,
        _part(_miscalibration, NLL),
        "NLL lost to miscalibration",
        biased=True,
    ),
    Metric(
        "nll_discrimination",
        "S(abar) - S(r), abar = accuracy, S and r of nll_miscalibration",
        _COLUMNS,
        _part(_discrimination, NLL),
        "NLL won by ranking",
        biased=True,
    ),
    Metric(
        "nll_uncertainty",
        "S(abar) = -[abar ln abar + (1-abar) ln (1-abar)], abar = accuracy",
        _COLUMNS,
        _part(_constant, NLL),
        "NLL of the accuracy alone",
    ),
)
