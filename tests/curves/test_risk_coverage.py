from typing import Any

import numpy as np
import pytest

import lscli
from tests.curves.charts import drawn, only, samples


def _by_hand(confidence: Any, wrong: Any) -> Any:
    """Coverage and risk at the end of each group of equal confidences, [G] each."""
    order = np.argsort(-confidence, kind="stable")
    c, w = confidence[order], wrong[order]
    ends = np.flatnonzero(np.append(c[1:] != c[:-1], True))
    return (ends + 1) / len(c), np.cumsum(w)[ends] / (ends + 1)


@pytest.mark.parametrize("k", [2, 10])
def test_points_are_the_error_rates_of_the_most_confident(k: int) -> None:
    x, y = samples(300, k)
    series = only(drawn("risk-coverage", x, y))
    p = np.exp(x.astype(float)) / np.exp(x.astype(float)).sum(1, keepdims=True)
    wrong = p.argmax(1) != y
    coverage, risk = _by_hand(p.max(1), wrong)
    assert [point.coverage for point in series.points] == pytest.approx(coverage)
    assert [point.risk for point in series.points] == pytest.approx(risk)
    # An oracle keeps all right samples first.
    best = np.cumsum(np.sort(wrong)) / np.arange(1, 301)
    kept = np.round(coverage * 300).astype(int)
    assert [point.best for point in series.points] == pytest.approx(best[kept - 1])


def test_facts_are_those_of_evaluate() -> None:
    x, y = samples(500, 5)
    facts = only(drawn("risk-coverage", x, y)).facts
    report = lscli.evaluate(x, y, metrics=["aurc", "eaurc", "accuracy"])
    assert facts["aurc"] == report["aurc"]
    assert facts["eaurc"] == report["eaurc"]
    assert facts["error"] == pytest.approx(1 - report["accuracy"])


def test_equal_scores_are_one_point() -> None:
    x = np.zeros((6, 3), np.float32)
    x[:3, 0] = 2
    series = only(drawn("risk-coverage", x, [0, 1, 0, 0, 0, 1]))
    assert [point.coverage for point in series.points] == [0.5, 1.0]
    assert [point.risk for point in series.points] == pytest.approx([1 / 3, 2 / 6])


def test_a_weight_of_2_is_the_sample_twice() -> None:
    x, y = samples(50, 3)
    weight = np.arange(50) % 3
    twice = drawn("risk-coverage", np.repeat(x, weight, axis=0), np.repeat(y, weight))
    assert only(drawn("risk-coverage", x, y, weights=weight)).points == only(twice).points


def test_a_long_curve_is_thinned_and_keeps_its_shape() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    score = rng.random(n)
    right = rng.random(n) < 0.5 + score / 2
    found = drawn("risk-coverage", lscli.SampleTable.from_confidences(score, right), None)
    points = only(found).points
    assert 300 < len(points) <= 1000
    coverage, risk = _by_hand(score, ~right)
    near = np.interp(coverage, [point.coverage for point in points], [point.risk for point in points])
    late = coverage > 0.001
    assert np.abs(near - risk)[late].max() < 0.01
    assert points[0].risk == risk[0]
    assert points[-1].risk == risk[-1]
    assert {point.risk for point in points} <= {*risk.tolist()}


@pytest.mark.parametrize(("label", "error"), [(0, 0.0), (1, 1.0)])
def test_all_right_or_all_wrong(label: int, error: float) -> None:
    x = np.array([[3, 0, 0], [2, 0, 0.0]], np.float32)
    series = only(drawn("risk-coverage", x, [label, label]))
    assert {point.risk for point in series.points} == {error}
    assert {point.best for point in series.points} == {error}


def test_groups_are_series() -> None:
    x, y = samples(40, 3)
    found = drawn("risk-coverage", x, y, groups=["a", "b"] * 20)
    assert [series.group for series in found.series] == ["", "a", "b"]


def test_another_score() -> None:
    x, y = samples(100, 4)
    one, other = (only(drawn("risk-coverage", x, y, score=score)) for score in ("msp", "entropy"))
    assert one.points != other.points
    assert other.facts["aurc"] == lscli.evaluate(x, y, metrics="aurc", score="entropy")["aurc"]
