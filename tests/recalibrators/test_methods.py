"""What every method of the table promises, for the methods of today and of tomorrow."""

from __future__ import annotations

import json
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lscli.estimators import Recalibrator
from lscli.options import RecalibrationMethod
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.methods import METHODS
from tests.recalibrators.fitted import CLASSES, NAMES, data, fit, fitted

Array = NDArray[Any]
every_method = pytest.mark.parametrize("name", NAMES)
rows = st.lists(st.floats(-40, 40, width=32), min_size=CLASSES, max_size=CLASSES)


def keeping(what: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [name for name in NAMES if METHODS[name].keeps == what])


def fresh() -> Array:
    """Rows that no method was fitted on, some of them with a masked class."""
    z, _ = data(seed=8, samples=64)
    z[::5, 2] = -np.inf
    return z


def test_the_names_are_those_of_the_option_and_of_the_estimators() -> None:
    assert set(METHODS) <= {*get_args(RecalibrationMethod)}
    known = {kind._method for kind in Recalibrator.__subclasses__()}
    assert {*get_args(RecalibrationMethod)} == known
    assert [name for name, each in METHODS.items() if each.name != name] == []


@every_method
def test_parameters_are_the_same_bits_after_their_file(name: str) -> None:
    before = fitted(name)
    after = Calibrator.from_json(before.to_json(), "cal.json")
    for field, value in before.parameters._asdict().items():
        again = getattr(after.parameters, field)
        assert np.asarray(value, np.float64).tobytes() == np.asarray(again, np.float64).tobytes(), field
    assert before.mapped(fresh()).tobytes() == after.mapped(fresh()).tobytes()
    assert {*json.loads(before.to_json())["parameters"]} == {*METHODS[name].parameters._fields}


@every_method
@pytest.mark.parametrize("element", [np.float32, np.float64])
def test_no_digit_of_a_row_depends_on_the_other_rows(name: str, element: Any) -> None:
    z = fresh().astype(element)
    whole = fitted(name).mapped(z)
    assert element == whole.dtype
    alone = np.concatenate([fitted(name).mapped(z[row : row + 1]) for row in range(len(z))])
    assert alone.tobytes() == whole.tobytes()
    assert fitted(name).mapped(z[::-1].copy())[::-1].tobytes() == whole.tobytes()


@every_method
def test_masked_classes_stay_masked_and_nothing_else_becomes_infinite(name: str) -> None:
    z = fresh()
    assert np.array_equal(np.isneginf(z), np.isneginf(fitted(name).mapped(z)))
    assert not np.isnan(fitted(name).mapped(z)).any()


@every_method
def test_the_argument_is_not_changed(name: str) -> None:
    z = fresh()
    fitted(name).mapped(z)
    assert fresh().tobytes() == z.tobytes()


@every_method
@pytest.mark.parametrize(("element", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-12)])
def test_torch_computes_the_same_map(name: str, element: Any, tolerance: float) -> None:
    z = fresh().astype(element)
    calibrator = fitted(name)
    kept = {
        field: torch.from_numpy(value.astype(element)) if isinstance(value, np.ndarray) else value
        for field, value in calibrator.parameters._asdict().items()
    }
    found = METHODS[name].mapped(torch.from_numpy(z), METHODS[name].parameters(**kept), torch)
    expected = calibrator.mapped(z)
    assert str(expected.dtype) == str(found.dtype).removeprefix("torch.")
    np.testing.assert_allclose(
        found.numpy(), expected, rtol=tolerance, atol=tolerance * np.abs(z[np.isfinite(z)]).max()
    )


@every_method
def test_float32_computes_the_map_of_float64(name: str) -> None:
    z = fresh().astype(np.float32)
    wide = fitted(name).mapped(z.astype(np.float64))
    np.testing.assert_allclose(fitted(name).mapped(z), wide, rtol=1e-5, atol=1e-4)


@keeping("order in the row")
@given(rows=st.lists(rows, min_size=1, max_size=5))
def test_the_order_of_the_classes_is_kept(name: str, rows: list[list[float]]) -> None:
    z = np.array(rows)
    new = fitted(name).mapped(z)
    gaps, new_gaps = z[:, :, None] - z[:, None, :], new[:, :, None] - new[:, None, :]
    scale = np.abs(new).max()
    assert (new_gaps[gaps > 0] >= -1e-12 * scale).all()
    assert (np.abs(new_gaps[gaps == 0]) <= 1e-12 * scale).all()


@keeping("order of confidence")
@given(rows=st.lists(rows, min_size=1, max_size=5))
def test_the_prediction_is_kept(name: str, rows: list[list[float]]) -> None:
    z = np.array(rows)
    assert z.argmax(axis=1).tolist() == fitted(name).mapped(z).argmax(axis=1).tolist()


@keeping("order of confidence")
def test_the_order_of_the_rows_by_confidence_is_kept(name: str) -> None:
    # Rows of one gap between the largest logit and the others, so that their confidences are in a known order.
    gap = np.linspace(0.1, 12, 200)
    z = np.zeros((len(gap), CLASSES))
    z[:, 1] = gap
    new = fitted(name).mapped(z)
    e = np.exp(new - new.max(axis=1, keepdims=True))
    confidence = (e / e.sum(axis=1, keepdims=True))[:, 1]
    assert (np.diff(confidence) >= -1e-9).all()


@every_method
def test_a_weight_is_a_repeated_row(name: str) -> None:
    z, label = data(samples=150)
    counts = 1 + np.arange(len(z)) % 3
    weighted = fit(name, z, label, counts.astype(np.float64))
    repeated = fit(name, np.repeat(z, counts, axis=0), np.repeat(label, counts), np.ones(counts.sum()))
    np.testing.assert_allclose(weighted.mapped(fresh()), repeated.mapped(fresh()), rtol=1e-5, atol=1e-5)


@every_method
def test_rows_of_weight_0_are_as_if_they_were_not_there(name: str) -> None:
    z, label = data(samples=150)
    odd = np.where(np.arange(len(z))[:, None] % 2 == 0, z, 1e3)
    weight = (np.arange(len(z)) % 2 == 0).astype(np.float64)
    alone = fit(name, z[::2].copy(), label[::2], np.ones(len(z[::2])))
    np.testing.assert_allclose(
        alone.mapped(fresh()), fit(name, odd, label, weight).mapped(fresh()), rtol=1e-6, atol=1e-6
    )
