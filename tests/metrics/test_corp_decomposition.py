"""CORP decompositions: published numbers, and scikit-learn's isotonic regression."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.isotonic import isotonic_regression

import lscli
from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.corp_decomposition import METRICS, recalibrated
from lscli.options import Kernel

Array = NDArray[Any]
NAMES = [
    f"{score}_{part}" for score in ("brier", "nll") for part in ("miscalibration", "discrimination", "uncertainty")
]


def parts(table: SampleTable) -> dict[str, float]:
    found = {metric.id: metric.compute(table, Settings()) for metric in METRICS}
    assert NAMES == list(found)
    assert all(len(values) == 1 and math.isnan(values[0].stderr) for values in found.values())
    return {name: values[0].value for name, values in found.items()}


def made(confidence: Any, correct: Any, **options: Any) -> SampleTable:
    return SampleTable.from_confidences(confidence, correct, **options)


def brier(c: Array, a: Array, w: Array) -> float:
    return float(w @ (c - a) ** 2 / w.sum())


def nll(c: Array, a: Array, w: Array) -> float:
    held = w > 0
    with np.errstate(divide="ignore"):
        return float(w[held] @ -np.log(np.where(a, c, 1 - c)[held]) / w.sum())


def naive(c: Array, a: Array, w: Array) -> dict[str, float]:
    """The definition, by scikit-learn on one point a value."""
    values = np.unique(c[w > 0])
    weight = np.array([w[c == v].sum() for v in values])
    share = np.array([(w * a)[c == v].sum() for v in values]) / weight
    fit = np.clip(isotonic_regression(share, sample_weight=weight), 0, 1)
    r = np.zeros(len(c))
    r[w > 0] = fit[np.searchsorted(values, c[w > 0])]
    constant = np.full(len(c), w @ a / w.sum())
    return {
        f"{name}_{part}": number
        for name, score in (("brier", brier), ("nll", nll))
        for part, number in (
            ("miscalibration", score(c, a, w) - score(r, a, w)),
            ("discrimination", score(constant, a, w) - score(r, a, w)),
            ("uncertainty", score(constant, a, w)),
        )
    }


def test_numbers_of_model_diagnostics() -> None:
    """scoring/tests/test_scoring.py::test_decompose_with_numbers, checked there against R's reliabilitydiag."""
    expected = [0.1016667, 0.125, 0.25, 0.3237327, 0.3182571, 0.6931472]
    found = parts(made([0.4, 0.3, 0.2, 0.1, 0.5, 0.9], [0, 0, 0, 1, 1, 1]))
    assert dict(zip(NAMES, expected, strict=True)) == pytest.approx(found, abs=5e-8)


@pytest.mark.parametrize(
    ("right", "size", "expected"),
    [
        ([8, 4, 8, 2, 2, 0, 8], None, [4] * 6 + [8]),
        ([9, 1, 8, 2, 7, 3, 6], None, [5] * 6 + [6]),
        ([9, 1, 8, 4, -2, 8, 6], None, [4] * 5 + [7, 7]),
        ([8, 4, 8, 2, 2, 0, 8], [1, 2, 3, 4, 5, 5, 4], [2.9] * 6 + [8]),
    ],
)
def test_pools_of_model_diagnostics(right: list[int], size: list[int] | None, expected: list[float]) -> None:
    """tests/test_isotonic.py::test_pava_simple, its values as shares of 20 by way of weights."""
    share, n = (np.array(right) + 5) / 20, np.array([1] * 7 if size is None else size, float)
    c = np.arange(7) / 10
    weight = np.concatenate([n * share, n * (1 - share)])
    blocks = recalibrated(made(np.tile(c, 2), np.arange(14) < 7, weight=weight))
    found = np.repeat(
        blocks.right / blocks.size, np.diff(np.searchsorted(np.cumsum(n), np.cumsum(blocks.size) - 0.5), prepend=-1)
    )
    assert expected == pytest.approx(20 * found - 5)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([0.25, 0.5, 0.75]), st.floats(0.001, 0.999)),
            st.booleans(),
            st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(0.01, 4)),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_any_samples_against_scikit_learn(samples: list[tuple[float, bool, float]]) -> None:
    c, a, w = (np.array(column, float) for column in zip(*samples, strict=True))
    c = c.round(9)  # confidences that differ in their last bit are ties here, but not for scikit-learn
    if not w.any():
        w[0] = 1.0
    found = parts(made(c, a, weight=w))
    assert naive(c, a, w) == pytest.approx(found, rel=1e-9, abs=1e-12)
    for name, score in (("brier", brier), ("nll", nll)):
        miscalibration, discrimination = found[f"{name}_miscalibration"], found[f"{name}_discrimination"]
        assert miscalibration >= 0
        assert discrimination >= 0
        total = miscalibration - discrimination + found[f"{name}_uncertainty"]
        assert score(c, a, w) == pytest.approx(total, rel=1e-12, abs=1e-12)


