"""Maps that change one logit: their laws, over all of them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lscli.errors import InputError
from lscli.recalibrators import beta, top_label
from lscli.recalibrators.beta import Beta
from lscli.recalibrators.isotonic import Isotonic
from lscli.recalibrators.methods import METHODS
from lscli.recalibrators.quadratic import Quadratic
from lscli.recalibrators.venn_abers import VennAbers
from tests.recalibrators import binary

Array = NDArray[Any]

PARAMETERS: dict[str, Any] = {
    "beta": Beta(1.3, 0.01, 0.6, 1.8, -0.9),
    "quadratic": Quadratic(1.3, 0.01, np.array([-0.3, 0.7, 0.2])),
    "isotonic": Isotonic(1.3, 0.01, np.array([0.3, 0.5, 0.6, 0.9]), np.array([0.1, 0.2, 0.7, 0.95])),
    "venn-abers": VennAbers(
        1.3, 0.01, np.array([0.3, 0.5, 0.9]), np.array([0.1, 0.3, 0.8]), np.array([0.2, 0.45, 0.9])
    ),
}
ORDERED = [name for name in PARAMETERS if METHODS[name].keeps == "order of confidence"]
MASKED = np.array([[0.0, -math.inf, 2.0, 1.0], [-math.inf, 3.0, -math.inf, -math.inf], [1.0, 1.0, 0.5, -math.inf]])


class Identity(NamedTuple):
    temperature: float
    uniform: float


def rows(seed: int, n: int, classes: int) -> Array:
    return 3 * np.random.default_rng(seed).standard_normal((n, classes))


def raised(log_odds: float) -> Array:
    """The probabilities of x = ln [.5, .3, .2] with other log odds of the first."""
    z = np.log([[0.5, 0.3, 0.2]])
    new: Array = top_label.mapped(z, Identity(1.0, 1e-300), lambda t: 0 * t + log_odds, np)
    p: Array = binary.softmax(new)[0]
    return p


def test_the_other_classes_keep_their_proportions() -> None:
    np.testing.assert_allclose(raised(math.log(4)), [0.8, 0.12, 0.08], rtol=1e-12)


def test_the_prediction_stays_just_ahead() -> None:
    np.testing.assert_allclose(raised(math.log(3 / 7)), [0.37502344, 0.37498594, 0.24999062], atol=1e-8)


@pytest.mark.parametrize("method", PARAMETERS)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(3, 6))
def test_the_prediction_stays(method: str, seed: int, classes: int) -> None:
    z = np.round(rows(seed, 40, classes))  # with ties
    new = binary.mapped(method, z, PARAMETERS[method])
    np.testing.assert_array_equal(z.argmax(axis=1), new.argmax(axis=1))


@pytest.mark.parametrize("method", ORDERED)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_class_1_stays(method: str, seed: int) -> None:
    z = rows(seed, 60, 2)
    before = z[:, 1] - z[:, 0]
    new = binary.mapped(method, z, PARAMETERS[method])
    assert (new[:, 0] == 0).all()
    order = np.argsort(before)
    assert (np.diff(new[order, 1]) >= -1e-12).all()


@pytest.mark.parametrize("method", PARAMETERS)
@pytest.mark.parametrize("classes", [2, 5])
def test_no_digit_depends_on_the_other_rows(method: str, classes: int) -> None:
    z = rows(1, 50, classes)
    whole = binary.mapped(method, z, PARAMETERS[method])
    single = np.concatenate([binary.mapped(method, z[i : i + 1], PARAMETERS[method]) for i in range(50)])
    np.testing.assert_array_equal(whole, single)


@pytest.mark.parametrize("method", PARAMETERS)
def test_masked_classes(method: str) -> None:
    new = binary.mapped(method, MASKED, PARAMETERS[method])
    np.testing.assert_array_equal(np.isneginf(MASKED), np.isneginf(new))
    assert not np.isnan(new).any()
    np.testing.assert_array_equal(MASKED[1], new[1])  # one finite class
    # The other classes might as well not be there.
    part = binary.mapped(method, MASKED[:1, [0, 2, 3]], PARAMETERS[method])
    np.testing.assert_allclose(part, new[:1, [0, 2, 3]], rtol=1e-15)
    alone = np.array([[-math.inf, 2.0], [5.0, -math.inf]])
    np.testing.assert_array_equal(alone, binary.mapped(method, alone, PARAMETERS[method]))


@pytest.mark.parametrize("method", PARAMETERS)
@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-5), (np.float64, 1e-12)])
def test_torch_computes_the_same(method: str, classes: int, dtype: Any, tolerance: float) -> None:
    z = rows(2, 60, classes).astype(dtype)
    parameters = PARAMETERS[method]
    tensors = parameters._replace(
        **{name: torch.from_numpy(v) for name, v in parameters._asdict().items() if isinstance(v, np.ndarray)}
    )
    with np.errstate(all="raise", under="ignore"):
        expected = METHODS[method].mapped(z, parameters, np)
    found = METHODS[method].mapped(torch.from_numpy(z), tensors, torch)
    assert (np.dtype(dtype), found.numpy().dtype) == (expected.dtype, expected.dtype)
    np.testing.assert_allclose(expected, found.numpy(), atol=tolerance, rtol=tolerance)
    if classes == 5:
        masked = METHODS[method].mapped(torch.from_numpy(np.pad(MASKED, ((0, 0), (0, 1)))), tensors, torch)
        expected = METHODS[method].mapped(np.pad(MASKED, ((0, 0), (0, 1))), parameters, np)
        np.testing.assert_allclose(expected, masked.numpy(), atol=1e-12)


@pytest.mark.parametrize("method", PARAMETERS)
def test_gradients_flow(method: str) -> None:
    tensors = {name: torch.as_tensor(v) for name, v in PARAMETERS[method]._asdict().items()}
    z = torch.from_numpy(np.concatenate([rows(4, 20, 4), MASKED])).requires_grad_()
    new = METHODS[method].mapped(z, PARAMETERS[method]._replace(**tensors), torch)
    (slope,) = torch.autograd.grad(new[:20].square().sum(), z)
    assert torch.isfinite(slope).all()
    assert (slope[:20] != 0).any()


def test_beta_by_hand() -> None:
    z = binary.logits([0.8])
    new = beta.mapped(z, Beta(1.0, 1e-300, 2.0, 1.0, math.log(2)), np)
    assert binary.softmax(new)[0, 1] == pytest.approx(6.4 / 7.4, rel=1e-14)


BAD = [
    ("beta", {"temperature": 0.0}, "temperature 0.0 is not above 0"),
    ("beta", {"uniform": 1.0}, "uniform is 1.0, not between"),
    ("beta", {"uniform": 0.0}, "uniform is 0.0, not between"),
    ("beta", {"A": -0.5}, "A is -0.5, and not"),
    ("beta", {"B": -1.0}, "B is -1.0, and not"),
    ("quadratic", {"q": np.ones(2)}, "q has 2 numbers"),
    ("isotonic", {"c": np.array([0.3, 0.3, 0.6, 0.9])}, "c is not an ascending"),
    ("isotonic", {"c": np.array([-0.3, 0.3, 0.6, 0.9])}, "c is not an ascending"),
    ("isotonic", {"c": np.array([]), "r": np.array([])}, "c is not an ascending"),
    ("isotonic", {"r": np.array([0.0, 0.2, 0.7, 0.9])}, "r is not between"),
    ("isotonic", {"r": np.array([0.1, 0.2, 0.7, 0.6])}, "r is not between"),
    ("venn-abers", {"p0": np.array([0.1, 0.3, 1.0])}, "p0 or p1 is not between"),
    ("venn-abers", {"p1": np.array([0.0, 0.3, 1.0])}, "p0 or p1 is not between"),
    ("venn-abers", {"p1": np.array([0.4, 0.3, 1.0])}, "p0 or p1 is not between"),
    ("venn-abers", {"c": np.array([0.3, 0.5, 1.1])}, "c is not an ascending"),
]


@pytest.mark.parametrize(("method", "change", "what"), BAD)
def test_parameters_that_cannot_be_used(method: str, change: dict[str, Any], what: str) -> None:
    METHODS[method].check(PARAMETERS[method])
    with pytest.raises(InputError, match=what):
        METHODS[method].check(PARAMETERS[method]._replace(**change))


def test_renamed_classes_are_on_the_same_step() -> None:
    """The sums of permuted rows are rounded otherwise, and c lies on a step of the fit."""
    rng = np.random.default_rng(6)
    z = rows(5, 30, 9)
    t = top_label.top_label(z, Identity(1.3, 0.01), np).log_odds[:, 0]
    c = np.unique(top_label.sigmoid(t, np))
    p0 = np.linspace(0.1, 0.8, 30)
    parameters = VennAbers(1.3, 0.01, c, p0, p0 + 0.1)
    expected = np.sort(binary.mapped("venn-abers", z, parameters), axis=1)
    moved = 0
    for _ in range(20):
        order = rng.permutation(9)
        other = top_label.top_label(z[:, order], Identity(1.3, 0.01), np).log_odds[:, 0]
        moved += int((other != t).sum())
        new = binary.mapped("venn-abers", z[:, order], parameters)
        np.testing.assert_allclose(expected, np.sort(new, axis=1), rtol=1e-12)
    assert moved > 50
