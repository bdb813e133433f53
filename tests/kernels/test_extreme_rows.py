"""Rows whose sums overflow or underflow in their type: in both kernels, the columns keep their digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lscli
from lscli.options import Kernel
from tests.kernels.compare import KERNELS, TOLERANCE, check_columns, kernel_columns

both = pytest.mark.parametrize("kernel", KERNELS)
CLASSES = [2, 3, 10, 127, 128, 1000]


@both
@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize(("dtype", "lead"), [("float32", 88.0), ("float32", 200.0), ("float64", 2000.0)])
def test_columns_of_the_other_classes_where_their_probability_underflows(
    kernel: Kernel, classes: int, dtype: str, lead: float
) -> None:
    rng = np.random.default_rng(classes)
    logits = rng.standard_normal((12, classes)).astype(dtype)
    labels = rng.integers(0, classes, 12)
    logits[np.arange(12), labels] += lead
    labels[:3] = (labels[:3] + 1) % classes
    check_columns(kernel, logits, labels, TOLERANCE[dtype])
    found = kernel_columns(kernel, logits, labels)
    assert (found["log_not_label"][3:] < 0.9 * -lead + math.log(classes) + 4).all()
    assert np.isfinite(found["log_not_label"]).all()
    if classes > 2:
        assert (found["off_label_entropy"][3:] > 0.1).all()


@both
@pytest.mark.parametrize("classes", [3, 200])
def test_equal_other_classes_whose_probability_underflows(kernel: Kernel, classes: int) -> None:
    logits = np.zeros((2, classes), np.float32)
    logits[:, 1] = 150, 3e38
    found = kernel_columns(kernel, logits, np.array([1, 1]))
    assert math.log(classes - 1) - 150 == pytest.approx(found["log_not_label"][0], rel=1e-6)
    assert np.float32(-3e38) == pytest.approx(found["log_not_label"][1], rel=1e-6)
    assert [math.log(classes - 1)] * 2 == pytest.approx(found["off_label_entropy"].tolist(), rel=1e-6)


@both
@pytest.mark.parametrize("classes", [3, 200])
@pytest.mark.parametrize(("dtype", "largest"), [("float32", 3e38), ("float64", 1.7e308), ("float32", 1e37)])
def test_above_label_overflows_only_in_float64(kernel: Kernel, classes: int, dtype: str, largest: float) -> None:
    logits = np.zeros((3, classes), dtype)
    logits[0, 1] = largest
    logits[1, 0], logits[1, 1:] = -largest / 4, largest / 4
    logits[2, 2] = largest
    found = kernel_columns(kernel, logits, np.array([0, 0, 2]))["above_label"]
    expected = [logits[0, 1], np.float64(logits[1, 1]) * 2 * (classes - 1) if dtype == "float32" else math.inf, 0]
    if dtype == "float64" and classes == 3:
        expected[1] = largest
    assert [float(value) for value in expected] == pytest.approx(found.tolist(), rel=1e-6)


@both
@pytest.mark.parametrize("classes", CLASSES)
def test_classes_tied_with_the_label_are_not_above_it(kernel: Kernel, classes: int) -> None:
    logits = np.zeros((2, classes), np.float16)
    logits[1, -1] = 2
    found = kernel_columns(kernel, logits, np.array([classes - 1, 0]))
    assert [0, 2] == found["above_label"].tolist()
    # The first of equal maxima is the prediction. The label has probability 1/K, and log(1 - 1/K) is exact.
    assert math.log((classes - 1) / classes) == pytest.approx(found["log_not_label"][0], rel=1e-15)
    check_columns(kernel, logits, np.array([classes - 1, 0]), TOLERANCE["float16"])


@both
@pytest.mark.parametrize("classes", [3, 200])
def test_vectors_of_huge_logits(kernel: Kernel, classes: int) -> None:
    rng = np.random.default_rng(0)
    logits = np.zeros((4, classes), np.float32)
    logits[0, 1], logits[1, 2], logits[2, :2] = 3e38, -3e38, (3e38, -3e38)
    logits[3] = 1e37 * rng.standard_normal(classes)
    vectors = {"even": np.full(classes, 1 / classes), "heavy": 10.0 ** rng.integers(0, 6, classes)}
    check_columns(kernel, logits, np.array([1, 2, 0, 0]), TOLERANCE["float32"], vectors=vectors)


@both
@pytest.mark.parametrize("classes", [3, 10, 127, 128, 1000])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_vectors_of_ordinary_rows(kernel: Kernel, classes: int, dtype: str) -> None:
    rng = np.random.default_rng(classes)
    logits = 3 * rng.standard_normal((20, classes))
    one = np.zeros(classes)
    one[1] = 1
    vectors = {"prior": rng.dirichlet(np.ones(classes)), "one": one, "half": rng.random(classes) * (one == 0)}
    check_columns(kernel, logits, rng.integers(0, classes, 20), TOLERANCE[dtype], dtype, vectors=vectors)


@both
@pytest.mark.parametrize("classes", [3, 128])
@pytest.mark.parametrize("scale", [1e-300, 1e-60, 1e30, 1e60, 1e300])
def test_a_vector_may_have_any_scale(kernel: Kernel, classes: int, scale: float) -> None:
    # Class weights may be of any size; float32 holds neither 1e60 nor 1e-60.
    rng = np.random.default_rng(1)
    logits = rng.standard_normal((6, classes)).astype(np.float32)
    logits[2, 1] = -np.inf
    c = rng.random(classes) * (np.arange(classes) != 1)
    labels = np.zeros(6, np.int64)
    found = kernel_columns(kernel, logits, labels, vectors={"c": c, "scaled": scale * c})
    np.testing.assert_allclose(found["scaled"] / scale, found["c"], rtol=1e-6)
    assert np.isfinite(found["c"]).all()


@pytest.mark.parametrize("classes", [3, 128, 300, 1000])
@pytest.mark.parametrize("lead", [20.0, 50.0, 75.0, 98.0, 110.0, 300.0])
def test_small_numbers_of_confident_float32_rows_keep_their_digits(classes: int, lead: float) -> None:
    # The exponentials of the other classes, or their squares, are below the smallest float32 number.
    logits = np.random.default_rng(classes).standard_normal((4, classes)).astype(np.float32)
    logits[:, 1] += np.float32(lead)
    x = logits.astype(np.longdouble)
    e = np.exp(x - x[:, 1:2])
    p = e / e.sum(axis=1, keepdims=True)
    others = np.delete(p, 1, axis=1)
    rest = others.sum(axis=1)
    expected = {
        "one_minus_confidence": rest,
        "loss_hard": -np.log1p(-rest),
        "entropy": -(others * np.log(others)).sum(axis=1) - (1 - rest) * np.log1p(-rest),
        "brier": rest**2 + (others**2).sum(axis=1),
    }
    for chunk_rows in (1, 4):
        found = lscli.per_sample(logits, [1] * 4, chunk_rows=chunk_rows).to_frame()
        for name, values in expected.items():
            # float32 differences of 300 have an error of 3e-5, and that of their exponentials is as large.
            assert values.astype(float).tolist() == pytest.approx(found[name].tolist(), rel=3e-7 * lead, abs=0), name


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("classes", [3, 200])
def test_logits_whose_gaps_overflow_are_no_masked_classes(kernel: Kernel, classes: int) -> None:
    logits = np.zeros((2, classes))
    logits[0, 0], logits[0, 1] = 1.5e308, -1.5e308
    report = lscli.evaluate(logits, [0, 1], kernel=kernel, metrics="loss_hard,accuracy")
    assert 0 == report.samples["masked"]
    assert [] == list(report.warnings)
    found = lscli.per_sample(logits, [0, 2], kernel=kernel).to_frame()
    # m - mean = 1.5e308 - 0
    assert [1.5e308, math.log(classes)] == pytest.approx(found["loss_uniform"].tolist(), rel=1e-12)
    assert [0.0, math.log(classes)] == pytest.approx(found["loss_hard"].tolist(), rel=1e-12)
    logits[0, 2] = -np.inf
    with pytest.warns(lscli.LscliWarning, match="1 of 2 samples has a masked class"):
        lscli.evaluate(logits, [0, 1], kernel=kernel)
