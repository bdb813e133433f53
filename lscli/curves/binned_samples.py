"""The samples of each bin of confidences: their sums, the edges of the bins, and the bin of each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.intervals.shares import share_interval
from lscli.metrics.bins import MassBins, bin_sums, binned, clustered_shares, rule_of
from lscli.metrics.confidence import residual
from lscli.metrics.focal_bins import FocalBins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.metrics.base import Settings
    from lscli.metrics.bins import BinSums
    from lscli.table import SampleTable

    Array = NDArray[Any]


def counts(size: Array) -> list[int | float]:
    """Sums of weights as numbers of samples: whole numbers as such, [M]."""
    return [int(n) if n.is_integer() else n for n in size.tolist()]


class BinnedSamples(NamedTuple):
    """Samples in M bins of confidences.

    Attributes:
        table: the samples that are in a bin.
        low, high: the edges of the bins, [M].
        sums: the sums over the samples of each bin, [M].
        of_sample: the bin of each sample, [n].
        gap: a - c of each sample, c as the rule of the bins clips and rounds it, [n].
    """

    table: SampleTable
    low: Array
    high: Array
    sums: BinSums
    of_sample: Array
    gap: Array

    @classmethod
    def of(cls, table: SampleTable, settings: Settings, *, equal_mass: bool = False) -> BinnedSamples:
        """The bins of ece, or with `equal_mass` those of ece_equal_mass.

        Args:
            table: the samples as the error sees them: of the positive class if there is one.
            settings: the settings of the error.
            equal_mass: bins of equal count.
        """
        rule = rule_of(settings)
        if equal_mass and settings.compat == "focal":
            focal = FocalBins.of(table, rule.params["bins"])
            count = len(focal.edges) - 1
            bins, gap = focal.of_samples(table)
            if (bins == count).any():  # samples in no bin
                table, bins, gap = table.select(bins < count), bins[bins < count], gap[bins < count]
            sums = type(focal.sums)(*(x[:count] for x in focal.sums))
            return cls(table, focal.edges[:-1], focal.edges[1:], sums, bins, gap)
        if equal_mass:
            mass = MassBins.of(table)
            starts = mass.starts(rule.params["bins"])
            edge = mass.edges(starts, rule.params["bins"])
            bins = mass.bin_of(table["confidence"], starts)
            return cls(table, np.append(0.0, edge[:-1]), edge, mass.sums(starts), bins, residual(table))
        bins, gap = binned(table, rule)[:2]
        return cls(table, rule.edges[:-1], rule.edges[1:], bin_sums(table, rule), bins, gap)

    def cells(self, level: float) -> Iterator[tuple[float, ...]]:
        """Of each bin: edges, count, mean confidence, accuracy, confidence - accuracy, interval of the accuracy.

        The count of an empty bin is 0, and what follows is nan.
        """
        sums = self.sums
        spread = (
            None
            if self.table.cluster is None
            else clustered_shares(self.table, self.of_sample, sums.size, sums.correct)
        )
        columns = (self.low, self.high, sums.size, sums.correct, sums.residual)
        of_bins = zip(counts(sums.size), *(x.tolist() for x in columns), strict=True)
        for place, (count, low, high, n, right, gap) in enumerate(of_bins):
            if n == 0:
                yield low, high, 0, *[np.nan] * 5
                continue
            accuracy = right / n
            bounds = share_interval(accuracy, n, level, *(() if spread is None else spread.of(place)))
            yield low, high, count, (right - gap) / n, accuracy, -gap / n, *bounds
