"""The distribution of sums of independent events, against convolution and binomial distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from lscli.metrics.event_counts import Events, SumDistribution

Array = NDArray[Any]


def distribution(probability: Array, step: Array | None = None, weight: Array | None = None) -> SumDistribution:
    steps = np.ones(len(probability), np.int64) if step is None else step
    return SumDistribution.of(Events.of(probability, steps, weight))


def convolved(probability: Array, step: Array) -> dict[int, float]:
    """The probability of each sum, one event after the other."""
    found = {0: 1.0}
    for p, s in zip(probability.tolist(), step.tolist(), strict=True):
        after: dict[int, float] = {}
        for total, chance in found.items():
            after[total] = after.get(total, 0.0) + chance * (1 - p)
            after[total + s] = after.get(total + s, 0.0) + chance * p
        found = after
    return found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_is_the_convolution(data: st.DataObject) -> None:
    seed, n = data.draw(st.integers(0, 10_000)), data.draw(st.integers(1, 120))
    random = np.random.default_rng(seed)
    kind = data.draw(st.sampled_from(["even", "small", "half"]))
    p = {"even": 0.5 * random.random(n), "small": 0.5 * random.random(n) ** 8, "half": np.full(n, 0.5)}[kind]
    step = random.integers(-3, 4, n)
    found = distribution(p, step)
    expected = convolved(p, step)
    for total, chance in expected.items():
        assert chance == pytest.approx(found.where(found.sums == total), abs=1e-6)
    middle = float(np.dot(p, step))
    assert sum(c for s, c in expected.items() if s >= middle) == pytest.approx(
        found.where(found.sums >= middle), abs=1e-6
    )


def test_many_equal_events_are_binomial() -> None:
    n, p = 1_000_000, 5e-5
    found = distribution(np.full(n, p))
    for count in (0, 30, 50, 70, 120):
        assert binom.pmf(count, n, p) == pytest.approx(found.where(found.sums == count), rel=1e-8, abs=1e-11)
    assert binom.sf(69, n, p) == pytest.approx(found.where(found.sums >= 70), rel=1e-8)


def test_a_weight_is_as_many_events_and_order_does_not_matter() -> None:
    random = np.random.default_rng(0)
    p, weight = 0.5 * random.random(50), random.integers(0, 4, 50)
    again = random.permutation(np.repeat(np.arange(50), weight))
    one, two = distribution(p, weight=weight), distribution(p[again])
    assert one.start == two.start
    assert one.probability == pytest.approx(two.probability, abs=1e-13)
