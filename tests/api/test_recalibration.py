"""A map is a step before everything else: every number is that of the new logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

import lscli
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.ets import EnsembleTemperature, mapped
from lscli.recalibrators.temperature import Temperature
from tests.api.test_cross_fit import X, Y, drawn
from tests.calibrators import fitted_on, saved_as

Array = NDArray[Any]
T = 1.5
HALVED = X.astype(np.float64) / T
ETS = Calibrator("ets", 3, EnsembleTemperature(2.5, np.array([0.6, 0.3, 0.1])))


def rows(report: Any) -> list[str]:
    """The rows of an answer without the name of the logits."""
    return [repr(tuple(row)) for row in report.rows]


@pytest.mark.parametrize(
    "options",
    [
        {"metrics": "all"},
        {"ci": True, "bootstrap": 50, "metrics": "loss_hard,ece,accuracy"},
        {"weights": np.arange(len(X)) % 3},
        {"groups": np.arange(len(X)) % 2},
        {"score": "margin"},
        {"smoothing": "off-target", "eps": 0.2},
        {"metrics": "ece_canonical,classwise_ece"},
        {"clusters": np.arange(len(X)) // 5},
    ],
)
def test_a_temperature_divides_the_logits(options: dict[str, Any]) -> None:
    assert rows(lscli.evaluate(HALVED, Y, **options)) == rows(lscli.evaluate(X, Y, temperature=T, **options))


@pytest.mark.parametrize("question", [lscli.per_bin, lscli.per_class, lscli.per_sample, lscli.sweep])
def test_every_question_is_about_the_new_logits(question: Any) -> None:
    assert rows(question(HALVED, Y)) == rows(question(X, Y, temperature=T))
    new = mapped(X.astype(np.float64), ETS.parameters, np)
    assert rows(question(new, Y)) == rows(question(X, Y, calibrator=ETS))


def test_one_changes_nothing() -> None:
    report = lscli.evaluate(X, Y, temperature=1)
    assert rows(lscli.evaluate(X.astype(np.float64), Y)) == rows(report)
    assert "The logits are divided by T = 1." in report.conclusion


def test_many_classes_stay_float32() -> None:
    x, y = drawn(300, 150, 2)
    assert rows(lscli.evaluate(x / np.float32(2), y)) == rows(lscli.evaluate(x, y, temperature=2))


def test_one_logit_probabilities_members_and_a_least_probability() -> None:
    z, y = X[:, 1] - X[:, 0], Y % 2
    assert rows(lscli.evaluate(z / 2.0, y, binary=True)) == rows(lscli.evaluate(z, y, binary=True, temperature=2))
    p = np.exp(log_softmax(X.astype(np.float64), axis=1))
    found = lscli.evaluate(p, Y, kind="probs", temperature=T, metrics="loss_hard,ece")
    assert lscli.evaluate(HALVED, Y, metrics="loss_hard,ece").values() == pytest.approx(found.values(), rel=1e-12)
    raised = np.maximum(p, 0.01)
    at_least = lscli.evaluate(X, Y, temperature=T, min_prob=0.01, metrics="loss_hard")["loss_hard"]
    assert at_least != found["loss_hard"]
    assert at_least < lscli.evaluate(np.log(raised) * 2 / T, Y, metrics="loss_hard")["loss_hard"] + 1
    members = np.stack([X, 2 * X]).astype(np.float64)
    mean = logsumexp(log_softmax(members, axis=2), axis=0) - np.log(2)
    of_members = lscli.evaluate(members, Y, ensemble_axis=0, temperature=T, metrics="loss_hard,ece")
    assert lscli.evaluate(mean / T, Y, metrics="loss_hard,ece").values() == pytest.approx(of_members.values(), rel=1e-9)


def test_soft_labels_can_have_a_map_that_is_given() -> None:
    soft = np.full((len(X), 3), 1 / 3)
    options: dict[str, Any] = {"soft_labels": True, "metrics": "loss_hard"}
    assert rows(lscli.evaluate(HALVED, soft, **options)) == rows(lscli.evaluate(X, soft, temperature=T, **options))


def test_odd_and_masked_rows_are_named_as_they_are_stored() -> None:
    x = X.copy()
    x[4], x[6] = np.nan, -np.inf
    with pytest.raises(lscli.InputError, match="row 4 has nan"):
        lscli.evaluate(x, Y, temperature=T)
    with pytest.warns(lscli.LscliWarning, match="2 of 1500 rows"):
        found = lscli.evaluate(x, Y, calibrator=ETS, nonfinite="skip", metrics="loss_hard")
    kept = np.delete(np.arange(len(X)), [4, 6])
    assert lscli.evaluate(X[kept], Y[kept], calibrator=ETS, metrics="loss_hard")["loss_hard"] == found["loss_hard"]
    masked = X.copy()
    masked[np.arange(len(X)), (Y + 1) % 3] = -np.inf
    report = lscli.evaluate(masked, Y, temperature=T, metrics="loss_hard")["loss_hard"]
    assert logsumexp(masked / T, axis=1).mean() - (X[np.arange(len(Y)), Y] / T).mean() == pytest.approx(report)


@pytest.mark.parametrize("kind", ["probs", "log-probs"])
@pytest.mark.parametrize("options", [{"temperature": 2}, {"calibrator": ETS}, {"cross_fit": "temperature"}])
def test_declared_probabilities_still_have_to_sum_to_1(kind: Any, options: dict[str, Any]) -> None:
    p = np.exp(log_softmax(X.astype(np.float64), axis=1))
    p[9] *= 1.5
    y = Y.copy()
    values = p if kind == "probs" else np.log(p)
    with pytest.raises(lscli.InputError, match=f"row 9 of {kind} sums to 1.5, not to 1"):
        lscli.evaluate(values, y, kind=kind, **options)
    y[9] = -100
    lscli.evaluate(values, y, kind=kind, **options)


def test_a_file_and_its_object_are_the_same_map(tmp_path: Path) -> None:
    calibrator = fitted_on(X[:700], Y[:700], "ets")
    path = saved_as(tmp_path / "cal.json", calibrator)
    one, other = (lscli.evaluate(X[700:], Y[700:], calibrator=each) for each in (path, calibrator))
    assert rows(one) == rows(other)
    assert [str(path), "calibrator"] == [each.inputs[-1]["path"] for each in (one, other)]


@pytest.mark.parametrize("threads", [1, 3])
def test_no_bit_depends_on_threads_or_chunks(threads: int) -> None:
    for classes in (3, 150):
        x, y = drawn(700, classes, 4)
        ets = Calibrator("ets", classes, ETS.parameters)
        one = lscli.evaluate(x, y, calibrator=ets)
        assert rows(one) == rows(lscli.evaluate(x, y, calibrator=ets, threads=threads, chunk_rows=1))
        assert rows(one) == rows(lscli.evaluate(x, y, calibrator=ets, threads=threads, chunk_rows=33))


def test_torch_measures_what_the_host_maps() -> None:
    one, other = (lscli.evaluate(X, Y, calibrator=ETS, kernel=kernel) for kernel in ("numpy", "torch"))
    assert one.values() == pytest.approx(other.values(), rel=1e-6)


@pytest.mark.parametrize("model", [lscli.sweep])
def test_a_sweep_says_it_of_every_model(model: Any) -> None:
    found = model(X, Y, others=[X + 1], temperature=T)
    assert 1 == found.conclusion.count("The logits are divided by T = 1.5.")
    fitted = model(X, Y, others=[2 * X], cross_fit="temperature")
    assert 2 == fitted.conclusion.count("fitted without its fold")


@pytest.mark.parametrize(
    "options",
    [
        {"calibrator": ETS, "temperature": 2},
        {"calibrator": ETS, "cross_fit": "ets"},
        {"temperature": 2, "cross_fit": "ets"},
        {"calibrator": ETS, "temperature": 2, "cross_fit": "ets"},
    ],
)
def test_two_maps_are_refused(options: dict[str, Any]) -> None:
    first, *_, last = options
    with pytest.raises(lscli.UsageError, match=f"{last}: cannot be combined with {first}") as refused:
        lscli.evaluate(X, Y, **options)
    assert f"leave out {first} or {last}" == refused.value.hint


@pytest.mark.parametrize("value", [0, -1, np.inf, np.nan, 1e-7, "2", True])
def test_a_temperature_is_a_number_above_0(value: Any) -> None:
    with pytest.raises(lscli.UsageError):
        lscli.evaluate(X, Y, temperature=value)


def test_a_map_of_other_classes_is_refused(tmp_path: Path) -> None:
    path = saved_as(tmp_path / "cal.json", Calibrator("temperature", 4, Temperature(2.0)))
    with pytest.raises(lscli.InputError, match="4 classes"):
        lscli.evaluate(X, Y, calibrator=path)


@pytest.mark.parametrize("given", [2.0, {"temperature": 2}, [1]])
def test_what_is_no_map_is_refused(given: Any) -> None:
    with pytest.raises(lscli.UsageError, match="neither a path nor a calibrator"):
        lscli.evaluate(X, Y, calibrator=given)


def test_a_map_needs_all_logits() -> None:
    top = np.argsort(-X, axis=1)[:, :2]
    values = np.take_along_axis(log_softmax(X, axis=1), top, 1)
    options: dict[str, Any]
    for options in ({"temperature": 2}, {"calibrator": ETS}, {"cross_fit": "ets"}):
        with pytest.raises(lscli.UsageError, match="needs the logits of all classes"):
            lscli.evaluate(values, Y, topk_classes=top, classes=3, **options)
        table: Any = {"c": [0.9, 0.8], "a": [1, 0]}
        with pytest.raises(lscli.UsageError, match="needs logits"):
            lscli.evaluate(table, confidence="c", correct="a", **options)
