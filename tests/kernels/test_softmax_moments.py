"""Moments under softmax(b z) against finite differences of the nll, in long double, and the independence of rows."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lscli.kernels.softmax_moments import FirstMoments, SoftmaxMoments
from lscli.kernels.value_hash import ValueHashes
from tests.naive import log_softmax


@pytest.mark.parametrize("classes", [2, 11, 127, 128, 300])
@pytest.mark.parametrize("b", [0.01, 0.7, 20.0])
def test_moments_are_the_derivatives(classes: int, b: float) -> None:
    rng = np.random.default_rng(classes)
    z = 3 * rng.standard_normal((7, classes))
    z[4] += 1e4
    z[5, 2 % classes :: 3] = -np.inf
    y = rng.integers(0, 2, 7)
    found = SoftmaxMoments(classes, "float64")(z, y, b, first=True)

    def nll(at: float) -> np.ndarray:
        result: np.ndarray = -log_softmax(at * z.astype(np.longdouble))[np.arange(7), y]
        return result

    step = b * 1e-3
    low, mid, high = nll(b - step), nll(b), nll(b + step)
    assert mid.astype(float) == pytest.approx(found[0], rel=1e-10, abs=1e-14)
    assert ((high - low) / (2 * step)).astype(float) == pytest.approx(found[1], rel=1e-2, abs=1e-5)
    assert ((high - 2 * mid + low) / step**2).astype(float) == pytest.approx(found[2], rel=1e-2, abs=1e-5)
    third = (nll(b + 2 * step) - 2 * high + 2 * low - nll(b - 2 * step)) / (2 * step**3)
    scale = np.abs(found[3]).max()
    assert third.astype(float) == pytest.approx(found[3], rel=1e-2, abs=1e-2 * scale + 1e-5)
    open_ = np.where(np.isneginf(z), np.nan, z)
    assert np.nanmean(open_, axis=1) - z[np.arange(7), y] == pytest.approx(found[4], rel=1e-9)
    assert np.nanmax(open_, axis=1) - np.nanmin(open_, axis=1) == pytest.approx(found[5])
    assert ((z[np.arange(7), y] < z.max(axis=1)) == found[6]).all()


@pytest.mark.parametrize(("classes", "rough"), [(3, False), (200, False), (200, True)])
def test_a_row_does_not_depend_on_the_others(classes: int, rough: bool) -> None:
    rng = np.random.default_rng(1)
    z = rng.standard_normal((50, classes)).astype("f4")
    z[::9, 1] = -np.inf
    z[20] = np.nan
    y = np.zeros(50, int)
    moments = SoftmaxMoments(classes, "float32", rough=rough)
    whole = moments(z, y, 1.3, first=True)
    for start, stop in ((0, 1), (1, 3), (17, 50)):
        part = moments(z[start:stop], y[start:stop], 1.3, first=True)
        assert part.tobytes() == np.ascontiguousarray(whole[:, start:stop]).tobytes()


def rough_rows() -> tuple[np.ndarray, np.ndarray]:
    """Rows of 150 classes: some masked, one with differences beyond float32, one far from 0."""
    rng = np.random.default_rng(5)
    z = (4 * rng.standard_normal((300, 150))).astype("f4")
    z[::50, 2:9] = -np.inf
    z[7, :2] = 3e38, -3e38
    z[8] += 1e4
    return z, rng.integers(0, 2, 300)


@pytest.mark.parametrize("b", [0.2, 1.3])
def test_moments_in_float32_are_near_those_in_float64(b: float) -> None:
    z, y = rough_rows()
    expected = SoftmaxMoments(150, "float32")(z, y, b, first=True)
    found = SoftmaxMoments(150, "float32", rough=True)(z, y, b, first=True)
    assert not (expected == found).all()
    for value, exact in zip(found, expected, strict=True):
        assert exact == pytest.approx(value, rel=1e-4, abs=1e-4 * np.median(np.abs(exact)))


def test_what_proves_a_bound_is_safe_where_moments_are_rough() -> None:
    z, y = rough_rows()
    exact, found = (FirstMoments(y, 150, "float32", 0.7, exact=exact) for exact in (True, False))
    for each in (exact, found):
        each.add(z[:100], 0)
        each.add(z[100:], 100)
    assert (exact.rough, found.rough) == (False, True)
    assert (found.spread >= exact.spread).all()
    assert found.spread == pytest.approx(exact.spread, rel=1e-5)
    assert (np.abs(found.slope_at_0 - exact.slope_at_0) <= found.rounding * found.spread).all()
    assert (exact.below == found.below).all()


@pytest.mark.parametrize(("classes", "dtype"), [(10, "f4"), (150, "f4"), (150, "f8"), (300_000, "f4")])
def test_a_thread_takes_no_more_than_is_reckoned_with(classes: int, dtype: str) -> None:
    rows = max(3, (1 << 20) // classes)
    z = np.random.default_rng(0).standard_normal((rows, classes), "f4").astype(dtype)
    z[::5, 1] = -np.inf  # rows that are computed once more
    beside: list[FirstMoments | ValueHashes] = [
        FirstMoments(np.zeros(rows, int), classes, z.dtype.name, 0.7),
        ValueHashes(rows, classes, z.dtype.name),
    ]
    for each in beside:
        tracemalloc.start()
        each.add(z, 0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= each.thread_bytes
