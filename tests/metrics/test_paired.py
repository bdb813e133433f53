"""The differences of two models' losses, and the eps at which their ranking flips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

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
