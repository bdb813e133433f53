"""Two models in a sweep: the paired difference, its band, and the eps at which their ranking flips."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import lscli
from lscli import SampleTable
from lscli.api.report_rows import Measured, measured
from lscli.intervals.bootstrap import Bootstrap, interval, resampled
from lscli.metrics.base import Settings
from lscli.metrics.selection import select
from tests.api.sweeps import TARGETS, A, Array, B, Y, by_eps, losses, named, one, pair


@pytest.mark.parametrize("options", TARGETS, ids=named)
def test_the_difference_is_paired(options: dict[str, Any]) -> None:
    found = lscli.sweep(A, Y, others=[B], eps="0:1:0.25", **options)
    rows = by_eps(found, "loss_difference", "logits (2)")
    assert [0, 0.25, 0.5, 0.75, 1] == list(rows)
    for eps, row in rows.items():
        (other, by), (first, _) = losses(B, eps, options), losses(A, eps, options)
        each = (other - first) - by * (other - first).sum() / by.sum()
        stderr = math.sqrt((each**2).sum() / (len(Y) * (len(Y) - 1))) / by.mean()
        assert ((other - first).sum() / by.sum(), stderr) == pytest.approx((row.value, row.stderr), rel=1e-9)
        models = [by_eps(found, "loss_smoothed", source)[eps].value for source in ("logits", "logits (2)")]
        assert models[1] - models[0] == pytest.approx(row.value, rel=1e-9)


@pytest.mark.parametrize("options", TARGETS, ids=named)
def test_the_ranking_flips_where_a_search_finds_that_it_does(options: dict[str, Any]) -> None:
    flip = one(lscli.sweep(A, Y, others=B, eps=0.1, **options), "loss_flip_eps")
    low, high = 0.0, 1.0

    def difference(eps: float) -> float:
        return float((losses(B, eps, options)[0] - losses(A, eps, options)[0]).sum())

    assert difference(low) > 0 > difference(high)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if difference(middle) > 0 else (low, middle)
    assert low == pytest.approx(flip.value, rel=1e-9)
    assert 0 < flip.stderr < 0.1


def test_the_standard_error_of_the_flip_is_the_spread_of_flips() -> None:
    flips = []
    for seed in range(200):
        a, b, y = pair(seed=seed)
        flips.append(one(lscli.sweep(a, y, others=b, eps=0.1, smoothing="classy"), "loss_flip_eps"))
    assert np.std([row.value for row in flips]) == pytest.approx(np.mean([row.stderr for row in flips]), rel=0.15)


def test_a_model_that_is_better_everywhere_has_no_flip() -> None:
    worse = B + 1.5 * np.random.default_rng(1).normal(size=B.shape)
    found = lscli.sweep(worse, Y, others=B, ci=True, bootstrap=50, eps="0:0.2:0.1")
    flip = one(found, "loss_flip_eps")
    assert all(math.isnan(value) for value in flip[3:7])
    assert found.conclusion.endswith("logits (2) has the smaller loss at every eps of the sweep.")


def test_a_model_against_itself_is_no_different_in_any_resample() -> None:
    found = lscli.sweep(A, Y, others=[A], ci=True, bootstrap=30)
    rows = by_eps(found, "loss_difference", "logits (2)").values()
    assert {(0.0, 0.0, 0.0, 0.0)} == {(row.value, row.stderr, row.ci_low, row.ci_high) for row in rows}
    assert math.isnan(one(found, "loss_flip_eps").value)
    assert "Between logits and logits (2) no difference in loss is beyond noise" in found.conclusion


def test_the_band_is_that_of_the_losses_on_the_same_resamples() -> None:
    options: dict[str, Any] = {"ci": True, "bootstrap": 200, "eps": [0, 0.3, 1], "seed": 5}
    found = by_eps(lscli.sweep(A, Y, others=B, **options), "loss_difference", "logits (2)")
    each = {eps: losses(B, eps, {})[0] - losses(A, eps, {})[0] for eps in found}
    table = SampleTable({str(eps): x for eps, x in each.items()})
    drawn = resampled(
        table,
        lambda resample: [float((resample.weight * x).sum() / len(x)) for x in each.values()],
        Bootstrap(200, 5),
        2,
    )
    for values, (eps, row) in zip(drawn.T, found.items(), strict=True):
        assert interval(0.0, values, 0.95, biased=False) == pytest.approx((row.ci_low, row.ci_high), rel=1e-9), eps
        assert row.ci_low < row.value < row.ci_high


def flip_of(hard: Array, spread: Array) -> Measured:
    table = SampleTable({"row": np.arange(len(hard)), "hard_difference": hard, "spread_difference": spread})
    (found,) = measured(table, select("loss_flip_eps"), Settings(), Bootstrap(300), 2, None)
    return found


def test_the_interval_of_the_flip_is_open_where_resamples_do_not_flip() -> None:
    noise = np.random.default_rng(0).normal(size=50)
    noise -= noise.mean()
    value, interval = flip_of(noise + 0.1, noise - 1)[1:]
    assert value.value == pytest.approx(0.1 / 1.1)
    assert (0.0, True) == (interval[0], 0.15 < interval[1] < 0.6)
    value, interval = flip_of(noise - 1, noise + 0.1)[1:]
    assert value.value == pytest.approx(1 / 1.1)
    assert (True, 1.0) == (0.4 < interval[0] < 0.85, interval[1])
    clear = flip_of(noise + 1, noise - 1)
    assert clear.value.value == pytest.approx(0.5)
    assert 0.3 < clear.interval[0] < 0.5 < clear.interval[1] < 0.7
