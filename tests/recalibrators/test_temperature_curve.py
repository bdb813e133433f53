"""The mean nll at many temperatures against the losses of lscli at each of them, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lscli
from lscli.api import reading
from lscli.options import EvaluateOptions
from lscli.recalibrators.base import FitRows
from lscli.recalibrators.temperature_curve import grid, mean_losses
from tests.curves.charts import samples


def _curve(x: Any, y: Any, weights: Any, others: Any = ()) -> np.ndarray:
    with reading.opened_inputs(x, y, EvaluateOptions()) as opened:
        return mean_losses(FitRows(opened.logits, y, np.maximum.reduce(weights)), weights, 1.0, others)


def test_the_grid_is_of_octaves() -> None:
    found = grid(3.0)
    assert (found[0], found[len(found) // 2], found[-1]) == (0.75, 3.0, 12.0)
    assert np.diff(np.log(found)) == pytest.approx(np.log(2) / 8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [2, 5, 300])
def test_each_loss_is_that_of_the_logits_at_this_temperature(k: int, dtype: Any) -> None:
    x, y = samples(40, k)
    x = x.astype(dtype)
    (found,) = _curve(x, y, [np.ones(40)], [0.9])
    rough = 3e-6 if dtype is np.float32 else 1e-13
    for t, loss in zip(grid(1.0)[::4], found[::4], strict=False):
        assert loss == pytest.approx(lscli.evaluate(x.astype(float) / t, y)["loss_hard"], rel=rough)
    assert found[-1] == pytest.approx(lscli.evaluate(x.astype(float) / 0.9, y)["loss_hard"], rel=1e-13)


def test_weightings_share_the_pass() -> None:
    x, y = samples(40, 4)
    weights = [np.arange(40.0), (np.arange(40) < 7).astype(float)]
    both = _curve(x, y, weights)
    for weight, row in zip(weights, both, strict=True):
        kept = weight > 0
        (alone,) = _curve(x[kept], y[kept], [weight[kept]])
        assert row == pytest.approx(alone, rel=1e-12)


def test_logits_that_are_far_apart() -> None:
    x = np.array([[3e4, 0, -3e4], [0, 3e4, -np.inf]], np.float32)
    (found,) = _curve(x, np.array([1, 1]), [np.ones(2)])
    assert found == pytest.approx(15000 / np.array(grid(1.0)))
