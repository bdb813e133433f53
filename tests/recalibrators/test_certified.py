"""One step of the search, from a b that is off: its bound and its gradient against the minimum that scipy finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from lscli.recalibrators.certified import Search, Sums

RNG = np.random.default_rng(3)
Z = 3 * RNG.standard_normal((400, 6))
Y = (Z / 1.6 + RNG.gumbel(size=Z.shape)).argmax(axis=1)
SPREAD = float(np.ptp(Z, axis=1).max())


def sums(b: float) -> Sums:
    p = np.exp(b * (Z - Z.max(axis=1, keepdims=True)))
    p /= p.sum(axis=1, keepdims=True)
    mean = (p * Z).sum(axis=1)
    away = Z - mean[:, None]
    s, v, k = mean - Z[np.arange(400), Y], (p * away**2).sum(axis=1), (p * away**3).sum(axis=1)
    return Sums(*(float(each.mean()) for each in (0 * s, s, v, k, s * s, s * v)))


BEST = brentq(lambda b: sums(b).slope, 0.1, 3, xtol=1e-15, rtol=1e-15)


@pytest.mark.parametrize("off", [-1e-2, -1e-3, 1e-5, 1e-4, 1e-3, 1e-2])
def test_the_bound_holds_after_one_step(off: float) -> None:
    found = Search(BEST * (1 + off), SPREAD, 1e9).take(sums(BEST * (1 + off)))
    assert found is not None
    error = abs(found.b - BEST)
    assert error < abs(off) ** 2 * BEST + 1e-14  # a step of third order
    assert error <= found.bound < 1e4 * abs(off) ** 3 + 1e-13  # as good as the remainder is small
    assert abs(sums(found.b).slope) <= found.gradient + 1e-14


@pytest.mark.parametrize("start", [1e-12, 1e-3, 1.0, 50.0, 1e8])
def test_any_start_ends_at_the_minimum(start: float) -> None:
    search = Search(start, SPREAD, 1e-9)
    while (found := search.take(sums(search.b))) is None:
        assert search.passes < 40
    assert BEST == pytest.approx(found.b, rel=1e-12)


def test_rough_sums_only_say_where_to_go_on() -> None:
    search = Search(BEST * 1.01, SPREAD, 1e-9)
    exact = sums(search.b)
    # So far off that the sign of the derivative is wrong: sums that count would exclude the minimum.
    search.move(exact._replace(slope=-abs(exact.slope) / 5))
    assert search.b > BEST * 1.01
    while (found := search.take(sums(search.b))) is None:
        assert search.passes < 40
    assert BEST == pytest.approx(found.b, rel=1e-12)
    for odd in (np.nan, -1e9, np.inf):
        search.move(exact._replace(slope=odd, third=0.0))
        assert 0 < search.b < np.inf
