"""The isotonic regression of being right on confidence, with the band of a calibrated model.

It is the reliability diagram without bins of CORP (Dimitriadis, Gneiting & Jordan 2021), as R's reliabilitydiag has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.curves.binned_samples import counts
from lscli.curves.calibrated_band import simulated
from lscli.curves.chart import Curve, Source
from lscli.curves.reliability import bootstrap_of, confidence_columns, no_band, of_class, seen
from lscli.metrics import cells as of_cells
from lscli.metrics.corp_decomposition import BRIER, parts, recalibrated
from lscli.metrics.sorted_values import sorted_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class CorpPoint(NamedTuple):
    """Neighbouring confidences with the same recalibrated confidence and the same band.

    Attributes:
        low, high: the smallest and the largest confidence.
        size: the number of samples, by their weights.
        confidence: the mean.
        recalibrated: the isotonic regression of being right on confidence.
        band_low, band_high: the central interval of the regression for a calibrated model with these confidences; nan
            with fewer than two clusters.
    """

    low: float
    high: float
    size: float
    confidence: float
    recalibrated: float
    band_low: float
    band_high: float


def _compute(given: Source) -> tuple[list[CorpPoint], dict[str, float], str]:
    table, bootstrap = seen(given), bootstrap_of(given)
    names = ("brier_miscalibration", "brier_discrimination", "brier_uncertainty")
    facts = dict(zip(names, parts(table, BRIER), strict=True))
    facts |= {"level": bootstrap.level, **of_class(given.settings)}
    if not table.total:
        return [], facts, ""
    ascending = sorted_by(table, "confidence")
    weight = ascending.weights(table)
    full = weight > 0
    value, weight, first = ascending.value[full], weight[full], ascending.order[ascending.starts][full]
    cells = of_cells.by_weight(table)
    cell = cells.of_sample[first]
    # Blocks end where so many samples are gathered: sums of fractional weights are rounded.
    blocks = recalibrated(table)
    ends = np.cumsum(blocks.size)
    block = np.minimum(np.searchsorted(ends, np.cumsum(weight) * (1 - 1e-12), side="left"), len(ends) - 1)
    starts = np.flatnonzero((np.diff(cell, prepend=-1) != 0) | (np.diff(block, prepend=-1) != 0))
    size = np.add.reduceat(weight, starts)
    band = simulated(
        table,
        cells,
        bootstrap,
        lambda gaps: of_cells.isotonic(cells, of_cells.shares(cells, gaps, of_cells.nll)).right,
    )
    low, high = np.full((2, len(cells.sums.size)), np.nan) if band is None else band
    columns = (
        value[starts],
        value[np.append(starts[1:], len(value)) - 1],
        np.add.reduceat(weight * value, starts) / size,
        (blocks.right / blocks.size)[block[starts]],
        low[cell[starts]],
        high[cell[starts]],
    )
    rows = zip(counts(size), *(x.tolist() for x in columns), strict=True)
    points = [CorpPoint(first_c, last_c, n, *rest) for n, first_c, last_c, *rest in rows]
    return points, facts, no_band(table)


CURVE = Curve(CorpPoint, confidence_columns, _compute)
