"""The reliability diagram of the answer of `bins`."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from lscli.curves.chart import Chart, Series
from lscli.curves.reliability import ReliabilityPoint

if TYPE_CHECKING:
    from lscli.listings import Bin, Bins


def chart_of_bins(answer: Bins) -> Chart:
    """The bins as a reliability diagram, without the band of a calibrated model, which the answer does not have."""
    rows: dict[tuple[str, str], list[Bin]] = {}
    for row in answer.rows:
        rows.setdefault((row.source, row.group), []).append(row)
    series = [Series(*name, list(map(_point, found)), _facts(found)) for name, found in rows.items()]
    return Chart(chart="reliability", series=series, conclusion=answer.conclusion, **answer.fields())


def _point(row: Bin) -> ReliabilityPoint:
    return ReliabilityPoint(**{name: getattr(row, name, math.nan) for name in ReliabilityPoint._fields})


def _facts(rows: list[Bin]) -> dict[str, float]:
    """The ece that the bins have; what else a caption may name is not known."""
    full = [row for row in rows if row.size]
    size = math.fsum(row.size for row in full)
    ece = math.fsum(row.size * abs(row.gap) for row in full) / size if size else math.nan
    return defaultdict(lambda: math.nan, ece=ece)
