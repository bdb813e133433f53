"""Recalibration in the way of scikit-learn: fit, transform, options, and what scikit-learn does with estimators."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError as TheirNotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import lscli
from lscli.estimators import Recalibrator
from tests.recalibrators.fitted import NAMES, data

Z, Y = data()
CLASSES = [kind for kind in Recalibrator.__subclasses__() if kind._method in NAMES]
every_class = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind._method)
# Vector A.1 of one fact: of three rows with a gap of 1, two are right, so sigmoid(1/T) = 2/3.
THREE = np.array([[2.0, 1.0], [2.0, 1.0], [1.0, 2.0]]), [0, 0, 0]
T = 1 / np.log(2)


def of(kind: type[Recalibrator]) -> Recalibrator:
    return kind(threads=1).fit(Z, Y)


def test_the_temperature_is_the_known_one() -> None:
    scaling = lscli.TemperatureScaling().fit(*THREE)
    assert pytest.approx(T, rel=1e-9) == scaling.temperature_
    assert 2 == scaling.n_classes_
    assert "gradient" in scaling.certificate_ or scaling.certificate_
    np.testing.assert_allclose(scaling.transform(THREE[0]), THREE[0] / T, rtol=1e-9)
    np.testing.assert_allclose(scaling.predict_proba(THREE[0])[0], [2 / 3, 1 / 3], rtol=1e-9)


@every_class
def test_transform_is_the_map_of_the_calibrator(kind: type[Recalibrator]) -> None:
    found = of(kind)
    np.testing.assert_array_equal(found.calibrator_.mapped(Z), found.transform(Z))
    assert np.float64 == found.transform(Z).dtype
    for element in (np.float16, np.float32):
        narrow = found.transform(Z.astype(element))
        assert np.float32 == narrow.dtype
        expected = found.calibrator_.mapped(Z.astype(element).astype(np.float64))
        np.testing.assert_allclose(narrow, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.sum(np.asarray(found.predict_proba(Z)), axis=1), 1)


@every_class
def test_a_tensor_gives_a_tensor_with_a_gradient(kind: type[Recalibrator]) -> None:
    found = of(kind)
    z = torch.tensor(Z, requires_grad=True)
    new = found.transform(z)
    np.testing.assert_allclose(new.detach().numpy(), found.transform(Z), rtol=1e-12, atol=1e-12)
    new.square().sum().backward()  # type: ignore[no-untyped-call]
    assert z.grad is not None
    assert z.grad.isfinite().all()
    assert torch.float32 == found.transform(torch.tensor(Z, dtype=torch.bfloat16)).dtype
    probabilities: Any = found.predict_proba(torch.tensor(Z))
    np.testing.assert_allclose(probabilities.numpy(), found.predict_proba(Z), atol=1e-12)


@every_class
def test_a_file_gives_an_array(kind: type[Recalibrator], tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", Z)
    np.save(tmp_path / "y.npy", Y)
    found = kind().fit(tmp_path / "z.npy", str(tmp_path / "y.npy"))
    np.testing.assert_array_equal(of(kind).transform(Z), found.transform(tmp_path / "z.npy"))


@every_class
def test_copies_and_files_are_the_same_map(kind: type[Recalibrator], tmp_path: Path) -> None:
    found = of(kind)
    found.save(tmp_path / "cal.json")
    assert found.calibrator_.to_json() == lscli.load_calibrator(tmp_path / "cal.json").to_json()
    for other in (copy.deepcopy(found), pickle.loads(pickle.dumps(found)), kind.load(tmp_path / "cal.json")):
        np.testing.assert_array_equal(found.transform(Z), other.transform(Z))


@pytest.mark.parametrize("kind", Recalibrator.__subclasses__(), ids=lambda kind: kind._method)
def test_scikit_learn_takes_it(kind: type[Recalibrator]) -> None:
    again = clone(kind(ignore_index=7, threads=2))
    assert (7, 2) == (again.ignore_index, again.threads)
    assert {*inspect.signature(kind).parameters} == {*again.get_params()}
    assert f"{kind.__name__}(ignore_index=7, threads=2)" == repr(again)
    assert getattr(lscli, kind.__name__) is kind
    with pytest.raises(TheirNotFittedError):  # its check of whether an estimator is fitted
        make_pipeline(kind()).transform(Z)


@every_class
def test_a_pipeline_ends_with_it(kind: type[Recalibrator]) -> None:
    pipeline = make_pipeline(FunctionTransformer(), kind())
    pipeline.fit(Z, Y)
    np.testing.assert_array_equal(of(kind).transform(Z), pipeline.transform(Z))
    np.testing.assert_array_equal(of(kind).transform(Z), pipeline.fit_transform(Z, Y))
    np.testing.assert_array_equal(of(kind).predict_proba(Z), pipeline.predict_proba(Z))


def test_what_is_not_fitted_says_so() -> None:
    scaling = lscli.TemperatureScaling()
    assert not hasattr(scaling, "temperature_")
    assert not hasattr(scaling, "calibrator_")
    for call in (lambda: scaling.transform(Z), lambda: scaling.save("cal.json"), lambda: scaling.certificate_):
        with pytest.raises(lscli.NotFittedError, match=r"^this TemperatureScaling is not fitted") as caught:
            call()
        assert isinstance(caught.value, lscli.UsageError | ValueError)
        assert isinstance(caught.value, AttributeError)
        assert "call fit, or use TemperatureScaling.load" == caught.value.hint


def test_a_failed_fit_leaves_no_older_one() -> None:
    scaling = lscli.TemperatureScaling().fit(*THREE)
    with pytest.raises(lscli.InputError):
        scaling.fit(THREE[0], [0, 0, 7])
    assert not hasattr(scaling, "temperature_")


def test_options_are_checked_and_changed() -> None:
    scaling = lscli.TemperatureScaling()
    scaling.set_params(eps=0.2).eps = 0.3  # type: ignore[misc]
    assert "TemperatureScaling(eps=0.3)" == repr(scaling)
    with pytest.raises(lscli.UsageError, match="binary: must be true or false"):
        lscli.TemperatureScaling(binary="no")  # type: ignore[arg-type]
    with pytest.raises(lscli.UsageError, match="binary: must be true or false"):
        scaling.binary = 3  # type: ignore[misc, assignment]
    for wrong in ({"method": "ets"}, {"weights": [1]}, {"epss": 0.1}):
        with pytest.raises((lscli.UsageError, TypeError)):
            lscli.TemperatureScaling(**wrong)
    with pytest.raises(TypeError, match="eps"):
        lscli.BetaCalibration(eps=0.1)  # type: ignore[call-arg]


def test_weights_by_either_name() -> None:
    z, y = np.array([[2.0, 1.0], [2.0, 1.0]]), [0, 1]
    one = lscli.TemperatureScaling().fit(z, y, [3, 1]).temperature_
    assert pytest.approx(1 / np.log(3), rel=1e-9) == one
    assert one == lscli.TemperatureScaling().fit(z, y, weights=[3, 1]).temperature_
    with pytest.raises(lscli.UsageError, match="sample_weight: is the same as weights"):
        lscli.TemperatureScaling().fit(z, y, [3, 1], weights=[3, 1])


def test_ignored_labels_take_no_part() -> None:
    z = np.concatenate([THREE[0], [[9.0, -9.0]]])
    assert pytest.approx(T) == lscli.TemperatureScaling(ignore_index=5).fit(z, [*THREE[1], 5]).temperature_


def test_one_logit_per_sample() -> None:
    z = THREE[0][:, 1] - THREE[0][:, 0]
    for column in (z, z[:, None], torch.tensor(z)):
        scaling = lscli.TemperatureScaling(binary=True).fit(column, THREE[1])
        assert pytest.approx(T) == scaling.temperature_
        new: Any = scaling.transform(column)
        assert (3,) == tuple(new.shape)
        np.testing.assert_allclose(np.asarray(new), np.asarray(column).ravel() / T)
        np.testing.assert_allclose(np.asarray(scaling.predict_proba(column))[0], [2 / 3, 1 / 3])


def test_probabilities_become_logits() -> None:
    e = np.exp(Z)
    p = e / e.sum(axis=1, keepdims=True)
    scaling = lscli.TemperatureScaling(kind="probs").fit(p, Y)
    for new in (scaling.transform(p), scaling.transform(torch.tensor(p))):
        np.testing.assert_allclose(np.asarray(new), np.log(p) / scaling.temperature_, rtol=1e-12)


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_classes_on_any_axis(axis: int) -> None:
    z = np.moveaxis(Z.reshape(20, 20, 4), -1, axis)
    scaling = lscli.TemperatureScaling(class_axis=axis).fit(z, Y.reshape(20, 20))
    for given in (z, torch.tensor(np.ascontiguousarray(z))):
        new: Any = scaling.transform(given)
        np.testing.assert_allclose(np.asarray(new), np.moveaxis(z, axis, -1) / scaling.temperature_)
        np.testing.assert_allclose(np.asarray(scaling.predict_proba(given)).sum(axis=-1), 1)
        np.testing.assert_array_equal(new, lscli.apply(scaling.calibrator_, given, class_axis=axis))


@pytest.mark.parametrize("of_torch", [False, True])
@pytest.mark.parametrize(("value", "what"), [(np.nan, "nan"), (np.inf, r"\+inf"), (-np.inf, "nothing but -inf")])
def test_rows_that_are_not_finite(of_torch: bool, value: float, what: str) -> None:
    z = Z[:5].copy()
    z[3] = value
    given: Any = torch.tensor(z) if of_torch else z
    scaling = lscli.TemperatureScaling().fit(Z, Y)
    with pytest.raises(lscli.InputError, match=f"^logits: row 3 has {what}") as caught:
        scaling.transform(given)
    assert caught.value.hint.endswith("with nonfinite='skip'")
    with pytest.warns(lscli.LscliWarning, match="1 of 5 rows are not finite and stay as they are"):
        kept = np.asarray(scaling.set_params(nonfinite="skip").transform(given))
    np.testing.assert_array_equal(z[3], kept[3])
    np.testing.assert_allclose(Z[:3] / scaling.temperature_, kept[:3])


def test_other_logits_are_refused() -> None:
    scaling = lscli.TemperatureScaling().fit(Z, Y)
    for wrong in (Z[:, :2], torch.tensor(Z[:, :2])):
        with pytest.raises(lscli.InputError, match="is for 4 classes, and logits has 2"):
            scaling.transform(wrong)
    for wrong in (Z.reshape(20, 20, 4), torch.tensor(Z.reshape(20, 20, 4))):
        with pytest.raises(lscli.InputError, match=re.escape("need logits of shape (N, K), got (20, 20, 4)")):
            scaling.transform(wrong)


def test_a_file_of_another_method_is_refused(tmp_path: Path) -> None:
    lscli.TemperatureScaling().fit(*THREE).save(tmp_path / "cal.json")
    with pytest.raises(lscli.InputError, match="holds a map of the method temperature"):
        lscli.BetaCalibration.load(tmp_path / "cal.json")
    with pytest.raises(lscli.ReadWriteError, match="cannot be written"):
        lscli.TemperatureScaling().fit(*THREE).save(tmp_path / "nowhere" / "cal.json")


@pytest.mark.parametrize("options", [{}, {"threads": 1}, {"threads": 3}])
def test_no_digit_depends_on_threads(options: dict[str, int]) -> None:
    scaling = lscli.TemperatureScaling(**options).fit(Z, Y)  # type: ignore[arg-type]
    assert lscli.TemperatureScaling().fit(Z, Y).transform(Z).tobytes() == scaling.transform(Z).tobytes()


def test_arrays_need_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, lscli; lscli.TemperatureScaling().fit([[1., 0.], [1., 0.], [0., 1.]], [0, 0, 0]).predict_proba("
        "[[1., 0.]]); assert not {'torch', 'sklearn', 'pandas'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
