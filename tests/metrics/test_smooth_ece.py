"""smece: published numbers, and the definition evaluated directly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq

from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.smooth_ece import METRICS

Array = NDArray[Any]
T = np.linspace(0, 1, 8001)


def smece(table: SampleTable) -> float:
    (metric,) = METRICS
    (value,) = metric.compute(table, Settings())
    assert math.isnan(value.stderr)
    return value.value


def made(confidence: Any, correct: Any, **options: Any) -> SampleTable:
    return SampleTable.from_confidences(confidence, correct, **options)


def shares(c: Array, a: Array, w: Array | None) -> Array:
    weight = np.ones(len(c)) if w is None else w
    result: Array = weight * (a - c) / weight.sum()
    return result


def area(f: Array) -> float:
    """The integral over [0, 1] of |f|, f straight between its values."""
    left, right = np.abs(f[:-1]), np.abs(f[1:])
    same = np.signbit(f[:-1]) == np.signbit(f[1:])
    crossed = (left**2 + right**2) / np.maximum(left + right, 1e-300)
    return float(np.where(same, left + right, crossed).sum()) / 2 / (len(f) - 1)


def by_kernel(c: Array, a: Array, w: Array | None = None) -> float:
    """The root, of the sum of normal densities and their reflections."""
    r = shares(c, a, w)

    def excess(s: float) -> float:
        f = np.zeros(len(T))
        for j in range(-math.ceil(5 * s) - 1, math.ceil(5 * s) + 2):
            for centre in (c + 2 * j, -c + 2 * j):
                f += np.exp(-(((T[:, None] - centre) / s) ** 2) / 2) @ r
        return area(f / (s * math.sqrt(2 * math.pi))) - s

    return root(excess, r)


def by_series(c: Array, a: Array, w: Array | None = None, modes: int = 600) -> float:
    """The root, of the cosine series."""
    r = shares(c, a, w)
    n = math.pi * np.arange(modes)
    m = np.array([np.cos(x * c) @ r for x in n]) * np.where(n > 0, 2, 1)
    cosines = np.cos(np.multiply.outer(T, n))
    return root(lambda s: area(cosines @ (m * np.exp(-((n * s) ** 2) / 2))) - s, r)


def root(excess: Any, r: Array) -> float:
    low = max(abs(r.sum()), 2e-3)
    if excess(low) <= 0:
        assert low > 2e-3, "too small for these grids"
        return float(low)
    return float(brentq(excess, low, 2.0, xtol=1e-12))


def drawn(n: int, seed: int, power: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    c = rng.uniform(0, 1, n)
    return c, rng.random(n) < c**power


@pytest.mark.parametrize(
    ("confidence", "correct", "expected"),
    [
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.1122775306),
        ([0.9] * 10, [1] * 6 + [0] * 4, 0.3),
        ([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1], 0.1976153883),
        # relplot counts half of what lies at exactly 1.
        ([1.0] * 100 + [0.5] * 100, [1] * 70 + [0] * 30 + [1] * 50 + [0] * 50, 0.15),
        ([0.999] * 100 + [0.5] * 100, [1] * 70 + [0] * 30 + [1] * 50 + [0] * 50, 0.1495),
    ],
)
def test_fixed_points(confidence: list[float], correct: list[int], expected: float) -> None:
    assert expected == pytest.approx(smece(made(confidence, correct)), abs=1e-9)


def test_the_fixed_point_of_relplots_random_forecasts() -> None:
    rng = np.random.default_rng(0)
    c = rng.uniform(0, 1, 1000)
    assert smece(made(c, rng.random(1000) < c**2)) == pytest.approx(0.1499063383, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_against_the_kernel(seed: int) -> None:
    c, a = drawn(40, seed, 1.0)
    c[:6] = (0.0, 1.0, 1.0, 0.0, 0.5, 0.5)
    w = np.random.default_rng(seed).uniform(0, 3, 40)
    assert by_kernel(c, a) == pytest.approx(smece(made(c, a)), abs=1e-6)
    assert by_kernel(c, a, w) == pytest.approx(smece(made(c, a, weight=w)), abs=1e-6)


@pytest.mark.parametrize("power", [1.0, 1.05, 1.3])
def test_many_samples_against_the_series(power: float) -> None:
    c, a = drawn(20_000, 3, power)
    assert by_series(c, a) == pytest.approx(smece(made(c, a)), abs=1e-6)


def test_a_nearly_calibrated_model_needs_a_finer_grid() -> None:
    c = np.repeat(np.linspace(0.3, 0.7, 200), 100)
    a = np.tile(np.arange(100), 200) < np.round(100 * c)
    w = np.where(np.arange(len(c)) % 300 < 100, 1.05, 1.0) + np.where(a, 0.02 * np.sin(40 * c), 0.0)
    expected = by_series(c, a, w, modes=1500)
    assert 2e-3 < expected < 16 / (1 << 11)
    assert expected == pytest.approx(smece(made(c, a, weight=w)), abs=1e-6)


def test_a_root_below_the_finest_grid() -> None:
    c = np.array([0.0, 1e-7, 0.5, 0.5, 1 - 1e-7, 1.0])
    a = np.array([0, 0, 0, 1, 1, 1])
    # Two gaps of 1e-7 and opposite signs, half a unit apart: nothing cancels.
    assert smece(made(c, a)) == pytest.approx(2e-7 / 6, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1)),
            st.booleans(),
            st.one_of(st.just(0.0), st.floats(0.01, 4)),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_any_samples_against_the_kernel(samples: list[tuple[float, bool, float]]) -> None:
    c, a, w = (np.array(column, float) for column in zip(*samples, strict=True))
    if not w.any():
        w[0] = 1.0
    found, r = smece(made(c, a, weight=w)), shares(c, a, w)
    assert found >= abs(r.sum()) - 1e-15
    assert found <= np.abs(r).sum() + 1e-15
    if found > 4e-3:
        assert by_kernel(c, a, w) == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("correct", [0, 1])
def test_gaps_of_one_sign_add_up(correct: int) -> None:
    c = drawn(500, 5, 1.0)[0]
    assert smece(made(c, np.full(500, correct))) == abs(np.add.reduce((correct - c) / 500.0))


def test_a_perfect_model_has_none() -> None:
    assert smece(made([0.0, 1.0, 1.0], [0, 1, 1])) == 0.0


def test_samples_of_weight_0_are_excluded() -> None:
    c, a = drawn(300, 6, 1.5)
    w = np.arange(300.0) % 3
    assert smece(made(c[w > 0], a[w > 0], weight=w[w > 0])) == pytest.approx(smece(made(c, a, weight=w)), rel=1e-12)
    assert math.isnan(smece(made(c, a, weight=0 * w)))


@pytest.mark.parametrize(("n", "power"), [(300, 1.0), (300, 2.0), (20_000, 1.0)])
def test_order_and_weights(n: int, power: float) -> None:
    c, a = drawn(n, 7, power)
    c[::4] = c[0]
    table = made(c, a)
    found = smece(table)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(n)
        assert found == pytest.approx(smece(made(c[order], a[order])), rel=1e-13, abs=1e-14)
    assert found == smece(table.with_weights(np.ones(n)))
    assert found == pytest.approx(smece(table.with_weights(np.full(n, 2.0))), rel=1e-12, abs=0)
    weight = np.random.default_rng(8).integers(0, 4, n)
    repeated = made(np.repeat(c, weight), np.repeat(a, weight))
    assert smece(repeated) == pytest.approx(smece(table.resample(weight.astype(float))), rel=1e-12, abs=0)
