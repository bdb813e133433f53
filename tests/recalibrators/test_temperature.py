"""Temperature: exact values by hand, other optimisers, laws, and what has no optimum."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.calibration import _TemperatureScaling

from lscli import evaluate
from lscli.api.fit_rows import CheckedRows, checked_rows
from lscli.api.inputs import Inputs
from lscli.errors import InputError
from lscli.kernels.value_hash import folds
from lscli.options import ReadingOptions
from lscli.recalibrators import temperature
from lscli.recalibrators.base import Fit, FitRows
from lscli.recalibrators.temperature import CONSTANT, NO_OPTIMUM, SEPARABLE
from lscli.scan.blocks import pass_over

INF = np.inf


def checked(z: Any, y: Any, eps: float = 0.0, **options: Any) -> CheckedRows:
    with Inputs(np.asarray(z), np.asarray(y), ReadingOptions(**options)) as opened:
        return checked_rows(opened, eps)


def fit(z: Any, y: Any, eps: float = 0.0, **options: Any) -> Fit:
    with Inputs(np.asarray(z), np.asarray(y), ReadingOptions(**options)) as opened:
        return temperature.fit(checked_rows(opened, eps).rows)


def known(rows: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels drawn from the softmax of the logits over 1.6."""
    rng = np.random.default_rng(seed)
    z = 3 * rng.standard_normal((rows, classes))
    return z, (z / 1.6 + rng.gumbel(size=z.shape)).argmax(axis=1)


def slope(z: np.ndarray, y: np.ndarray, b: float, w: np.ndarray | None = None) -> float:
    """The derivative of the mean nll in b, in long double."""
    z = z.astype(np.longdouble)
    e = np.exp(b * (z - z.max(axis=1, keepdims=True)))
    p = e / e.sum(axis=1, keepdims=True)
    open_ = np.where(np.isneginf(z), 0, z)
    each = (p * open_).sum(axis=1) - z[np.arange(len(z)), y]
    return float(np.average(each, weights=w))


