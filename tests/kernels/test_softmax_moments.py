"""Moments under softmax(b z) against finite differences of the nll, in long double, and the independence of rows."""

from __future__ import annotations

import numpy as np
import pytest

from lscli.kernels.softmax_moments import SoftmaxMoments
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


@pytest.mark.parametrize("classes", [3, 200])
def test_a_row_does_not_depend_on_the_others(classes: int) -> None:
    rng = np.random.default_rng(1)
    z = rng.standard_normal((50, classes)).astype("f4")
    z[::9, 1] = -np.inf
    z[20] = np.nan
    y = np.zeros(50, int)
    moments = SoftmaxMoments(classes, "float32")
    whole = moments(z, y, 1.3, first=True)
    for start, stop in ((0, 1), (1, 3), (17, 50)):
        part = moments(z[start:stop], y[start:stop], 1.3, first=True)
        assert part.tobytes() == np.ascontiguousarray(whole[:, start:stop]).tobytes()
