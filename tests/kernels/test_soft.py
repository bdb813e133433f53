"""The columns of soft labels against the textbook version, on ordinary and on extreme rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch

import lscli
from lscli.kernels.devices import cpu_kernel
from lscli.kernels.rowstate import fields_for, write_columns
from lscli.options import Smoothing
from lscli.smoothing.targets import Targets
from tests import naive
from tests.kernels.compare import DTYPES
from tests.soft import COLUMNS, Array, drawn, table

CLASSES = [2, 3, 10, 127, 128, 333]
PRIOR = np.array([0.5, 0.0, 0.25, 0.2, 0.05])
EPS = (0.0, 1e-9, 0.1, 0.7, 1.0)
CONVENTIONS = [Targets(), Targets("off-target"), Targets("classy"), Targets("prior", PRIOR)]


def hard_columns(logits: Array, labels: Array) -> dict[str, Array]:
    """The same columns for class numbers, in float64."""
    out = {name: np.empty(len(logits)) for name in COLUMNS}
    compute = cpu_kernel("numpy", logits.shape[1], "float64", fields_for(COLUMNS))
    write_columns(compute.row_state(logits.astype(np.float64), labels), logits.shape[1], out)
    return out


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_are_those_of_the_textbook(dtype: str, classes: int) -> None:
    logits, q = drawn(60, classes, "float32" if dtype == "bfloat16" else dtype)
    given: Any = torch.from_numpy(logits).bfloat16() if dtype == "bfloat16" else logits
    values = given.float().numpy() if dtype == "bfloat16" else logits
    found = table(given, q)
    for name, expected in naive.soft_columns(values, q).items():
        assert expected.astype(float).tolist() == pytest.approx(found[name].tolist(), rel=2e-14, abs=1e-15), name


@pytest.mark.parametrize("targets", CONVENTIONS, ids=lambda targets: targets.smoothing)
def test_entropies_are_those_of_the_smoothed_labels(targets: Targets) -> None:
    logits, q = drawn(40, 5)
    found = table(logits, q, targets=targets, eps=EPS)
    for eps in EPS:
        smoothed = naive.soft_targets(q, eps, targets.smoothing, targets.prior)
        expected = naive.entropies(smoothed).astype(float)
        assert expected.tolist() == pytest.approx(found[f"eps={eps}"].tolist(), rel=1e-13, abs=1e-15)
        assert scipy.stats.entropy(smoothed.astype(float), axis=1) == pytest.approx(found[f"eps={eps}"], abs=1e-14)


@pytest.mark.parametrize("classes", [127, 128, 1000])
def test_entropies_of_many_classes(classes: int) -> None:
    logits, q = drawn(30, classes)
    found = table(logits, q, eps=(0.0, 0.3))
    for eps in (0.0, 0.3):
        expected = scipy.special.entr((1 - eps) * q + eps / classes).sum(axis=1)
        assert expected == pytest.approx(found[f"eps={eps}"], rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("classes", [3, 127, 128, 500])
@pytest.mark.parametrize("lead", [30.0, 300.0])
def test_a_confident_row_with_a_one_hot_label_keeps_its_digits(classes: int, lead: float) -> None:
    # 1 - p is 1e-13 or 1e-130, so neither the loss nor the Brier score may be computed as a difference from 1.
    logits, _ = drawn(20, classes, "float64")
    labels = np.random.default_rng(1).integers(0, classes, 20)
    logits[np.arange(20), labels] += lead
    expected = hard_columns(logits, labels)
    found = table(logits, np.eye(classes)[labels])
    assert (0 < expected["brier"]).all()
    assert expected["brier"].max() < 1e-10
    for name in COLUMNS:
        assert expected[name].tolist() == pytest.approx(found[name].tolist(), rel=1e-12, abs=0.0), name


def test_a_label_as_confident_as_the_model_keeps_its_digits() -> None:
    # Both are close to 1 on class 0; the difference shows in class 1, 1e-9 and 3e-9.
    share = 3e-9
    q = np.array([[1 - share, share]])
    logits = np.array([[0.0, math.log(1e-9)]])
    found = table(logits, q)
    p = 1e-9 / (1 + 1e-9)
    assert 2 * (p - share) ** 2 == pytest.approx(found["brier"][0], rel=1e-12)
    assert math.log1p(1e-9) - share * math.log(1e-9) == pytest.approx(found["loss_hard"][0], rel=1e-12)


@pytest.mark.parametrize("classes", [4, 200])
@pytest.mark.parametrize(("dtype", "offset"), [("float32", 1e6), ("float64", 1e12), ("float32", -1e4)])
def test_an_offset_of_the_logits_changes_nothing(classes: int, dtype: str, offset: float) -> None:
    random = np.random.default_rng(2)
    whole = random.integers(-4, 5, (20, classes)).astype(dtype)
    q = drawn(20, classes)[1]
    expected, found = table(whole, q), table(whole + np.asarray(offset, dtype), q)
    assert {name: expected[name].tobytes() for name in COLUMNS} == {name: found[name].tobytes() for name in COLUMNS}


@pytest.mark.parametrize("classes", [3, 200])
@pytest.mark.parametrize(("dtype", "size"), [("float32", 3e38), ("float64", 1.5e308)])
def test_differences_of_logits_that_overflow(classes: int, dtype: str, size: float) -> None:
    logits = np.zeros((2, classes), dtype)
    logits[:, 0], logits[:, 1] = size, -size
    q = np.zeros((2, classes))
    q[0, :3] = 0.75, 0.125, 0.125  # a difference of twice the size, and one of the size
    q[1, [0, 2]] = 0.5
    found = table(logits, q)["loss_hard"]
    assert [0.375 * np.float64(logits[0, 0]), np.float64(logits[0, 0]) / 2] == pytest.approx(found.tolist(), rel=1e-12)


@pytest.mark.parametrize("classes", [5, 150])
def test_a_masked_class_matters_only_where_the_label_has_a_share_of_it(classes: int) -> None:
    logits, q = drawn(30, classes, "float64")
    q[:, :2] = 0.0
    q[:, 2] += 0.5
    q /= q.sum(axis=1, keepdims=True)
    logits[::2, :2] = -np.inf
    left = table(np.ascontiguousarray(logits[::2, 2:]), np.ascontiguousarray(q[::2, 2:]), eps=(0.0, 0.2))
    kept = table(logits, q, eps=(0.0,))
    excluded = table(logits, q, eps=(0.0, 0.2), masked_classes="exclude", columns=(*COLUMNS, "class_count"))
    for found in (kept, excluded):
        for name in ("loss_hard", "brier", "eps=0.0"):
            assert left[name].tolist() == pytest.approx(found[name][::2].tolist(), rel=1e-13), name
    assert np.isposinf(kept["loss_uniform"][::2]).all()
    assert left["loss_uniform"].tolist() == pytest.approx(excluded["loss_uniform"][::2].tolist(), rel=1e-13)
    assert left["eps=0.2"].tolist() == pytest.approx(excluded["eps=0.2"][::2].tolist(), rel=1e-13)
    assert [classes - 2, classes] * 15 == excluded["class_count"].tolist()
    # Rows without a masked class do not change.
    for name in ("loss_uniform", "eps=0.0"):
        assert kept[name][1::2].tobytes() == excluded[name][1::2].tobytes()
    q[4, 0] = 0.005
    again = table(logits, q / q.sum(axis=1, keepdims=True))
    assert [4] == np.flatnonzero(np.isposinf(again["loss_hard"])).tolist()
    with pytest.raises(lscli.InputError, match=r"row 4 has a masked class \(-inf\) that is part of its soft label"):
        table(logits, q / q.sum(axis=1, keepdims=True), masked_classes="exclude")
    with pytest.raises(lscli.InputError, match="row 0 has a masked class"):
        table(logits, q, masked_classes="error")


@pytest.mark.parametrize("convention", ["uniform", "off-target", "classy"])
def test_entropies_of_a_row_exclude_its_masked_classes(convention: Smoothing) -> None:
    logits, q = drawn(12, 6, "float64")
    q[:, 0] = 0.0
    q[:, 1] += 0.5
    q /= q.sum(axis=1, keepdims=True)
    logits[:7, 0] = -np.inf
    found = table(logits, q, targets=Targets(convention), eps=(0.3,), masked_classes="exclude")["eps=0.3"]
    for row in range(12):
        own = q[[row], 1:] if row < 7 else q[[row]]
        assert float(naive.entropies(naive.soft_targets(own, 0.3, convention))[0]) == pytest.approx(
            found[row], rel=1e-13
        )
