import numpy as np
import pytest
from scipy.stats import beta

import lscli
from lscli.curves.threshold import chart_of_threshold
from tests.curves.charts import drawn, only, samples


def test_without_a_limit_the_bound_is_that_of_each_percent() -> None:
    x, y = samples(400, 3)
    points = only(drawn("threshold", x, y, level=0.9)).points
    confidence = lscli.per_sample(x, y).to_frame()
    assert len(points) == 100
    for point in points[::9]:
        kept = confidence[confidence["confidence"] >= point.threshold]
        errors = int((~kept["correct"].astype(bool)).sum())
        assert (point.kept, point.errors) == (len(kept), errors)
        bound = beta.ppf(0.9, errors + 1, len(kept) - errors) if errors < len(kept) else 1.0
        assert point.bound == pytest.approx(bound)
        assert point.coverage == len(kept) / 400


def test_with_a_limit_it_is_the_chart_of_the_answer() -> None:
    x, y = samples(2000, 3, scale=3.0)
    x[np.arange(2000), y] += 3
    direct = only(drawn("threshold", x, y, max_error=0.05, level=0.8))
    answer = lscli.threshold(x, y, max_error=0.05, level=0.8)
    found = only(chart_of_threshold(answer))
    assert direct.points == found.points
    assert direct.facts == found.facts
    assert found.facts["threshold"] == answer.threshold
    assert found.facts["coverage"] == answer.coverage
    assert found.points[-1].kept == answer.points[-1].kept


def test_no_threshold() -> None:
    x, y = samples(30, 3)
    series = only(drawn("threshold", x, y, max_error=0.01))
    assert series.points == []
    assert np.isnan(series.facts["coverage"])
    assert "too few" in series.note


def test_an_answer_with_groups_classes_and_test_samples() -> None:
    x, y = samples(600, 3, scale=3.0)
    answer = lscli.threshold(x, y, max_error=0.1, per_class=True, groups=["a", "b"] * 300, test=(x, y))
    found = chart_of_threshold(answer)
    assert [each.group for each in found.series[:5]] == ["", "class 0", "class 1", "class 2", "a"]
    assert len({each.source for each in found.series}) == 1


def test_an_answer_for_a_coverage_is_one_point() -> None:
    x, y = samples(100, 3)
    series = only(chart_of_threshold(lscli.threshold(x, y, coverage=0.5)))
    assert len(series.points) == 1
    assert np.isnan(series.facts["max_error"])


def test_samples_that_do_not_count_once_are_refused() -> None:
    x, y = samples(30, 3)
    with pytest.raises(lscli.UsageError, match="counts each sample once"):
        drawn("threshold", x, y, weights=np.ones(30))
    with pytest.raises(lscli.UsageError, match="independent"):
        drawn("threshold", x, y, clusters=np.arange(30) // 2)


def test_a_score_that_reads_labels_is_refused() -> None:
    x, y = samples(30, 3)
    with pytest.raises(lscli.UsageError, match="labels choose"):
        drawn("threshold", x, y, score="max_logit_pnorm")


def test_confidences_are_enough() -> None:
    table = lscli.SampleTable.from_confidences(np.linspace(0.5, 1, 200), np.arange(200) > 20)
    assert len(only(drawn("threshold", table, None)).points) == 100
    with pytest.raises(lscli.UsageError, match="entropy is not known"):
        drawn("threshold", table, None, score="entropy")
