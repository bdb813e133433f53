"""Squared kernel calibration errors: the definition pair by pair, laws, tests that hold their level, and refusals."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import lscli
from lscli.api.reading import read
from lscli.metrics import kernel_error
from lscli.metrics.base import Settings
from lscli.metrics.selection import select
from lscli.options import ReadingOptions
from tests import naive
from tests.metrics.kernel_error_runs import DESIGNS, METRICS, run

Array = NDArray[Any]
ALL = ",".join(METRICS)


def drawn(rows: int, classes: int, seed: int = 0, spread: float = 1.5) -> tuple[Array, Array]:
    """Logits, and labels that follow logits less far apart: an over-confident model."""
    rng = np.random.default_rng(seed)
    logits = spread * rng.standard_normal((rows, classes))
    p = naive.probabilities(logits / 2)
    return logits, (p.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)


def found(logits: Array, labels: Array, metrics: str = ALL, **options: Any) -> dict[str, Any]:
    return {row.metric: row for row in lscli.evaluate(logits, labels, metrics=metrics, **options).rows}


def by_hand(p: Array, labels: Array) -> tuple[Array, float]:
    """h of all pairs of samples, and nu."""
    n, classes = p.shape
    distance = np.array([[np.abs(a - b).sum() / 2 for b in p] for a in p])
    ascending = np.sort(distance[np.triu_indices(n, 1)])
    nu = ascending[(len(ascending) - 1) // 2] or ascending.mean() or 1.0
    residual = np.eye(classes)[labels] - p
    h = np.array([[math.exp(-distance[i, j] / nu) * (residual[i] @ residual[j]) for j in range(n)] for i in range(n)])
    return h, nu


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 14), st.integers(2, 6), st.sampled_from([0.1, 1.5, 8.0]))
def test_the_mean_over_all_pairs(seed: int, rows: int, classes: int, spread: float) -> None:
    logits, labels = drawn(rows, classes, seed, spread)
    h, nu = by_hand(naive.probabilities(logits), labels)
    row = found(logits, labels, "skce")["skce"]
    assert h[np.triu_indices(rows, 1)].mean() == pytest.approx(row.value, rel=1e-9, abs=1e-14)
    assert {"nu": pytest.approx(nu, rel=1e-9)} == row.params


def test_the_standard_error_is_that_of_a_u_statistic() -> None:
    """Each part as a mean over all tuples of different samples."""
    logits, labels = drawn(9, 3, spread=3)
    h, _ = by_hand(naive.probabilities(logits), labels)
    pairs, triples, fours = (np.array([*itertools.permutations(range(9), size)]).T for size in (2, 3, 4))
    square = (h[pairs[0], pairs[1]] ** 2).mean()
    shared = (h[triples[0], triples[1]] * h[triples[0], triples[2]]).mean()
    apart = (h[fours[0], fours[1]] * h[fours[2], fours[3]]).mean()
    assert shared > apart
    expected = (4 * 7 * (shared - apart) + 2 * (square - apart)) / (9 * 8)
    assert math.sqrt(expected) == pytest.approx(found(logits, labels, "skce")["skce"].stderr, rel=1e-9)


def test_the_linear_estimate_is_the_mean_over_disjoint_pairs() -> None:
    """Of two samples there is one pair. Of more, many sets average to the mean over all pairs."""
    logits, labels = drawn(2, 4)
    h, _ = by_hand(naive.probabilities(logits), labels)
    assert h[0, 1] == pytest.approx(found(logits, labels)["skce_linear"].value, rel=1e-12)
    both = []
    for seed in range(60):
        rows = found(*drawn(41, 3, seed), "skce,skce_linear")
        both.append([rows["skce"].value, rows["skce_linear"].value])
    difference = np.subtract(*np.transpose(both))
    assert abs(difference.mean()) < 3 * difference.std() / math.sqrt(60)
    assert 0 < np.abs(difference).min()


def test_the_p_value_of_the_linear_estimate_is_normal() -> None:
    logits, labels = drawn(400, 5)
    for wrong in (labels, np.zeros(400, np.int64)):
        rows = found(logits, wrong, "skce_linear,skce_linear_p")
        z = rows["skce_linear"].value / rows["skce_linear"].stderr
        assert stats.norm.sf(z) == pytest.approx(rows["skce_linear_p"].value, rel=1e-9)
    assert 0 < rows["skce_linear_p"].value < 1e-12


def test_the_null_distribution_has_a_mean_of_0_and_the_variance_of_the_predictions() -> None:
    logits, labels = drawn(60, 4)
    p = naive.probabilities(logits)
    _, nu = by_hand(p, labels)
    expected = 0.0
    for i, j in itertools.permutations(range(60), 2):
        k = math.exp(-np.abs(p[i] - p[j]).sum() / 2 / nu)
        one, other = (np.diag(each) - np.outer(each, each) for each in (p[i], p[j]))
        expected += 2 * k * k * np.trace(one @ other)
    table = read(logits, labels, {"differences", "label"}, ReadingOptions()).all
    sums, spread = kernel_error._under_calibration(table)
    assert math.sqrt(expected) == pytest.approx(spread, rel=1e-9)
    assert abs(sums.mean()) < 3.5 * spread / math.sqrt(len(sums))
    assert 1 == pytest.approx(sums.std() / spread, abs=0.15)


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize(("classes", "dtype"), [(3, "float64"), (10, "float16"), (150, "float32")])
def test_no_digit_depends_on_the_order_the_chunks_or_the_threads(kernel: str, classes: int, dtype: str) -> None:
    logits, labels = drawn(130, classes)
    logits = logits.astype(dtype)
    logits[::7], labels[::7] = logits[0], labels[0]  # equal rows with equal labels, and some with another one
    labels[14] = (labels[0] + 1) % classes
    expected = {name: (row.value, row.stderr) for name, row in found(logits, labels, kernel=kernel).items()}
    for threads, rows in ((1, 1), (3, 37)):
        again = found(logits, labels, kernel=kernel, threads=threads, chunk_rows=rows)
        assert expected == {name: (row.value, row.stderr) for name, row in again.items()}
    order = np.random.default_rng(1).permutation(len(labels))
    shuffled = found(logits[order], labels[order], kernel=kernel)
    assert expected == {name: (row.value, row.stderr) for name, row in shuffled.items()}


@pytest.mark.parametrize("classes", [2, 10, 150])
def test_the_kernels_agree(classes: int) -> None:
    logits, labels = drawn(120, classes)
    p = naive.probabilities(logits)
    for x, kind in ((logits.astype("float32"), "logits"), (p, "probs")):
        one, other = (found(x, labels, kernel=kernel, kind=kind) for kernel in ("numpy", "torch"))
        for name in METRICS:
            assert one[name].value == pytest.approx(other[name].value, rel=1e-6, abs=1e-12), name


def test_neither_the_names_of_classes_nor_a_constant_matters() -> None:
    logits, labels = drawn(150, 7)
    logits = np.round(logits * 256) / 256
    expected = found(logits, labels)
    renamed = np.random.default_rng(3).permutation(7)
    shift = np.random.default_rng(4).integers(-9, 9, (150, 1))
    for x, y in ((logits[:, renamed], np.argsort(renamed)[labels]), (logits + shift, labels)):
        again = found(x, y)
        for name in METRICS:
            assert expected[name].value == pytest.approx(again[name].value, rel=1e-9), name


def test_equal_rows_of_several_clusters_are_paired_by_what_the_clusters_hold() -> None:
    random = np.random.default_rng(5)
    logits = np.repeat(random.normal(size=(4, 3)), 30, axis=0)
    labels, cluster = random.integers(0, 3, 120), random.integers(0, 7, 120)
    order = random.permutation(120)
    twice = np.arange(240) % 120
    values = [
        found(logits[rows], labels[rows], "skce_linear", clusters=names[rows], weights=weights)["skce_linear"].value
        for rows, names, weights in (
            (slice(None), cluster, None),
            (order, 6 - cluster, None),
            (slice(None), cluster, np.full(120, 2.0)),
            (twice, cluster, None),
        )
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    assert values[2] == pytest.approx(values[3], rel=1e-9)


def test_classes_that_only_the_labels_tell_apart() -> None:
    # Both rows have the same probabilities in another order, so that only the label says which class is which.
    logits = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0], [1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
    labels = np.array([0, 0, 2, 0])
    new = np.array([1, 0, 2])
    one, other = (found(z, y, "skce_p,skce_linear") for z, y in ((logits, labels), (logits[:, new], new[labels])))
    for name in ("skce_p", "skce_linear"):
        assert one[name].value == pytest.approx(other[name].value, rel=1e-9)


def test_a_weight_is_a_row_given_as_often() -> None:
    logits, labels = drawn(200, 4)
    weight = np.random.default_rng(2).integers(0, 4, 200)
    repeated = found(np.repeat(logits, weight, axis=0), np.repeat(labels, weight))
    weighted = found(logits, labels, weights=weight)
    for name in METRICS:
        assert repeated[name].value == pytest.approx(weighted[name].value, rel=1e-9), name
        assert repeated[name].n == weighted[name].n


def test_a_group_is_its_samples() -> None:
    logits, labels = drawn(300, 4)
    labels[::10] = -100
    groups = np.array(["a", "b", "c"])[np.arange(300) % 3]
    report = lscli.evaluate(logits, labels, metrics=ALL, groups=groups, ignore_index=-100)
    for name in "abc":
        alone = found(logits[groups == name], labels[groups == name], ignore_index=-100)
        mine = {row.metric: row.value for row in report.rows if row.group == name}
        assert {metric: row.value for metric, row in alone.items()} == pytest.approx(mine, rel=1e-12)


def test_pairs_within_a_cluster_are_left_out() -> None:
    logits, labels = drawn(40, 3)
    cluster = np.arange(40) // 4
    h, _ = by_hand(naive.probabilities(logits), labels)
    apart = cluster[:, None] != cluster
    with pytest.warns(
        lscli.LscliWarning, match="skce_p, skce_linear_p are absent: samples in clusters are not independent"
    ):
        rows = found(logits, labels, clusters=cluster, ci=True)
    assert ["skce", "skce_linear"] == [*rows]
    assert h[apart].mean() == pytest.approx(rows["skce"].value, rel=1e-9)
    assert all(math.isnan(row.stderr) and math.isnan(row.ci_low) for row in rows.values())


def test_masked_classes_have_the_probability_0() -> None:
    logits, labels = drawn(100, 5)
    wide = np.concatenate((logits, np.full((100, 1), -np.inf)), axis=1)
    expected, masked = found(logits, labels, "skce"), found(wide, labels, "skce")
    assert expected["skce"].value == pytest.approx(masked["skce"].value, rel=1e-9)


def test_one_logit_and_probabilities() -> None:
    logits, labels = drawn(120, 2)
    expected = found(logits, labels)
    one = logits[:, 1] - logits[:, 0]
    for x, options in ((one, {"binary": True}), (naive.probabilities(logits), {"kind": "probs"})):
        again = found(x, labels, **options)
        assert expected["skce"].value == pytest.approx(again["skce"].value, rel=1e-9)


def test_the_interval_is_normal_and_not_below_0() -> None:
    rows = found(*drawn(300, 4), ci=True)
    for name in ("skce", "skce_linear"):
        row = rows[name]
        low, high = row.value - 1.959964 * row.stderr, row.value + 1.959964 * row.stderr
        assert (max(low, 0), max(high, 0)) == pytest.approx((row.ci_low, row.ci_high), rel=1e-6)
    assert all(math.isnan(rows[name].ci_low) for name in ("skce_p", "skce_linear_p"))


def test_equal_predictions() -> None:
    """The median distance is 0 if more than half of the pairs are equal, and all of them if there is one prediction."""
    logits = np.ones((30, 3))
    labels = np.arange(30) % 3
    p = np.full((30, 3), 1 / 3)
    h, nu = by_hand(p, labels)
    rows = found(logits, labels)
    assert 1.0 == nu == rows["skce"].params["nu"]
    assert h[np.triu_indices(30, 1)].mean() == pytest.approx(rows["skce"].value, rel=1e-9)
    logits[0] = [2.0, 1.0, 1.0]
    h, nu = by_hand(naive.probabilities(logits), labels)
    assert nu == pytest.approx(found(logits, labels)["skce"].params["nu"], rel=1e-9)


@pytest.mark.parametrize("kept", [100, 5000])
def test_the_median_of_many_distances(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Histograms narrow it down first where not all distances are kept, also where most are near 1."""
    monkeypatch.setattr(kernel_error, "_KEPT", kept)
    monkeypatch.setattr(kernel_error, "_CELLS", 64)
    for spread in (1.0, 12.0, 60.0):
        logits, labels = drawn(150, 4, spread=spread)
        _, nu = by_hand(naive.probabilities(logits), labels)
        assert nu == pytest.approx(found(logits, labels, "skce")["skce"].params["nu"], rel=1e-12)


