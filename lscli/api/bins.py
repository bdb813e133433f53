"""The reliability table: accuracy against confidence, bin by bin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_logits
from lscli.api.positive_class import notes_on_class, positive_class
from lscli.errors import UsageError
from lscli.intervals.clusters import notes_on_clusters
from lscli.intervals.shares import share_interval
from lscli.listings import Bin, Bins
from lscli.metrics.base import OF_CLASS, Settings
from lscli.metrics.bins import BinRule, MassBins, bin_sums, clustered_shares, rule_columns, rule_of
from lscli.metrics.focal_bins import FocalBins
from lscli.options import BinsOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.api.confidences import Table
    from lscli.options import Data
    from lscli.table import SampleTable


@of_logits(BinsOptions)
def per_bin(logits: Data | Table, labels: Data | None, options: BinsOptions) -> Bins:
    """Compute the bins of ece: edges, count, mean confidence, accuracy, gap and the interval of the accuracy.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing, one row per bin. An empty bin has a count of 0, and its other values are nan. The gap is
        confidence - accuracy; the interval is Wilson's or, with clusters, one on the scale of log odds. With a
        positive class, as with `binary`, confidence is the mean probability of that class and accuracy its share.

    Raises:
        LscliError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> bins = lscli.per_bin("sample_data/logits.npy", "sample_data/labels.npy", bins=3)
        >>> [(row.size, round(row.confidence, 3), round(row.accuracy, 3)) for row in bins.rows]
        [(1, 0.324, 1.0), (176, 0.561, 0.489), (4823, 0.984, 0.953)]
    """
    if options.equal_mass and options.compat not in (None, "focal"):
        raise UsageError(
            f"{options.compat} has no bins of equal count", "leave --equal-mass or --compat out", where="compat"
        )
    number = positive_class(options)
    settings = Settings(bins=options.bins, bin_edges=options.bin_edges, compat=options.compat, positive_class=number)
    columns = rule_columns(settings) if number is None else OF_CLASS
    read = reading.read(logits, labels, columns, options, positive_class=number)
    rule = rule_of(settings._replace(given=read.given))
    rows = [
        Bin(read.source, group, *cells)
        for group, table in read.tables.items()
        for cells in _cells(table if number is None else table.of_class(number), rule, options)
    ]
    used = {"bins": rule.params["bins"], "positive_class": number}
    notes = [
        *notes_on_class(number, options.compat),
        *notes_on_clusters(read.all.clusters, read.clusters_by_group),
    ]
    answered = read.answered(options, used, notes)
    meaning = "" if number is None else f"Confidence is the mean probability of class {number}, and accuracy its share."
    return Bins(rows=rows, conclusion=" ".join(filter(None, [meaning, read.map_remark])), **answered)


def _cells(table: SampleTable, rule: BinRule, options: BinsOptions) -> Iterator[tuple[float, ...]]:
    """The cells of each bin after the source and the group."""
    if options.equal_mass and options.compat == "focal":
        focal = FocalBins.of(table, rule.params["bins"])
        sums, count = focal.sums, len(focal.edges) - 1
        columns = (focal.edges[:-1], focal.edges[1:], *(x[:count] for x in (sums.size, sums.correct, sums.residual)))
        bins, _ = focal.of_samples(table)
        table, bins = (table, bins) if (bins < count).all() else (table.select(bins < count), bins[bins < count])
    elif options.equal_mass:
        mass = MassBins.of(table)
        starts = mass.starts(rule.params["bins"])
        sums, edge = mass.sums(starts), mass.edges(starts, rule.params["bins"])
        columns = (np.append(0.0, edge[:-1]), edge, sums.size, sums.correct, sums.residual)
        bins = mass.bin_of(table["confidence"], starts)
    else:
        width = bin_sums(table, rule)
        columns = (rule.edges[:-1], rule.edges[1:], width.size, width.correct, width.residual)
        bins = rule.bin_of(rule.confidence(table), computed=table.num_classes is not None)
    spread = None if table.cluster is None else clustered_shares(table, bins, columns[2], columns[3])
    for place, (low, high, n, right, residual) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        if n == 0:
            yield low, high, 0, *[math.nan] * 5
            continue
        count, accuracy = int(n) if n.is_integer() else n, right / n
        bounds = share_interval(accuracy, n, options.level, *(() if spread is None else spread.of(place)))
        yield low, high, count, (right - residual) / n, accuracy, -residual / n, *bounds
