"""Masked classes, whose logit is -inf: kept as classes of probability 0, or excluded from their row."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lscli.options import Kernel
from tests.kernels.compare import DTYPES, KERNELS, TOLERANCE, check_columns, kernel_columns, masked_logits

both = pytest.mark.parametrize("kernel", KERNELS)


@both
@pytest.mark.parametrize("exclude", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [2, 3, 10, 127, 128, 1000])
def test_rows_with_masked_classes(kernel: Kernel, exclude: bool, dtype: str, classes: int) -> None:
    logits, labels = masked_logits(30, classes, 0.3)
    rng = np.random.default_rng(0)
    vectors = {"all": np.full(classes, 1 / classes), "some": rng.integers(0, 2, classes) * rng.random(classes)}
    vectors["some"][0] = 50
    check_columns(kernel, logits, labels, TOLERANCE[dtype], dtype, exclude=exclude, vectors=vectors)


@both
@pytest.mark.parametrize("exclude", [False, True])
@pytest.mark.parametrize("classes", [2, 5, 200])
def test_the_only_unmasked_class_has_all_of_the_probability(kernel: Kernel, exclude: bool, classes: int) -> None:
    logits = np.full((2, classes), -np.inf, np.float32)
    logits[:, 1] = 3, 3e38
    labels = np.array([1, 1])
    check_columns(kernel, logits, labels, TOLERANCE["float32"], exclude=exclude)
    found = kernel_columns(kernel, logits, labels, exclude=exclude)
    assert [1, 1] == found["class_count"].tolist()
    assert [0, 0] == found["loss_hard"].tolist() == found["off_label_entropy"].tolist()
    assert [-math.inf] * 2 == found["log_not_label"].tolist()
    assert [0 if exclude else math.inf] * 2 == found["loss_uniform"].tolist()
    assert np.isnan(found["logit_gap"]).all() if exclude else np.isposinf(found["logit_gap"]).all()


@both
@pytest.mark.parametrize("classes", [4, 130])
def test_every_unmasked_class_is_above_a_masked_label(kernel: Kernel, classes: int) -> None:
    logits = np.zeros((3, classes), np.float32)
    logits[:, 1] = -np.inf
    logits[1, 2:] = -np.inf
    for exclude in (False, True):
        found = kernel_columns(kernel, logits, np.array([1, 1, 0]), exclude=exclude)
        assert [math.inf, math.inf, 0] == found["above_label"].tolist()
        assert [0, 0] == found["log_not_label"].tolist()[:2]
        assert math.log(classes - 1) == pytest.approx(found["off_label_entropy"][0], rel=1e-6)
        assert 0 == found["off_label_entropy"][1]
        assert [classes - 1, 1, classes - 1] == found["class_count"].tolist()


@both
@pytest.mark.parametrize("classes", [5, 200])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_excluding_a_class_masked_in_all_rows_is_like_removing_it(kernel: Kernel, classes: int, dtype: str) -> None:
    rng = np.random.default_rng(2)
    logits = (3 * rng.standard_normal((30, classes))).astype(dtype)
    labels = rng.integers(0, classes - 1, 30)
    wide = np.insert(logits, 2, -np.inf, axis=1)
    expected = kernel_columns(kernel, logits, labels)
    found = kernel_columns(kernel, wide, labels + (labels >= 2), exclude=True)
    for name, column in expected.items():
        if name not in ("label", "predicted", "pnorm_scores"):
            np.testing.assert_allclose(found[name], column, rtol=0.1 * TOLERANCE[dtype], atol=1e-6, err_msg=name)
