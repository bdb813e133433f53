"""Accuracy against confidence, smoothed by a kernel as wide as the smooth calibration error, as relplot draws it.

(Blasiok & Nakkiran 2023.) The gaps a - c are smoothed, so that a calibrated model has the diagonal up to its ends, and
the area between the curve and the diagonal, weighted by the density, is smece.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.curves.calibrated_band import simulated
from lscli.curves.chart import Curve, Source
from lscli.curves.reliability import bootstrap_of, confidence_columns, no_band, of_class, seen
from lscli.intervals.label_simulation import label_interval
from lscli.metrics import cells as of_cells
from lscli.metrics.smooth_ece import smece

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

_PLACES = 201
# The least width, in places: a narrower kernel would miss confidences between two of them.
_NARROWEST = 1.0
_SETS = 64  # smoothed at a time


class SmoothPoint(NamedTuple):
    """A confidence, from 0 to 1 in equal steps as far as there are samples.

    Attributes:
        confidence: where the curve is read.
        accuracy: the smoothed accuracy there.
        density: of the confidences, smoothed alike; 1 on average over [0, 1].
        band_low, band_high: the central interval of the curve for a calibrated model with these confidences; nan with
            fewer than two clusters.
    """

    confidence: float
    accuracy: float
    density: float
    band_low: float
    band_high: float


def _compute(given: Source) -> tuple[list[SmoothPoint], dict[str, float], str]:
    table, settings, bootstrap = seen(given), given.settings, bootstrap_of(given)
    error = smece(table, settings)[0].value
    low, high = label_interval("smece", table, settings, bootstrap)
    facts = {"smece": error, "smece_low": low, "smece_high": high, "level": bootstrap.level, **of_class(settings)}
    if not table.total:
        return [], facts, ""
    cells = of_cells.by_width(table)
    place = np.linspace(0.0, 1.0, _PLACES)
    total = cells.sums.size.sum()
    kernel = _kernel(place, cells.right / cells.sums.size, max(error, _NARROWEST / (_PLACES - 1))) / total
    density = np.einsum("tb,b->t", kernel, cells.sums.size)
    kept = _within(table, place)
    kernel, density, place = kernel[kept], density[kept], place[kept]
    kernel /= density[:, None]
    band = simulated(table, cells, bootstrap, _smoothed(kernel))
    ends = np.full((2, len(place)), np.nan) if band is None else np.stack(band)
    curves = (_smoothed(kernel)(cells.sums.residual[None])[0], *ends)
    accuracy, low_end, high_end = (np.clip(place + gap, 0.0, 1.0) for gap in curves)
    columns = (place, accuracy, density, low_end, high_end)
    return [SmoothPoint(*row) for row in zip(*(x.tolist() for x in columns), strict=True)], facts, no_band(table)


def _within(table: SampleTable, place: Array) -> Array:
    """Whether each place is between two confidences, or next to one, [T] bool."""
    c = table["confidence"] if table.weight is None else table["confidence"][table.weight > 0]
    step = 1 / (_PLACES - 1)
    within: Array = (place > c.min() - step) & (place < c.max() + step)
    return within


def _smoothed(kernel: Array) -> Callable[[Array], Array]:
    """A function that smooths the gaps of label sets, [d, B] to [d, T]."""

    def of_gaps(gaps: Array) -> Array:
        return np.concatenate(
            [np.einsum("db,tb->dt", gaps[start : start + _SETS], kernel) for start in range(0, len(gaps), _SETS)]
        )

    return of_gaps


def _kernel(place: Array, centre: Array, width: float) -> Array:
    """The normal density of this standard deviation about each centre [B], reflected at 0 and 1, at places [T]; [T, B].

    It is a sum of images, of which those that are far apart vanish; for a wide kernel it is nearly constant.
    """
    images = np.arange(-2 * np.ceil(4 * width), 2 * np.ceil(4 * width) + 1)
    found = np.zeros((len(place), len(centre)))
    for turn in images:
        for image in (centre + 2 * turn, -centre + 2 * turn):
            found += np.exp(-np.square((place[:, None] - image) / width) / 2)
    density: Array = found / (width * np.sqrt(2 * np.pi))
    return density


CURVE = Curve(SmoothPoint, confidence_columns, _compute)
