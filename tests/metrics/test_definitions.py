"""Every calibration error against its definition, written slowly: edges, ties, 0, 1 and whole weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from tests import naive

Array = NDArray[Any]
Samples = tuple[SampleTable, Array, Array, Array]


def near(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-11, abs=1e-12, nan_ok=True)


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    """A table, and its confidences, outcomes and weights."""
    bins = draw(st.sampled_from([2, 3, 7, 10, 15, 49]))
    edge = st.integers(0, bins).map(lambda i: i / bins)
    beside = st.tuples(edge, st.sampled_from([-1.0, 2.0])).map(
        lambda pair: min(1.0, max(0.0, float(np.nextafter(*pair))))
    )
    confidence = st.one_of(edge, beside, st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]))
    rows = draw(st.lists(st.tuples(confidence, st.booleans(), st.integers(0, 3)), min_size=1, max_size=40))
    c, a, w = (np.array(column, float) for column in zip(*rows, strict=True))
    if draw(st.booleans()) or not w.any():
        w = np.ones(len(c))
        return SampleTable.from_confidences(c, a), c, a, w
    return SampleTable.from_confidences(c, a, weight=w), c, a, w


def value(metric: str, table: SampleTable, **options: Any) -> float:
    (found,) = METRICS[metric].compute(table, Settings(**options))
    return found.value


BINS = st.one_of(st.sampled_from([1, 2, 3, 7, 10, 15, 49]), st.integers(1, 60))
EDGES = st.sampled_from(["right", "left"])


@settings(max_examples=250, deadline=None)
@given(samples(), BINS, EDGES)
def test_errors_over_bins_of_equal_width(drawn: Samples, bins: int, edges: str) -> None:
    table, c, a, w = drawn
    found = naive.equal_width(c, a, w, bins, edges)
    options: dict[str, Any] = {"bins": bins, "bin_edges": edges}
    assert naive.norm(found) == near(value("ece", table, **options))
    assert naive.norm(found, "l2") == near(value("rmsce", table, **options))
    assert naive.norm(found, "max") == near(value("mce", table, **options))
    # Of squares, which the root makes less exact near 0.
    assert naive.debiased(found) ** 2 == near(value("rmsce_debiased", table, **options) ** 2)
    spread = [math.sqrt((b.w * b.c * (1 - b.c)).sum()) for b in found]
    assert math.sqrt(2 / math.pi) * sum(spread) / w.sum() == near(value("ece_null", table, **options))


@settings(max_examples=250, deadline=None)
@given(samples(), BINS)
def test_errors_over_bins_of_equal_count(drawn: Samples, bins: int) -> None:
    table, c, a, w = drawn
    found = naive.equal_mass(c, a, w, bins)
    for kind in ("l1", "l2", "max"):
        assert naive.norm(found, kind) == near(value("ece_equal_mass", table, bins=bins, norm=kind))


@settings(max_examples=250, deadline=None)
@given(samples())
def test_errors_without_a_number_of_bins(drawn: Samples) -> None:
    table, c, a, w = drawn
    assert naive.sweep(c, a, w) == near(value("ece_sweep", table))
    assert naive.ks(c, a, w) == near(value("ks_calibration", table))
    variance = (w * (1 - 2 * c) ** 2 * c * (1 - c)).sum()
    if variance == 0 or variance > 1e-9:  # else z is a matter of last digits, of 1 - c and of 1 - 2c
        z = naive.spiegelhalter(c, a, w)
        assert z == near(value("spiegelhalter_z", table))
        assert math.erfc(abs(z) / math.sqrt(2)) == near(value("spiegelhalter_p", table))


@pytest.mark.filterwarnings("ignore:logits. every row sums to 1")  # as one row of two classes may by chance
@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 40),
    st.sampled_from([2, 3, 9]),
    st.sampled_from(["spread", "ties", "sure", "halves"]),
    BINS,
    EDGES,
    st.sampled_from(["l1", "l2", "max"]),
    st.booleans(),
)
def test_errors_by_class(
    seed: int, rows: int, classes: int, kind: str, bins: int, edges: str, norm: str, weighted: bool
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.standard_normal((rows, classes)) * {"spread": 2, "ties": 1, "sure": 60, "halves": 1}[kind]
    if kind == "ties":
        logits = np.round(logits)
    if kind == "halves":  # p of exactly 0, 1/2 and 1
        logits = np.full((rows, classes), -np.inf)
        for row in logits:
            row[rng.choice(classes, rng.integers(1, 3), replace=False)] = 0
        logits[:, 0] -= 0.125
    logits[:, 0] += 0.125  # rows that sum to 1 are warned of
    labels = rng.integers(0, classes, rows)
    weight = rng.integers(0, 4, rows) if weighted else None
    if weight is not None:
        weight[0] += 2  # less is warned of
    options: dict[str, Any] = {"bins": bins, "bin_edges": edges, "norm": norm, "weights": weight}
    found = [row.value for row in lscli.evaluate(logits, labels, metrics="classwise", threads=1, **options).rows]
    p = naive.probabilities(logits)
    counts = np.ones(rows) if weight is None else weight.astype(float)
    expected = naive.classwise(p, labels, counts, bins, edges, norm)
    assert [np.mean(expected), max(expected)] == pytest.approx(found, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("edges", ["right", "left"])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_a_probability_on_an_edge(edges: str, kernel: str) -> None:
    # Of two bins: 1/2 shares one with 0 or with 1, and their gaps are of opposite signs.
    logits = [[0.0, 0.0], [0.0, 0.0], [0.0, 3.0], [3.0, 0.0]]
    p = naive.probabilities(np.array(logits))
    for labels in ([0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]):
        expected = naive.classwise(p, np.array(labels), np.ones(4), 2, edges, "l1")
        found = lscli.evaluate(logits, labels, metrics="classwise", bins=2, bin_edges=edges, kernel=kernel)
        assert [np.mean(expected), max(expected)] == pytest.approx([row.value for row in found.rows], abs=1e-12)
    assert naive.norm(naive.equal_width(p[:, 0], np.array([0, 1, 0, 1]), np.ones(4), 2)) != naive.norm(
        naive.equal_width(p[:, 0], np.array([0, 1, 0, 1]), np.ones(4), 2, "left")
    )
