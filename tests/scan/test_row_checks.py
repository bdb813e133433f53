"""Rows that the pass refuses, skips or counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.io.open import open_inputs
from lscli.kernels.rowstate import COLUMNS, WIDE
from lscli.options import Kernel, ReadingOptions
from lscli.scan.scan import Scan, scan
from tests.kernels.compare import KERNELS, kernel_columns, masked_logits
from tests.scan.passes import data

Array = NDArray[Any]
both = pytest.mark.parametrize("kernel", KERNELS)


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(("bad", "what"), [(np.nan, "nan"), (np.inf, "+inf"), (-np.inf, "nothing but -inf")])
def test_the_first_row_that_is_not_finite_is_named(bad: float, what: str, threads: int) -> None:
    logits = np.zeros((500, 4), np.float32)
    logits[123] = logits[124] = logits[400] = bad
    with pytest.raises(lscli.InputError, match=f"row 123 has {what}".replace("+", r"\+")):
        lscli.evaluate(logits, np.zeros(500, int), threads=threads, chunk_rows=5)


def test_rows_that_are_not_finite_can_be_skipped() -> None:
    logits, labels = data(100, 5)
    broken = logits.copy()
    broken[[3, 50, 98], [0, 1, 2]] = np.nan, np.inf, np.nan
    broken[70] = -np.inf
    left = np.setdiff1d(np.arange(100), [3, 50, 70, 98])
    expected = lscli.evaluate(logits[left], labels[left])
    with pytest.warns(lscli.LscliWarning, match="4 of 100 rows are not finite"):
        found = lscli.evaluate(broken, labels, nonfinite="skip", chunk_rows=8)
    assert expected.rows == found.rows
    assert 4 == found.samples["skipped"]


def test_skipping_every_row_is_an_error() -> None:
    with pytest.raises(lscli.InputError, match="no row is finite"):
        lscli.evaluate(np.full((3, 2), np.nan), [0, 1, 0], nonfinite="skip")


@pytest.mark.parametrize("classes", [4, 200])
@pytest.mark.parametrize("metrics", ["default", "ece"])
def test_samples_with_a_masked_class_are_counted_for_any_metrics(classes: int, metrics: str) -> None:
    logits = np.zeros((60, classes), np.float32)
    logits[:, 0] = 3
    logits[5:25, 1] = -np.inf
    logits[30] = np.nan
    with pytest.warns(lscli.LscliWarning):
        report = lscli.evaluate(logits, np.zeros(60, int), metrics=metrics, nonfinite="skip", chunk_rows=7)
    assert 20 == report.samples["masked"]
    assert 1 == report.samples["skipped"]


def scanned(logits: Array, labels: Array, **options: Any) -> Scan:
    opened, truth = open_inputs(logits, labels)
    return scan(opened, truth.checked(opened.shape[1], -100)[0], COLUMNS.keys() - WIDE, ReadingOptions(**options))


@both
@pytest.mark.parametrize("classes", [4, 150])
def test_masked_classes_are_kept_or_excluded_as_requested(kernel: Kernel, classes: int) -> None:
    logits, labels = masked_logits(40, classes, 0.2)
    for mode in ("keep", "exclude"):
        found = scanned(logits, labels, kernel=kernel, masked_classes=mode)
        expected = kernel_columns(kernel, logits, labels, exclude=mode == "exclude")
        assert np.isneginf(logits).any(axis=1).sum() == found.masked > 0
        for name, column in found.table.columns.items():
            np.testing.assert_array_equal(expected[name], column, err_msg=f"{mode} {name}")


@both
@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_refused_row_with_a_masked_class_is_named(kernel: Kernel, threads: int) -> None:
    logits = np.zeros((90, 4), np.float32)
    logits[[33, 60], 1] = -np.inf
    labels = np.zeros(90, int)
    with pytest.raises(lscli.InputError, match=r"row 33 has a masked class \(-inf\)") as caught:
        scanned(logits, labels, kernel=kernel, masked_classes="error", threads=threads, chunk_rows=5)
    assert "--masked-classes exclude" in str(caught.value.hint)
    labels[[33, 60]] = -100
    assert 88 == len(scanned(logits, labels, kernel=kernel, masked_classes="error").table)


def test_rounded_probabilities_that_do_not_sum_to_1_are_named() -> None:
    values = np.full((4, 3), [0.5, 0.25, 0.25])
    values[2] = [0.33, 0.33, 0.32]
    with pytest.raises(lscli.InputError, match=r"row 2 of probs sums to 0\.98, not to 1") as caught:
        lscli.evaluate(values, [0, 1, 2, 0], kind="probs")
    assert caught.value.hint == "if the probabilities are rounded, divide each row by its sum"
    lscli.evaluate(values / values.sum(axis=1, keepdims=True), [0, 1, 2, 0], kind="probs")
