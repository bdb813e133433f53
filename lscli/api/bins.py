"""The reliability table: accuracy against confidence, bin by bin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from lscli.api import inputs, reading
from lscli.errors import UsageError
from lscli.intervals.bootstrap import Bootstrap
from lscli.metrics.base import Settings
from lscli.metrics.bins import BinRule, MassBins, bin_sums, rule_of
from lscli.report import Listing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

COLUMNS = ("source", "group", "low", "high", "count", "confidence", "accuracy", "gap", "ci_low", "ci_high")
_READ = frozenset({"confidence", "one_minus_confidence", "correct"})


def per_bin(
    logits: Any,
    labels: Any = None,
    *,
    bins: int | None = None,
    bin_edges: str = "right",
    compat: str | None = None,
    equal_mass: bool = False,
    level: float = 0.95,
    **options: Unpack[inputs.Options],
) -> Listing:
    """The bins that ece adds up: edges, count, mean confidence, accuracy, gap and the accuracy's interval.

    Args:
        logits, labels, options: as in `lscli.evaluate`.
        bins, bin_edges, compat: the rule, as in `lscli.evaluate`.
        equal_mass: the bins of ece_equal_mass instead.
        level: of the Wilson interval of the accuracy.

    Returns:
        A Listing, a row a bin; an empty bin has a count of 0 and no more. gap = confidence - accuracy.

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    settings = Settings(bins=bins, bin_edges=bin_edges, compat=compat or "")
    rule = rule_of(settings)
    if equal_mass and compat:
        raise UsageError("has no bins of equal count", "leave --equal-mass or --compat out", where="compat")
    z = _normal_quantile(Bootstrap(level=level).checked().level)
    read = reading.read(logits, labels, _READ, options)
    rows = [
        (read.source, group, *row)
        for group, table in read.tables.items()
        for row in (_of_mass(table, rule.params["bins"], z) if equal_mass else _of_width(table, rule, z))
    ]
    given = {"bins": bins, "bin_edges": bin_edges, "compat": compat, "equal_mass": equal_mass, "level": level}
    defaults = {"bins": None, "bin_edges": "right", "compat": None, "equal_mass": False, "level": 0.95}
    read.with_settings(given, defaults, {"bins": rule.params["bins"]})
    read.warn()
    return Listing("Reliability", COLUMNS, rows, "bins", **read.provenance.fields())


def _of_width(table: SampleTable, rule: BinRule, z: float) -> list[tuple[Any, ...]]:
    sums = bin_sums(table, rule)
    edges = rule.edges
    return _rows(edges[:-1], edges[1:], sums.size, sums.correct, sums.residual, z)


def _of_mass(table: SampleTable, bins: int, z: float) -> list[tuple[Any, ...]]:
    sums = MassBins.of(table).sums(bins)
    return _rows(np.append(0.0, sums.edge[:-1]), sums.edge, sums.size, sums.correct, sums.residual, z)


def _rows(low: Array, high: Array, size: Array, correct: Array, residual: Array, z: float) -> list[tuple[Any, ...]]:
    rows = []
    for lo, hi, n, right, gap in zip(*(x.tolist() for x in (low, high, size, correct, residual)), strict=True):
        count = int(n) if float(n).is_integer() else n
        if n == 0:
            rows.append((lo, hi, count, *[math.nan] * 5))
            continue
        accuracy = right / n
        rows.append((lo, hi, count, (right - gap) / n, accuracy, -gap / n, *_wilson(accuracy, n, z)))
    return rows


def _wilson(share: float, n: float, z: float) -> tuple[float, float]:
    """The score interval of a share of n (Wilson 1927)."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


def _normal_quantile(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + level) / 2)
