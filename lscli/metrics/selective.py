"""Selective prediction: whether the samples that a model is confident of are those that it predicts right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import SHARE, Compute, Metric, Settings, Value
from lscli.metrics.scores import Ranking, digamma_rise, ranking_by, ranking_of_half, score_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from lscli.table import SampleTable


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
    coverage = settings.coverage
    return _values(table, settings, lambda ranking: _risk(ranking, coverage), coverage=coverage)


def _risk(ranking: Ranking, coverage: float) -> float:
    ends, wrong = ranking.ends, np.cumsum(ranking.wrong)
    # Without the 1e-9, rounding would make 0.07 of 100 into 8. Fractional weights may sum to less than k.
    total = float(ends[-1])
    k = min(max(1.0, math.ceil(coverage * total - 1e-9)), total)
    last = int(np.searchsorted(ends, k))
    missing = (ends[last] - k) / (ranking.right[last] + ranking.wrong[last])
    return float(wrong[last] - missing * ranking.wrong[last]) / k


def coverage_at_risk(table: SampleTable, settings: Settings) -> list[Value]:
    """The largest share of most confident samples, equal scores together, whose error rate is at most the risk."""
    risk = settings.risk
    return _values(table, settings, lambda ranking: _coverage(ranking, risk), risk=risk)


def _coverage(ranking: Ranking, risk: float) -> float:
    ends = ranking.ends
    # 3 errors of 10 are within a risk of 0.3, however either is rounded.
    kept = np.flatnonzero(np.cumsum(ranking.wrong) <= risk * (1 + 1e-12) * ends)
    return float(ends[kept[-1]] / ends[-1]) if kept.size else 0.0


METRICS = (
    Metric(
        "aurc",
        "mean over k = 1..N of the error rate of the k most confident; its expectation over the orders of equal scores",
        score_columns,
        _measured(Ranking.aurc),
        "area under risk and coverage",
        interval="log-odds",
        within=SHARE,
    ),
    Metric(
        "aurc_pnorm_gain",
        "aurc by msp less aurc by max_logit_pnorm, both on the half of the samples that does not choose p: above 0 the "
        "ranking by confidence is damaged, as it is by label smoothing; absent for K = 2",
        frozenset({"confidence", "correct", "pnorm_scores"}),
        pnorm_gain,
        "above 0: msp ranks worse",
    ),
    Metric(
        "eaurc",
        "aurc less that of the best order with the same number of errors",
        score_columns,
        _measured(_eaurc),
        "aurc above the best order's",
        interval="log-odds",
        within=SHARE,
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
    ),
    Metric(
        "failure_auroc",
        "probability that a right sample has a higher score than a wrong one, equal scores count 1/2",
        score_columns,
        _measured(_failure_auroc),
        "right ranked above wrong",
        interval="log-odds",
        within=SHARE,
    ),
    Metric(
        "risk_at_coverage",
        "expected error rate of the ceil(coverage N) most confident, at least one",
        score_columns,
        risk_at_coverage,
        "error rate of most confident",
        parameter="coverage",
        within=SHARE,
    ),
    Metric(
        "coverage_at_risk",
        "the largest k/N, equal scores taken together, at which the error rate of the k most confident is <= risk; "
        "0 if there is none",
        score_columns,
        coverage_at_risk,
        "share answered within the risk",
        parameter="risk",
        within=SHARE,
    ),
)
