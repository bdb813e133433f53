"""The charts of answers hold the numbers of their answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lscli
from lscli.curves.answers import CHARTS, chart_of
from lscli.errors import UsageError
from tests.io.make import some_labels, some_logits

X, Y = some_logits(200, 4), some_labels(200, 4)
# A third of these labels are not the largest logit, so that a temperature is best.
LABELS = (X.argmax(1) + (np.arange(200) % 3 == 0)) % 4
GROUPS = np.arange(200) % 2


def test_every_answer_has_a_class_of_its_own() -> None:
    assert ["Bins", "Report", "Threshold", "Comparison", "BeforeAfter", "Conformal", "Detection"] == [
        each.__name__ for each in CHARTS
    ]


def test_bins() -> None:
    answer = lscli.per_bin(X, Y, groups=GROUPS)
    chart = chart_of(answer)
    assert ("reliability", ["", "0", "1"]) == (chart.chart, [each.group for each in chart.series])
    assert [row.accuracy for row in answer.rows if not row.group] == pytest.approx(
        [point.accuracy for point in chart.series[0].points], nan_ok=True
    )
    assert lscli.evaluate(X, Y)["ece"] == pytest.approx(chart.series[0].facts["ece"])


def test_comparison() -> None:
    answer = lscli.compare({"a": X, "b": 2 * X, "c": X / 2}, Y, bootstrap=20)
    chart = chart_of(answer)
    assert ("differences", {"a"}) == (chart.chart, {each.note for each in chart.series})
    found = {(each.source, point.model): point.difference for each in chart.series for point in each.points}
    assert found == {(row.metric, row.source): row.difference for row in answer.rows if not row.of_the_pair}


def test_recalibration() -> None:
    answer = lscli.recalibrate(3 * X, LABELS, X, LABELS, bootstrap=20)
    chart = chart_of(answer)
    assert ("methods", {"temperature"}) == (chart.chart, {each.note for each in chart.series})
    for each in chart.series:
        (row,) = (row for row in answer.rows if row.metric == each.source)
        (point,) = each.points
        assert (row.before, row.after) == (point.before, point.after)
        assert row.ci_low == pytest.approx(point.ci_low - row.before, nan_ok=True)


def test_conformal() -> None:
    answer = lscli.conformal(X, Y, X + 1, Y, alpha=0.2)
    chart = chart_of(answer)
    coverage, sizes = chart.series
    assert ["calibration", "test"] == [each.part for each in coverage.points]
    assert [row.coverage for row in answer.rows] == [each.value for each in coverage.points]
    assert answer.mean_size == sizes.points[1].value
    assert 0.8 == pytest.approx(coverage.facts["promised"])


def test_of_many_classes_the_lowest_coverages_are_shown() -> None:
    x = np.random.default_rng(0).normal(size=(400, 30))
    answer = lscli.conformal(x, x.argmax(1), alpha=0.5, by_class=True)
    chart = chart_of(answer)
    (series,) = chart.series
    finite = sorted(row.coverage for row in answer.rows if np.isfinite(row.coverage))
    assert 20 == len(series.points)
    assert len(finite) - 20 == series.facts["left_out"]
    assert finite[:15] == pytest.approx(sorted(each.value for each in series.points)[:15])


def test_detection() -> None:
    answer = lscli.ood(X, {"far": X / 3, "near": X / 2}, bootstrap=10)
    chart = chart_of(answer)
    assert ["far", "near", "mean"] == [each.source for each in chart.series]
    assert answer.of("msp", "auroc", "near").value == chart.series[1].points[0].auroc


@pytest.mark.parametrize("make", [lambda: lscli.evaluate(X, Y), lambda: lscli.per_class(X, Y)])
def test_another_answer_is_refused(make: Any) -> None:
    with pytest.raises(UsageError, match="has no chart"):
        chart_of(make())
