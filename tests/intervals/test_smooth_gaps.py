"""Curves of gaps that the samples allow: near the gaps of a known model, apart from each other as noise is large."""

from __future__ import annotations

import numpy as np
import pytest

from lscli.intervals.smooth_gaps import SHAPES, smooth_gaps, variances
from lscli.metrics.cells import Cells, by_weight
from tests.intervals.designs import CALIBRATED, DESIGNS, Design


def cells_of(design: Design, n: int, seed: int = 0) -> Cells:
    return by_weight(design.draw(np.random.default_rng(seed), n))


def mean_gaps(cells: Cells, design_effect: float = 1.0) -> np.ndarray:
    """The mean of a - c of each cell on each curve, [SHAPES, B]."""
    return smooth_gaps(cells, design_effect, 0) / cells.sums.size


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_curves_lie_around_the_gaps_of_the_model(design: Design) -> None:
    cells = cells_of(design, 50_000)
    found = mean_gaps(cells)
    c = cells.right / cells.sums.size
    assert (SHAPES, len(c)) == found.shape
    apart = found.mean(axis=0) - (design.right(c) - c)
    # The standard error of the mean gap is .0018, and that of the height of a wave 1.4 times as much.
    assert np.sqrt(np.mean(np.square(apart))) < 0.008


def test_of_most_samples_of_a_calibrated_model_no_wave_is_left() -> None:
    flat = sum(bool((np.ptp(mean_gaps(cells_of(CALIBRATED, 2000, seed)), axis=1) < 1e-12).all()) for seed in range(20))
    # In a third of the samples noise is taken for a wave, in one of about ten blocks.
    assert flat >= 8


def test_curves_are_as_far_apart_as_noise_is_large() -> None:
    cells = cells_of(DESIGNS[1], 20_000)
    average = mean_gaps(cells) @ cells.sums.size / cells.sums.size.sum()
    expected = np.sqrt(variances(cells).sum()) / cells.sums.size.sum()
    # The standard deviation of 8 pairs is known to a quarter of itself; waves have nearly the mean 0.
    assert expected == pytest.approx(average.std(), rel=0.75)
    of_clusters = mean_gaps(cells, 4.0) @ cells.sums.size / cells.sums.size.sum()
    assert 2 * average.std() == pytest.approx(of_clusters.std(), rel=1e-3)
    assert average.mean() == pytest.approx(cells.sums.residual.sum() / cells.sums.size.sum(), rel=1e-3)


def test_variances_are_at_least_those_of_a_calibrated_model() -> None:
    cells = cells_of(DESIGNS[3], 50_000)
    found = variances(cells)
    assert (found >= cells.sums.variance).all()
    c = cells.right / cells.sums.size
    right = DESIGNS[3].right(c)
    larger = cells.sums.size * np.maximum(c * (1 - c), right * (1 - right))
    many = cells.sums.size > 300
    assert many.sum() > 100
    assert found[many] == pytest.approx(larger[many], rel=0.4)
    assert found.sum() == pytest.approx(larger.sum(), rel=0.02)
