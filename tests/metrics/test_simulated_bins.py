"""Simulated sums of bins: their distribution is that of drawn labels, by scipy and by drawing labels."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from scipy import stats

from lscli.metrics.bins import BinSums
from lscli.metrics.simulated_bins import SimulatedBins


def sums_of(bins: list[np.ndarray]) -> BinSums:
    """The sums over bins with these confidences, of which none is right."""
    size, c, variance = (np.array([f(x) for x in bins]) for f in (len, np.sum, lambda x: np.sum(x * (1 - x))))
    return BinSums(size.astype(float), -c, np.zeros(len(bins)), variance)


def right(sums: BinSums, draws: int, seed: int = 0, shift: float = 0.0) -> np.ndarray:
    """The simulated numbers of right samples, [draws, B]."""
    bins = SimulatedBins(sums, draws, seed)
    every = np.full(len(bins.size), shift)
    found = [bins.simulated(every, operator.itemgetter((slice(None), b))) for b in range(len(bins.size))]
    counts: np.ndarray = np.column_stack(found) + bins.confidence
    return counts


@pytest.mark.parametrize("p", [0.004, 0.3, 0.5, 0.9, 0.995])
@pytest.mark.parametrize("n", [1, 7, 30])
def test_equal_confidences_have_a_binomial_number_of_right_samples(n: int, p: float) -> None:
    counts = right(sums_of([np.full(n, p)]), 20_000)[:, 0]
    whole = np.round(counts)
    assert whole == pytest.approx(counts, abs=1e-9)
    share = np.bincount(whole.astype(int), minlength=n + 1) / 20_000
    exact = stats.binom.pmf(np.arange(n + 1), n, p)
    assert np.abs(np.cumsum(share) - np.cumsum(exact)).max() < 0.014  # 1.95 / sqrt(20,000): one in a thousand


@pytest.mark.parametrize("spread", [(0.9, 1.0), (0.98, 1.0), (0.2, 0.9), (0.0, 0.03)])
@pytest.mark.parametrize("n", [5, 40, 1000])
def test_other_confidences_have_that_of_drawn_labels(spread: tuple[float, float], n: int) -> None:
    random = np.random.default_rng(n)
    confidence = random.uniform(*spread, n)
    counts = right(sums_of([confidence]), 8000)[:, 0]
    drawn = np.array([(random.random(n) < confidence).sum() for _ in range(8000)])
    assert drawn.mean() == pytest.approx(counts.mean(), abs=5 * drawn.std() / np.sqrt(8000))
    assert drawn.std() == pytest.approx(counts.std(), rel=0.06)
    below = [(x <= drawn.min() + k + 0.5).mean() for k in range(int(np.ptp(drawn))) for x in (drawn, counts)]
    assert below[::2] == pytest.approx(below[1::2], abs=0.035)


def test_bins_vary_independently() -> None:
    counts = right(sums_of([np.full(9, 0.9), np.full(200, 0.7), np.full(9, 0.1), np.full(300, 0.999)]), 10_000)
    assert np.abs(np.corrcoef(counts.T) - np.eye(4)).max() < 0.05


def test_a_shift_moves_the_mean_and_changes_the_variance() -> None:
    sums = sums_of([np.full(100, 0.9)])
    counts = right(sums, 20_000, shift=-40.0)[:, 0]
    assert 50 == pytest.approx(counts.mean(), abs=0.2)
    assert 5 == pytest.approx(counts.std(), rel=0.03)


def test_certain_samples_do_not_vary() -> None:
    counts = right(sums_of([np.ones(10), np.zeros(3)]), 100)
    assert [[10.0, 0.0]] == np.unique(counts, axis=0).tolist()


def test_models_take_turns_and_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = sums_of([np.full(50, 0.8), np.full(40, 0.6)])
    shift = np.array([[-5.0, 0.0], [5.0, 0.0], [0.0, 0.0]])
    first = lambda gaps: gaps[:, 0]  # noqa: E731
    found = SimulatedBins(sums, 1000, 1, 3).simulated(shift, first)
    assert 1000 == len(found)
    for model, mean in enumerate((-5, 5, 0)):
        assert mean == pytest.approx(found[model::3].mean(), abs=0.7)
    monkeypatch.setattr("lscli.metrics.simulated_bins._BLOCK", 60)
    monkeypatch.setattr("lscli.metrics.simulated_bins._KEPT", 0)
    bins = SimulatedBins(sums, 1000, 1, 3)
    assert found.tolist() == bins.simulated(shift, first).tolist() == bins.simulated(shift, first).tolist()
