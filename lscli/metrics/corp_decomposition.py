"""The CORP decomposition of a score into miscalibration - discrimination + uncertainty.

It compares the score of the confidences with that of their isotonic regression, the best recalibration that keeps
their order, and so needs no bins (Dimitriadis, Gneiting & Jordan 2021).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.metrics.base import Compute, Metric, Value, mean
from lscli.metrics.confidence import residual
from lscli.metrics.isotonic import Outcomes, isotonic_blocks
from lscli.metrics.sorted_values import sorted_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]


def recalibrated(table: SampleTable) -> Outcomes:
    """The blocks of the isotonic regression of a on c, equal confidences pooled first; computed once per table."""
    return table.kept_weighted(_recalibrated)


def _recalibrated(table: SampleTable) -> Outcomes:
    ties = sorted_by(table, "confidence")
    outcomes = Outcomes(ties.weighted_sums(table, table["correct"]), ties.weighted_sums(table, ~table["correct"]))
    full = outcomes.size > 0
    outcomes = Outcomes(outcomes.right[full], outcomes.wrong[full])
    return outcomes.pooled(isotonic_blocks(outcomes))


class Score(NamedTuple):
    """A proper score of a probability c that the outcome a is 1.

    Attributes:
        of_samples: the score of each sample's confidence, [n].
        of_shares: the sum of the scores of all samples, each with its group's mean of a as confidence.
    """

    of_samples: Callable[[SampleTable], Array]
    of_shares: Callable[[Outcomes], float]


def _nll_of_samples(table: SampleTable) -> Array:
    nll: Array = 0.0 - np.where(table["correct"], table["log_confidence"], table["log_one_minus_confidence"])
    return nll


def _nll_of_shares(groups: Outcomes) -> float:
    """Sum of -n [r ln r + (1-r) ln (1-r)], 0 ln 0 = 0."""
    n = np.concatenate(groups)
    full = n > 0
    return float((n[full] * np.log(np.tile(groups.size, 2)[full] / n[full])).sum())


BRIER = Score(
    lambda table: np.square(residual(table)),
    lambda groups: float((groups.right * (groups.wrong / groups.size)).sum()),  # sum of n r (1 - r)
)
NLL = Score(_nll_of_samples, _nll_of_shares)


_MISCALIBRATION, _DISCRIMINATION, _UNCERTAINTY = range(3)


def parts(table: SampleTable, score: Score) -> tuple[float, float, float]:
    """The miscalibration, the discrimination and the uncertainty of a score; nan where all weights are 0."""
    if not table.total:
        return math.nan, math.nan, math.nan
    best = score.of_shares(recalibrated(table)) / table.total
    constant = score.of_shares(recalibrated(table).pooled(np.array([0]))) / table.total
    own = mean(table, score.of_samples(table)).value
    return max(0.0, own - best), max(0.0, constant - best), constant


def _part(place: int, score: Score) -> Compute:
    return lambda table, settings: [Value(table.kept_weighted(parts, score)[place])]


_COLUMNS = frozenset({"confidence", "one_minus_confidence", "correct"})
_WITH_LOG = _COLUMNS | {"log_one_minus_confidence"}  # which keeps a wrong sample finite where 1 - c underflows

METRICS = (
    Metric(
        "brier_miscalibration",
        "S(c) - S(r), S(c) = mean (c - a)^2, r the weighted isotonic regression of a on c with equal c pooled first "
        "(CORP, Dimitriadis et al. 2021); brier_miscalibration - brier_discrimination + brier_uncertainty = S(c), "
        "which is brier_half with --positive-class",
        _COLUMNS,
        _part(_MISCALIBRATION, BRIER),
        "Brier lost to miscalibration",
        interval="inversion",
        of_class=True,
        better="lower",
    ),
    Metric(
        "brier_discrimination",
        "S(abar) - S(r), abar = mean of a, S and r as in brier_miscalibration",
        _COLUMNS,
        _part(_DISCRIMINATION, BRIER),
        "Brier won by ranking",
        interval="inversion",
        of_class=True,
        better="higher",
    ),
    Metric(
        "brier_uncertainty",
        "S(abar) = abar (1 - abar), abar = mean of a, S as in brier_miscalibration",
        _COLUMNS,
        _part(_UNCERTAINTY, BRIER),
        "Brier of the best constant",
        of_class=True,
    ),
    Metric(
        "nll_miscalibration",
        "S(c) - S(r), S(c) = mean -[a ln c + (1-a) ln (1-c)], 0 ln 0 = 0, r as in brier_miscalibration; S(c) is "
        "loss_hard with --positive-class, and not otherwise; ln (1-c) is taken from the logits, so that it is infinite "
        "only where all other classes are masked",
        _WITH_LOG,
        _part(_MISCALIBRATION, NLL),
        "NLL lost to miscalibration",
        interval="inversion",
        of_class=True,
        better="lower",
    ),
    Metric(
        "nll_discrimination",
        "S(abar) - S(r), abar = mean of a, S and r as in nll_miscalibration",
        _WITH_LOG,
        _part(_DISCRIMINATION, NLL),
        "NLL won by ranking",
        interval="inversion",
        of_class=True,
        better="higher",
    ),
    Metric(
        "nll_uncertainty",
        "S(abar) = -[abar ln abar + (1-abar) ln (1-abar)], abar = mean of a",
        _COLUMNS,
        _part(_UNCERTAINTY, NLL),
        "NLL of the best constant",
        of_class=True,
    ),
)
