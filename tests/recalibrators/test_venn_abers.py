"""Venn-Abers calibration against the package venn-abers; the map needs no package."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from lscli.errors import InputError, UsageError
from tests.recalibrators import binary


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "venn_abers", None)
    with pytest.raises(UsageError, match="needs venn-abers") as caught:
        binary.fitted("venn-abers", *binary.sample(1, 50, 2))
    assert caught.value.hint == 'pip install "lscli-calibration[venn-abers]"'


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_package_gives_the_same(classes: int, weighted: bool) -> None:
    package = pytest.importorskip("venn_abers")
    z, y = binary.sample(31, 400, classes)
    weight = np.arange(400) % 3 if weighted else np.ones(400, int)
    fit = binary.fitted("venn-abers", z, y, weight)
    t, total = fit.parameters.temperature, float(weight.sum())
    c, rest, a = (np.repeat(each, weight) for each in binary.seen(z, y, t, total))
    other, other_y = binary.sample(32, 300, classes)
    other = np.concatenate([other, z[::7]])  # some of the same c
    at, outside, _ = binary.seen(other, np.append(other_y, y[::7]), t, total)
    with np.errstate(all="ignore"):
        steps = package.calc_p0p1(np.stack([rest, c], axis=1), a.astype(float))
    # The map calls c equal that differ by the rounding of their computation.
    at = np.where(
        np.abs(at - c[np.abs(at[:, None] - c).argmin(axis=1)]) < 1e-14, c[np.abs(at[:, None] - c).argmin(axis=1)], at
    )
    p = package.calc_probs(*steps, np.stack([1 - at, at], axis=1))[0][:, 1]
    new = binary.mapped("venn-abers", other, fit.parameters)
    if classes == 2:
        np.testing.assert_allclose(p, binary.softmax(new)[:, 1], rtol=1e-9)
    else:
        free = np.log(p / (1 - p)) + np.log(outside) > np.sort(new, axis=1)[:, -2] + 1.0001e-4
        assert free.mean() > 0.5
        np.testing.assert_allclose(p[free], binary.softmax(new).max(axis=1)[free], rtol=1e-9)
    assert fit.after < fit.before


def test_weights_must_be_whole() -> None:
    pytest.importorskip("venn_abers")
    z, y = binary.sample(33, 100, 2)
    with pytest.raises(InputError, match="venn-abers needs weights that are whole numbers") as caught:
        binary.fitted("venn-abers", z, y, np.full(100, 0.5))
    assert caught.value.hint == "use isotonic, which takes any"
    assert binary.fitted("isotonic", z, y, np.full(100, 0.5)).after > 0


def test_the_state_of_numpy_is_left_alone() -> None:
    pytest.importorskip("venn_abers")
    before = np.geterr()
    binary.fitted("venn-abers", *binary.sample(34, 100, 2))
    assert before == np.geterr()
