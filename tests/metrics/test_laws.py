"""Laws that hold for every metric: the order of samples, weights, resamples, and one sample."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lscli.metrics.base import Settings
from tests.metrics.tables import IDS, OF_COLUMNS, SETTINGS, TARGETS, close, full_table, values

Array = NDArray[Any]
TABLES = {targets: full_table(targets=targets) for targets in (SETTINGS.targets, *TARGETS)}
every = pytest.mark.parametrize(("metric", "settings"), OF_COLUMNS, ids=IDS)


@every
def test_the_order_of_the_samples_does_not_matter(metric: str, settings: Settings) -> None:
    table = TABLES[settings.targets]
    shuffled = table.select(np.random.default_rng(1).permutation(len(table)))
    assert close(values(metric, table, settings), values(metric, shuffled, settings), 1e-13)


@every
def test_a_weight_is_a_multiplicity(metric: str, settings: Settings) -> None:
    table = TABLES[settings.targets]
    weight = np.random.default_rng(2).integers(0, 4, len(table))
    repeated = table.select(np.repeat(np.arange(len(table)), weight))
    weighted = table.with_weights(weight.astype(float))
    assert close(values(metric, repeated, settings), values(metric, weighted, settings), 1e-12)


@every
def test_a_weight_of_one_is_no_weight(metric: str, settings: Settings) -> None:
    table = TABLES[settings.targets]
    ones = table.with_weights(np.ones(len(table)))
    assert close(values(metric, table, settings), values(metric, ones, settings), 1e-13)


@every
def test_a_resample_of_every_sample_once_is_the_table(metric: str, settings: Settings) -> None:
    table = TABLES[settings.targets]
    found = values(metric, table.resample(np.ones(len(table))), settings)
    assert [value.value for value in values(metric, table, settings)] == pytest.approx(
        [value.value for value in found], rel=1e-13, abs=1e-13, nan_ok=True
    )
    # Resamples have no standard error of their own, and need the weights' sums alone.
    assert all(math.isnan(value.stderr) for value in found)


@pytest.mark.parametrize(
    ("metric", "settings"),
    # The exponent of the pnorm stays that of the samples that are resampled.
    [pair for pair in OF_COLUMNS if "pnorm" not in pair[0] and "pnorm" not in pair[1].score],
)
def test_a_resample_is_its_weights_whatever_was_computed_before(metric: str, settings: Settings) -> None:
    table = TABLES[settings.targets]
    values(metric, table.resample(np.ones(len(table))), settings)
    weight = np.random.default_rng(3).integers(0, 3, len(table)).astype(float)
    # A table of its own, so that nothing is kept from before.
    alone = full_table(targets=settings.targets).with_weights(weight)
    found = values(metric, table.resample(weight), settings)
    assert [value.value for value in values(metric, alone, settings)] == pytest.approx(
        [value.value for value in found], rel=1e-12, abs=1e-12, nan_ok=True
    )


@every
def test_one_sample_has_values_and_no_standard_error(metric: str, settings: Settings) -> None:
    table = TABLES[settings.targets]
    one = table.select(np.arange(len(table)) == 7)
    for each in (one, one.with_weights(np.ones(1))):
        found = values(metric, each, settings)
        assert len(values(metric, table, settings)) == len(found) > 0
        assert all(math.isnan(value.stderr) for value in found)