BY_HAND: dict[str, tuple[Any, Any, dict[str, Any], float, float, float]] = {
    "two of three": ([[1, 0], [1, 0], [0, 1]], [0, 0, 0], {}, 1 / np.log(2), 2.5491459849601554, 0.6365141682948128),
    "an offset": ([[101, 100], [1, 0], [0, 1]], [0, 0, 0], {}, 1 / np.log(2), 2.5491459849601554, 0.6365141682948128),
    "a masked class": (
        [[1, 0, -INF], [1, 0, -INF], [0, 1, -INF]],
        [0, 0, 0],
        {},
        1 / np.log(2),
        2.5491459849601554,
        0.6365141682948128,
    ),
    "an ignored row": (
        [[1, 0], [1, 0], [0, 1], [9, 0]],
        [0, 0, 0, -100],
        {},
        1 / np.log(2),
        2.5491459849601554,
        0.6365141682948128,
    ),
    "weights": (
        [[1, 0], [1, 0], [np.nan, 0]],
        [0, 1, 0],
        {"weights": np.array([3.0, 1.0, 0.0]), "nonfinite": "skip"},
        1 / np.log(3),
        0.9567103298235956,
        0.5623351446188083,
    ),
    "three classes": ([[1, 0, 0]] * 4, [0, 0, 0, 1], {}, 1 / np.log(6), 0.3596747510041376, 0.7356219397587949),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_values_by_hand(case: str) -> None:
    z, y, options, t, stderr, loss = BY_HAND[case]
    found = fit(np.array(z, float), y, **options)
    assert t == pytest.approx(found.parameters.temperature, rel=1e-13)
    assert stderr == pytest.approx(found.stderr["temperature"], rel=1e-12)
    assert loss == pytest.approx(found.after, rel=1e-13)


@pytest.mark.parametrize(
    ("z", "y", "why"),
    [
        ([[2, 0, 0], [0, 3, 0]], [0, 1], SEPARABLE),
        ([[1, 1, 0], [0, 2, 0]], [0, 1], SEPARABLE),
        ([[1, 0], [0, 1], [1, 0]], [1, 0, 0], NO_OPTIMUM),
        (np.log([[0.35, 0.35, 0.3], [0.8, 0.15, 0.05]]), [2, 1], NO_OPTIMUM),
        ([[1, 0], [1, 0]], [0, 1], NO_OPTIMUM),
        ([[1, 0], [2, 0], [0, 1]], [1, 1, 0], NO_OPTIMUM),
        ([[5, 5], [1, 1]], [0, 1], CONSTANT),
    ],
)
def test_no_optimum_is_named(z: Any, y: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        fit(np.array(z, float), y)


@pytest.mark.parametrize(("last", "exists"), [(0.0, False), (2.0**-40, True), (-(2.0**-40), False)])
@pytest.mark.parametrize("scale", [1.0, 2.0**-60, 2.0**60])
def test_the_last_bit_decides_whether_there_is_an_optimum(last: float, exists: bool, scale: float) -> None:
    # Thirds in which sums of floats round: mean d - d_y adds up to 0 but for the last value.
    z = np.array([[0.1, 0.3, 0.7], [0.7, 0.1, 0.3], [0.3, 0.7, 0.1], [1 + last, 0, 0.5], [1, 0, 0.5]]) * scale
    y = np.array([0, 0, 0, 0, 1])
    if exists:
        assert fit(z, y).parameters.temperature > 0
    else:
        with pytest.raises(InputError, match=NO_OPTIMUM):
            fit(z, y)


@pytest.mark.parametrize("rows", [300, 5000])
def test_the_standard_error_and_the_excess_are_those_at_the_temperature(rows: int) -> None:
    z, y = known(rows, 4)
    found = fit(z, y)
    t = found.parameters.temperature
    e = np.exp((z - z.max(axis=1, keepdims=True)) / t)
    p = e / e.sum(axis=1, keepdims=True)
    mean = (p * z).sum(axis=1)
    s, v = mean - z[np.arange(rows), y], (p * np.square(z - mean[:, None])).sum(axis=1)
    assert t**2 * np.sqrt(np.square(s).sum()) / v.sum() == pytest.approx(found.stderr["temperature"], rel=1e-9)
    excess = found.certificate["gradient"] ** 2 / v.mean()
    assert excess == pytest.approx(found.certificate["excess"], rel=1e-6, abs=0)


@pytest.mark.parametrize(("last", "exists"), [(0.0, False), (2.0**-20, True), (-(2.0**-20), False)])
def test_the_last_bit_decides_with_many_classes_of_float32_too(last: float, exists: bool) -> None:
    # Over all rotations of a row, mean d - d_y adds up to 0, but not in float32; then the last value decides.
    row = np.random.default_rng(2).standard_normal(150).astype("f4")
    z = np.stack([*(np.roll(row, each) for each in range(150)), np.zeros(150, "f4"), np.ones(150, "f4")])
    z[150, 0], z[151, 0] = 1 + last, 0
    y = np.zeros(152, int)
    if exists:
        assert fit(z, y).parameters.temperature > 0
    else:
        with pytest.raises(InputError, match=NO_OPTIMUM):
            fit(z, y)


@pytest.mark.parametrize("scale", [1e-300, 1e-120, 1e120, 1e300])
def test_logits_whose_squares_leave_float64_are_refused(scale: float) -> None:
    z, y = known(60, 3)
    with pytest.raises(InputError, match="a temperature is fitted from 1e-100 to 1e\\+100"):
        fit(z * scale, y)
    assert "differ by up to" in " ".join(lscli_warnings(z * scale, y))


@pytest.mark.parametrize("scale", [1e-95, 1e95])
def test_extreme_logits_have_their_temperature(scale: float) -> None:
    z, y = known(60, 3)
    assert fit(z, y).parameters.temperature * scale == pytest.approx(fit(z * scale, y).parameters.temperature, rel=1e-9)


def lscli_warnings(z: Any, y: Any) -> list[str]:
    """What is said where the temperature is a metric."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        evaluate(z, y, metrics="temperature")
    return [str(each.message) for each in caught]


def test_a_label_at_minus_infinity_names_its_row() -> None:
    with pytest.raises(InputError, match="row 2"):
        fit(np.array([[1, 0], [0, 1.0], [-INF, 1]]), [0, 0, 0])


def test_synthetic_vectors() -> None:
    rng = np.random.default_rng(20260530)
    z = 2 * rng.standard_normal((2000, 5))
    q = np.exp(z / 1.6 + [0.4, 0, 0, -0.3, 0])
    q /= q.sum(1)[:, None]
    y = (rng.random((2000, 1)) > q.cumsum(1)).sum(1)
    found = fit(z[:1000], y[:1000])
    assert 1.623092148170947 == pytest.approx(found.parameters.temperature, rel=1e-13)
    assert 0.0667286631 == pytest.approx(found.stderr["temperature"], abs=1e-10)
    assert 1.2841654970 == pytest.approx(evaluate(z[1000:], y[1000:])["loss_hard"], abs=1e-10)
    assert evaluate(z[:1000], y[:1000])["loss_hard"] == pytest.approx(found.before, rel=1e-13)
    assert 1.2126073918 == pytest.approx(found.after, abs=1e-10)
    assert "e51f6f680917b5a4" == checked(z, y).data["fingerprint"]


@pytest.mark.parametrize(("rows", "classes", "dtype"), [(300, 2, "f8"), (6000, 7, "f4"), (5000, 150, "f4")])
def test_against_scipy_and_scikit_learn(rows: int, classes: int, dtype: str) -> None:
    z, y = known(rows, classes)
    z = z.astype(dtype)
    wide = z.astype(float)

    def nll(b: float) -> float:
        return float((np.log(np.exp(b * wide).sum(1)) - b * wide[np.arange(rows), y]).mean())

    found = fit(z, y)
    best = minimize_scalar(nll, bounds=(0.1, 5), method="bounded", options={"xatol": 1e-9})
    assert 1 / best.x == pytest.approx(found.parameters.temperature, rel=1e-6)
    assert best.fun == pytest.approx(found.after, abs=1e-13)
    theirs = _TemperatureScaling().fit(wide, y)
    if classes > 2:
        assert 1 / theirs.beta_ == pytest.approx(found.parameters.temperature, rel=1e-6)


@given(st.integers(0, 10**6), st.integers(5, 300), st.integers(2, 9), st.sampled_from([1e-9, 0.1, 1, 30, 1e9]))
@settings(max_examples=50, deadline=None)
def test_the_bound_holds(seed: int, rows: int, classes: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    z, y = known(rows, classes, seed)
    z *= scale
    w = rng.integers(1, 5, rows).astype(float)
    try:
        found = fit(z, y, weights=w)
    except InputError:
        assert slope(z, y, 0.0, w) >= -1e-12 * scale or (z[np.arange(rows), y] == z.max(1)).all()
        return
    t, bound = found.parameters.temperature, float(found.certificate["bound"])
    assert bound < 2e-9 * t
    # The derivative has opposite signs on the two sides of the bound, so that the optimum lies within it.
    assert slope(z, y, 1 / (t - bound), w) > 0 > slope(z, y, 1 / (t + bound), w)
    # A break in it would be seen: a thousandth off, the gradient is far above the stated one.
    gradient = float(found.certificate["gradient"])
    assert abs(slope(z, y, 1 / t, w)) <= gradient + 1e-13 * scale < abs(slope(z, y, 1.001 / t, w))


@given(st.integers(0, 10**6), st.sampled_from([1e-6, 0.25, 3.0, 1e5]))
@settings(max_examples=20, deadline=None)
def test_laws(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    z, y = known(60, 4, seed)
    expected = fit(z, y)
    t = expected.parameters.temperature
    order, classes = rng.permutation(60), rng.permutation(4)
    same = [
        fit(scale * z, y).parameters.temperature / scale,
        fit(z + rng.standard_normal((60, 1)), y).parameters.temperature,
        fit(z[order], y[order]).parameters.temperature,
        fit(z[:, classes], np.argsort(classes)[y]).parameters.temperature,
        fit(z, y, weights=np.full(60, 0.5)).parameters.temperature,
        fit(np.repeat(z, 2, axis=0), np.repeat(y, 2)).parameters.temperature,
    ]
    assert [t] * len(same) == pytest.approx(same, rel=2e-9)
    once = np.concatenate([z, z[:20]]), np.concatenate([y, y[:20]])
    w = np.where(np.arange(60) < 20, 2.0, 1.0)
    assert fit(*once).stderr["temperature"] == pytest.approx(fit(z, y, weights=w).stderr["temperature"], rel=0.2)
    assert fit(*once).parameters.temperature == pytest.approx(fit(z, y, weights=w).parameters.temperature, rel=2e-9)


@pytest.mark.parametrize("classes", [3, 200])
def test_threads_and_chunks_change_no_bit(classes: int) -> None:
    z, y = known(5000, classes)
    z = z.astype(np.float32)
    z[::7, 1] = np.where(y[::7] == 1, z[::7, 1], -INF)
    found = [
        (found.parameters, found.before, found.after, dict(found.certificate))
        for threads, rows in ((1, None), (2, 1), (2, 333), (3, 4999))
        for found in [fit(z, y, threads=threads, chunk_rows=rows)]
    ]
    assert [found[0]] * 4 == found


def test_formats_agree(tmp_path: Path) -> None:
    z, y = known(4000, 5)
    z = z.astype(np.float32)
    np.savez_compressed(tmp_path / "x.npz", logits=z)
    np.savetxt(tmp_path / "x.csv", z, delimiter=",", header="a,b,c,d,e", comments="")
    np.save(tmp_path / "x.npy", z)
    np.save(tmp_path / "y.npy", y)
    found = []
    for name in ("x.npy", "x.npz", "x.csv"):
        with Inputs(tmp_path / name, tmp_path / "y.npy", ReadingOptions()) as opened:
            rows = checked_rows(opened)
            found.append((temperature.fit(rows.rows).parameters, rows.data))
    assert [found[0]] * 3 == found


@pytest.mark.parametrize("eps", [0.05, 0.3])
def test_smoothed_loss(eps: float) -> None:
    z, y = known(3000, 4)

    def smoothed(b: float) -> float:
        log_p = b * z - np.log(np.exp(b * z).sum(1, keepdims=True))
        return float(-((1 - eps) * log_p[np.arange(len(y)), y] + eps * log_p.mean(1)).mean())

    found = fit(z, y, eps)
    best = minimize_scalar(smoothed, bounds=(0.01, 5), method="bounded", options={"xatol": 1e-10})
    assert 1 / best.x == pytest.approx(found.parameters.temperature, rel=1e-6)
    assert (smoothed(1.0), best.fun) == pytest.approx((found.before, found.after), rel=1e-12)


def test_a_masked_class_has_no_smoothed_loss_unless_it_is_left_out() -> None:
    z, y = known(50, 4)
    z[3, (y[3] + 1) % 4] = -INF
    with pytest.raises(InputError, match="smoothed loss is infinite"):
        fit(z, y, 0.1)
    assert fit(z, y, 0.1, masked_classes="exclude").parameters.temperature > 0


def test_several_weightings_share_passes() -> None:
    z, y = known(6000, 5)
    with Inputs(z, y, ReadingOptions()) as opened:
        rows = checked_rows(opened)
        fold = folds(rows.hashes, 5)
        weights: Sequence[np.ndarray] = [np.where(fold == each, 0.0, 1.0) for each in range(5)]
        weights = [*weights, np.where(np.arange(6000) == 1, 1.0, 0.0), np.zeros(6000)]
        found = temperature.fits(rows.rows, weights, [f"fold {each}" for each in range(7)])
    for each, weight in zip(found[:5], weights, strict=False):
        assert isinstance(each, Fit)
        kept = weight > 0
        assert fit(z[kept], y[kept]).parameters.temperature == pytest.approx(each.parameters.temperature, rel=2e-9)
    assert all(isinstance(each, InputError) for each in found[5:])
    assert "fold 5: " in str(found[5])
    assert "fold 6: no sample has a weight above 0" in str(found[6])


def test_one_outlying_finite_mask_leaves_a_certificate() -> None:
    z, y = known(500, 4)
    masked = z.copy()
    masked[np.arange(0, 500, 3), (y[::3] + 1) % 4] = -1e30
    infinite = np.where(masked < -1e29, -INF, masked)
    found = fit(masked, y)
    assert fit(infinite, y).parameters.temperature == pytest.approx(found.parameters.temperature, rel=1e-9)
    assert float(found.certificate["bound"]) < 1e-9 * found.parameters.temperature


def test_rows_without_a_first_pass_have_the_same_fit() -> None:
    z, y = known(3000, 5)
    with Inputs(z, y, ReadingOptions()) as opened:
        rows = checked_rows(opened).rows
        expected = temperature.fit(rows)
        found = temperature.fit(FitRows(rows.logits, rows.label, rows.weight))
    assert expected.parameters == found.parameters
    assert dict(expected.certificate) == dict(found.certificate)
    assert expected.before == pytest.approx(found.before, rel=1e-13)


@pytest.mark.parametrize("classes", [5, 150])
def test_parts_share_passes(monkeypatch: pytest.MonkeyPatch, classes: int) -> None:
    z, y = known(3000, classes)
    passes = []

    def counted(*arguments: Any) -> None:
        passes.append(1)
        pass_over(*arguments)

    monkeypatch.setattr(temperature, "pass_over", counted)
    with Inputs(z.astype("f4"), y, ReadingOptions()) as opened:
        rows = checked_rows(opened)
        fold = folds(rows.hashes, 5)
        parts = rows.rows.parts((np.where(fold == each, 0.0, 1.0), f"without {each}") for each in range(5))
        found = [temperature.fit(part) for part in parts]
        together = len(passes)
        alone = [temperature.fit(rows.rows.weighted(part.weight)) for part in parts]
    assert [each.parameters for each in alone] == [each.parameters for each in found]
    assert together * 5 <= len(passes) - together + 5
    assert together <= 2


def test_a_part_without_an_optimum_has_its_own_error() -> None:
    z, y = known(300, 4)
    right = np.where(z.argmax(1) == y, 1.0, 0.0)
    with Inputs(z, y, ReadingOptions()) as opened:
        one, other = checked_rows(opened).rows.parts([(right, "right"), (np.ones(300), "all")])
        for _ in range(2):
            with pytest.raises(InputError, match=f"right: {SEPARABLE}"):
                temperature.fit(one)
        assert temperature.fit(other).parameters.temperature > 0
