"""Spiegelhalter's test: values of MAPIE, and p-values against all outcomes and by simulation."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS

Array = NDArray[Any]
MAPIE = [0.1, 0.9, 0.21, 0.9, 0.5], [0, 1, 0, 1, 0]


def value(metric: str, confidence: Any, correct: Any, weight: Any = None) -> float:
    table = SampleTable.from_confidences(confidence, correct, weight=weight)
    (found,) = METRICS[metric].compute(table, Settings())
    return found.value


def test_values_of_mapie() -> None:
    assert -0.75669720 == pytest.approx(value("spiegelhalter_z", *MAPIE), abs=5e-9)
    # Theirs is one-sided: 1 - Phi(z) = .8486 for one copy, z < 0. Many copies have a normal p.
    c, a = [0.8, 0.3, 0.5, 0.5, 0.7, 0.1], [1, 0, 1, 0, 1, 0]
    z = value("spiegelhalter_z", c, a)
    assert 0.8486 == pytest.approx(math.erfc(z / math.sqrt(2)) / 2, abs=1e-4)
    many = value("spiegelhalter_p", c * 25, a * 25)
    assert math.erfc(5 * -z / math.sqrt(2)) == pytest.approx(many, rel=1e-12)


def test_without_variance_there_is_no_z() -> None:
    for c in ([0.5, 0.5], [0.0, 1.0], [0.5, 1.0]):
        assert math.isnan(value("spiegelhalter_z", c, [0, 1]))
        assert math.isnan(value("spiegelhalter_p", c, [0, 1]))


@pytest.mark.parametrize(
    "confidence",
    [
        [0.9] * 9,
        [0.9] * 5 + [0.8] * 4,
        [0.25, 0.25, 0.75, 0.75, 1.0, 0.875, 0.9375, 0.5],
        [0.5 + 2**-20, 0.5 - 2**-20, 0.5 + 2**-20],
    ],
    ids=["equal", "two values", "multiples", "near one half"],
)
def test_p_is_the_share_of_outcomes_that_are_as_far(confidence: list[float]) -> None:
    c = np.array(confidence)
    # Of these confidences 1 - 2c is a whole number of steps, or nearly the same order of outcomes.
    outcomes = np.array([*itertools.product([0, 1], repeat=len(c))])
    chance = np.prod(np.where(outcomes, c, 1 - c), axis=1)
    score = np.abs(((outcomes - c) * (1 - 2 * c)).sum(axis=1))
    for place in range(0, len(outcomes), 7):
        if chance[place] > 0:
            expected = chance[score >= score[place] * (1 - 1e-9)].sum()
            assert expected == pytest.approx(value("spiegelhalter_p", c, outcomes[place]), abs=2e-3)


def test_neither_order_nor_repetition_matters() -> None:
    random = np.random.default_rng(0)
    c = 1 - 0.1 * random.random(60)
    a, weight = random.random(60) < c, random.integers(0, 4, 60)
    again = random.permutation(np.repeat(np.arange(60), weight))
    expected = value("spiegelhalter_p", c[again], a[again])
    assert 0.001 < expected < 0.999
    assert expected == pytest.approx(value("spiegelhalter_p", c, a, weight), rel=1e-9)


@pytest.mark.parametrize("n", [100, 300, 1000])
def test_p_is_uniform_at_an_accuracy_of_995_per_mille(n: int) -> None:
    random = np.random.default_rng(n)
    found = []
    for _ in range(200):
        c = random.beta(199, 1, n)
        found.append(value("spiegelhalter_p", c, random.random(n) < c))
    # A discrete p is at most as often small as a uniform one. Most sets of 100 have no error at all.
    for share in (0.02, 0.05, 0.1, 0.25, 0.5):
        expected = share + 3 * math.sqrt(share * (1 - share) / len(found))
        assert np.mean(np.array(found) <= share) <= expected, share
    assert np.mean(np.array(found) <= 0.5) > (0.2 if n == 100 else 0.4)


@pytest.mark.parametrize(("metrics", "named"), [("spiegelhalter_p,accuracy", True), ("calibration", False)])
def test_clusters_have_no_p_and_are_the_reason(metrics: str, named: bool) -> None:
    random = np.random.default_rng(1)
    c = random.random(40)
    table = SampleTable.from_confidences(c, random.random(40) < c, cluster=np.arange(40) // 2)
    why = "samples in clusters are not independent"
    if named:
        with pytest.warns(lscli.LscliWarning, match=f"spiegelhalter_p is absent: {why}"):
            report = lscli.measure(table, metrics=metrics)
    else:
        report = lscli.measure(table, metrics=metrics)
        assert f"Absent, because {why}: ece_p, spiegelhalter_p." in report.conclusion
        assert "spiegelhalter_z" in report
    assert "spiegelhalter_p" not in report
