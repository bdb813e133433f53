from typing import Any

import numpy as np
import pytest

import lscli
from tests.curves.charts import drawn, only, samples


def _nll(x: Any, y: Any, t: float) -> float:
    z = x.astype(np.float64) / t
    z -= z.max(1, keepdims=True)
    return float((np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]).mean())


@pytest.mark.parametrize("k", [2, 10, 200])
def test_losses_are_those_of_numpy(k: int) -> None:
    x, y = samples(200, k)
    series = only(drawn("temperature", x, y))
    assert len(series.points) > 30
    for point in series.points:
        assert point.loss == pytest.approx(_nll(x, y, point.temperature), rel=3e-6)


def test_the_optimum_is_that_of_evaluate() -> None:
    x, y = samples(400, 6)
    facts = only(drawn("temperature", x, y)).facts
    report = lscli.evaluate(x, y, metrics=["temperature", "loss_hard_tempered", "loss_hard"])
    assert facts["temperature"] == report["temperature"]
    assert facts["loss"] == pytest.approx(report["loss_hard_tempered"], rel=1e-9)
    assert facts["before"] == report["loss_hard"]


def test_the_range_is_a_quarter_to_four_times_the_optimum() -> None:
    x, y = samples(400, 6)
    series = only(drawn("temperature", x, y))
    best = series.facts["temperature"]
    temperatures = [point.temperature for point in series.points]
    assert temperatures == sorted(temperatures)
    assert temperatures[0] == pytest.approx(best / 4)
    assert temperatures[-1] == pytest.approx(4 * best)
    assert {1.0, best} <= {*temperatures}
    assert min(series.points, key=lambda point: point.loss).temperature == best


def test_all_right_has_a_curve_and_no_optimum() -> None:
    x = np.array([[2, 0, 0], [0, 1, 0], [0, 0, 3.0]], np.float32)
    with pytest.warns(lscli.LscliWarning, match="falls as T nears 0"):
        series = only(drawn("temperature", x, [0, 1, 2]))
    assert np.isnan(series.facts["temperature"])
    assert series.note.startswith("no temperature is best")
    losses = [point.loss for point in series.points]
    assert losses == sorted(losses)
    assert losses[0] == pytest.approx(_nll(x, np.arange(3), 0.25), rel=3e-6)


def test_worse_than_chance_has_a_curve_and_no_optimum() -> None:
    x = np.array([[2, 0, 0], [0, 1, 0], [0, 0, 3.0]], np.float32)
    with pytest.warns(lscli.LscliWarning, match="as T grows"):
        series = only(drawn("temperature", x, [1, 2, 0]))
    losses = [point.loss for point in series.points]
    assert losses == sorted(losses, reverse=True)


def test_each_group_has_its_own_optimum() -> None:
    x, y = samples(300, 4)
    groups = np.array(["a", "b"])[np.arange(300) % 2]
    found = {series.group: series for series in drawn("temperature", x, y, groups=groups).series}
    for name in "ab":
        alone = only(drawn("temperature", x[groups == name], y[groups == name]))
        assert found[name].facts["temperature"] == pytest.approx(alone.facts["temperature"], rel=1e-6)
        assert found[name].facts["loss"] == pytest.approx(alone.facts["loss"], rel=1e-9)
        for point in found[name].points:
            loss = _nll(x[groups == name], y[groups == name], point.temperature)
            assert point.loss == pytest.approx(loss, rel=3e-6)


def test_a_weight_of_2_is_the_sample_twice() -> None:
    x, y = samples(60, 3)
    weight = np.arange(60) % 3
    one = only(drawn("temperature", x, y, weights=weight))
    twice = only(drawn("temperature", np.repeat(x, weight, axis=0), np.repeat(y, weight)))
    assert [p.loss for p in one.points] == pytest.approx([p.loss for p in twice.points], rel=1e-5)


def test_a_masked_class_takes_no_part() -> None:
    x, y = samples(80, 4)
    masked = np.concatenate((x, np.full((80, 1), -np.inf, np.float32)), axis=1)
    one, other = (only(drawn("temperature", z, y)) for z in (x, masked))
    assert [p.loss for p in one.points] == pytest.approx([p.loss for p in other.points], rel=1e-6)


def test_threads_and_chunks_change_no_bit() -> None:
    x, y = samples(3000, 30)
    one = only(drawn("temperature", x, y, threads=1, chunk_rows=64)).points
    assert one == only(drawn("temperature", x, y, threads=3, chunk_rows=1000)).points


def test_one_sample() -> None:
    x = np.array([[1.0, 2.0, 0.0]], np.float32)
    with pytest.warns(lscli.LscliWarning, match="no temperature"):
        series = only(drawn("temperature", x, [0]))
    assert series.points


def test_confident_rows_keep_their_digits() -> None:
    x = np.array([[30.0, 0, 0], [0, 1.0, 0]], np.float32)
    with pytest.warns(lscli.LscliWarning):
        series = only(drawn("temperature", x, [0, 1]))
    at_half = min(series.points, key=lambda point: abs(point.temperature - 0.5))
    assert at_half.loss == pytest.approx((np.log1p(2 * np.exp(-60)) + np.log1p(2 * np.exp(-2))) / 2, rel=1e-6)


def test_confidences_have_no_temperature() -> None:
    table = lscli.SampleTable.from_confidences([0.9, 0.6], [1, 0])
    with pytest.raises(lscli.UsageError, match="needs logits of all classes"):
        drawn("temperature", table, None)


def test_the_top_k_have_no_temperature() -> None:
    x, y = samples(30, 5)
    logp = x - np.log(np.exp(x).sum(1, keepdims=True))
    ids = np.argsort(-logp, axis=1)[:, :2]
    kept = (ids == y[:, None]).any(1)
    top = np.take_along_axis(logp, ids, 1)[kept]
    with pytest.raises(lscli.UsageError, match="no curve: the top k"):
        drawn("temperature", top, y[kept], topk_classes=ids[kept], classes=5)


def test_models_that_keep_different_rows_have_no_curve() -> None:
    x, y = samples(30, 5)
    other = x.copy()
    other[0, 0] = np.nan
    with pytest.raises(lscli.UsageError, match="no curve: the models keep different rows"):
        drawn("temperature", [x, other], y, nonfinite="skip")


@pytest.mark.parametrize("scale", [1e-3, 100.0, 1e12])
def test_the_curve_has_points_all_the_way_to_1(scale: float) -> None:
    x, y = samples(200, 5)
    x = (x * scale).astype(np.float64)
    points = only(drawn("temperature", x, y)).points
    steps = np.diff(np.log2([point.temperature for point in points]))
    assert steps.max() < (1.01 if scale < 1e4 else 3)
    for point in points:
        assert point.loss == pytest.approx(_nll(x, y, point.temperature), rel=3e-6)
