"""The measures of OOD scores from samples that are counted in cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lscli.metrics.detection import Ranks, measures
from lscli.metrics.rank_cells import RankCells, measures_in_cells

Array = NDArray[Any]


def in_cells(cells: RankCells, recall: float = 0.95) -> Array:
    """The measures of the samples themselves."""
    ids, oods = cells.ids[None].astype(float), cells.oods[None].astype(float)
    found: Array = measures_in_cells(ids, oods, cells.equal, recall)[0]
    return found


def normal(seed: int, n: int, m: int, shift: float) -> Ranks:
    random = np.random.default_rng(seed)
    return Ranks.of(random.normal(shift, 1, n), random.normal(0, 1, m))


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=6),
    st.sampled_from([0.5, 0.9, 0.95, 1.0]),
    st.integers(0, 2**32),
)
def test_few_values_are_counted_one_by_one(groups: list[tuple[int, int]], recall: float, seed: int) -> None:
    """The measures of any resample are those of its samples."""
    ids, oods = (np.repeat(np.arange(len(groups)), each) for each in np.transpose(groups))
    ranks, random = Ranks.of(ids, oods), np.random.default_rng(seed)
    cells = RankCells.of(ranks, recall)
    drawn = [np.bincount(random.integers(0, len(x), len(x)), minlength=len(x)) for x in (ids, oods)]
    below = [
        np.concatenate(([0], np.cumsum(counts.take(order))))[places][None].astype(float)
        for counts, order, places in zip(drawn, ranks[:2], cells[:2], strict=True)
    ]
    found = measures_in_cells(below[0], below[1], cells.equal, recall)[0]
    np.testing.assert_allclose(found, measures(ranks, recall, *drawn), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shift", [0.4, 1.8, 3.3, 5.3])
@pytest.mark.parametrize("recall", [0.95, 0.99])
def test_many_values_lose_little(shift: float, recall: float) -> None:
    """Less than a quarter of the standard error of a share."""
    ranks = normal(0, 20_000, 20_000, shift)
    found, exact = in_cells(RankCells.of(ranks, recall), recall), np.array(measures(ranks, recall))
    assert (np.abs(found - exact) <= 0.25 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-12).all()


def test_cells_cover_all_samples_and_are_few() -> None:
    for n, m in ((100_000, 100_000), (100_000, 50), (50, 100_000), (1, 1)):
        cells = RankCells.of(normal(1, n, m, 1.0), 0.95)
        assert (0, n, 0, m) == (cells.ids[0], cells.ids[-1], cells.oods[0], cells.oods[-1])
        assert (np.diff(cells.ids) >= 0).all()
        assert (np.diff(cells.ids) + np.diff(cells.oods) > 0)[1:-1].all()
        assert len(cells.equal) == len(cells.ids) - 1 < 400


def test_sets_that_are_apart_need_two_cells() -> None:
    ranks = Ranks.of(np.arange(10.0, 5000), np.arange(-5000.0, 0))
    assert [1, 1, 1, 0] == in_cells(RankCells.of(ranks, 0.95)).tolist()


def test_equal_scores_of_most_samples_are_one_cell() -> None:
    """A precision within a value does not exist: all its samples come at once."""
    random = np.random.default_rng(2)
    ranks = Ranks.of(np.minimum(random.normal(1, 1, 9000), 0.5), np.minimum(random.normal(0, 1, 9000), 0.5))
    found = in_cells(RankCells.of(ranks, 0.95))
    np.testing.assert_allclose(found, measures(ranks, 0.95), rtol=1e-3)


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.default_rng(3)
    inside, outside = random.normal(1, 1, 4000).round(2), random.normal(0, 1, 4000).round(2)
    one = RankCells.of(Ranks.of(inside, outside), 0.95)
    other = RankCells.of(Ranks.of(random.permutation(inside), random.permutation(outside)), 0.95)
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)
