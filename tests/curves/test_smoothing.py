from typing import Any

import numpy as np
import pytest

import lscli
from lscli.curves.smoothing import chart_of_sweep, flips
from tests.curves.charts import drawn, only, samples


def _by_hand(x: Any, y: Any, eps: float) -> Any:
    z = x.astype(np.float64)
    z -= z.max(1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(1, keepdims=True))
    k = x.shape[1]
    target = np.full(x.shape, eps / k)
    target[np.arange(len(y)), y] += 1 - eps
    with np.errstate(divide="ignore", invalid="ignore"):
        floor = -np.where(target > 0, target * np.log(target), 0).sum(1).mean()
    return -(target * logp).sum(1).mean(), floor


@pytest.mark.parametrize("k", [2, 10])
def test_points_are_those_of_numpy(k: int) -> None:
    x, y = samples(100, k)
    points = only(drawn("smoothing", x, y)).points
    assert [point.eps for point in points] == pytest.approx(np.arange(11) * 0.05)
    for point in points:
        loss, floor = _by_hand(x, y, point.eps)
        assert (point.loss, point.floor, point.excess) == pytest.approx((loss, floor, loss - floor), rel=1e-6)


def test_one_eps_is_added_and_several_replace_the_usual_ones() -> None:
    x, y = samples(20, 3)
    assert [p.eps for p in only(drawn("smoothing", x, y, eps=0.12)).points][2:4] == [0.1, 0.12]
    assert [p.eps for p in only(drawn("smoothing", x, y, eps=[0.3, 0.1])).points] == [0.1, 0.3]


def test_the_least_excess_and_eps_gap() -> None:
    x, y = samples(200, 5)
    facts = only(drawn("smoothing", x, y, eps="0:0.9:0.01")).facts
    assert facts["eps_gap"] == lscli.evaluate(x, y, metrics="eps_gap")["eps_gap"]
    # For uniform smoothing, the excess is least where the mean logit gap is the best one.
    assert facts["least_eps"] == pytest.approx(facts["eps_gap"], abs=0.01)


def test_another_convention_has_no_eps_gap() -> None:
    x, y = samples(200, 5)
    facts = only(drawn("smoothing", x, y, smoothing="off-target")).facts
    assert np.isnan(facts["eps_gap"])
    assert not np.isnan(facts["least_eps"])


@pytest.mark.parametrize("options", [{}, {"smoothing": "off-target"}, {"class_weights": [1.0, 2.0, 0.5]}])
def test_a_sweep_gives_the_same_chart(options: dict[str, Any]) -> None:
    x, y = samples(200, 3)
    groups = ["a", "b"] * 100
    report = lscli.sweep(x, y, groups=groups, **options)
    direct = drawn("smoothing", x, y, groups=groups, **options)
    found = chart_of_sweep(report)
    assert found.chart == "smoothing"
    assert [each.group for each in found.series] == ["", "a", "b"]
    for one, other in zip(found.series, direct.series, strict=True):
        assert one.points == other.points
        assert one.facts == pytest.approx(other.facts, nan_ok=True)


def test_the_flip_is_that_of_sweep() -> None:
    x, y = samples(400, 4)
    x[np.arange(400), y] += 6
    other = x * 0.3
    found = flips(drawn("smoothing", [x, other], y).series)
    report = lscli.sweep(x, y, others=[other])
    expected = [row.value for row in report.rows if row.metric == "loss_flip_eps"]
    assert len(expected) == 1
    assert [flip.eps for flip in found] == pytest.approx(expected, rel=1e-6)
    assert found[0].above is not found[0].below
    assert [flip.eps for flip in flips(chart_of_sweep(report).series)] == pytest.approx(expected, rel=1e-6)


def test_no_flip() -> None:
    x, y = samples(50, 4)
    assert flips(drawn("smoothing", [x, x.copy()], y).series) == []


def test_an_eps_below_0_has_no_floor() -> None:
    x, y = samples(50, 4)
    first, *_ = only(drawn("smoothing", x, y, eps=[-0.1, 0.1], allow_negative_eps=True)).points
    assert np.isnan(first.floor)
    assert np.isfinite(first.loss)


def test_other_reports_have_no_chart() -> None:
    x, y = samples(20, 3)
    with pytest.raises(lscli.UsageError, match="no losses against smoothed targets"):
        chart_of_sweep(lscli.evaluate(x, y, metrics="ece"))


def test_confidences_have_no_smoothed_loss() -> None:
    table = lscli.SampleTable.from_confidences([0.9, 0.6], [1, 0])
    with pytest.raises(lscli.UsageError, match="needs logits of all classes"):
        drawn("smoothing", table, None)
