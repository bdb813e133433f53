"""Intervals from resamples of ID and OOD samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.shares import wilson
from lscli.intervals.two_samples import Separations, resampled_cells, resampled_measures, separations
from lscli.metrics.detection import Ranks
from lscli.metrics.rank_cells import RankCells
from lscli.options import OodScore
from lscli.table import SampleTable
from tests.intervals.detection_coverage import coverage

Array = NDArray[Any]
SCORES: tuple[OodScore, ...] = ("msp", "margin")


def table_of(confidence: Array) -> SampleTable:
    """Samples with a confidence and a margin."""
    columns = {"confidence": confidence, "margin": 2 * confidence - 1}
    return SampleTable({"correct": np.ones(len(confidence), bool), **columns})


def drawn(seed: int, n: int, low: float) -> SampleTable:
    return table_of(np.random.default_rng(seed).uniform(low, 1, n))


def of(inside: SampleTable, *outside: SampleTable, threads: int = 1, seed: int = 0) -> Separations:
    resampling = Resampling(Bootstrap(200, seed, 0.95), threads, None)
    return separations(inside, outside, SCORES, 0.95, resampling)


def test_the_same_bytes_for_any_threads() -> None:
    sets = drawn(0, 60, 0.6), drawn(1, 40, 0.5), drawn(2, 30, 0.5)
    one, four, other = of(*sets), of(*sets, threads=4), of(*sets, seed=1)
    for single, several in zip(one, four, strict=True):
        assert single.tobytes() == several.tobytes()
    assert one.low.tobytes() != other.low.tobytes()


def test_the_same_bytes_for_any_threads_of_large_sets() -> None:
    """The resamples are blocks of 64, of which the last has 8."""
    sets = drawn(0, 6000, 0.6), drawn(1, 40, 0.5), drawn(2, 300, 0.5)
    one, four, other = of(*sets), of(*sets, threads=4), of(*sets, seed=1)
    for single, several in zip(one, four, strict=True):
        assert single.tobytes() == several.tobytes()
    assert one.low.tobytes() != other.low.tobytes()
    # Two resamples of the same numbers would be the same twice.
    found = resampled_cells([[RankCells.of(ranks_of(0, 6000, 6000, 1.0), 0.95)]], 0.95, Bootstrap(200), 1)
    assert len(np.unique(found[:, 0, 0, 0])) == 200


def ranks_of(seed: int, n: int, m: int, shift: float) -> Ranks:
    random = np.random.default_rng(seed)
    return Ranks.of(random.normal(shift, 1, n), random.normal(0, 1, m))


@pytest.mark.parametrize(
    ("n", "m", "shift", "recall"),
    [
        (6000, 6000, 0.36, 0.99),
        (6000, 6000, 1.81, 0.95),
        (6000, 6000, 3.29, 0.99),
        (6000, 6000, 5.26, 0.99),
        (5000, 200, 1.81, 0.95),
        (200, 5000, 1.81, 0.99),
        (50, 6000, 0.36, 0.95),
        (20_000, 20_000, 0.36, 0.95),
    ],
)
def test_cells_vary_as_the_samples_do(n: int, m: int, shift: float, recall: float) -> None:
    """The Monte Carlo error of a ratio of two standard deviations of 1,000 resamples is 3 %, more for skewed ones."""
    ranks = [[ranks_of(n + m, n, m, shift)]]
    rows = resampled_measures(ranks, recall, Bootstrap(1000, 0), 0)[:, 0, 0]
    cells = resampled_cells([[RankCells.of(ranks[0][0], recall)]], recall, Bootstrap(1000, 1), 0)[:, 0, 0]
    np.testing.assert_allclose(cells.std(axis=0), rows.std(axis=0), rtol=0.1)
    assert (np.abs(cells.mean(axis=0) - rows.mean(axis=0)) < 0.25 * rows.std(axis=0)).all()


def test_cells_of_the_mean_of_several_sets_share_the_id_samples() -> None:
    """The deviation of the mean is that of resamples of rows, not that of independent sets."""
    random = np.random.default_rng(4)
    inside = random.normal(2, 1, 1000)
    ranks = [[Ranks.of(inside, random.normal(place, 1, 2000))] for place in (0, 0.2, 0.4)]
    rows = resampled_measures(ranks, 0.95, Bootstrap(1000, 0), 0).mean(axis=1)[:, 0]
    cells = [[RankCells.of(each, 0.95)] for (each,) in ranks]
    found = resampled_cells(cells, 0.95, Bootstrap(1000, 1), 0).mean(axis=1)[:, 0]
    np.testing.assert_allclose(found.std(axis=0), rows.std(axis=0), rtol=0.1)


def test_resamples_are_those_of_both_sets() -> None:
    """The standard deviation of AUROC is that of DeLong et al. 1988, and both sets contribute."""
    random = np.random.default_rng(3)
    inside, outside = random.normal(1, 1, 150), random.normal(0, 1, 60)
    found = resampled_measures([[Ranks.of(inside, outside)]], 0.95, Bootstrap(2000, 0, 0.95), 0)[:, 0, 0, 0]
    wins = np.sign(inside[:, None] - outside) / 2 + 0.5
    variance = np.var(wins.mean(axis=1)) / 150 + np.var(wins.mean(axis=0)) / 60
    assert pytest.approx(math.sqrt(variance), rel=0.05) == found.std()
    assert pytest.approx(roc_auc_score(np.repeat([1, 0], [150, 60]), np.concatenate((inside, outside))), abs=0.003) == (
        found.mean()
    )


def test_the_mean_of_several_sets_comes_last_and_shares_the_id_samples() -> None:
    inside, one, other = drawn(0, 50, 0.6), drawn(1, 2000, 0.5), drawn(2, 2000, 0.5)
    found = of(inside, one, other)
    assert (3, 2, 4) == found.values.shape == found.low.shape
    np.testing.assert_array_equal(found.values[:2].mean(axis=0), found.values[2])
    # With so many OOD samples the noise is that of the ID samples, which the sets share: the mean is no more certain.
    widths = (found.high - found.low)[:, 0, 0]
    assert widths[2] > 0.9 * widths[:2].mean()
    alone = of(inside, one)
    assert (1, 2, 4) == alone.values.shape
    np.testing.assert_array_equal(found.low[0], alone.low[0])


def test_sets_that_are_apart_have_the_interval_of_a_share() -> None:
    found = of(drawn(0, 50, 0.9), table_of(np.linspace(0.5, 0.6, 30)))
    low, _ = wilson(1.0, 30, 1.959963984540054)
    assert [[1, 1, 1, 0]] * 2 == found.values[0].tolist()
    np.testing.assert_allclose(found.low[0], [[low, low, low, 0]] * 2, rtol=1e-14)
    np.testing.assert_allclose(found.high[0], [[1, 1, 1, 1 - low]] * 2, rtol=1e-12)


def test_sets_in_the_wrong_order_have_wide_intervals_of_precision_too() -> None:
    # 30 ties of each: the precision of a resample depends on the sizes of the sets alone, but for rounding.
    found = of(table_of(np.full(30, 0.6)), table_of(np.full(41, 0.9)))
    precision = found.values[0, 0, 1]
    assert precision == pytest.approx(30 / 71)
    assert found.low[0, 0, 1] < precision - 0.1 < precision + 0.1 < found.high[0, 0, 1]


def test_scores_that_are_all_equal_say_nothing() -> None:
    found = of(table_of(np.full(50, 0.7)), table_of(np.full(50, 0.7)))
    assert [[0.5, 0.5, 0.5, 1]] * 2 == found.values[0].tolist()
    assert found.low[0, 0, 0] < 0.4
    assert found.high[0, 0, 0] > 0.6


def test_one_sample_of_each_gives_wide_intervals() -> None:
    found = of(table_of(np.array([0.9])), table_of(np.array([0.6])))
    assert 1 == found.values[0, 0, 0] == found.high[0, 0, 0]
    assert found.low[0, 0, 0] < 0.25


def test_progress_ends_with_all_resamples() -> None:
    calls: list[tuple[int, int]] = []
    ranks = Ranks.of(np.array([1.0, 2.0]), np.array([0.0]))
    resampled_measures([[ranks]], 0.95, Bootstrap(20), 1, lambda *call: calls.append(call))
    assert (20, 20) == calls[-1]
    resampled_cells([[RankCells.of(ranks, 0.95)]], 0.95, Bootstrap(100), 1, lambda *call: calls.append(call))
    assert (100, 100) == calls[-1]


def test_no_resamples_no_intervals() -> None:
    found = separations(drawn(0, 9, 0.5), [drawn(1, 9, 0.5)], SCORES, 0.95, Resampling(None, 1, None))
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["auroc .95", "auroc .99", "1 % like ID"])
def test_coverage(name: str) -> None:
    """200 sets: three Monte Carlo standard errors of 95 % are 4.6 points."""
    found = coverage(name, 200, 200, 200, 100)
    assert 0.90 <= min(found)


@pytest.mark.slow
def test_coverage_of_large_sets() -> None:
    """As above, of samples that are counted in cells."""
    found = coverage("auroc .95", 6000, 3000, 200, 100)
    assert 0.90 <= min(found)
