"""Laws that hold for every metric: the order of samples, weights, and what one sample is too few for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from tests.metrics.tables import IDS, OF_COLUMNS, SETTINGS, TARGETS, close, drawn, full_table, values

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
def test_a_resample_is_its_weights_whatever_was_asked_before(metric: str, settings: Settings) -> None:
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


@every
def test_values_are_python_s_numbers(metric: str, settings: Settings) -> None:
    table = TABLES[settings.targets]
    found = values(metric, table, settings)
    assert {float} == {type(number) for value in found for number in (value.value, value.stderr)}


BY_CLASS = [name for name, metric in METRICS.items() if metric.by_class]
CLASSWISE = [
    {"norm": norm, "bin_edges": edges, "bins": bins}
    for norm in ("l1", "l2", "max")
    for edges, bins in (("right", 15), ("left", 10))
]


def classwise(logits: Array, labels: Array, **options: Any) -> list[float]:
    report = lscli.evaluate(logits, labels, metrics="classwise", **options)
    assert BY_CLASS == [row.metric for row in report.rows]
    assert all(math.isnan(row.stderr) for row in report.rows)
    return [row.value for row in report.rows]


@pytest.mark.parametrize("options", CLASSWISE, ids=str)
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("classes", [2, 8, 200])
def test_the_laws_of_the_errors_by_class(options: dict[str, Any], kernel: str, classes: int) -> None:
    logits, labels = drawn(400, classes, 3)
    expected = classwise(logits, labels, kernel=kernel, **options)
    assert all(0 < number < 1 for number in expected)
    rng = np.random.default_rng(4)
    order = rng.permutation(len(labels))
    shuffled = classwise(logits[order], labels[order], kernel=kernel, **options)
    assert expected == pytest.approx(shuffled, rel=1e-13, abs=1e-13)
    ones = classwise(logits, labels, kernel=kernel, weights=np.ones(len(labels)), **options)
    assert expected == pytest.approx(ones, rel=1e-13, abs=1e-13)
    weight = rng.integers(0, 4, len(labels))
    repeated = classwise(np.repeat(logits, weight, axis=0), np.repeat(labels, weight), kernel=kernel, **options)
    weighted = classwise(logits, labels, kernel=kernel, weights=weight, **options)
    assert repeated == pytest.approx(weighted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("options", CLASSWISE, ids=str)
def test_the_errors_by_class_of_a_group_are_those_of_its_samples(options: dict[str, Any]) -> None:
    logits, labels = drawn(400, 5, 5)
    weight = np.random.default_rng(6).integers(0, 3, 400)
    names = np.array(["a", "b", "c"])[np.arange(400) % 3]
    report = lscli.evaluate(logits, labels, metrics="classwise", weights=weight, groups=names, **options)
    for name in "abc":
        mine = names == name
        expected = classwise(logits[mine], labels[mine], weights=weight[mine], **options)
        assert expected == pytest.approx([row.value for row in report.rows if row.group == name], rel=1e-12, abs=1e-13)
