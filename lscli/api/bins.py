"""The reliability table: accuracy against confidence, bin by bin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_logits
from lscli.errors import UsageError
from lscli.intervals.wilson import wilson
from lscli.listings import Bin, Bins
from lscli.metrics.base import Settings
from lscli.metrics.bins import BinRule, MassBins, bin_sums, rule_of
from lscli.options import BinsOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.options import Data
    from lscli.table import SampleTable

    Array = NDArray[Any]

_READ = frozenset({"confidence", "one_minus_confidence", "correct"})


@of_logits(BinsOptions)
def per_bin(logits: Data, labels: Data | None, options: BinsOptions) -> Bins:
    """Compute the bins of ece: edges, count, mean confidence, accuracy, gap and the interval of the accuracy.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing, one row per bin. An empty bin has a count of 0 and is nan otherwise. gap = confidence - accuracy;
        the interval is Wilson's, of the given level.

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    rule = rule_of(Settings(bins=options.bins, bin_edges=options.bin_edges, compat=options.compat))
    if options.equal_mass and options.compat:
        raise UsageError("has no bins of equal count", "leave --equal-mass or --compat out", where="compat")
    level = options.level
    read = reading.read(logits, labels, _READ, options)
    bins = rule.params["bins"]
    rows = [
        row
        for group, table in read.tables.items()
        for row in (
            _of_mass(table, bins, level, read.source, group)
            if options.equal_mass
            else _of_width(table, rule, level, read.source, group)
        )
    ]
    return Bins(rows=rows, **read.answered(options, {"bins": bins}))


def _of_width(table: SampleTable, rule: BinRule, level: float, source: str, group: str) -> Iterator[Bin]:
    sums = bin_sums(table, rule)
    edges = rule.edges
    return _rows(source, group, level, edges[:-1], edges[1:], sums.size, sums.correct, sums.residual)


def _of_mass(table: SampleTable, bins: int, level: float, source: str, group: str) -> Iterator[Bin]:
    sums = MassBins.of(table).sums(bins)
    low = np.append(0.0, sums.edge[:-1])
    return _rows(source, group, level, low, sums.edge, sums.size, sums.correct, sums.residual)


def _rows(source: str, group: str, level: float, *columns: Array) -> Iterator[Bin]:
    """A row for each bin, from the columns low, high, size, sum of a and sum of a - c, [M] each."""
    for low, high, n, right, residual in zip(*(column.tolist() for column in columns), strict=True):
        count = int(n) if n.is_integer() else n
        if n == 0:
            yield Bin(source, group, low, high, count, *[math.nan] * 5)
            continue
        accuracy = right / n
        gap = -residual / n
        yield Bin(source, group, low, high, count, (right - residual) / n, accuracy, gap, *wilson(accuracy, n, level))
