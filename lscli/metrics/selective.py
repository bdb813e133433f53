"""Selective prediction: whether the samples that a model is confident of are those that it predicts right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import SHARE, Compute, Metric, Settings, Value, mean
from lscli.metrics.scores import Ranking, digamma_rise, ranking_by, ranking_of_half, score_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from lscli.table import SampleTable

# The error rate at a threshold is that of the samples whose ranks are within this share of all samples from it.
_NEAR = 0.05


def _values(
    table: SampleTable, settings: Settings, measure: Callable[[Ranking], float], **params: float
) -> list[Value]:
    """The measure of the ranking by the score of the settings."""
    of_score, ranking = ranking_by(table, settings.score)
    return [Value(math.nan if ranking is None else measure(ranking), params={**params, **of_score})]


def _measured(measure: Callable[[Ranking], float]) -> Compute:
    return lambda table, settings: _values(table, settings, measure)


def pnorm_gain(table: SampleTable, settings: Settings) -> list[Value]:
    """aurc by msp less that by MaxLogit-pNorm on the same samples (Cattelan and Silva 2024; Xia et al. 2024)."""
    if table.num_classes == 2:
        return []  # the score of two classes is a constant
    params, ranking = ranking_by(table, "max_logit_pnorm")
    msp = ranking_of_half(table, None)
    gain = math.nan if ranking is None or msp is None else msp.aurc() - ranking.aurc()
    return [Value(gain, params={key: value for key, value in params.items() if key != "score"})]


def _eaurc(ranking: Ranking) -> float:
    """aurc less that of the best order (Geifman et al. 2019, section 4)."""
    right, wrong = float(ranking.right.sum()), float(ranking.wrong.sum())
    rise = float(digamma_rise(np.array([right + 1.0]), np.array([wrong]))[0])
    best = (wrong - right * rise) / (right + wrong)
    return max(0.0, ranking.aurc() - best)


def _augrc(ranking: Ranking) -> float:
    """The area under (errors among the k most confident)/N against k/N (Traub et al. 2024, section 3).

    (1 - failure_auroc) acc (1 - acc) is the share of the pairs in which a wrong sample stands before a right one.
    """
    return (_pairs(ranking.wrong, ranking.right) + float(ranking.wrong.sum()) ** 2 / 2) / float(ranking.ends[-1]) ** 2


def _failure_auroc(ranking: Ranking) -> float:
    pairs = float(ranking.right.sum()) * float(ranking.wrong.sum())
    return _pairs(ranking.right, ranking.wrong) / pairs if pairs else math.nan


def _pairs(first: np.ndarray, second: np.ndarray) -> float:
    """The number of pairs with the first before the second; a pair of equal scores counts half."""
    return float((second * (np.cumsum(first) - first / 2)).sum())


def risk_at_coverage(table: SampleTable, settings: Settings) -> list[Value]:
    """The expected error rate of the most confident samples that make up the coverage."""
    of_score, ranking = ranking_by(table, settings.score)
    params = {"coverage": settings.coverage, **of_score}
    if ranking is None:
        return [Value(math.nan, params=params)]
    # Without the 1e-9, rounding would make 0.07 of 100 into 8. Fractional weights may sum to less than k.
    total = float(ranking.ends[-1])
    k = min(max(1.0, math.ceil(settings.coverage * total - 1e-9)), total)
    found = Value(ranking.wrong_among(k) / k, params=params)
    return [found if table.origin is not None else _with_spread(found, ranking, k, total)]


def _with_spread(risk: Value, ranking: Ranking, k: float, total: float) -> Value:
    """The risk of the k most confident of all samples, with its standard error and the number that it is a share of.

    Other samples have another threshold, so that the risk varies more than that of k samples: to the first order it is
    the mean of chosen (wrong - r) total/k, r the error rate at the threshold. If many scores equal the threshold, it
    varies less, because their error rate is that of all of them. The number is that of independent samples whose error
    rate varies as much; it is computed with two more right and two more wrong samples, since it must be that of k
    samples where all of them are right (Agresti and Coull 1998).
    """
    fewer, more = max(k - _NEAR * total, 0.0), min(k + _NEAR * total, total)
    rate = (ranking.wrong_among(more) - ranking.wrong_among(fewer)) / (more - fewer)
    moves = mean(ranking.samples, ranking.chosen(k) * (~ranking.samples["correct"] - rate)).times(total / k)
    variance = risk.value * (1 - risk.value)
    if math.isnan(moves.stderr):
        return risk._replace(share_of=k)
    centre = (k * risk.value + 2) / (k + 4)
    raised = centre * (1 - centre)
    n = raised / (moves.stderr**2 * (1 - 1 / total) + (raised - variance) / k)
    return risk._replace(stderr=moves.stderr, clusters=moves.clusters, share_of=n)


def coverage_at_risk(table: SampleTable, settings: Settings) -> list[Value]:
    """The largest share of most confident samples, equal scores together, whose error rate is at most the risk."""
    return _values(table, settings, lambda ranking: ranking.coverage_at(settings.risk), risk=settings.risk)


METRICS = (
    Metric(
        "aurc",
        "mean over k = 1..N of the error rate of the k most confident by --score; its expectation over the orders of "
        "equal scores: a run of them of weight n with e errors, after weight n0 with e0 errors, adds [e + (e0 - e "
        "n0/n) (psi(n0+n+1) - psi(n0+1))]/N, psi = digamma, also for weights that are not whole. Scores that differ by "
        "rounding alone are equal: confidences by 1e-13 of c (1 - c)",
        score_columns,
        _measured(Ranking.aurc),
        "area under risk and coverage",
        interval="log-odds",
        within=SHARE,
        better="lower",
    ),
    Metric(
        "aurc_pnorm_gain",
        "aurc by msp less aurc by max_logit_pnorm, the largest entry of v over the p-norm of v, v the logits less "
        "their mean. One half of the samples chooses the p of 1..8 with the least aurc (of equal ones the smallest p), "
        "and both areas are of the other half. The last bit of a hash says which half a sample is in: a hash of its "
        "logits less the largest, in any order of the classes and rounded to 1e-4. Above 0, the ranking by confidence "
        "is damaged, as it is by label smoothing; absent for K = 2",
        frozenset({"confidence", "correct", "pnorm_scores", "row_hash"}),
        pnorm_gain,
        "above 0: msp ranks worse",
    ),
    Metric(
        "eaurc",
        "aurc less that of the best order with the same weight of errors E, [E - (N-E) (psi(N+1) - psi(N-E+1))]/N, at "
        "least 0",
        score_columns,
        _measured(_eaurc),
        "aurc above the best order's",
        interval="log-odds",
        within=SHARE,
        better="lower",
    ),
    Metric(
        "augrc",
        "area under (errors among the k most confident)/N against k/N, from 0, linear within equal scores: "
        "(1 - failure_auroc) acc (1 - acc) + (1 - acc)^2/2",
        score_columns,
        _measured(_augrc),
        "area under generalised risk",
        interval="log-odds",
        within=SHARE,
        better="lower",
    ),
    Metric(
        "failure_auroc",
        "probability that a right sample has a higher score than a wrong one, equal scores count 1/2; missing where "
        "all are right or all wrong",
        score_columns,
        _measured(_failure_auroc),
        "right ranked above wrong",
        interval="log-odds",
        within=SHARE,
        better="higher",
    ),
    Metric(
        "risk_at_coverage",
        "error rate of the k = ceil(coverage N - 1e-9) most confident, at least 1 and at most N; of equal scores at "
        "the k-th place each counts in part, as in expectation over their orders",
        score_columns,
        risk_at_coverage,
        "error rate of most confident",
        parameter="coverage",
        interval="share",
        within=SHARE,
        better="lower",
    ),
    Metric(
        "coverage_at_risk",
        "the largest k/N, k the weight up to the end of a run of equal scores, at which the error rate of the k most "
        "confident is <= risk; 0 if there is none",
        score_columns,
        coverage_at_risk,
        "share answered within the risk",
        parameter="risk",
        interval="inversion",
        within=SHARE,
        better="higher",
    ),
)
