"""Sums by class and bin: compared with dense arrays, and the same bits for any order of threads and chunks."""

from __future__ import annotations

import tracemalloc
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.io.open import open_inputs
from lscli.kernels.class_sums import ClassSums
from lscli.options import Kernel, ReadingOptions
from lscli.scan.scan import scan
from tests import naive

Array = NDArray[Any]
Side = Literal["left", "right"]
KERNELS = ("numpy", "torch")
FIFTEEN = np.arange(1, 15) / 15


def filled(
    logits: Array, labels: Array, edges: Any = FIFTEEN, side: Side = "left", weight: Any = None, **options: Any
) -> ClassSums:
    opened, truth = open_inputs(logits, labels)
    label = truth.checked(opened.shape[1], -100).label
    weight = np.ones(len(labels)) if weight is None else np.asarray(weight, float)
    sums = ClassSums(opened.shape[1], edges, side, np.where(label < 0, 0, weight))
    scan(opened, label, ("correct",), ReadingOptions(**options), class_sums=[sums])
    return sums


def expected(logits: Array, labels: Array, edges: Any, side: Side, weight: Array) -> tuple[Array, Array, Array]:
    """Mean probabilities, residuals and sizes from dense arrays, by their definitions."""
    kept = (weight > 0) & (labels >= 0) & np.isfinite(logits.max(axis=1))
    logits, labels, weight = logits[kept], labels[kept], weight[kept]
    k, bins = logits.shape[1], len(edges) + 1
    p = np.exp(naive.log_softmax(logits)).astype(float)
    place = np.searchsorted(edges, p, side)
    gap = weight[:, None] * (np.eye(k)[labels] - p)
    residual, size = np.zeros((k, bins)), np.zeros((k, bins))
    for m in range(bins):
        residual[:, m] = np.where(place == m, gap, 0).sum(axis=0)
        size[:, m] = np.where(place == m, weight[:, None], 0).sum(axis=0)
    return weight @ p / weight.sum(), residual, size


def check(sums: ClassSums, values: tuple[Array, Array, Array], tolerance: float) -> None:
    mean_prob, residual, size = values
    np.testing.assert_allclose(sums.mean_prob, mean_prob, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(sums.size, size, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sums.residual, residual, atol=tolerance * max(1, size.max()))
    assert size[0].sum() == pytest.approx(sums.total, rel=1e-12)


def data(rows: int, classes: int, dtype: str = "float32") -> tuple[Array, Array]:
    rng = np.random.default_rng(classes)
    logits = (rng.choice([0.5, 2, 6], (rows, 1)) * rng.standard_normal((rows, classes))).astype(dtype)
    logits[::7, 1] = logits[::7, 0]  # ties
    logits[::5, 1] = -np.inf
    labels = np.where(rng.random(rows) < 0.5, logits.argmax(axis=1), rng.integers(0, classes, rows))
    labels[::11] = -100
    return logits, labels


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [2, 10, 127, 128, 1000])
def test_the_sums_are_those_of_dense_arrays(kernel: Kernel, side: Side, dtype: str, classes: int) -> None:
    logits, labels = data(700, classes, dtype)
    weight = np.random.default_rng(0).choice([0, 1, 0.3, 2.5], 700)
    tolerance = 1e-6 if dtype == "float32" and classes >= 128 else 1e-12
    for w in (weight, np.ones(700)):
        sums = filled(logits, labels, FIFTEEN, side, w, kernel=kernel)
        check(sums, expected(logits, labels, FIFTEEN, side, w), tolerance)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("edges", [[], [0.5], [0.001, 0.0011, 0.0012, 0.9], [0.2, 0.2, 1.5]])
def test_edges_that_are_close_equal_or_absent(kernel: Kernel, edges: list[float]) -> None:
    logits, labels = data(300, 12)
    sums = filled(logits, labels, edges, kernel=kernel)
    check(sums, expected(logits, labels, edges, "left", np.ones(300)), 1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [4, 128])
