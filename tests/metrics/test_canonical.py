"""ece_canonical: published cases, the definition, and what it is combined with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from lscli import SampleTable
from lscli.options import Kernel
from tests import naive
from tests.metrics.tables import drawn

Array = NDArray[Any]


def canonical(logits: Any, labels: Any, **options: Any) -> float:
    return lscli.evaluate(logits, labels, metrics="ece_canonical", **options)["ece_canonical"]


def of_probabilities(p: Any, labels: Any, **options: Any) -> float:
    return canonical(np.array(p, getattr(p, "dtype", np.float64)), labels, kind="probs", **options)


@pytest.mark.parametrize(
    ("p", "labels", "expected"),
    [
        # CalibrationErrors.jl, test/ece.jl
        ([[0, 1], [1, 0]], [1, 0], 0.0),
        ([[0, 1], [0.5, 0.5], [0.5, 0.5], [1, 0]], [1, 1, 0, 0], 0.0),
        # PyCalib, tests/test_metrics.py: full_ECE
        ([[0.6, 0.2, 0.2]] * 10, [0] * 6 + [1] * 2 + [2] * 2, 0.0),
        # By hand: a group of two, whose sums are 0.85 + 0.95 and whose labels are both 0; and a sample alone.
        ([[0.86, 0.14], [0.88, 0.12], [0.3, 0.7]], [0, 0, 0], (0.26 + 0.7) / 3),
        # 0.2 shares its bin with 0.15, but 0.8 not with 0.85.
        ([[0.2, 0.8], [0.15, 0.85]], [0, 1], (0.8 + 0.15) / 2),
    ],
)
@pytest.mark.filterwarnings("ignore::lscli.errors.LscliWarning")
def test_published_cases(p: Any, labels: Any, expected: float) -> None:
    assert expected == pytest.approx(of_probabilities(p, labels), abs=1e-15)


@pytest.mark.filterwarnings("ignore:logits. every row sums to 1", "ignore:logits. columns? [0-9].* hold")
@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 60),
    st.sampled_from([2, 3, 9]),
    st.sampled_from([("ties", 1.0), ("sure", 30.0), ("spread", 2.0), ("masked", 1.0)]),
    st.one_of(st.none(), st.integers(1, 30)),
    st.sampled_from(["right", "left"]),
    st.booleans(),
    st.sampled_from(["numpy", "torch"]),
)
def test_the_definition(
    seed: int, rows: int, classes: int, kind: Any, bins: int | None, edges: Any, weighted: bool, kernel: Kernel
) -> None:
    rng = np.random.default_rng(seed)
    name, spread = kind
    logits = spread * rng.standard_normal((rows, classes))
    if name in ("ties", "masked"):
        logits = np.round(logits)
    if name == "masked":
        logits[:, 0] = np.where(rng.random(rows) < 0.5, -np.inf, logits[:, 0])
    logits[:, 1] += 0.125  # rows that sum to 1 are warned of
    labels = rng.integers(0, classes, rows)
    labels[np.isneginf(logits[np.arange(rows), labels])] = 1
    weight = rng.integers(0, 4, rows) if weighted else None
    if weight is not None:
        weight[0] += 2  # less is warned of
    found = canonical(logits, labels, bins=bins, bin_edges=edges, weights=weight, kernel=kernel)
    counts = np.ones(rows) if weight is None else weight.astype(float)
    expected = naive.canonical(naive.probabilities(logits), labels, counts, bins or 10, edges)
    assert expected == pytest.approx(found, rel=1e-9, abs=1e-12)


def test_ten_bins_and_the_params() -> None:
    logits, labels = drawn()
    row = lscli.evaluate(logits, labels, metrics="ece_canonical").rows[0]
    assert {"bins": 10} == row.params
    assert row.value == canonical(logits, labels, bins=10) != canonical(logits, labels, bins=15)
    assert math.isnan(row.stderr)
    # No library of --compat has it.
    assert {"bins": 10} == lscli.evaluate(logits, labels, metrics="ece_canonical", compat="sklearn").rows[0].params
    with_interval = lscli.evaluate(logits, labels, metrics="ece_canonical,accuracy", ci=True, bootstrap=20).rows
    assert [True, False] == [math.isnan(row.ci_low) for row in with_interval]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [4, 200])
def test_stated_probabilities_are_binned_as_they_are_stated(classes: int, dtype: Any) -> None:
    # Probabilities on edges, of which logarithms would move some across.
    rng = np.random.default_rng(0)
    p = np.zeros((400, classes))
    p[:, :4] = rng.multinomial(10, [0.1, 0.2, 0.3, 0.4], 400) / 10
    p = p.astype(dtype)
    labels = np.where(rng.random(400) < 0.5, 3, rng.integers(0, 4, 400))
    labels[p[np.arange(400), labels] == 0] = p.argmax(axis=1)[p[np.arange(400), labels] == 0]
    expected = naive.canonical(p.astype(float), labels, np.ones(400))
    for form in (p, p.tolist()):
        assert expected == pytest.approx(of_probabilities(form, labels), rel=1e-6)
    # Rows that do not sum to 1 are divided by their sum.
    p = np.maximum(0.99 * p + 0.01 * rng.random(p.shape).astype(dtype), 0)
    p *= dtype(0.995) / p.sum(axis=1, keepdims=True)
    expected = naive.canonical(p / p.sum(axis=1, keepdims=True, dtype=np.float64), labels, np.ones(400))
    assert expected == pytest.approx(of_probabilities(p, labels), rel=1e-6)


def test_stated_probabilities_of_one_of_two_classes() -> None:
    p = np.array([0.1, 0.2, 0.3, 0.3, 0.7, 0.8, 0.15, 0.25, 0.65, 0.95])
    labels = np.array([0, 0, 1, 0, 1, 1, 0, 1, 0, 1])
    # 1 - 0.7 is on the edge at 0.3, but for rounding.
    expected = naive.canonical(np.column_stack((np.round(1 - p, 12), p)), labels, np.ones(10))
    assert expected == pytest.approx(canonical(p, labels, binary=True, kind="probs"), rel=1e-12)
    raised = np.clip(p, 0.2, 0.8)
    expected = naive.canonical(np.column_stack((1 - raised, raised)), labels, np.ones(10), 3)
    found = canonical(p, labels, binary=True, kind="probs", min_prob=0.2, bins=3)
    assert expected == pytest.approx(found, rel=1e-12)


def test_groups_and_rows_that_are_left_out() -> None:
    logits, labels = drawn(400, 5, 5)
    weight = np.random.default_rng(6).integers(0, 3, 400)
    names = np.array(["a", "b", "c"])[np.arange(400) % 3]
    logits[7, 0], labels[8] = np.nan, -100
    keep = np.ones(400, np.bool_)
    keep[[7, 8]] = False
    with pytest.warns(lscli.LscliWarning, match="1 of 400 rows are not finite"):
        report = lscli.evaluate(
            logits, labels, metrics="ece_canonical,ece_marginal", weights=weight, groups=names, nonfinite="skip"
        )
    p = naive.probabilities(logits[keep])
    for name in ("", "a", "b", "c"):
        mine = np.ones(398, np.bool_) if not name else names[keep] == name
        w = weight[keep][mine].astype(float)
        expected = [
            naive.canonical(p[mine], labels[keep][mine], w),
            naive.marginal(p[mine], labels[keep][mine], w, 15, "right", "l1"),
        ]
        assert expected == pytest.approx([row.value for row in report.rows if row.group == name], rel=1e-11)


def test_an_ensemble_and_the_clusters_of_tokens(tmp_path: Path) -> None:
    (one, labels), (two, _) = drawn(200, 4, 1), drawn(200, 4, 2)
    np.save(tmp_path / "a.npy", one)
    np.save(tmp_path / "b.npy", two)
    p = (naive.probabilities(one) + naive.probabilities(two)) / 2
    expected = naive.canonical(p, labels, np.ones(200))
    assert expected == pytest.approx(canonical(str(tmp_path / "[ab].npy"), labels, ensemble=True), rel=1e-11)
    assert expected == pytest.approx(canonical(np.stack((one, two)), labels, ensemble_axis=0), rel=1e-11)
    flat = canonical(one.reshape(40, 5, 4), labels.reshape(40, 5), flatten=True)
    assert canonical(one, labels) == flat


def test_where_it_is_absent() -> None:
    table = SampleTable.from_confidences([0.5, 0.7], [1, 0])
    with pytest.warns(lscli.LscliWarning, match="ece_canonical, ece_marginal are absent|absent: there are no logits"):
        lscli.measure(table, metrics="ece,ece_canonical,ece_marginal")
    with pytest.raises(lscli.UsageError, match="not defined for soft labels: ece_canonical"):
        canonical([[0.0, 1.0], [2.0, 0.5]], [[0.3, 0.7], [1.0, 0.0]], soft_labels=True)
    with pytest.raises(lscli.UsageError, match="ece_canonical is a metric of all classes together"):
        lscli.per_class([[0.0, 1.0], [2.0, 0.5]], [0, 1], metrics="ece_canonical")
