"""The differences of two models' losses, and the eps at which their ranking flips."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.metrics.base import Settings
from lscli.metrics.loss import smoothed
from lscli.metrics.paired import differences, loss_difference
from lscli.smoothing.targets import Targets
from tests.metrics.tables import drawn, table_of


def test_a_resample_with_losses_and_differences_keeps_the_two_apart() -> None:
    # Both metrics keep the means at the two ends of the line in eps; one must not find the other's.
    logits, labels = drawn(50, 4)
    first, other = table_of(logits, labels), table_of(logits + np.arange(4), labels)
    table = differences(first, other, Targets())
    table = replace(table, columns={**other.columns, **table.columns})
    weight = np.random.default_rng(0).integers(0, 3, 50).astype(float)
    settings = Settings(eps=(0.1,))
    for metrics in ((smoothed, loss_difference), (loss_difference, smoothed)):
        resample = table.resample(weight)
        found = [metric(resample, settings)[0].value for metric in metrics]
        expected = [metric(table.with_weights(weight), settings)[0].value for metric in metrics]
        assert expected == pytest.approx(found, rel=1e-12)


def near(expected: float, scale: float = 1) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-12 * max(scale, 1))


def test_the_ranking_of_two_models_flips_where_their_lines_cross() -> None:
    logits, labels = drawn(100, 5)
    logits /= 4
    softer = logits / 2
    ends = [lscli.evaluate(each, labels) for each in (logits, softer)]
    hard, uniform = (ends[1][name] - ends[0][name] for name in ("loss_hard", "loss_uniform"))
    flip = -hard / (uniform - hard)
    assert 0 < flip < 1
    assert lscli.evaluate(logits, labels, eps=flip)["loss_smoothed"] == near(
        lscli.evaluate(softer, labels, eps=flip)["loss_smoothed"]
    )
