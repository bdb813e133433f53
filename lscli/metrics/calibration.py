"""Calibration of the top label, or of one of two classes: how far confidence is from accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics import smooth_ece
from lscli.metrics.base import SHARE, Compute, Metric, Settings, Value
from lscli.metrics.bins import BINS, MassBins, bin_sums, norm_of, rule_of
from lscli.metrics.confidence import residual
from lscli.metrics.sorted_values import sorted_by

if TYPE_CHECKING:
    from lscli.options import Norm
    from lscli.table import SampleTable


def _norm_of_gaps(norm: Norm) -> Compute:
    """A norm of the gaps mean a - mean c of the bins.

    l1 is ece (Naeini et al. 2015; Guo et al. 2017, section 2), l2 is rmsce (Kumar et al. 2019, section 2) and max is
    mce (Naeini et al. 2015).
    """

    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        rule = rule_of(settings)
        sums = bin_sums(table, rule)
        return [Value(norm_of(sums.residual, sums.size, table.total, norm), params=rule.params)]

    return compute


def ece_null(table: SampleTable, settings: Settings) -> list[Value]:
    """The expected ece of noise alone: E|x| = sqrt(2/pi) sd of a normal x, bin by bin."""
    rule = rule_of(settings)
    if not table.total:
        return [Value(math.nan, params=rule.params)]
    deviations = np.sqrt(bin_sums(table, rule).variance)
    return [Value(math.sqrt(2 / math.pi) * float(deviations.sum()) / table.total, params=rule.params)]


def rmsce_debiased(table: SampleTable, settings: Settings) -> list[Value]:
    """rmsce less the part of each square that is noise of the bin's accuracy (Kumar et al. 2019, section 5)."""
    rule = rule_of(settings)
    if not table.total:
        return [Value(math.nan, params=rule.params)]
    sums = bin_sums(table, rule)
    several = sums.size >= 2
    size, gap, correct = sums.size[several], sums.residual[several], sums.correct[several]
    accuracy = correct / size
    squares = (gap / size) ** 2 - accuracy * (1 - accuracy) / (size - 1)
    return [Value(math.sqrt(max(0.0, float((size * squares).sum()) / table.total)), params=rule.params)]


def ece_equal_mass(table: SampleTable, settings: Settings) -> list[Value]:
    """The error over bins of equal count (Nixon et al. 2019; Kumar et al. 2019)."""
    bins = rule_of(settings._replace(compat=None)).params["bins"]
    params = {"bins": bins} if settings.norm == "l1" else {"bins": bins, "norm": settings.norm}
    if not table.total:
        return [Value(math.nan, params=params)]
    sums = MassBins.of(table).sums(bins)
    return [Value(norm_of(sums.residual, sums.size, table.total, settings.norm), params=params)]


def ece_sweep(table: SampleTable, settings: Settings) -> list[Value]:
    """ece_equal_mass with the most bins whose accuracies do not fall (Roelofs et al. 2022, section 4)."""
    if not table.total:
        return [Value(math.nan)]
    mass = MassBins.of(table)
    if _never_falls(mass.correct / mass.weight):
        return [Value(norm_of(mass.residual, mass.weight, table.total, "l1"), params={"bins": len(mass.weight)})]
    bins = 1
    while bins < int(table.total):
        starts = mass.starts(bins + 1)
        if not _never_falls(np.add.reduceat(mass.correct, starts) / np.add.reduceat(mass.weight, starts)):
            break
        bins += 1
    sums = mass.sums(bins)
    return [Value(norm_of(sums.residual, sums.size, table.total, "l1"), params={"bins": bins})]


def _never_falls(accuracy: np.ndarray) -> bool:
    # Equal ratios of whole numbers are equal floats; those of fractional weights may differ by rounding.
    return bool((np.diff(accuracy) >= -1e-12).all())


def ks_calibration(table: SampleTable, settings: Settings) -> list[Value]:
    """max_k |sum over the k least confident of (a - c)| / N, equal c taken together (Gupta et al. 2021, section 3)."""
    if not table.total:
        return [Value(math.nan)]
    along = np.cumsum(sorted_by(table, "confidence").weighted_sums(table, residual(table)))
    return [Value(float(np.abs(along).max()) / table.total)]


def spiegelhalter_z(table: SampleTable, settings: Settings) -> list[Value]:
    """The standardised excess of the Brier score over its expectation (Spiegelhalter 1986)."""
    score, variance = table.kept(_spiegelhalter_terms)
    if table.weight is not None:
        score, variance = score * table.weight, variance * table.weight
    spread = float(np.add.reduce(variance))
    return [Value(float(np.add.reduce(score)) / math.sqrt(spread) if spread > 0 else math.nan)]