def test_order_and_weights() -> None:
    rng = np.random.default_rng(1)
    c = np.round(rng.uniform(0.01, 0.99, 400), 2)
    a = rng.random(400) < c**1.3
    table = made(c, a)
    found = parts(table)
    order = rng.permutation(400)
    assert found == pytest.approx(parts(made(c[order], a[order])), rel=1e-13, abs=1e-13)
    assert found == pytest.approx(parts(table.with_weights(np.ones(400))), rel=1e-14, abs=1e-14)
    weight = rng.integers(0, 4, 400)
    repeated = parts(made(np.repeat(c, weight), np.repeat(a, weight)))
    assert repeated == pytest.approx(parts(table.resample(weight.astype(float))), rel=1e-12, abs=1e-13)


def test_a_sure_and_wrong_sample_costs_infinity_in_one_part_only() -> None:
    c, a = [1.0, 1.0, 0.8, 0.6], [0, 1, 1, 0]
    found = parts(made(c, a))
    assert math.inf == found.pop("nll_miscalibration")
    assert all(map(math.isfinite, found.values()))
    weighted = parts(made(c, a, weight=[0.0, 1.0, 1.0, 1.0]))
    assert parts(made(c[1:], a[1:])) == pytest.approx(weighted, rel=1e-14, abs=1e-15)


def test_nll_reads_one_minus_confidence_where_confidence_rounds_to_one() -> None:
    columns = {
        "confidence": np.array([1.0, 1.0]),
        "one_minus_confidence": np.array([1e-20, 1e-20]),
        "correct": np.array([True, False]),
    }
    assert parts(SampleTable(columns))["nll_miscalibration"] == pytest.approx(10 * math.log(10) - math.log(2))


def far_apart(classes: int) -> tuple[Array, Array]:
    """Logits of which some rows are so sure that 1 - c underflows, with labels that are right and wrong there."""
    rng = np.random.default_rng(3)
    logits, labels = 3 * rng.standard_normal((60, classes)), rng.integers(0, classes, 60)
    logits[:8, 0] += [800, 900, 2000, 800, -800, -1000, 1e5, 750]
    labels[:8] = [1, 1, 0, 1, 0, 1, 1, 1]
    return logits, labels


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_the_nll_of_a_confidence_is_finite_where_1_minus_it_underflows(kernel: Kernel) -> None:
    logits, labels = far_apart(5)
    scores, top = [], logits.argmax(axis=1)
    for z, best, label in zip(logits, top, labels, strict=True):
        others = np.logaddexp.reduce(np.delete(z, best))
        scores.append(float(np.logaddexp(z[best], others) - (z[best] if best == label else others)))
    names = ["nll_miscalibration", "nll_discrimination", "nll_uncertainty"]
    report = lscli.evaluate(logits, labels, metrics=names, kernel=kernel)
    miscalibration, discrimination, uncertainty = (report[name] for name in names)
    assert np.mean(scores) == pytest.approx(miscalibration - discrimination + uncertainty, rel=1e-12)


@pytest.mark.parametrize("number", [0, 1])
def test_the_nll_of_one_of_two_classes_is_the_hard_loss_however_far_the_logits_are_apart(number: int) -> None:
    logits, labels = far_apart(2)
    names = ["nll_miscalibration", "nll_discrimination", "nll_uncertainty", "loss_hard"]
    report = lscli.evaluate(logits, labels, metrics=names, positive_class=number)
    miscalibration, discrimination, uncertainty, loss = (report[name] for name in names)
    assert loss == pytest.approx(miscalibration - discrimination + uncertainty, rel=1e-12)


def test_a_wrong_sample_whose_other_classes_are_masked_has_an_infinite_nll() -> None:
    logits = np.array([[0.0, -np.inf, -np.inf], [2.0, 1.0, 0.5]])
    report = lscli.evaluate(logits, [1, 0], metrics="nll_miscalibration")
    assert math.inf == report["nll_miscalibration"]
    stated = lscli.evaluate(np.array([[1.0, 0.0], [0.5, 0.5]]), [1, 0], kind="probs", metrics="nll_miscalibration")
    assert math.inf == stated["nll_miscalibration"]


@pytest.mark.parametrize("correct", [0, 1])
def test_outcomes_of_one_kind_have_no_uncertainty(correct: int) -> None:
    found = parts(made([0.2, 0.9, 0.9], [correct] * 3))
    assert [0.0] * 4 == [found[name] for name in NAMES if not name.endswith("_miscalibration")]
    # -0.0 would be printed.
    assert all(math.copysign(1, number) == 1 for number in found.values())


def test_a_calibrated_model_is_not_miscalibrated() -> None:
    found = parts(made([0.0, 0.5, 0.5, 1.0], [0, 1, 0, 1]))
    assert 0.0 == found["brier_miscalibration"]
    assert 0.0 == found["nll_miscalibration"]


def test_a_table_of_weight_0_has_no_value() -> None:
    assert all(map(math.isnan, parts(made([0.3], [1], weight=[0.0])).values()))
