"""The temperature of the samples, of groups and of folds, against numbers by hand and an own optimiser."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

import lscli

Array = NDArray[Any]
ALL = "temperature,refinement_loss,calibration_loss,loss_hard"


def made(rows: int = 600, classes: int = 5, seed: int = 20) -> tuple[Array, Array]:
    """Logits that are 1.6 times too large, and labels."""
    rng = np.random.default_rng(seed)
    z = 2 * rng.standard_normal((rows, classes))
    p = np.exp(log_softmax(z / 1.6, axis=1))
    return z, (rng.random((rows, 1)) > p.cumsum(1)[:, :-1]).sum(1)


def nll(z: Array, y: Array, t: float) -> Array:
    losses: Array = -log_softmax(z / t, axis=1)[np.arange(len(y)), y]
    return losses


def best(z: Array, y: Array, weight: Array | None = None) -> float:
    found = minimize_scalar(
        lambda t: np.average(nll(z, y, t), weights=weight), bounds=(0.05, 20), options={"xatol": 1e-11}
    )
    return float(found.x)


def stderr(z: Array, y: Array, t: float, cluster: Array | None = None) -> float:
    p = np.exp(log_softmax(z / t, axis=1))
    mean = (p * z).sum(1)
    s = mean - z[np.arange(len(y)), y]
    v = (p * (z - mean[:, None]) ** 2).sum()
    if cluster is None:
        return float(t * t * math.sqrt((s * s).sum()) / v)
    sums = np.bincount(cluster, s)
    count = len(np.unique(cluster))
    return float(t * t * math.sqrt(count / (count - 1) * (sums * sums).sum()) / v)


def test_a_temperature_by_hand() -> None:
    report = lscli.evaluate(np.array([[2.0, 1], [1, 0], [7, 8]]), [0, 0, 0], metrics="temperature")
    row = report.rows[0]
    assert row.value == pytest.approx(1 / math.log(2), rel=1e-9)
    assert row.stderr == pytest.approx(2.5491459849601554, rel=1e-8)
    assert report["loss_hard_tempered"] == pytest.approx(0.6365141682948128, rel=1e-12)


def test_the_temperature_is_that_of_an_optimiser_and_the_errors_are_those_of_the_divided_logits() -> None:
    z, y = made()
    t = best(z, y)
    report = lscli.evaluate(z, y, metrics="temperature")
    divided = lscli.evaluate(z / report["temperature"], y)
    assert report["temperature"] == pytest.approx(t, rel=1e-6)
    assert report.rows[0].stderr == pytest.approx(stderr(z, y, report["temperature"]), rel=1e-7)
    assert report["loss_hard_tempered"] == divided["loss_hard"]
    assert report["ece_tempered"] == divided["ece"]
    assert lscli.evaluate(z, y, temperature=t, metrics="temperature")["temperature"] == pytest.approx(1, rel=1e-6)


def test_samples_in_clusters_have_a_standard_error_of_clusters() -> None:
    z, y = made()
    cluster = np.arange(600) // 4
    z[:, 0] += np.repeat(np.random.default_rng(1).standard_normal(150), 4)
    row = lscli.evaluate(z, y, metrics="temperature", clusters=cluster, ci=True).rows[0]
    assert row.stderr == pytest.approx(stderr(z, y, row.value, cluster), rel=1e-7)
    assert math.log(row.ci_high / row.value) == pytest.approx(math.log(row.value / row.ci_low), rel=1e-12)


def test_a_weight_is_a_count() -> None:
    z, y = made()
    weight = np.random.default_rng(2).integers(0, 4, 600)
    repeated = lscli.evaluate(np.repeat(z, weight, axis=0), np.repeat(y, weight), metrics=ALL)
    weighted = lscli.evaluate(z, y, weights=weight, metrics=ALL)
    for name, value in repeated.items():
        assert weighted[name] == pytest.approx(value, rel=1e-9), name
    assert weighted.rows[0].stderr == pytest.approx(repeated.rows[0].stderr, rel=1e-9)


def test_each_group_has_its_own_temperature() -> None:
    z, y = made()
    group = np.where(np.arange(600) % 3 == 0, "a", "b")
    z[group == "a"] *= 2
    rows = lscli.evaluate(z, y, groups=group, metrics=f"{ALL},ece_tempered").rows
    for name in ("a", "b"):
        alone = lscli.evaluate(z[group == name], y[group == name], metrics=f"{ALL},ece_tempered")
        own = {row.metric: row.value for row in rows if row.group == name}
        assert own.keys() == {*alone}
        for metric, value in alone.items():
            assert own[metric] == pytest.approx(value, rel=1e-9), metric  # as exactly as T is found


def test_the_cross_fitted_loss_is_that_of_a_map_without_the_fold() -> None:
    z, y = made(400)
    cluster = np.repeat(np.arange(5), 80)  # as many clusters as folds
    report = lscli.evaluate(z, y, metrics=ALL)
    samples = nll(z, y, 1.0).mean()
    assert report["calibration_loss"] == pytest.approx(samples - report["refinement_loss"], rel=1e-9)
    assert report["refinement_loss"] > nll(z, y, best(z, y)).mean()
    # Rows that are equal are in one fold, so twice the rows have the same loss.
    twice = lscli.evaluate(np.tile(z, (2, 1)), np.tile(y, 2), metrics="refinement_loss")
    assert twice["refinement_loss"] == pytest.approx(report["refinement_loss"], rel=1e-9)
    assert "refinement_loss" in lscli.evaluate(z, y, clusters=cluster, metrics="refinement_loss")


NO_OPTIMUM = (np.array([[2.0, 1], [0, 1], [1, 0]]), [1, 0, 0])
SEPARABLE = (np.array([[2.0, 0, 0], [0, 3, 0]]), [0, 1])


@pytest.mark.parametrize(
    ("samples", "why"), [(NO_OPTIMUM, "as T grows"), (SEPARABLE, "every label has")], ids=["grows", "separable"]
)
def test_what_has_no_temperature_is_named(samples: tuple[Array, list[int]], why: str) -> None:
    with pytest.warns(lscli.LscliWarning, match=f"temperature, loss_hard_tempered, ece_tempered are absent.*{why}"):
        report = lscli.evaluate(*samples, metrics="temperature,loss_hard")
    assert [*report] == ["loss_hard"]


def test_a_group_without_a_temperature_is_named() -> None:
    z, y = made()
    odd, labels = np.array([[9.0, 0, 0, 0, 0], [0, 9, 0, 0, 0]]), [0, 1]
    groups = [*np.full(600, "many"), "few", "few"]
    with pytest.warns(lscli.LscliWarning, match="loss_hard_tempered is absent for group few: .* every label has"):
        report = lscli.evaluate(np.vstack((z, odd)), [*y, *labels], groups=groups, metrics="loss_hard_tempered")
    assert [row.group for row in report.rows] == ["", "many"]


def test_a_label_of_probability_0_is_named() -> None:
    z, y = made()
    z[7, y[7]] = -np.inf
    with (
        pytest.warns(lscli.LscliWarning, match="is a masked class"),
        pytest.warns(lscli.LscliWarning, match=r"the label of row 7 is at minus infinity"),
    ):
        report = lscli.evaluate(z, y, metrics="loss_hard_tempered,loss_hard")
    assert [*report] == ["loss_hard"]


def test_the_positive_class_is_that_of_the_divided_logits() -> None:
    z, y = made(classes=2)
    report = lscli.evaluate(z, y, positive_class=1, metrics="temperature,ece_tempered")
    divided = lscli.evaluate(z / report["temperature"], y, positive_class=1, metrics="ece")
    assert report["ece_tempered"] == divided["ece"]


def test_rows_that_are_skipped_and_ignored_take_no_part() -> None:
    z, y = made()
    report = lscli.evaluate(z, y, metrics=ALL)
    more = np.vstack((z[:10], np.full((1, 5), np.nan), z[10:], z[:1]))
    labels = [*y[:10], 0, *y[10:], -100]
    with pytest.warns(lscli.LscliWarning, match="not finite"):
        found = lscli.evaluate(more, labels, nonfinite="skip", metrics=ALL)
    for name, value in report.items():
        assert found[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("options", [{"threads": 1}, {"threads": 3, "chunk_rows": 7}], ids=["one", "three"])
def test_no_digit_depends_on_threads_or_chunks(options: dict[str, int]) -> None:
    z, y = made(1500)
    z = z.astype(np.float32)
    expected = lscli.evaluate(z, y, metrics=ALL)
    assert dict(expected) == dict(lscli.evaluate(z, y, metrics=ALL, **options))  # type: ignore[arg-type]