@pytest.mark.parametrize("far", [True, False])
def test_side_decides_the_bin_of_a_probability_on_an_edge(kernel: Kernel, classes: int, far: bool) -> None:
    logits = np.zeros((3, classes), np.float32)  # every probability is 1/K
    labels = np.array([0, 1, 1])
    edges = [1 / classes, 1 / classes + (0.5 if far else 1e-9), 0.9]
    lower, upper = (filled(logits, labels, edges, side, kernel=kernel) for side in ("left", "right"))
    assert [3] * classes == lower.size[:, 0].tolist() == upper.size[:, 1].tolist()
    assert not lower.size[:, 1:].any()
    assert not upper.size[:, [0, 2, 3]].any()
    assert (
        [1 - 3 / classes, 2 - 3 / classes, -3 / classes]
        == lower.residual[:3, 0].tolist()
        == upper.residual[:3, 1].tolist()
    )


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [10, 200])
def test_a_confident_row_keeps_its_digits(kernel: Kernel, classes: int) -> None:
    logits = np.zeros((1, classes))
    logits[0, 3] = 38
    sums = filled(logits, np.array([3]), kernel=kernel)
    assert (classes - 1) * np.exp(-38.0) == pytest.approx(sums.residual[3, -1], rel=2e-2)  # 2^-60 is the last digit


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [10, 200])
def test_rows_that_are_not_finite_do_not_count(kernel: Kernel, classes: int) -> None:
    logits, labels = data(200, classes)
    left = labels >= 0
    left[[3, 50, 98, 120]] = False
    alone = filled(logits[left], labels[left], kernel=kernel)
    logits[labels < 0] = np.nan
    logits[[3, 50, 98], [0, 1, 2]] = np.nan, np.inf, np.nan
    logits[120] = -np.inf
    among = filled(logits, labels, kernel=kernel, nonfinite="skip")
    assert left.sum() == alone.total == among.total
    np.testing.assert_array_equal(alone.size, among.size)
    np.testing.assert_allclose(alone.residual, among.residual, atol=1e-5)
    np.testing.assert_allclose(alone.mean_prob, among.mean_prob, atol=1e-7)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("rows", "classes"), [(70_000, 2), (40_000, 10), (3000, 127), (3000, 300), (70, 33_000)])
def test_no_bit_depends_on_chunks_threads_or_tiles(
    kernel: Kernel, rows: int, classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits, labels = data(rows, classes)
    weight = np.random.default_rng(1).random(rows)

    def bits(**options: Any) -> dict[str, bytes]:
        sums = filled(logits, labels, weight=weight, kernel=kernel, **options)
        return {name: limbs.tobytes() for name, limbs in sums.state.items()}

    first = bits(threads=1)
    for chunk_rows, threads in ((1, 3), (rows // 3, 2), (rows, 1)):
        assert first == bits(threads=threads, chunk_rows=chunk_rows)
    monkeypatch.setattr("lscli.kernels.numpy_kernel.TILE", 1 << 12)
    assert first == bits(threads=2, chunk_rows=7)


def test_a_single_row_in_the_last_block_counts_once() -> None:
    logits, labels = data((1 << 14) + 1, 10)
    sums = filled(logits, labels)
    assert (labels >= 0).sum() == sums.total


@pytest.mark.parametrize("kernel", KERNELS)
def test_one_pass_fills_the_sums_of_several_groups(kernel: Kernel) -> None:
    logits, labels = data(500, 150)
    group = np.arange(500) % 3
    opened, truth = open_inputs(logits, labels)
    label = truth.checked(opened.shape[1], -100).label
    sums = [ClassSums(150, FIFTEEN, "left", (group == g) & (label >= 0)) for g in range(3)]
    scan(opened, label, ("correct",), ReadingOptions(kernel=kernel), class_sums=sums)
    for g in range(3):
        check(sums[g], expected(logits, labels, FIFTEEN, "left", (group == g).astype(float)), 1e-6)


def test_memory_grows_with_classes_and_bins_not_with_rows() -> None:
    logits, labels = data(400, 50_000)
    tracemalloc.start()
    sums = filled(logits, labels, threads=2)
    assert (50_000, 15) == sums.residual.shape
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80 << 20  # the sums are 24 MB, and their results 12; all probabilities would be 160


def test_invalid_weights_and_edges_are_refused() -> None:
    for edges, weight in (([0.5, 0.1], [1]), ([0.0], [1]), ([0.5], [-1]), ([0.5], [np.nan])):
        with pytest.raises(lscli.UsageError):
            ClassSums(2, edges, "left", weight)
