"""The logit gaps against numpy, and what they are not defined for."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lscli
from lscli.api.plot import chart
from lscli.errors import InputError
from lscli.options import PlotOptions
from tests.curves.samples import logits, only


def test_the_gaps_are_counted_and_their_optima_named() -> None:
    x, y = logits(2000, 5)
    own = x[np.arange(2000), y]
    gap = own - (x.sum(axis=1) - own) / 4
    found = only(x, y, chart="gaps", eps=(0.1, 0.2))
    edges = [found.points[0].low, *(point.high for point in found.points)]
    expected, _ = np.histogram(np.clip(gap, edges[0], edges[-1]), edges)
    assert np.abs(expected - [point.size for point in found.points]).sum() <= 2  # rounding at an edge
    assert sum(point.size for point in found.points) == 2000
    assert found.facts["logit_gap_mean"] == pytest.approx(gap.mean())
    for eps in (0.1, 0.2):
        assert found.facts[f"logit_gap_optimal@{eps:g}"] == pytest.approx(math.log((5 * (1 - eps) + eps) / eps))


def test_with_a_prior_the_optimum_is_that_of_the_labels() -> None:
    x, y = logits(200, 3)
    prior = np.array([0.6, 0.3, 0.1])
    report = lscli.evaluate(x, y, metrics="logit_gap_optimal", smoothing="prior", prior=prior)
    found = only(x, y, chart="gaps", smoothing="prior", prior=prior)
    assert found.facts["logit_gap_optimal@0.1"] == pytest.approx(report["logit_gap_optimal"])


def test_eps_0_has_no_optimum() -> None:
    assert math.isnan(only(*logits(50, 3), chart="gaps", eps=0.0).facts["logit_gap_optimal@0"])


def test_infinite_gaps_are_left_out_and_named() -> None:
    x, y = logits(50, 3)
    x[:7, 2], y[:7] = -np.inf, 0
    with pytest.warns(lscli.LscliWarning, match="7 of 50 samples have a masked class"):
        found = only(x, y, chart="gaps")
    assert found.note == "7 samples with an infinite logit gap are left out"
    assert sum(point.size for point in found.points) == 43
    assert math.isfinite(found.facts["logit_gap_mean"])


def test_one_gap_is_one_bar() -> None:
    (point,) = only(np.zeros((9, 3)), np.zeros(9, int), chart="gaps").points
    assert (-0.5, 0.5, 9) == point


def test_confidences_have_no_gaps() -> None:
    table = lscli.SampleTable.from_confidences([0.5, 0.7], [1, 0])
    with pytest.raises(InputError, match="need the logits of all classes") as refused:
        chart([table], None, PlotOptions(chart="gaps"))
    assert "--chart confidence" in str(refused.value.hint)
