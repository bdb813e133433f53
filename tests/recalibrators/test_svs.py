from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lscli.errors import InputError
from lscli.recalibrators import penalised, svs, temperature
from lscli.recalibrators.svs import StructuredVector
from tests.recalibrators.penalised_fits import Array, certificate, fit_rows, known, log_softmax, nll, prepared

THREE = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.zeros(3, int)


def objective(flat: Array, x: Array, y: Array, weight: Array) -> tuple[float, Array]:
    """The penalised mean nll as the definition writes it, and its gradient."""
    v, b = flat.reshape(2, -1)
    total, k = weight.sum(), x.shape[1]
    log_p = log_softmax((1 + v) * x + b)
    r = (np.exp(log_p) - np.eye(k)[y]) * weight[:, None] / total
    loss = -(weight * log_p[np.arange(len(y)), y]).sum() / total
    slopes = np.concatenate([(r * x).sum(0), r.sum(0)]) + 2 * k / total * flat
    return float(loss + k / total * (flat**2).sum()), slopes


def minimum(z: Array, y: Array, parameters: StructuredVector) -> tuple[float, Array]:
    """By a long run of scipy's L-BFGS."""
    x = prepared(z, parameters)
    options = {"maxiter": 5000, "ftol": 0, "gtol": 1e-12}
    start = np.zeros(2 * z.shape[1])
    found: Any = scipy.optimize.minimize(
        objective, start, (x, y, np.ones(len(y))), jac=True, method="L-BFGS-B", options=options
    )
    return float(found.fun), found.x


def test_three_rows_by_hand() -> None:
    found = svs.fit(fit_rows(*THREE))
    assert_allclose(certificate(found)["objective"], 0.4818817738896435, rtol=0, atol=1e-10)
    assert_allclose(found.parameters.v, [-0.1652781, 0.16609979], atol=2e-5)
    assert_allclose(found.parameters.b, [0.22840528, -0.22840528], atol=2e-5)
    p = np.exp(log_softmax(svs.mapped(THREE[0], found.parameters, np)))[:, 0]
    assert_allclose(p, [0.76998615, 0.76998615, 0.54640656], atol=2e-5)


def test_the_map_of_given_parameters() -> None:
    given = StructuredVector(1.0, 0.25, np.array([0.5, -0.5]), np.array([0, 0.1]))
    found = svs.mapped(np.array([[np.log(3), 0.0]]), given, np)
    assert_allclose(found, [[-0.56204017, -0.4815754]], atol=5e-9)


def test_a_class_at_minus_infinity_stays_and_changes_nothing() -> None:
    given = StructuredVector(1.0, 0.25, np.array([0.5, -0.5, -1.0]), np.array([0, 0.1, 5]))
    found = svs.mapped(np.array([[np.log(3), 0.0, -np.inf], [-np.inf, -np.inf, 3.5]]), given, np)
    assert_allclose(found[0], [-0.56204017, -0.4815754, -np.inf], atol=5e-9)
    assert [-np.inf, -np.inf, 3.5] == found[1].tolist()  # one class alone: as it is


def test_known_data() -> None:
    z, y = known()
    found = svs.fit(fit_rows(z[:1000], y[:1000]))
    assert_allclose(certificate(found)["objective"], 1.1851956036, rtol=0, atol=2e-10)
    assert_allclose(nll(svs.mapped(z[1000:], found.parameters, np), y[1000:]), 1.1889622045, rtol=0, atol=4e-7)
    assert_allclose(found.before, nll(z[:1000], y[:1000]), rtol=1e-12)


def test_the_excess_is_no_larger_than_the_certificate_says(monkeypatch: pytest.MonkeyPatch) -> None:
    z, y = known()
    for enough in (1e-2, 1e-4, 1e-6, 1e-10):
        monkeypatch.setattr(penalised, "_EXCESS", enough)
        found = svs.fit(fit_rows(z, y))
        least, _ = minimum(z, y, found.parameters)
        flat = np.concatenate([found.parameters.v, found.parameters.b])
        value, slopes = objective(flat, prepared(z, found.parameters), y, np.ones(len(y)))
        assert_allclose(certificate(found)["objective"], value, rtol=1e-13)
        assert_allclose(certificate(found)["gradient"], np.linalg.norm(slopes), rtol=1e-6)
        assert_allclose(certificate(found)["excess"], (slopes**2).sum() * len(y) / (4 * 5), rtol=1e-6)
        assert value - least <= certificate(found)["excess"] <= enough


def test_the_gradient_is_that_of_finite_differences() -> None:
    z, y = known()
    x, flat, ones = prepared(z, StructuredVector(1.5, 0.01, 0, 0)), np.linspace(-0.3, 0.4, 10), np.ones(len(z))
    differences = scipy.optimize.approx_fprime(flat, lambda at: objective(at, x, y, ones)[0], 1e-7)
    assert_allclose(objective(flat, x, y, ones)[1], differences, atol=1e-6)


def test_at_the_optimum_shifts_sum_to_0_and_shares_are_met() -> None:
    z, y = known()
    found = svs.fit(fit_rows(z, y))
    p = np.exp(log_softmax(svs.mapped(z, found.parameters, np))).mean(0)
    assert_allclose(found.parameters.b.sum(), 0, atol=1e-3)
    shares = np.bincount(y, minlength=5) / len(y)
    assert_allclose(p, shares - 2 * 5 / len(y) * found.parameters.b, atol=1e-6)