def test_few_samples() -> None:
    one = found(np.array([[2.0, 0.0]]), np.array([0]))
    assert all(math.isnan(row.value) for row in one.values())
    two = found(*drawn(2, 3))
    assert math.isfinite(two["skce"].value)
    assert math.isnan(two["skce"].stderr)
    assert math.isnan(two["skce_linear_p"].value)
    assert 0 < two["skce_p"].value <= 1


def test_only_their_names_select_them() -> None:
    for words in ("all", "default", "calibration"):
        assert not {*METRICS} & {choice.metric.id for choice in select(words)}
    assert [*METRICS] == [choice.metric.id for choice in select(ALL)]


def test_what_they_need() -> None:
    logits, labels = drawn(30, 3)
    with pytest.warns(lscli.LscliWarning, match="skce is absent: the weights are not whole numbers"):
        assert [] == [*found(logits, labels, "skce", weights=np.full(30, 1.5))]
    with pytest.raises(lscli.UsageError, match="not defined for soft labels: skce"):
        found(logits, naive.probabilities(logits), "skce", soft_labels=True)
    table = lscli.SampleTable.from_confidences([0.5, 0.7], [0, 1])
    with pytest.raises(lscli.UsageError, match="none of these can be computed without logits: skce"):
        lscli.measure(table, metrics="skce")


