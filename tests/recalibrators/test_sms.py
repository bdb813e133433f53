from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
import torch
from numpy.testing import assert_allclose

from lscli.errors import InputError
from lscli.recalibrators import penalised, sms
from lscli.recalibrators.sms import StructuredMatrix
from tests.recalibrators.penalised_fits import Array, certificate, fit_rows, known, log_softmax, nll, prepared

THREE = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.zeros(3, int)


def objective(flat: Array, x: Array, y: Array) -> tuple[float, Array]:
    """The penalised mean nll as the definition writes it, and its gradient."""
    n, k = x.shape
    matrix, b = flat[: k * k].reshape(k, k), flat[k * k :]
    log_p = log_softmax(x + x @ matrix.T + b)
    r = (np.exp(log_p) - np.eye(k)[y]) / n
    ridge = np.where(np.eye(k) > 0, k / n, k * (k - 1) / n)
    slopes = np.concatenate([(r.T @ x + 2 * ridge * matrix).ravel(), r.sum(0) + 2 * k / n * b])
    penalty = (ridge * matrix**2).sum() + k / n * (b**2).sum()
    return float(penalty - log_p[np.arange(n), y].mean()), slopes


def test_three_rows_by_hand() -> None:
    found = sms.fit(fit_rows(*THREE))
    assert_allclose(certificate(found)["objective"], 0.44882007270561386, rtol=0, atol=1e-10)
    assert_allclose(found.parameters.matrix, [[-0.15021826, -0.14928437], [0.15021826, 0.14928437]], atol=2e-5)
    assert_allclose(found.parameters.b, [0.20643496, -0.20643496], atol=2e-5)


def test_known_data() -> None:
    z, y = known()
    found = sms.fit(fit_rows(z[:1000], y[:1000]))
    assert_allclose(certificate(found)["objective"], 1.1789753062, rtol=0, atol=2e-10)
    assert_allclose(nll(sms.mapped(z[1000:], found.parameters, np), y[1000:]), 1.1971212967, rtol=0, atol=4e-7)


def test_the_excess_is_no_larger_than_the_certificate_says() -> None:
    z, y = known()
    found = sms.fit(fit_rows(z, y))
    x = prepared(z, found.parameters)
    options = {"maxiter": 5000, "maxfun": 50_000, "ftol": 0, "gtol": 1e-11}
    least: Any = scipy.optimize.minimize(objective, np.zeros(30), (x, y), jac=True, method="L-BFGS-B", options=options)
    value, slopes = objective(np.concatenate([found.parameters.matrix.ravel(), found.parameters.b]), x, y)
    assert_allclose(certificate(found)["objective"], value, rtol=1e-13)
    assert_allclose(certificate(found)["gradient"], np.linalg.norm(slopes), rtol=1e-6)
    assert_allclose(certificate(found)["excess"], (slopes**2).sum() * len(y) / (4 * 5), rtol=1e-6)
    assert value - least.fun <= certificate(found)["excess"] <= 1e-9


def test_at_the_optimum_shifts_sum_to_0_and_shares_are_met() -> None:
    z, y = known()
    found = sms.fit(fit_rows(z, y))
    p = np.exp(log_softmax(sms.mapped(z, found.parameters, np))).mean(0)
    assert_allclose(found.parameters.b.sum(), 0, atol=1e-3)
    assert_allclose(p, np.bincount(y, minlength=5) / len(y) - 2 * 5 / len(y) * found.parameters.b, atol=1e-6)


@pytest.mark.parametrize("element", [np.float32, np.float64])
def test_the_map_is_x_and_d_x_and_b_and_no_row_depends_on_the_others(element: Any) -> None:
    rng = np.random.default_rng(5)
    z = (2 * rng.standard_normal((3000, 30))).astype(element)
    given = StructuredMatrix(1.6, 0.001, 0.1 * rng.standard_normal((30, 30)), rng.standard_normal(30))
    found = sms.mapped(z, given, np)
    x = prepared(z.astype(np.float64), given)
    accuracy = 2e-5 if element == np.float32 else 1e-12
    assert_allclose(found, x + x @ given.matrix.T + given.b, rtol=0, atol=accuracy)
    assert found[7:8].tobytes() == sms.mapped(z[7:8], given, np).tobytes()
    assert found[1000:1017].tobytes() == sms.mapped(z[1000:1017], given, np).tobytes()
    tensors = StructuredMatrix(1.6, 0.001, torch.from_numpy(given.matrix), torch.from_numpy(given.b))
    by_torch = sms.mapped(torch.from_numpy(z), tensors, torch).numpy()
    assert element == found.dtype == by_torch.dtype
    assert_allclose(by_torch, found, rtol=0, atol=accuracy)


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(penalised, "_EXCESS", 1e-4)  # some passes show it
    rng = np.random.default_rng(9)
    z = 2 * rng.standard_normal((30_000, 20))  # two blocks
    y = (rng.random((30_000, 1)) > np.exp(log_softmax(z / 1.3)).cumsum(1)).sum(1).clip(0, 19)
    one, two = (sms.fit(fit_rows(z, y, threads=threads)).parameters for threads in (1, 3))
    assert one.matrix.tobytes() == two.matrix.tobytes()


def test_weights_are_counts() -> None:
    z, y = known()
    z, y = z[:300], y[:300]
    weight = np.arange(300) % 3.0
    one = sms.fit(fit_rows(z, y, weight))
    other = sms.fit(fit_rows(np.repeat(z, weight.astype(int), axis=0), np.repeat(y, weight.astype(int))))
    assert_allclose(one.parameters.matrix, other.parameters.matrix, atol=1e-8)


def test_more_than_200_classes_are_refused() -> None:
    with pytest.raises(InputError, match="has 201 classes, and sms is fitted for at most 200"):
        sms.fit(fit_rows(np.eye(201), np.arange(201)))


def test_a_masked_class_is_refused_and_its_row_named() -> None:
    z, y = known()
    z = z[:50].copy()
    z[7, (y[7] + 1) % 5] = -np.inf
    with pytest.raises(InputError, match="row 7 has a class at minus infinity, which sms cannot map"):
        sms.fit(fit_rows(z, y[:50]))
    weight = np.ones(50)
    weight[7] = 0
    assert certificate(sms.fit(fit_rows(z, y[:50], weight)))["excess"] <= 1e-9  # left out
