"""smece with `--compat relplot`: the numbers of relplot, and why they differ."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings, Value
from lscli.metrics.smooth_ece import METRICS


def smece(confidence: Any, correct: Any, compat: Any = "relplot", **options: Any) -> Value:
    (metric,) = METRICS
    (value,) = metric.compute(SampleTable.from_confidences(confidence, correct, **options), Settings(compat=compat))
    return value


def squares(*, saturated: bool = False) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    c = rng.uniform(0, 1, 1000)
    a = rng.random(1000) < c**2
    return np.where(c > 0.6, 1.0, np.round(c, 2)) if saturated else c, a


def small() -> tuple[Any, Any]:
    i = np.arange(4000)
    c = 0.5 + 0.499 * np.sin(i) * np.sin(i)
    return c, (i * 7919) % 4000 / 4000 < c + 0.004 * np.cos(9 * c)


GRID = [i / 10 for i in range(11)], [0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0]
SATURATED = [0.95, 1.0, 1.0, 0.0, 1e-9, 0.5], [1, 0, 1, 0, 1, 1]
HALF = [1.0] * 100 + [0.5] * 100, [1] * 70 + [0] * 30 + [1] * 50 + [0] * 50


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 0.11227208463895658),
        (([0.9] * 10, [1] * 6 + [0] * 4), 0.29999668627439996),
        (([0.25, 0.25, 0.55, 0.75, 0.75], [0, 0, 1, 1, 1]), 0.19896183528561728),
        (([1.0, 1.0, 0.0, 0.0], [0, 0, 1, 1]), 0.999869470560429),
        (([1.0, 1.0, 0.0], [1, 1, 0]), 0.0),
        (GRID, 0.15647141911383847),
        (SATURATED, 0.2643691846283691),
        (HALF, 0.10130728091332825),
        (squares(), 0.1497708584475488),
        (squares(saturated=True), 0.20847159814159746),
        (small(), 0.005543725908320711),
    ],
)
def test_the_numbers_of_relplot(data: tuple[Any, Any], expected: float) -> None:
    """What relplot 1.0.3 gave: smECE(confidence, correct)."""
    found = smece(*data)
    assert expected == pytest.approx(found.value, rel=1e-11, abs=1e-13)
    assert {"compat": "relplot"} == found.params


def test_what_lies_at_1_counts_half() -> None:
    assert 0.15 == pytest.approx(smece(*HALF, compat=None).value)
    # 15 of a weight of 100/2 + 100 samples, and a little for the sums over places.
    assert 0.1 == pytest.approx(smece(*HALF).value, rel=0.02)
    inside = np.minimum(HALF[0], 0.99)
    assert smece(inside, HALF[1], compat=None).value == pytest.approx(smece(inside, HALF[1]).value, rel=0.02)


def test_order_and_weights() -> None:
    c, a = squares(saturated=True)
    order, weight = np.random.default_rng(1).permutation(1000), np.random.default_rng(2).integers(0, 4, 1000)
    assert smece(c, a).value == pytest.approx(smece(c[order], a[order]).value, rel=1e-12)
    repeated = smece(np.repeat(c, weight), np.repeat(a, weight)).value
    assert repeated == pytest.approx(smece(c, a, weight=weight).value, rel=1e-12)
    assert math.isnan(smece(c, a, weight=0 * weight).value)


def test_only_relplot_changes_smece() -> None:
    logits, labels = [[0.0, 2.0], [3.0, 0.0], [0.5, 0.0]], [1, 1, 0]
    ours = lscli.evaluate(logits, labels, metrics="smece").rows[0]
    assert ours.value == lscli.evaluate(logits, labels, metrics="smece", compat="netcal").rows[0].value
    theirs = lscli.evaluate(logits, labels, metrics="smece", compat="relplot").rows[0]
    assert {} == ours.params
    assert ours.value != theirs.value