def test_a_class_without_samples_has_finite_parameters() -> None:
    z, y = known()
    kept = y != 3
    found = svs.fit(fit_rows(z[kept], y[kept]))
    square = (found.parameters.v**2).sum() + (found.parameters.b**2).sum()
    assert square <= kept.sum() / 5 * nll(prepared(z[kept], found.parameters), y[kept])
    assert found.parameters.b[3] < 0


def test_known_factors_and_shifts_are_found() -> None:
    rng = np.random.default_rng(3)
    z = log_softmax(2 * rng.standard_normal((60_000, 3)))
    v, b = np.array([0.3, -0.2, 0.0]), np.array([0.5, 0.0, -0.5])
    p = np.exp(log_softmax((1 + v) * z + b))
    y = (rng.random((len(z), 1)) > p.cumsum(1)).sum(1)
    found = svs.fit(fit_rows(z, y)).parameters
    assert_allclose((1 + found.v) / found.temperature, 1 + v, atol=0.06)
    assert_allclose(np.exp(log_softmax(svs.mapped(z, found, np))), p, atol=0.02)


def test_weights_are_counts() -> None:
    z, y = known()
    z, y = z[:300], y[:300]
    weight = np.arange(300) % 3.0
    one = svs.fit(fit_rows(z, y, weight))
    other = svs.fit(fit_rows(np.repeat(z, weight.astype(int), axis=0), np.repeat(y, weight.astype(int))))
    assert_allclose(one.parameters.v, other.parameters.v, atol=1e-9)
    assert_allclose(one.after, other.after, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(5)))
def test_the_names_of_the_classes_do_not_matter(order: list[int]) -> None:
    z, y = known()
    z, y = z[:200], y[:200]
    as_is = svs.fit(fit_rows(z, y)).parameters
    renamed = svs.fit(fit_rows(z[:, order], np.argsort(order)[y])).parameters
    assert_allclose(renamed.v, as_is.v[order], atol=1e-6)
    assert_allclose(renamed.b, as_is.b[order], atol=1e-6)


def test_masked_classes_take_no_part_in_the_fit() -> None:
    z, y = known()
    z, y = z[:400].copy(), y[:400]
    z[np.arange(0, 400, 2), (y[::2] + 1) % 5] = -np.inf
    found = svs.fit(fit_rows(z, y))
    new = svs.mapped(z, found.parameters, np)
    assert np.array_equal(np.isneginf(z), np.isneginf(new))
    p = np.exp(log_softmax(new))
    assert_allclose(p.mean(0), np.bincount(y, minlength=5) / 400 - 2 * 5 / 400 * found.parameters.b, atol=1e-5)
    assert found.after < found.before


@pytest.mark.parametrize("classes", [5, 300])
def test_threads_change_no_bit(classes: int) -> None:
    rng = np.random.default_rng(classes)
    z = rng.standard_normal((4000, classes)).astype(np.float32)
    y = np.where(rng.random(4000) < 0.5, z.argmax(1), rng.integers(0, classes, 4000))
    one, two = (svs.fit(fit_rows(z, y, threads=threads)).parameters for threads in (1, 3))
    assert one.v.tobytes() == two.v.tobytes()
    assert one.b.tobytes() == two.b.tobytes()


@pytest.mark.parametrize("element", [np.float32, np.float64])
def test_torch_and_numpy_agree(element: Any) -> None:
    z = known()[0][:50].astype(element)
    z[3, 1] = z[4, :4] = -np.inf
    v, b = np.linspace(-0.3, 0.4, 5), np.linspace(1, -1, 5)
    one = svs.mapped(z, StructuredVector(1.6, 0.001, v, b), np)
    given = StructuredVector(1.6, 0.001, torch.from_numpy(v), torch.from_numpy(b))
    other = svs.mapped(torch.from_numpy(z), given, torch).numpy()
    assert element == one.dtype == other.dtype
    assert_allclose(other, one, rtol=0, atol=2e-6 if element == np.float32 else 1e-13)
    alone = np.concatenate([svs.mapped(z[i : i + 1], StructuredVector(1.6, 0.001, v, b), np) for i in range(50)])
    assert alone.tobytes() == one.tobytes()


def test_refused_as_temperature_is() -> None:
    z = np.array([[2.0, 0, 0], [0, 3, 0]])
    with pytest.raises(InputError) as wanted:
        temperature.fit(fit_rows(z, np.array([0, 1])))
    with pytest.raises(InputError) as found:
        svs.fit(fit_rows(z, np.array([0, 1])))
    assert str(wanted.value) == str(found.value)


@pytest.mark.parametrize(("t", "uniform"), [(0.0, 0.1), (-1.0, 0.1), (1.0, 1.0), (1.0, 0.0), (1.0, -0.1)])
def test_parameters_that_cannot_be_used(t: float, uniform: float) -> None:
    with pytest.raises(InputError, match=r"temperature|uniform"):
        svs.METHOD.check(StructuredVector(t, uniform, np.zeros(2), np.zeros(2)))
