"""c and a of the rows of a fit, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lscli.errors import InputError
from lscli.recalibrators import temperature
from lscli.recalibrators.binary_rows import binary_rows
from lscli.recalibrators.methods import METHODS
from tests.recalibrators import binary


@pytest.mark.parametrize("classes", [2, 4])
def test_c_and_a(classes: int) -> None:
    z, y = binary.sample(3, 200, classes)
    found = binary_rows(binary.rows(z, y))
    c, rest, a = binary.seen(z, y, found.prepared.temperature)
    order = np.argsort(c)
    np.testing.assert_allclose((np.log(c) - np.log(rest))[order], found.log_odds, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(a[order], found.right)
    assert 1 / 201 == found.prepared.uniform
    before, after, _ = binary.seen(z, y, 1.0, math.inf)
    np.testing.assert_allclose((np.log(before) - np.log(after))[order], found.before, rtol=1e-10, atol=1e-12)


def test_equal_confidences_are_one_group() -> None:
    z = np.array([[2.0, 0.3, 0.1], [0.1, 2.0, 0.3], [0.3, 0.1, 2.0], [0.0, 1.0, 0.5]])
    found = binary_rows(binary.rows(np.tile(z, (2, 1)), [0, 1, 2, 1, 0, 1, 0, 0], np.arange(1, 9)))
    assert [[4.0, 17.0], [8.0, 7.0]] == [found.outcomes.right.tolist(), found.outcomes.wrong.tolist()]


def test_rows_of_one_finite_class_take_no_part() -> None:
    z, y = binary.sample(4, 60, 3)
    alone = np.array([[-math.inf, 1.0, -math.inf]])
    rows = binary.rows(np.concatenate([z, alone]), [*y, 1])
    rows._memo[temperature.fit] = binary.fitted("temperature", z, y)  # where this row does not count, either
    found = binary_rows(rows)
    assert len(found.right) == 60
    assert found.rows.total == 61
    assert found.nll(found.before) == pytest.approx(binary_rows(binary.rows(z, y)).nll(found.before) * 60 / 61)


# c of class 1, a, and why there is no fit; the temperature has an optimum.
BINARY = {
    "all of class 1": ([0.6, 0.7, 0.8, 0.4], [1, 1, 1, 1], "there is no sample of class 0"),
    "all of class 0": ([0.3, 0.2, 0.4, 0.6], [0, 0, 0, 0], "there is no sample of class 1"),
    "all c equal": ([0.7] * 4, [1, 1, 1, 0], "all samples have the same probability of class 1"),
    "separated": ([0.6, 0.7, 0.8, 0.9, 0.95], [0, 0, 1, 1, 1], "every sample of class 1 has at least"),
    "a tie": ([0.6, 0.7, 0.7, 0.9, 0.95], [0, 0, 1, 1, 1], "every sample of class 1 has at least"),
}


@pytest.mark.parametrize("method", ["beta", "quadratic"])
@pytest.mark.parametrize("name", BINARY)
def test_refused(method: str, name: str) -> None:
    c, y, why = BINARY[name]
    with pytest.raises(InputError, match=f"no {method} map is best: {why}") as caught:
        binary.fitted(method, binary.logits(c), y)
    assert caught.value.hint == "use more samples, or isotonic, which has a fit here"
    assert np.isfinite(binary.fitted("isotonic", binary.logits(c), y).after)  # as the hint says


@pytest.mark.parametrize(
    ("y", "separated"),
    [
        ([0, 1, 1, 1, 0], True),  # an interval of class 1
        ([0, 1, 1, 0, 0], True),
        ([1, 0, 0, 1, 1], True),  # an interval of class 0
        ([1, 1, 0, 1, 1], True),  # of one value
        ([0, 1, 0, 1, 1], False),
        ([1, 0, 1, 0, 1], False),
    ],
)
def test_an_interval_has_no_parabola(y: list[int], separated: bool) -> None:
    z = binary.logits([0.55, 0.6, 0.75, 0.85, 0.9])
    weight = [10 if each else 1 for each in y]  # so that the temperature has an optimum
    if separated:
        with pytest.raises(InputError, match="an interval of the probability of class 1 separates every sample of cl"):
            binary.fitted("quadratic", z, y, weight)
        assert 0 in binary.fitted("beta", z, y, weight).parameters[2:4]
    else:
        assert binary.number(binary.fitted("quadratic", z, y, weight), "gradient") < 1e-10


@pytest.mark.parametrize("method", ["beta", "quadratic", "isotonic"])
def test_without_a_temperature_the_same_words(method: str) -> None:
    z, y = [[1.0, 0], [0, 1], [1, 0]], [1, 0, 0]
    with pytest.raises(InputError) as of_temperature:
        binary.fitted("temperature", z, y)
    with pytest.raises(InputError) as caught:
        binary.fitted(method, z, y)
    assert str(of_temperature.value) == str(caught.value)


def test_words_of_more_classes() -> None:
    z = np.array([[3.0, 0, 0], [0, 2, 0], [0, 0, 1], [0, 0, 0.5]])
    with pytest.raises(InputError, match="every right sample has at least the confidence of every wrong sample"):
        binary.fitted("beta", z, [0, 1, 2, 0])


@pytest.mark.parametrize("method", ["beta", "quadratic", "isotonic"])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), classes=st.sampled_from([2, 3]))
def test_weights_are_counts_and_the_order_does_not_matter(method: str, seed: int, classes: int) -> None:
    z, y = binary.sample(seed, 80, classes)
    rng = np.random.default_rng(seed)
    weight = rng.integers(0, 3, len(y))
    try:
        expected = binary.fitted(method, z, y, weight)
    except InputError:
        return
    each = rng.permutation(np.repeat(np.arange(len(y)), weight))
    found = binary.fitted(method, z[each], y[each])
    for a, b in zip(expected.parameters, found.parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    assert (expected.before, expected.after) == pytest.approx((found.before, found.after), rel=1e-9)


@pytest.mark.parametrize("method", ["beta", "quadratic", "isotonic"])
def test_threads_change_no_bit(method: str) -> None:
    z, y = binary.sample(8, 3000, 300)
    z = z.astype(np.float32)
    one, four = (METHODS[method].fit(binary.rows(z, y, threads=threads)) for threads in (1, 4))
    assert one.certificate == four.certificate
    for a, b in zip(one.parameters, four.parameters, strict=True):
        np.testing.assert_array_equal(a, b)
