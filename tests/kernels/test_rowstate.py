"""Both kernels against the textbook version in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.special import logsumexp

from lscli.kernels.devices import cpu_kernel
from lscli.kernels.rowstate import PNORM_EXPONENTS, column_type
from lscli.options import Kernel
from tests.kernels.compare import DTYPES, KERNELS, TOLERANCE, check_columns, kernel_columns, pnorm_scores

Array = NDArray[Any]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [2, 3, 10, 127, 128, 129, 1000, 4099])
def test_ordinary_rows(kernel: Kernel, dtype: str, classes: int) -> None:
    rng = np.random.default_rng(classes)
    logits = 2 * rng.standard_normal((40, classes))
    labels = rng.integers(0, classes, 40)
    logits[:20][np.arange(20), labels[:20]] += 5
    check_columns(kernel, logits, labels, TOLERANCE[dtype], dtype)


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_rows(kernel: Kernel, data: st.DataObject) -> None:
    # Few distinct values make ties; -inf masks classes.
    dtype = data.draw(st.sampled_from(["float16", "float32", "float64"]))
    shape = data.draw(st.tuples(st.integers(1, 6), st.sampled_from([2, 3, 5, 128, 131])))
    value = st.one_of(
        st.sampled_from([0.0, -1.0, 1.0, 0.5, -float("inf"), 30.0, -30.0]),
        st.floats(-20, 20, width=16),
    )
    logits = data.draw(hnp.arrays(dtype, shape, elements=value, fill=st.sampled_from([0.0, -2.0])))
    logits[np.isneginf(logits.max(axis=1)), 0] = 0  # the pass refuses rows of -inf alone
    labels = data.draw(hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)))
    c = data.draw(hnp.arrays(np.float64, shape[1], elements=st.sampled_from([0.0, 1e-3, 0.5, 7.0])))
    vectors = {"c": c, "ones": np.ones(shape[1])} if c.any() else {}
    check_columns(kernel, logits, labels, 10 * TOLERANCE[dtype], exclude=data.draw(st.booleans()), vectors=vectors)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [3, 200])
@pytest.mark.parametrize("largest", [1e4, 1e30, 3e38])
def test_huge_logits_do_not_overflow(kernel: Kernel, classes: int, largest: float) -> None:
    logits = np.zeros((4, classes), np.float32)
    logits[0, 1], logits[1, 2], logits[2, :2] = largest, -largest, (largest, -largest)
    logits[3] = -largest
    labels = np.array([1, 2, 0, 0])
    check_columns(kernel, logits, labels, TOLERANCE["float32"])


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [2, 10, 300])
def test_confident_rows_keep_their_digits(kernel: Kernel, classes: int) -> None:
    # log(1 + 1e-9) is 0 in float32 when the 1 is inside the sum, as in F.cross_entropy.
    logits = np.zeros((3, classes), np.float32)
    logits[:, 0] = [18.6, 40.0, 80.0]
    found = kernel_columns(kernel, logits, np.zeros(3, np.int64))
    others = (classes - 1) * np.exp(-logits[:, 0].astype(float))
    np.testing.assert_allclose(found["loss_hard"], np.log1p(others), rtol=3e-7)
    np.testing.assert_allclose(found["one_minus_confidence"], others / (1 + others), rtol=3e-7)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [4, 130])
def test_the_first_of_equal_maxima_is_the_prediction(kernel: Kernel, classes: int) -> None:
    logits = np.zeros((3, classes), np.float32)
    logits[1, 2] = logits[1, 3] = 1
    found = kernel_columns(kernel, logits, np.array([0, 3, 1]))
    assert [0, 2, 0] == found["predicted"].tolist()
    assert [0, 1, 1] == found["label_rank"].tolist()
    assert [0, 0, 0] == found["margin"].tolist()
    assert not np.signbit(found["margin"]).any()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [3, 130])
def test_a_masked_label_has_an_infinite_loss_and_no_gap(kernel: Kernel, classes: int) -> None:
    logits = np.zeros((2, classes), np.float32)
    logits[:, 1] = -np.inf
    found = kernel_columns(kernel, logits, np.array([0, 1]))
    assert [np.inf, np.inf] == found["loss_uniform"].tolist()
    assert np.isfinite(found["loss_hard"][0])
    assert np.inf == found["loss_hard"][1]
    assert np.inf == found["logit_gap"][0]
    assert np.isnan(found["logit_gap"][1])
    assert 0 == found["label_prob"][1]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [5, 150])
def test_bfloat16_is_the_upper_half_of_float32(kernel: Kernel, classes: int) -> None:
    rng = np.random.default_rng(0)
    bits = (rng.standard_normal((6, classes)).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    wide = (bits.astype(np.uint32) << 16).view(np.float32)
    labels = rng.integers(0, classes, 6)
    expected = kernel_columns(kernel, wide, labels)
    for name, column in kernel_columns(kernel, bits, labels, dtype="bfloat16").items():
        assert expected[name].tolist() == column.tolist(), name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [2, 10, 100, 128, 1000, 20_000])
def test_the_kernels_agree(dtype: str, classes: int) -> None:
    rng = np.random.default_rng(1)
    rows = max(4, 20_000 // classes)
    logits = (3 * rng.standard_normal((rows, classes))).astype(dtype)
    labels = rng.integers(0, classes, rows)
    expected, tolerance = kernel_columns("numpy", logits, labels), 1e-6 if dtype == "float32" else 1e-12
    for name, column in kernel_columns("torch", logits, labels).items():
        of_spread = name in ("logit_gap", "off_label_entropy")
        scale = np.abs(logits).max() if of_spread else np.abs(expected[name])
        assert (np.abs(column - expected[name]) <= tolerance * scale).all(), name


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [3, 130])
def test_a_row_with_nan_or_inf_has_such_a_largest_logit(kernel: Kernel, classes: int, bad: float) -> None:
    logits = np.zeros((3, classes), np.float32)
    logits[1, 2] = bad
    compute = cpu_kernel(kernel, classes, "float32", frozenset({"tail", "shift", "rank"}))
    state = compute.row_state(logits, np.zeros(3, np.int64))
    assert [False, True, False] == (~np.isfinite(state.largest)).tolist()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [3, 300])
def test_pnorm_scores_of_extreme_rows(kernel: Kernel, classes: int) -> None:
    logits = np.zeros((4, classes), np.float32)
    logits[1] = 1e30  # all equal, however large
    logits[2, 0] = -np.inf
    logits[3, 0] = -7  # far from the others, which are the largest
    scores = kernel_columns(kernel, logits, np.zeros(4, np.int64))["pnorm_scores"]
    assert (4, len(PNORM_EXPONENTS)) == scores.shape
    assert (scores[:2] == 0).all()
    assert np.isnan(scores[2]).all()
    np.testing.assert_allclose(scores[3], pnorm_scores(logits[3:].astype(np.longdouble))[0].astype(float), rtol=1e-5)


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_published_max_logit_pnorm(kernel: Kernel) -> None:
    logits = np.array([[1, 2, 3], [2, 0, -1], [0.5, 2.5, -1]])
    found = kernel_columns(kernel, logits, np.zeros(3, np.int64))["pnorm_scores"][:, PNORM_EXPONENTS.index(2)]
    expected = [0.7071067811865475, 0.7715167498104595, 0.7382716607354268]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("classes", [3, 200])
def test_differences_are_exact_in_their_type(kernel: Kernel, dtype: str, classes: int) -> None:
    logits = (3 * np.random.default_rng(classes).standard_normal((40, classes))).astype(dtype)
    logits[::4, 1] = -np.inf
    element, shape = column_type("differences", classes, dtype)
    wide = logits.astype(element)
    compute = cpu_kernel(kernel, classes, dtype, frozenset({"differences", "tail", "runner_up"}), (), None)
    found = compute.row_state(logits.copy(), np.zeros(40, np.int64), overwrite=True).differences
    assert ((classes,), element) == (shape, found.dtype)
    np.testing.assert_array_equal(wide - wide.max(axis=1, keepdims=True), found)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [3, 200])
def test_the_energy_is_the_logsumexp_of_the_logits(kernel: Kernel, classes: int) -> None:
    logits = (4 * np.random.default_rng(classes).standard_normal((30, classes))).astype(np.float64)
    logits[:10, 1] = -np.inf
    logits[10:20] += 300.0
    logits[20:25] = logsumexp_of_0(logits[20:25])
    found = kernel_columns(kernel, logits, np.zeros(30, np.int64))["energy"]
    np.testing.assert_allclose(found, logsumexp(logits, axis=1), rtol=4e-16 * 4, atol=4e-15)


def logsumexp_of_0(logits: Array) -> Array:
    """Logarithms of probabilities: the largest logit cancels with log Z."""
    return np.asarray(logits - logsumexp(logits, axis=1, keepdims=True))
