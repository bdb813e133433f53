"""Calibration errors without bins of samples that belong together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lscli import SampleTable
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.label_simulation import SIMULATED
from lscli.intervals.label_simulation import label_interval as interval_of
from lscli.metrics.base import Settings
from tests.intervals.designs import CALIBRATED, DESIGNS

METRICS = sorted(SIMULATED)


def label_interval(metric: str, table: SampleTable, bootstrap: Bootstrap) -> tuple[float, float]:
    return interval_of(metric, table, Settings(), bootstrap)


def clustered(table: SampleTable, times: int) -> SampleTable:
    """Each sample so many times, in a cluster of its own."""
    c, a = (np.repeat(table[name], times) for name in ("confidence", "correct"))
    return SampleTable.from_confidences(c, a, cluster=np.repeat(np.arange(len(table)), times))


@pytest.mark.parametrize(
    ("metric", "times"), [*((metric, 1) for metric in METRICS), ("smece", 5), ("ks_calibration", 5)]
)
def test_copies_of_a_sample_in_a_cluster_add_nothing(metric: str, times: int) -> None:
    table = DESIGNS[3].draw(np.random.default_rng(1), 600)
    expected = np.array(label_interval(metric, table, Bootstrap(300)))
    found = np.array(label_interval(metric, clustered(table, times), Bootstrap(300)))
    # What clusters have in common is estimated, and by chance a little above 0.
    assert np.abs(found - expected).max() < 0.12 * (expected[1] - expected[0])


@pytest.mark.parametrize("metric", METRICS)
def test_neither_order_nor_weights_of_0_matter(metric: str) -> None:
    table = clustered(DESIGNS[3].draw(np.random.default_rng(1), 60), 4)
    order = np.random.default_rng(0).permutation(240)
    c, a, cluster = (x[order] for x in (table["confidence"], table["correct"], np.asarray(table.cluster)))
    names = np.append(np.random.default_rng(1).permutation(60)[cluster], 60)
    weight = np.append(np.ones(240), 0.0)
    other = SampleTable.from_confidences(np.append(c, 0.0), np.append(a, True), weight=weight, cluster=names)
    expected = label_interval(metric, table, Bootstrap(50))
    assert expected == pytest.approx(label_interval(metric, other, Bootstrap(50)), rel=1e-6)


def test_one_cluster_has_no_interval() -> None:
    table = SampleTable.from_confidences([0.5, 0.7], [1, 0], cluster=[3, 3])
    assert all(map(math.isnan, label_interval("smece", table, Bootstrap(20))))


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["brier_miscalibration", "ks_calibration", "smece"])
def test_the_lower_end_is_0_for_calibrated_clusters(metric: str) -> None:
    above = 0
    for run in range(40):
        table = clustered(CALIBRATED.draw(np.random.default_rng(run), 50), 10)
        above += label_interval(metric, table, Bootstrap(100, run))[0] > 0
    # 2.5 % of 40: more than 5 in one of 1,000 tests.
    assert above <= 5