def _spiegelhalter_terms(table: SampleTable) -> tuple[np.ndarray, np.ndarray]:
    c, rest = table["confidence"], table["one_minus_confidence"]
    slope = rest - c  # 1 - 2c
    return residual(table) * slope, slope * slope * c * rest


def spiegelhalter_p(table: SampleTable, settings: Settings) -> list[Value]:
    """2 (1 - Phi(|z|)) = erfc(|z| / sqrt 2), which keeps its digits when it is small."""
    return [Value(math.erfc(abs(spiegelhalter_z(table, settings)[0].value) / math.sqrt(2)))]


_COLUMNS = frozenset({"confidence", "one_minus_confidence", "correct"})

METRICS = (
    Metric(
        "ece",
        f"sum_b (n_b/N) |mean a - mean c| over {BINS} equal-width bins (lo, hi] of c, 0 in the first, 1 in the last, "
        "a computed c that differs from an edge by rounding is on that edge",
        _COLUMNS,
        _norm_of_gaps("l1"),
        "expected calibration error",
        default=True,
        interval="inversion",
        of_class=True,
    ),
    Metric(
        "rmsce",
        "sqrt(sum_b (n_b/N) (mean a - mean c)^2) over the bins of ece",
        _COLUMNS,
        _norm_of_gaps("l2"),
        "root mean square over the bins",
        default=True,
        interval="inversion",
        of_class=True,
    ),
    Metric(
        "mce",
        "the largest |mean a - mean c| over the bins of ece that are not empty",
        _COLUMNS,
        _norm_of_gaps("max"),
        "largest gap of a bin",
        default=True,
        interval="inversion",
        of_class=True,
    ),
    Metric(
        "ece_null",
        "the mean ece of perfectly calibrated models with these confidences at this N, normal approximation: "
        "sum_b sqrt(2/pi) sqrt(v_b) / N, v_b = sum of c (1-c) over bin b. An ece near it is noise",
        _COLUMNS,
        ece_null,
        "ece of noise alone",
        default=True,
        of_class=True,
    ),
    Metric(
        "ece_equal_mass",
        f"the error over {BINS} bins of equal count by value: bin i ends with the smallest confidence whose cumulative "
        "weight reaches i floor(N/M) + min(i, N mod M), and equal ends merge, so that equal confidences (they differ "
        "by 1e-13 of c (1 - c) at most) share a bin; "
        "--norm l1 (as ece), l2 or max",
        _COLUMNS,
        ece_equal_mass,
        "ece over bins of equal count",
        interval="inversion",
        of_class=True,
    ),
    Metric(
        "ece_sweep",
        "ece_equal_mass with the largest M such that for every M' = 1..M the bin accuracies do not decrease with "
        "confidence; if they do not decrease over the distinct confidences, each of these is a bin "
        "(Roelofs et al. 2022)",
        _COLUMNS,
        ece_sweep,
        "as many bins as stay monotone",
        interval="inversion",
        of_class=True,
    ),
    Metric(
        "rmsce_debiased",
        "sqrt(max(0, sum_b (n_b/N) [(mean a - mean c)^2 - abar (1 - abar)/(n_b - 1)])) over the bins of ece, abar = "
        "mean a of the bin; a bin with n_b < 2 adds 0 (Kumar et al. 2019, who take bins of equal count)",
        _COLUMNS,
        rmsce_debiased,
        "rmsce less its own noise",
        interval="inversion",
        of_class=True,
    ),
    *smooth_ece.METRICS,
    Metric(
        "ks_calibration",
        "the largest |sum of (a - c) over the samples up to a confidence| / N, in ascending order of c, equal c taken "
        "together (Gupta et al. 2021)",
        _COLUMNS,
        ks_calibration,
        "largest cumulative gap",
        interval="inversion",
        of_class=True,
    ),
    Metric(
        "spiegelhalter_z",
        "sum (a - c)(1 - 2c) / sqrt(sum (1 - 2c)^2 c (1 - c)); above 0 is over-confident if all c > 1/2 "
        "(Spiegelhalter 1986)",
        _COLUMNS,
        spiegelhalter_z,
        "test of calibration, normal",
        of_class=True,
    ),
    Metric(
        "spiegelhalter_p",
        "2 (1 - Phi(|spiegelhalter_z|)), two-sided",
        _COLUMNS,
        spiegelhalter_p,
        "p-value of spiegelhalter_z",
        of_class=True,
        within=SHARE,
    ),
)
