"""Each sample is mapped by the fit without its fold, whatever is read and in whatever order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import log_softmax, logsumexp, softmax

import lscli
from lscli.kernels.value_hash import factors, folds, value_hash

Array = NDArray[Any]


def drawn(rows: int = 1500, classes: int = 3, seed: int = 0, temperature: float = 2.0) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    x = (2 * random.standard_normal((rows, classes))).astype(np.float32)
    q = np.exp(log_softmax(x / temperature, axis=1))
    return x, (random.random((rows, 1)) > q.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)


def losses(x: Array, y: Array) -> Array:
    found: Array = logsumexp(x, axis=1) - x[np.arange(len(y)), y]
    return found


def best_temperature(x: Array, y: Array, weight: Array) -> float:
    own, finite = x[np.arange(len(y)), y], np.where(np.isfinite(x), x, 0)

    def slope(b: float) -> float:
        return float((weight * ((softmax(b * x, axis=1) * finite).sum(axis=1) - own)).sum())

    return float(1 / brentq(slope, 0.01, 20, xtol=1e-14))


def cross_fitted(x: Array, y: Array, fold: Array, weight: Array | None = None) -> Array:
    """The losses of samples [n], each by the temperature that is best on the other folds."""
    x, weight = x.astype(np.float64), np.ones(len(x)) if weight is None else weight
    found = np.empty(len(x))
    for number in range(5):
        own = fold == number
        t = best_temperature(x[~own], y[~own], weight[~own])
        found[own] = losses(x[own] / t, y[own])
    return found


def by_values(x: Array) -> Array:
    return folds(value_hash(x, factors(x.shape[1])), 5)


def loss_of(x: Any, y: Any, **options: Any) -> float:
    return float(lscli.evaluate(x, y, metrics="loss_hard", cross_fit="temperature", **options)["loss_hard"])


X, Y = drawn()


def test_each_sample_has_the_temperature_of_the_other_folds() -> None:
    assert cross_fitted(X, Y, by_values(X)).mean() == pytest.approx(loss_of(X, Y), abs=1e-10)


def test_samples_have_the_same_losses() -> None:
    listed = lscli.per_sample(X, Y, cross_fit="temperature")
    expected = cross_fitted(X, Y, by_values(X)).tolist()
    assert expected == pytest.approx([row.loss_hard for row in listed.rows], abs=1e-7)
    assert "temperature scaling fitted without its fold (5 folds by the values of each row, T from" in listed.conclusion


def test_neither_the_order_nor_duplicates_matter() -> None:
    order = np.random.default_rng(1).permutation(len(X))
    assert loss_of(X, Y) == pytest.approx(loss_of(X[order], Y[order]), abs=1e-12)
    twice = np.concatenate([X, X]), np.concatenate([Y, Y])
    assert loss_of(X, Y) == pytest.approx(loss_of(*twice), abs=1e-10)


def test_a_weight_is_a_count_in_the_fit_and_in_the_mean() -> None:
    weight = np.arange(len(X)) % 4
    own = cross_fitted(X, Y, by_values(X), weight)
    assert np.average(own, weights=weight) == pytest.approx(loss_of(X, Y, weights=weight), abs=1e-9)
    listed = lscli.per_sample(X, Y, weights=weight, cross_fit="temperature")
    assert np.isfinite([row.loss_hard for row in listed.rows]).all()


def test_ignored_and_odd_rows_are_in_no_fit() -> None:
    x, y = X.copy(), Y.copy()
    x[5], x[7, 0], y[10:20] = np.nan, np.inf, -100
    kept = np.ones(len(x), bool)
    kept[[5, 7, *range(10, 20)]] = False
    with pytest.warns(lscli.LscliWarning, match="2 of 1500 rows are not finite"):
        found = loss_of(x, y, nonfinite="skip")
    assert loss_of(X[kept], Y[kept]) == pytest.approx(found, abs=1e-12)
    with pytest.raises(lscli.InputError, match="row 5 has nan"):
        loss_of(x, y)


@pytest.mark.filterwarnings("ignore:invalid value")  # of the fit at b = 0
def test_masked_classes_stay_out_of_their_row() -> None:
    x = X.copy()
    x[np.arange(len(x)), (Y + 1) % 3] = np.where(np.arange(len(x)) % 2 == 0, -np.inf, x[np.arange(len(x)), (Y + 1) % 3])
    found = lscli.evaluate(x, Y, metrics="loss_hard", cross_fit="temperature")["loss_hard"]
    assert cross_fitted(x, Y, by_values(x)).mean() == pytest.approx(found, abs=1e-9)


def test_a_label_at_minus_infinity_is_refused_with_its_row() -> None:
    x = X.copy()
    x[11, Y[11]] = -np.inf
    with pytest.raises(lscli.InputError, match="label of row 11"):
        loss_of(x, Y)


def test_the_samples_of_a_cluster_are_in_one_fold() -> None:
    clusters = np.arange(len(X)) // 30
    found = lscli.evaluate(X, Y, metrics="loss_hard", cross_fit="temperature", clusters=clusters)
    assert "5 folds by cluster" in found.conclusion
    order = np.random.default_rng(2).permutation(len(X))
    again = loss_of(X[order], Y[order], clusters=clusters[order])
    assert found["loss_hard"] == pytest.approx(again, abs=1e-12)
    assert abs(found["loss_hard"] - loss_of(X, Y)) > 1e-9
    names = [f"patient {number}" for number in clusters]
    assert found["loss_hard"] != loss_of(X, Y, clusters=names)


@pytest.mark.parametrize("classes", [3, 200])
def test_no_bit_depends_on_threads_or_chunks(classes: int) -> None:
    x, y = drawn(900, classes, 3)
    options: dict[str, Any] = {"metrics": "default", "cross_fit": "ets"}
    one = lscli.evaluate(x, y, threads=1, chunk_rows=7, **options)
    other = lscli.evaluate(x, y, threads=3, **options)
    assert [repr(row) for row in one.rows] == [repr(row) for row in other.rows]


def test_an_ensemble_is_mapped_after_its_mean() -> None:
    members = np.stack([X, 2 * X])
    mean = logsumexp(log_softmax(members.astype(np.float64), axis=2), axis=0) - np.log(2)
    found = lscli.evaluate(members, Y, metrics="loss_hard", cross_fit="temperature", ensemble_axis=0)["loss_hard"]
    assert cross_fitted(mean, Y, by_values(mean.astype(np.float32))).mean() == pytest.approx(found, abs=1e-3)


def test_one_logit_and_probabilities() -> None:
    x, y = drawn(800, 2, 5)
    z = x[:, 1] - x[:, 0]
    both = np.column_stack([np.zeros_like(z), z])
    assert cross_fitted(both, y, by_values(both)).mean() == pytest.approx(loss_of(z, y, binary=True), abs=1e-9)
    p = np.exp(log_softmax(X.astype(np.float64), axis=1))
    found = loss_of(p, Y, kind="probs")
    assert cross_fitted(np.log(p), Y, by_values(np.log(p))).mean() == pytest.approx(found, abs=1e-9)


def test_groups_are_measured_by_the_maps_of_all_samples() -> None:
    groups = np.where(np.arange(len(X)) % 2, "a", "b")
    report = lscli.evaluate(X, Y, metrics="loss_hard", cross_fit="temperature", groups=groups)
    own = cross_fitted(X, Y, by_values(X))
    assert own[groups == "a"].mean() == pytest.approx(
        next(row.value for row in report.rows if row.group == "a"), abs=1e-9
    )


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.tile([[1.0, 0.0]], (20, 1)), [0, 1] * 10, "has all samples"),
        (np.eye(4).repeat(5, axis=0) + 0.01 * np.arange(20)[:, None] * np.arange(4), [1] * 20, "without fold"),
    ],
)
def test_a_fold_without_a_fit_is_named(x: Array, y: Any, says: str) -> None:
    with pytest.raises(lscli.InputError, match=says) as refused:
        loss_of(x, y)
    assert "leave out cross_fit" in refused.value.hint


def test_soft_labels_have_no_fit() -> None:
    with pytest.raises(lscli.UsageError, match="class numbers"):
        lscli.evaluate(X, np.full((len(X), 3), 1 / 3), soft_labels=True, cross_fit="temperature")
