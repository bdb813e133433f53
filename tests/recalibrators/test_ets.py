"""Ensemble temperature scaling: the optimum is that of another optimiser, and what T means is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from lscli.errors import InputError
from lscli.io.logits import Logits
from lscli.io.memory import MemoryArray
from lscli.recalibrators import ets
from lscli.recalibrators.base import Fit, FitRows
from lscli.recalibrators.ets import METHOD, EnsembleTemperature, mapped
from lscli.recalibrators.temperature import METHOD as TEMPERATURE

Array = NDArray[Any]


def rows_of(x: Any, y: Any, weight: Any = None, **options: Any) -> FitRows:
    x = np.asarray(x)
    weight = np.ones(len(x)) if weight is None else np.asarray(weight, float)
    return FitRows(Logits(MemoryArray(x, "logits")), np.asarray(y), weight, **options)


def fit(x: Any, y: Any, weight: Any = None, **options: Any) -> Fit:
    return METHOD.fit(rows_of(x, y, weight, **options))


def textbook(x: Array, t: float, w: Any) -> Array:
    """The probabilities of the map, without care for rounding."""
    finite = np.isfinite(x)
    parts = softmax(x / t, axis=1), softmax(x, axis=1), finite / finite.sum(1, keepdims=True)
    mixed: Array = sum(weight * part for weight, part in zip(w, parts, strict=True))
    return mixed


def loss(x: Array, y: Array, t: float, w: Any, weight: Any = None) -> float:
    return float(np.average(-np.log(textbook(x, t, w)[np.arange(len(y)), y]), weights=weight))


def drawn(rows: int, classes: int, seed: int, temperature: float = 1.6, uniform: float = 0.0) -> tuple[Array, Array]:
    """Logits, and labels drawn from a known map of them."""
    random = np.random.default_rng(seed)
    x = 2 * random.standard_normal((rows, classes))
    q = (1 - uniform) * softmax(x / temperature, axis=1) + uniform / classes
    return x, (random.random((rows, 1)) > q.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)


def of_the_issue() -> tuple[Array, Array]:
    """A synthetic set whose fits are known."""
    rng = np.random.default_rng(20260530)
    x = 2 * rng.standard_normal((2000, 5))
    q = np.exp(x / 1.6 + [0.4, 0, 0, -0.3, 0])
    q /= q.sum(1)[:, None]
    return x, (rng.random((2000, 1)) > q.cumsum(1)).sum(1)


def test_a_published_mixture() -> None:
    parameters = EnsembleTemperature(2.0, np.array([0.5, 0.3, 0.2]))
    assert 0.7297684127083671 == pytest.approx(softmax(mapped(np.array([[2.0, 0.0]]), parameters, np))[0, 0], rel=1e-15)


def test_where_no_mixture_helps_it_is_temperature_scaling() -> None:
    x, y = (part[:1000] for part in of_the_issue())
    found = fit(x, y)
    assert [1, 0, 0] == found.parameters.weights.tolist()
    assert 1.623092148170947 == pytest.approx(found.parameters.temperature, rel=1e-9)
    assert (1.2126073918, 1.2947264485) == pytest.approx((found.after, found.before), abs=1e-10)
    assert TEMPERATURE.fit(rows_of(x, y)).after == pytest.approx(found.after, abs=1e-12)


@pytest.mark.parametrize(
    ("seed", "temperature", "uniform"), [(0, 2.5, 0.1), (1, 0.5, 0.2), (2, 0.7, 0.0), (3, 4.0, 0.3)]
)
def test_the_optimum_is_that_of_another_optimiser(seed: int, temperature: float, uniform: float) -> None:
    x, y = drawn(3000, 4, seed, temperature, uniform)
    found = fit(x, y)
    bounds = [(np.log(1 / 20), np.log(20.0)), *[(0.0, 1.0)] * 3]
    best = min(
        minimize(
            lambda v: loss(x, y, float(np.exp(v[0])), v[1:]),
            [np.log(t), *w],
            bounds=bounds,
            constraints={"type": "eq", "fun": lambda v: v[1:].sum() - 1},
            options={"ftol": 1e-13, "maxiter": 300},
        ).fun
        for t in (temperature, 1 / temperature)
        for w in ([0.8, 0.1, 0.1], [0.3, 0.4, 0.3])
    )
    assert found.after <= best + 1e-9
    assert loss(x, y, found.parameters.temperature, found.parameters.weights) == pytest.approx(found.after, abs=1e-13)
    assert 1.0 == pytest.approx(found.parameters.weights.sum(), abs=1e-15)


def test_a_known_map_is_recovered() -> None:
    found = fit(*drawn(60_000, 5, 4, 0.5, 0.25))
    assert 0.5 == pytest.approx(found.parameters.temperature, rel=0.05)
    assert [0.75, 0, 0.25] == pytest.approx(found.parameters.weights.tolist(), abs=0.02)


def test_the_certificate_is_the_slope_and_the_conditions_of_the_simplex() -> None:
    x, y = drawn(2500, 4, 5, 2.5, 0.1)
    found = fit(x, y)
    t, w = found.parameters
    own = [p[np.arange(len(y)), y] for p in (softmax(x / t, axis=1), softmax(x, axis=1), np.full_like(x, 0.25))]
    mixed = sum(weight * p for weight, p in zip(w, own, strict=True))
    conditions = np.array([1 - np.mean(p / mixed) for p in own])
    assert (np.abs(conditions[w > 0]) < 1e-12).all()
    assert (conditions[w == 0] > 0).all()
    b, h = 1 / t, 1e-5
    slope = (loss(x, y, 1 / (b + h), w) - loss(x, y, 1 / (b - h), w)) / (2 * h)
    assert abs(slope) < 1e-8
    assert abs(found.certificate["gradient"]) < 1e-8
    assert found.certificate["violation"] < 1e-12
    worse = loss(x, y, 1.01 * t, w), loss(x, y, 0.99 * t, w)
    assert min(worse) > found.after


@pytest.mark.parametrize("seed", range(4))
def test_newton_needs_few_passes(seed: int) -> None:
    """A wrong slope or curvature would still end in the bracket, after many more."""
    assert fit(*drawn(4000, 4, seed, 2.5, 0.1)).certificate["passes"] <= 9


def test_the_slope_at_a_bound_is_that_of_the_loss() -> None:
    x, y = drawn(400, 3, 1, 0.02)
    found = fit(x / 4, y)
    t, w = found.parameters
    b, h = 1 / t, 1e-4
    assert 0.05 == t
    slope = (loss(x / 4, y, 1 / (b + h), w) - loss(x / 4, y, 1 / (b - h), w)) / (2 * h)
    assert slope < -1e-5
    assert slope == pytest.approx(found.certificate["gradient"], rel=1e-5)


@pytest.mark.parametrize("rows", [500, 5000])
def test_a_weight_is_a_count_and_no_weight_is_no_row(rows: int) -> None:
    x, y = drawn(rows, 3, 6, 2.0, 0.2)
    weight = np.arange(rows) % 3
    one, other = fit(x, y, weight), fit(np.repeat(x, weight, axis=0), np.repeat(y, weight))
    assert one.after == pytest.approx(other.after, abs=1e-12)
    assert one.before == pytest.approx(other.before, abs=1e-12)
    assert one.parameters.temperature == pytest.approx(other.parameters.temperature, rel=1e-7)


def test_no_bit_depends_on_the_threads() -> None:
    x, y = drawn(70_000, 10, 7, 2.0, 0.1)
    one, other = (fit(x, y, threads=threads) for threads in (1, 3))
    assert one.parameters.temperature == other.parameters.temperature
    assert one.parameters.weights.tobytes() == other.parameters.weights.tobytes()
    assert (one.after, one.certificate) == (other.after, other.certificate)


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        ([[1, 0], [0, 1], [1, 0]], [1, 0, 0], "T means nothing"),  # no temperature is best
        ([[2, 0, 0], [0, 3, 0]], [0, 1], "at the bound 0.05"),  # separable
        ([[5, 5], [1, 1]], [0, 1], "T means nothing"),  # constant
    ],
)
def test_where_t_means_nothing_it_is_said(x: Any, y: Any, says: str) -> None:
    found = fit(np.array(x, float), y)
    assert says in " ".join(found.notes)
    assert found.after <= found.before + 1e-15
    METHOD.check(found.parameters)


def test_nothing_is_said_of_a_temperature_that_has_a_meaning() -> None:
    assert () == fit(*drawn(1000, 4, 8, 2.5, 0.1)).notes


def test_masked_classes_stay_and_have_no_share() -> None:
    x, y = drawn(800, 4, 9, 2.0, 0.2)
    x[::3, 1] = -np.inf
    y[::3][y[::3] == 1] = 0
    found = fit(x, y)
    assert loss(x, y, *found.parameters) == pytest.approx(found.after, abs=1e-13)
    z = mapped(x, found.parameters, np)
    assert np.isneginf(x).tolist() == np.isneginf(z).tolist()
    assert textbook(x, *found.parameters) == pytest.approx(softmax(z, axis=1), abs=1e-14)


WEIGHTS = [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0.25, 0.25, 0.5], [0.9, 0, 0.1], [0, 0, 1]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(WEIGHTS), st.sampled_from([0.05, 0.7, 3.0, 20.0]), st.booleans())
def test_the_map_keeps_the_order_in_numpy_and_in_torch(seed: int, w: Any, t: float, wide: bool) -> None:
    random = np.random.default_rng(seed)
    x = np.round(random.normal(size=(7, 5), scale=random.choice([1, 30, 500])), 1)
    x[0, :2] = -np.inf
    x = x.astype(np.float64 if wide else np.float32)
    parameters = EnsembleTemperature(t, np.array(w, float))
    z = mapped(x, parameters, np)
    assert x.dtype == z.dtype
    assert np.isfinite(z[np.isfinite(x)]).all()
    order = np.argsort(x, axis=1, kind="stable")
    steps = np.diff(np.take_along_axis(z, order, 1)[1:], axis=1)
    assert (steps >= -1e-6 * (1 + np.abs(z[1:]).max())).all()
    each = np.vstack([mapped(x[row : row + 1], parameters, np) for row in range(len(x))])
    assert z.tobytes() == each.tobytes()
    of_device: Any = torch.tensor(w, dtype=torch.float64)
    of_torch = mapped(torch.from_numpy(x), EnsembleTemperature(t, of_device), torch)
    assert of_torch.numpy() == pytest.approx(z, rel=1e-5 if not wide else 1e-13, abs=1e-5 if not wide else 1e-12)


def test_weights_of_one_map_alone_are_that_map() -> None:
    x = drawn(20, 4, 1)[0]
    plain = mapped(x, EnsembleTemperature(2.0, np.array([1.0, 0.0, 0.0])), np)
    assert log_softmax(x / 2, axis=1) == pytest.approx(plain, abs=1e-14)


@pytest.mark.parametrize(
    ("t", "w"), [(0.04, [1, 0, 0]), (21.0, [1, 0, 0]), (1.0, [0.5, 0.6, 0]), (1.0, [1, 0]), (1.0, [1.5, -0.5, 0])]
)
def test_parameters_that_are_no_mixture_are_refused(t: float, w: Any) -> None:
    with pytest.raises(InputError):
        METHOD.check(EnsembleTemperature(t, np.array(w, float)))


def test_weights_that_are_not_the_best_are_certified_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    x = 3 * rng.standard_normal((200, 4))
    y = (x / 1.6 + rng.gumbel(size=x.shape)).argmax(axis=1)
    assert fit(x, y).certificate["violation"] < 1e-12
    monkeypatch.setattr(ets, "_MOST", 1)  # steps of the search for weights: the first one does not end it
    assert fit(x, y).certificate["violation"] > 1e-9
