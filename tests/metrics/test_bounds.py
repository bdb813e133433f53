"""Bounds of metrics: what a metric says to rise or fall with, and which bounds are shown."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.io.open import open_inputs
from lscli.kernels.rowstate import COLUMNS
from lscli.metrics.base import Metric, Settings
from lscli.metrics.bounds import bounded_values
from lscli.metrics.catalogue import METRICS, find
from lscli.metrics.ensemble import COLUMNS as OF_MEMBERS
from lscli.metrics.selection import select
from lscli.scan.scan import scan
from lscli.smoothing.targets import Targets
from tests.metrics.tables import CLASSES, learned

Array = NDArray[Any]
SETTINGS = [
    Settings(eps=(0.0, 0.1, 0.5), rho=0.3),
    Settings(eps=(0.1, 0.9, 1.0), rho=0.0),
    Settings(eps=(0.1, 0.9, 1.0), rho=0.9, targets=Targets("off-target")),
    Settings(eps=(0.3, 1.0), rho=0.9, targets=Targets("classy")),
    Settings(eps=(-0.3, 0.2), rho=0.9),
]


@cache
def scanned() -> SampleTable:
    """The table of random logits, with all columns, as if the logits were the mean of an ensemble."""
    opened, truth = open_inputs(*learned(CLASSES, rows=40))
    table = scan(opened, truth.checked(CLASSES, -100).label, [*COLUMNS]).table
    return SampleTable({**table.columns, **dict.fromkeys(OF_MEMBERS, 0.5 * table["entropy"])}, CLASSES)


def table(**columns: Array) -> SampleTable:
    """The same table with some columns replaced."""
    return SampleTable({**scanned().columns, **columns}, CLASSES)


def marked(settings: Settings) -> list[tuple[Metric, str, int]]:
    """The metrics that are bounded by a column, with the column and the direction."""
    found = []
    for metric in (*METRICS.values(), find("top3_accuracy")):
        assert metric is not None
        for direction, of in ((1, metric.rises), (-1, metric.falls)):
            names = of(settings) if callable(of) else of
            found += [(metric, name, direction) for name in sorted(names & metric.columns_for(settings))]
    return found


@pytest.mark.parametrize("settings", SETTINGS, ids=range(len(SETTINGS)))
def test_a_metric_rises_and_falls_as_it_says(settings: Settings) -> None:
    random = np.random.default_rng(1)
    cases = marked(settings)
    assert {"loss_hard", "brier", "entropy_mean", "gamma"} <= {metric.id for metric, _, _ in cases}
    for metric, name, direction in cases:
        column = table()[name]
        if column.dtype == np.bool_:
            continue
        up = np.where(random.random(len(column)) < 0.5, random.exponential(size=len(column)), 0.0)
        more = table(**{name: np.minimum(column + up, 0.0) if name == "log_not_label" else column + up})
        before, after = metric.values(table(), settings), metric.values(more, settings)
        for one, other in zip(before, after, strict=True):
            assert direction * (other.value - one.value) >= -1e-12, (metric.id, name, one, other)


def of(metric_id: str, settings: Settings = SETTINGS[0], **columns: Any) -> list[Any]:
    """The values and bounds of a metric of four samples with these columns."""
    names = {name.replace("_lower", "@lower").replace("_upper", "@upper"): np.array(x) for name, x in columns.items()}
    (choice,) = select(metric_id)
    found = choice.values(SampleTable(names, 3), settings)
    return [(value.value, value.params.get("bound", "")) for value in found]


def test_equal_bounds_are_a_value_and_infinite_ones_are_left_out() -> None:
    low, high = [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 8.0]
    assert [(2.5, "lower"), (3.5, "upper")] == of("entropy_mean", entropy_lower=low, entropy_upper=high)
    assert [(2.5, "")] == of("entropy_mean", entropy_lower=low, entropy_upper=low)
    assert [(2.5, "")] == of("entropy_mean", entropy_lower=low, entropy_upper=[1.0, 2.0, 3.0, 4.0 + 1e-10])
    assert [(2.5, "lower")] == of("entropy_mean", entropy_lower=low, entropy_upper=[1.0, 2.0, 3.0, math.inf])
    assert [] == of("entropy_mean", entropy_lower=[-math.inf] * 4, entropy_upper=[math.inf] * 4)
    assert [(math.inf, "")] == of("entropy_mean", entropy_lower=[math.inf] * 4, entropy_upper=[math.inf] * 4)
    assert [] == of("entropy_mean", entropy_lower=[math.nan] * 4, entropy_upper=[math.nan] * 4)
    assert [(math.exp(2.5), "lower")] == of("perplexity", loss_hard_lower=low, loss_hard_upper=[math.inf] * 4)


def test_a_falling_metric_takes_the_other_bound() -> None:
    low, high = [0, 1, 2, 3], [0, 5, 5, 9]
    assert [(0.25, "lower"), (0.5, "upper")] == of("top2_accuracy", label_rank_lower=low, label_rank_upper=high)
    # An infinite gap says nothing about the eps.
    gaps: dict[str, Any] = {"logit_gap_lower": [-math.inf, 0.0, 1.0, 2.0], "logit_gap_upper": [0.0, 0.0, 1.0, 3.0]}
    assert [(3 / (math.exp(1.0) + 2), "lower")] == of("eps_gap", **gaps)


def test_a_metric_that_does_not_rise_or_fall_with_a_column_is_absent() -> None:
    assert [] == of("logit_gap_sd", logit_gap_lower=[0.0] * 4, logit_gap_upper=[1.0] * 4)
    both = {"loss_hard": [1.0] * 4, "loss_uniform_lower": [2.0] * 4, "loss_uniform_upper": [3.0] * 4}
    smoothed = dict(of("loss_smoothed", SETTINGS[0]._replace(eps=(0.1,)), **both))
    assert ["lower", "upper"] == [*smoothed.values()]
    assert [1.1, 1.2] == pytest.approx([*smoothed])
    assert [] == of("loss_smoothed", SETTINGS[0]._replace(eps=(-0.1,)), **both)
    assert [] == of("entropy_mean", entropy_lower=[0.0] * 4)


def test_resamples_have_the_rows_of_their_origin() -> None:
    columns = {"entropy@lower": np.array([0.0, 1.0]), "entropy@upper": np.array([0.0, 2.0])}
    origin = SampleTable(columns, 3)
    metric = METRICS["entropy_mean"]
    assert [0.5, 1.0] == [value.value for value in bounded_values(metric, origin, SETTINGS[0])]
    # Both bounds of this resample are 0, and yet it has two values.
    resample = origin.resample(np.array([2.0, 0.0]))
    assert [(0.0, "lower"), (0.0, "upper")] == [
        (value.value, value.params["bound"]) for value in bounded_values(metric, resample, SETTINGS[0])
    ]