def test_too_many_samples_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = drawn(60, 3)
    monkeypatch.setattr(kernel_error, "MOST_QUADRATIC", 50)
    with pytest.raises(lscli.InputError, match="at most 50 samples, and there are 60") as caught:
        found(logits, labels, "skce")
    assert "skce_linear" in str(caught.value.hint)
    assert {"skce_linear", "skce_linear_p"} == found(logits, labels, "skce_linear,skce_linear_p").keys()
    monkeypatch.setattr(kernel_error, "MOST_ORDERED", 100)
    with pytest.raises(lscli.InputError, match="the weights add up to 120 samples"):
        found(logits, labels, "skce_linear", weights=np.full(60, 2))


def test_more_values_than_memory_are_refused_before_they_are_read() -> None:
    logits = np.broadcast_to(np.float32(0), (70_000, 1000))
    with pytest.raises(
        lscli.InputError, match="skce keeps all 1,000 values of each row, 267 MiB for 70,000 rows"
    ) as caught:
        found(logits, np.zeros(70_000, np.int8), "skce_linear")
    assert "give at most 67,108 rows" == caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_estimates_without_bias_and_tests_that_hold_their_level(design: Any) -> None:
    runs = 150
    values = np.array([run(design, 120, seed)[0] for seed in range(runs)])
    many = design.draw(np.random.default_rng(0), 6000)
    truth = 0.0 if design.power == 1 else kernel_error.skce(many, Settings())[0].value
    for place in (0, 1):
        error = values[:, place].std() / math.sqrt(runs)
        assert abs(values[:, place].mean() - truth) < 3.5 * error + 0.05 * truth
    alarms = (values[:, 2] < 0.05).mean()
    if design.power == 1:
        assert alarms < 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    else:
        assert alarms > 0.05


def test_pairs_of_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = drawn(60, 3)
    expected = found(logits, labels, "skce")["skce"]
    monkeypatch.setattr(kernel_error, "_BLOCK", 7)
    row = found(logits, labels, "skce")["skce"]
    assert (expected.value, expected.stderr) == pytest.approx((row.value, row.stderr), rel=1e-9)


def test_pairs_are_not_those_of_equal_predictions() -> None:
    logits = np.tile([[2.0, 0.5], [0.5, 2.0]], (500, 1))
    rows = found(logits, np.random.default_rng(0).integers(0, 2, 1000), "skce,skce_linear")
    assert abs(rows["skce_linear"].value - rows["skce"].value) < 4 * rows["skce_linear"].stderr
