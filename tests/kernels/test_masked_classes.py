"""Logits of -inf: kept as classes of probability 0, or left out of their row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.io.open import open_inputs
from lscli.kernels.rowstate import COLUMNS
from lscli.scan.scan import Scan, scan
from tests.kernels.compare import DTYPES, KERNELS, TOLERANCE, check, table

Array = NDArray[Any]
both = pytest.mark.parametrize("kernel", KERNELS)


def masked(rows: int, classes: int, share: float, dtype: str = "float64") -> tuple[Array, Array]:
    """Logits of which a share is masked, never all of a row; some labels are masked too."""
    rng = np.random.default_rng(classes)
    logits = (3 * rng.standard_normal((rows, classes))).astype(dtype)
    logits[rng.random((rows, classes)) < share] = -np.inf
    logits[np.isneginf(logits.max(axis=1)), 0] = 1
    return logits, rng.integers(0, classes, rows)


@both
@pytest.mark.parametrize("exclude", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [2, 3, 10, 127, 128, 1000])
def test_rows_with_masked_classes(kernel: str, exclude: bool, dtype: str, classes: int) -> None:
    logits, labels = masked(30, classes, 0.3)
    rng = np.random.default_rng(0)
    vectors = {"all": np.full(classes, 1 / classes), "some": rng.integers(0, 2, classes) * rng.random(classes)}
    vectors["some"][0] = 50
    check(kernel, logits, labels, TOLERANCE[dtype], dtype, exclude=exclude, vectors=vectors)


@both
@pytest.mark.parametrize("exclude", [False, True])
@pytest.mark.parametrize("classes", [2, 5, 200])
def test_one_class_that_is_left_has_all_of_the_probability(kernel: str, exclude: bool, classes: int) -> None:
    logits = np.full((2, classes), -np.inf, np.float32)
    logits[:, 1] = 3, 3e38
    labels = np.array([1, 1])
    check(kernel, logits, labels, TOLERANCE["float32"], exclude=exclude)
    found = table(kernel, logits, labels, exclude=exclude)
    assert [1, 1] == found["class_count"].tolist()
    assert [0, 0] == found["loss_hard"].tolist() == found["off_label_entropy"].tolist()
    assert [-math.inf] * 2 == found["log_not_label"].tolist()
    assert [0 if exclude else math.inf] * 2 == found["loss_uniform"].tolist()
    assert np.isnan(found["logit_gap"]).all() if exclude else np.isposinf(found["logit_gap"]).all()


@both
@pytest.mark.parametrize("classes", [4, 130])
def test_a_masked_label_has_everything_above_it(kernel: str, classes: int) -> None:
    logits = np.zeros((3, classes), np.float32)
    logits[:, 1] = -np.inf
    logits[1, 2:] = -np.inf
    for exclude in (False, True):
        found = table(kernel, logits, np.array([1, 1, 0]), exclude=exclude)
        assert [math.inf, math.inf, 0] == found["above_label"].tolist()
        assert [0, 0] == found["log_not_label"].tolist()[:2]
        assert math.log(classes - 1) == pytest.approx(found["off_label_entropy"][0], rel=1e-6)
        assert found["off_label_entropy"][1] == 0
        assert [classes - 1, 1, classes - 1] == found["class_count"].tolist()


@both
@pytest.mark.parametrize("classes", [5, 200])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_class_that_all_rows_mask_is_left_out_as_if_it_had_never_been(kernel: str, classes: int, dtype: str) -> None:
    rng = np.random.default_rng(2)
    logits = (3 * rng.standard_normal((30, classes))).astype(dtype)
    labels = rng.integers(0, classes - 1, 30)
    wide = np.insert(logits, 2, -np.inf, axis=1)
    expected = table(kernel, logits, labels)
    found = table(kernel, wide, labels + (labels >= 2), exclude=True)
    for name, column in expected.items():
        if name not in ("label", "predicted", "pnorm_scores"):
            np.testing.assert_allclose(found[name], column, rtol=0.1 * TOLERANCE[dtype], atol=1e-6, err_msg=name)


def scanned(logits: Array, labels: Array, **options: Any) -> Scan:
    opened, truth = open_inputs(logits, labels)
    return scan(opened, truth.checked(opened.shape[1], -100)[0], COLUMNS, **options)


@both
@pytest.mark.parametrize("classes", [4, 150])
def test_the_scan_leaves_them_out_when_asked_to(kernel: str, classes: int) -> None:
    logits, labels = masked(40, classes, 0.2)
    for mode in ("keep", "exclude"):
        found = scanned(logits, labels, kernel=kernel, masked_classes=mode)
        expected = table(kernel, logits, labels, exclude=mode == "exclude")
        assert found.masked == np.isneginf(logits).any(axis=1).sum() > 0
        for name, column in found.table.columns.items():
            np.testing.assert_array_equal(expected[name], column, err_msg=f"{mode} {name}")


@both
@pytest.mark.parametrize("threads", [1, 3])
def test_the_scan_refuses_them_when_asked_to_and_names_the_first(kernel: str, threads: int) -> None:
    logits = np.zeros((90, 4), np.float32)
    logits[[33, 60], 1] = -np.inf
    labels = np.zeros(90, int)
    with pytest.raises(lscli.InputError, match=r"row 33 has a masked class \(-inf\)") as caught:
        scanned(logits, labels, kernel=kernel, masked_classes="error", threads=threads, chunk_rows=5)
    assert "--masked-classes exclude" in str(caught.value.hint)
    labels[[33, 60]] = -100
    assert 88 == len(scanned(logits, labels, kernel=kernel, masked_classes="error").table)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(lscli.UsageError, match="unknown value 'drop'"):
        scanned(np.zeros((2, 3)), np.zeros(2, int), masked_classes="drop")
