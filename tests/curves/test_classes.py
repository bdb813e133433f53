import numpy as np
import pytest
from scipy.stats import binomtest

import lscli
from tests.curves.charts import drawn, only, samples


@pytest.mark.parametrize("k", [2, 7])
def test_points_are_those_of_numpy(k: int) -> None:
    x, y = samples(300, k)
    points = only(drawn("classes", x, y)).points
    z = np.exp(x.astype(np.float64))
    p = z / z.sum(1, keepdims=True)
    assert sorted(point.number for point in points) == [*range(k)]
    assert [point.accuracy for point in points] == sorted(point.accuracy for point in points)
    for point in points:
        own = y == point.number
        right = int((x.argmax(1) == y)[own].sum())
        assert point.support == own.sum()
        assert point.accuracy == pytest.approx(right / own.sum())
        low, high = binomtest(right, int(own.sum())).proportion_ci(method="wilson")
        assert (point.low, point.high) == pytest.approx((low, high))
        assert point.confidence == pytest.approx(p.max(1)[own].mean(), rel=1e-6)


def test_a_class_without_samples_is_left_out() -> None:
    x, y = samples(50, 4)
    points = only(drawn("classes", x, np.minimum(y, 2))).points
    assert {point.number for point in points} == {0, 1, 2}


def test_names() -> None:
    x, y = samples(50, 2)
    points = only(drawn("classes", x, y, class_names=["no", "yes"])).points
    assert {point.number: point.name for point in points} == {0: "no", 1: "yes"}


def test_weights_are_counts() -> None:
    x, y = samples(60, 3)
    weight = np.arange(60) % 3
    one = only(drawn("classes", x, y, weights=weight)).points
    twice = only(drawn("classes", np.repeat(x, weight, axis=0), np.repeat(y, weight))).points
    for a, b in zip(one, twice, strict=True):
        assert a[:3] == b[:3]
        assert a[3:] == pytest.approx(b[3:])


def test_clusters_widen_the_interval() -> None:
    x, y = samples(100, 2)
    x, y = np.repeat(x, 5, axis=0), np.repeat(y, 5)
    alone = only(drawn("classes", x, y)).points
    for point, other in zip(only(drawn("classes", x, y, clusters=np.arange(500) // 5)).points, alone, strict=True):
        assert point.high - point.low > 1.5 * (other.high - other.low)


def test_confidences_have_no_classes() -> None:
    table = lscli.SampleTable.from_confidences([0.9, 0.6], [1, 0])
    with pytest.raises(lscli.UsageError, match="needs the label of each sample"):
        drawn("classes", table, None)
