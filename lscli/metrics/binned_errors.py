"""Calibration errors over bins of confidence, of the top label or of one of two classes.

Each error is a norm of the gaps mean a - mean c of its bins. What an error is computed from stands once, so that its
interval is simulated in the same bins.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.metrics.base import SHARE, Compute, Metric, Settings, Value, independent
from lscli.metrics.bins import BINS, BinSums, MassBins, bin_sums, binned, rule_columns, rule_of
from lscli.metrics.confidence import residual
from lscli.metrics.focal_bins import FocalBins
from lscli.metrics.null_ece import ece_tail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lscli.options import Norm
    from lscli.table import SampleTable

    Array = NDArray[Any]


class Gaps(NamedTuple):
    """The gaps of bins and the norm that makes an error of them.

    Attributes:
        sums: the sums over the bins.
        norm: how the gaps of the bins become one number.
        params: the settings behind the number.
        of_samples: computes the bin and a - c of each sample, [n] each; samples of weight 0 may have any bin.
    """

    sums: BinSums
    norm: Norm
    params: Mapping[str, Any]
    of_samples: Callable[[], tuple[Array, Array]]


def _equal_width(norm: Norm) -> Callable[[SampleTable, Settings], Gaps]:
    """The bins of ece.

    l1 is ece (Naeini et al. 2015; Guo et al. 2017, section 2), l2 is rmsce (Kumar et al. 2019, section 2) and max is
    mce (Naeini et al. 2015).
    """

    def gaps(table: SampleTable, settings: Settings) -> Gaps:
        rule = rule_of(settings)
        return Gaps(bin_sums(table, rule), norm, rule.params, lambda: binned(table, rule)[:2])

    return gaps


def _equal_mass(table: SampleTable, settings: Settings) -> Gaps:
    """Bins of equal count (Nixon et al. 2019; Kumar et al. 2019). Of the libraries, only focal has its own."""
    focal = settings.compat == "focal"
    rule = rule_of(settings._replace(compat="focal" if focal else None, bin_edges="right"))
    params = {**rule.params, **_norm_params(settings)}
    if focal and table.total:
        found = FocalBins.of(table, params["bins"])
        return Gaps(found.sums, settings.norm, params, lambda: found.of_samples(table))
    mass = MassBins.of(table)
    return _mass_gaps(table, mass, mass.starts(params["bins"]), settings.norm, params)


def _swept(table: SampleTable, settings: Settings) -> Gaps:
    """The most bins of equal count whose accuracies do not fall (Roelofs et al. 2022, section 4)."""
    bins, starts = table.kept_weighted(_most_monotone)
    return _mass_gaps(table, MassBins.of(table), starts, settings.norm, {"bins": bins, **_norm_params(settings)})


def _norm_params(settings: Settings) -> dict[str, Any]:
    return {} if settings.norm == "l1" else {"norm": settings.norm}


def _mass_gaps(table: SampleTable, mass: MassBins, starts: Array, norm: Norm, params: Mapping[str, Any]) -> Gaps:
    return Gaps(mass.sums(starts), norm, params, lambda: (mass.bin_of(table["confidence"], starts), residual(table)))


def _most_monotone(table: SampleTable) -> tuple[int, Array]:
    """The number of bins of ece_sweep, and the first distinct confidence of each; equal ends merge."""
    mass = MassBins.of(table)
    if _never_falls(mass.correct / mass.weight):
        return len(mass.weight), np.arange(len(mass.weight))
    bins = 1
    while bins < int(table.total):
        starts = mass.starts(bins + 1)
        if not _never_falls(np.add.reduceat(mass.correct, starts) / np.add.reduceat(mass.weight, starts)):
            break
        bins += 1
    return bins, mass.starts(bins)


def _never_falls(accuracy: Array) -> bool:
    # Equal ratios of whole numbers are equal floats; those of fractional weights may differ by rounding.
    return bool((np.diff(accuracy) >= -1e-12).all())


# The errors over bins, and what each is computed from. What rmsce_debiased estimates is rmsce without noise.
GAPS: dict[str, Callable[[SampleTable, Settings], Gaps]] = {
    "ece": _equal_width("l1"),
    "rmsce": _equal_width("l2"),
    "mce": _equal_width("max"),
    "ece_equal_mass": _equal_mass,
    "ece_sweep": _swept,
    "rmsce_debiased": _equal_width("l2"),
}


def _error(metric_id: str) -> Compute:
    def compute(table: SampleTable, settings: Settings) -> list[Value]:
        gaps = GAPS[metric_id](table, settings)
        return [Value(gaps.sums.norm(gaps.norm), params=gaps.params)]

    return compute


ece = _error("ece")


def ece_null(table: SampleTable, settings: Settings) -> list[Value]:
    """The expected ece of noise alone: E|x| = sqrt(2/pi) sd of a normal x, bin by bin."""
    rule = rule_of(settings)
    if not table.total:
        return [Value(math.nan, params=rule.params)]
    deviations = np.sqrt(bin_sums(table, rule).variance)
    return [Value(math.sqrt(2 / math.pi) * float(deviations.sum()) / table.total, params=rule.params)]


def ece_p(table: SampleTable, settings: Settings) -> list[Value]:
    """The probability that a calibrated model has an ece at least as large; none with clusters."""
    rule = rule_of(settings)
    return [Value(ece_tail(table, rule) if table.total else math.nan, params=rule.params)]


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


_COLUMNS = frozenset({"confidence", "one_minus_confidence", "correct"})


def _mass_columns(settings: Settings) -> frozenset[str]:
    return rule_columns(settings) if settings.compat == "focal" else _COLUMNS


METRICS = (
    Metric(
        "ece",
        "sum_b (n_b/N) |mean a - mean c| over the bins of c that are not empty, n_b the weight of a bin, of M = "
        f"{BINS} equal-width bins (lo, hi] with edges i/M, 0 in the first, 1 in the last; a computed c that differs "
        "from an edge by rounding is on that edge",
        rule_columns,
        ece,
        "expected calibration error",
        chosen_by="default",
        interval="inversion",
        of_class=True,
        within=SHARE,
        better="lower",
        formula=r"\sum_{b=1}^{M} \frac{n_b}{N} \left| \bar a_b - \bar c_b \right|",
    ),
    Metric(
        "rmsce",
        "sqrt(sum_b (n_b/N) (mean a - mean c)^2) over the bins of ece",
        rule_columns,
        _error("rmsce"),
        "root mean square over the bins",
        chosen_by="default",
        interval="inversion",
        of_class=True,
        within=SHARE,
        better="lower",
        formula=r"\sqrt{\sum_{b=1}^{M} \frac{n_b}{N} \left( \bar a_b - \bar c_b \right)^2}",
    ),
    Metric(
        "mce",
        "the largest |mean a - mean c| over the bins of ece that are not empty",
        rule_columns,
        _error("mce"),
        "largest gap of a bin",
        chosen_by="default",
        interval="inversion",
        of_class=True,
        within=SHARE,
        better="lower",
        formula=r"\max_{b} \left| \bar a_b - \bar c_b \right|",
    ),
    Metric(
        "ece_null",
        "the mean ece of perfectly calibrated models with these confidences at this N, normal approximation: "
        "sum_b sqrt(2/pi) sqrt(v_b) / N, v_b = sum of w c (1-c) over bin b of ece. An ece near it may be noise alone",
        rule_columns,
        ece_null,
        "ece of noise alone",
        chosen_by="default",
        interval="none",
        of_class=True,
    ),
    Metric(
        "ece_p",
        "the probability of an ece of at least this one if every sample is right with probability c: the p-value of "
        "perfect calibration, with the gaps of the bins of ece independent and the number of right samples of each "
        "binomial with their mean and variance; to 0.002, and not below 1e-12 if it is possible; absent with clusters",
        rule_columns,
        ece_p,
        "p-value of calibration by ece",
        chosen_by="ci",
        interval="none",
        absent=independent,
        of_class=True,
        within=SHARE,
    ),
    Metric(
        "ece_equal_mass",
        f"the error over M = {BINS} bins of equal count by value: bin i < M ends with the smallest confidence whose "
        "cumulative weight reaches i floor(N/M) + min(i, N mod M), and equal ends merge, so that equal confidences "
        "(they differ by at most 1e-13 of c (1 - c)) share a bin; --norm l1 (as ece), l2 (as rmsce) or max (as mce); "
        "--compat focal: the adaptive ECE of Mukhoti et al. 2020",
        _mass_columns,
        _error("ece_equal_mass"),
        "ece over bins of equal count",
        interval="inversion",
        of_class=True,
        better="lower",
    ),
    Metric(
        "ece_sweep",
        "ece_equal_mass, with --norm as there, of the largest M <= N such that for every M' = 1..M the bin accuracies "
        "do not decrease with confidence; if they do not decrease over the distinct confidences, each of these is a "
        "bin (Roelofs et al. 2022)",
        _COLUMNS,
        _error("ece_sweep"),
        "as many bins as stay monotone",
        interval="inversion",
        of_class=True,
        better="lower",
    ),
    Metric(
        "rmsce_debiased",
        "sqrt(max(0, sum_b (n_b/N) [(mean a - mean c)^2 - abar (1 - abar)/(n_b - 1)])) over the bins of ece, abar = "
        "mean a of the bin; a bin with n_b < 2 adds 0 (Kumar et al. 2019, who take bins of equal count)",
        rule_columns,
        rmsce_debiased,
        "rmsce less its own noise",
        interval="inversion",
        of_class=True,
        better="lower",
    ),
)
