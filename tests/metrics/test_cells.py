"""Errors of label sets from cells: those of the metrics where each sample has a cell, and close to them elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lscli import SampleTable
from lscli.intervals.label_simulation import _ERRORS, SIMULATED
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from lscli.metrics.cells import Cells, by_weight, by_width, smece, smoothed
from tests.intervals.designs import DESIGNS, Design


def of_cells(metric: str, table: SampleTable) -> float:
    cells = _ERRORS[metric].fold(table)
    return float(_ERRORS[metric].of(cells, cells.sums.residual[None])[0])


def exact(metric: str, table: SampleTable) -> float:
    return METRICS[metric].compute(table, Settings())[0].value


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
@pytest.mark.parametrize("metric", sorted(SIMULATED))
def test_few_samples_have_the_metric_itself(metric: str, design: Design) -> None:
    table = design.draw(np.random.default_rng(0), 200)
    # Cells are up to a quarter of smece wide, which moves it by far less than the noise of 200 samples does.
    tolerance = 0.03 if metric == "smece" else 1e-9
    assert exact(metric, table) == pytest.approx(of_cells(metric, table), rel=tolerance)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
@pytest.mark.parametrize("metric", sorted(SIMULATED))
def test_expected_labels_have_the_metric_of_endlessly_many_samples(metric: str, design: Design) -> None:
    table = design.expected(design.confidences(np.random.default_rng(0), 5000))
    # Far below the noise of 2,000 samples, .005 for smece and ks, and .0005 and .0015 for the others.
    assert exact(metric, table) == pytest.approx(of_cells(metric, table), rel=5e-3, abs=1e-4)


def test_every_label_set_has_its_own_error() -> None:
    table = DESIGNS[1].draw(np.random.default_rng(0), 3000)
    for error in _ERRORS.values():
        cells = error.fold(table)
        gaps = cells.sums.residual + np.random.default_rng(1).standard_normal((700, len(cells.sums.size)))
        together = error.of(cells, gaps)
        for place in (0, 350, 699):
            assert error.of(cells, gaps[[place]])[0] == pytest.approx(together[place], rel=2e-3)


@pytest.mark.parametrize("fold", [by_weight, by_width])
def test_cells_keep_the_sums(fold: Callable[[SampleTable], Cells]) -> None:
    c = np.concatenate((np.random.default_rng(0).random(3000), 1 - 10.0 ** -np.arange(1, 16), [0.0, 1.0]))
    weight = np.random.default_rng(1).integers(0, 3, len(c))
    table = SampleTable.from_confidences(c, c > 0.4, weight=weight)
    cells = fold(table)
    assert weight.sum() == pytest.approx(cells.sums.size.sum(), rel=1e-12)
    assert (weight * c).sum() == pytest.approx(cells.right.sum(), rel=1e-12)
    assert (weight * (1 - c)).sum() == pytest.approx(cells.wrong.sum(), rel=1e-12)
    assert (cells.sums.size > 0).all()
    inside = weight > 0
    mean = (cells.right / cells.sums.size)[cells.of_sample]
    assert np.abs(mean - c)[inside].max() < 0.01
    assert (np.diff(cells.of_sample[np.argsort(c, kind="stable")][inside[np.argsort(c, kind="stable")]]) >= 0).all()


def test_losses_differ_little_within_a_cell() -> None:
    rest = 10.0 ** np.random.default_rng(0).uniform(-14, -1, 20_000)
    table = SampleTable.from_confidences(1 - rest, np.ones(20_000))
    cells = by_weight(table)
    ratio = table["one_minus_confidence"] / (cells.wrong / cells.sums.size)[cells.of_sample]
    assert 0.45 < ratio.min() < ratio.max() < 2.2
    assert len(cells.sums.size) < 330


@pytest.mark.parametrize("design", DESIGNS[:3], ids=lambda design: design.name)
def test_smoothed_gaps_are_above_a_value_where_smece_is(design: Design) -> None:
    cells = by_width(design.draw(np.random.default_rng(0), 2000))
    noise = np.random.default_rng(1).standard_normal((200, len(cells.sums.size))) * np.sqrt(cells.sums.variance)
    gaps = cells.sums.residual + noise
    errors = smece(cells, gaps)
    for value in np.quantile(errors, [0.1, 0.5, 0.9]):
        clear = np.abs(errors / value - 1) > 5e-3  # smece is known to .1 %
        assert ((smoothed(cells, value)(gaps) >= value) == (errors >= value))[clear].all()
        assert clear.sum() > 150
