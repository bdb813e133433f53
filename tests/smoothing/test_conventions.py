"""Each convention against its definition: targets on a straight line, and conversions with their inverses."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lscli.errors import UsageError
from lscli.options import Smoothing
from lscli.smoothing.checks import check_smoothing
from lscli.smoothing.conventions import CONVENTIONS, Convention

EPS, CLASSES = st.floats(0, 1), st.integers(2, 60)
ALL = st.sampled_from([*CONVENTIONS.values()])


def targets_of_class_0(convention: Convention, eps: float, k: int) -> NDArray[np.float64]:
    prior = np.arange(1, k + 1) / (k * (k + 1) / 2) if convention.needs_prior else None
    q = np.full(k, convention.target_other(eps, k, prior))
    q[0] = np.broadcast_to(convention.target_label(eps, k, prior), k)[0]
    return q


def test_every_name_has_a_convention_of_this_name() -> None:
    assert get_args(Smoothing) == tuple(CONVENTIONS)
    assert get_args(Smoothing) == tuple(convention.name for convention in CONVENTIONS.values())
    assert CONVENTIONS["classy"] is check_smoothing("classy")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("uniform", [0.7 + 0.3 / 4, 0.3 / 4, 0.3 / 4, 0.3 / 4]),
        ("off-target", [0.7, 0.1, 0.1, 0.1]),
        ("classy", [(1 + 0.3 / 4) / 1.3, 0.3 / 4 / 1.3, 0.3 / 4 / 1.3, 0.3 / 4 / 1.3]),
        ("prior", [0.7 + 0.03, 0.06, 0.09, 0.12]),
    ],
)
def test_the_targets_of_a_definition(name: str, expected: list[float]) -> None:
    assert expected == pytest.approx(targets_of_class_0(CONVENTIONS[name], 0.3, 4).tolist(), rel=1e-14)


@given(ALL, EPS, CLASSES)
def test_targets_lie_on_a_line_from_the_label_to_the_other_end(convention: Convention, eps: float, k: int) -> None:
    """The line that `lscli explain` and the paired differences rely on."""
    end = np.full(k, 1 / k) if not convention.needs_prior else targets_of_class_0(convention, 1.0, k)
    if convention.others_only:
        end = np.r_[0, np.full(k - 1, 1 / (k - 1))]
    t = convention.position(eps)
    np.testing.assert_allclose(targets_of_class_0(convention, eps, k), (1 - t) * np.eye(k)[0] + t * end, atol=1e-14)


@given(ALL, EPS, CLASSES)
def test_inverses(convention: Convention, eps: float, k: int) -> None:
    assert eps == pytest.approx(convention.eps_at(convention.position(eps)), abs=1e-14)
    e = convention.mixture_weight(eps, k)
    assert isinstance(e, float)
    assert eps == pytest.approx(convention.eps_of(e, k), abs=1e-14)


@given(ALL, EPS, CLASSES)
def test_one_k_and_an_array_of_k_give_the_same_bits(convention: Convention, eps: float, k: int) -> None:
    several = np.array([1, k], np.int32)
    for method in (convention.mixture_weight, convention.target_rest, convention.target_other, convention.target_label):
        one = [method(eps, each) for each in (1, k)]
        assert one == np.broadcast_to(method(eps, several), 2).tolist()


def test_classy_needs_an_eps_above_minus_1() -> None:
    assert -1 == CONVENTIONS["classy"].position(-0.5)
    with pytest.raises(UsageError, match="above -1, got -1"):
        CONVENTIONS["classy"].position(-1)


@pytest.mark.parametrize("name", ["Uniform", "off_target", ""])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"smoothing: unknown value '{name}'") as caught:
        check_smoothing(name)
    assert caught.value.hint
