"""A chart before it is drawn, as a listing."""

from __future__ import annotations

import numpy as np
import pytest

from lscli.curves.chart import Chart, Series, inches
from lscli.curves.detection import DetectionPoint
from lscli.errors import UsageError


@pytest.mark.parametrize(
    ("width", "expected"), [("single", 3.25), ("double", 6.75), ("5", 5), (4.5, 4.5), (np.float32(3), 3), ("2.5", 2.5)]
)
def test_a_width_is_a_word_or_inches(width: str | float, expected: float) -> None:
    assert expected == inches(width)


@pytest.mark.parametrize("width", ["", "wide", "nan", "inf", "2.49", "20.1", "-3", 0, "5in", None, [3]])
def test_another_width_is_refused(width: str) -> None:
    with pytest.raises(UsageError, match=r"must be single, double, or a number of inches from 2\.5 to 20") as error:
        inches(width)
    assert "--width 5" in error.value.hint


def test_the_points_of_all_series_are_rows() -> None:
    points = [DetectionPoint("msp", 0.5, 0.4, 0.6)]
    chart = Chart(chart="detection", series=[Series("a", "", [], {}), Series("b", "g", points, {}, "", "after")])
    assert ("source", "group", "step", "score", "auroc", "ci_low", "ci_high") == chart.columns
    assert [("b", "g", "after", "msp", 0.5, 0.4, 0.6)] == [tuple(row) for row in chart.cells()]
    assert 1 == len(chart.to_frame())
    assert repr(chart).startswith("Chart(1 row of source, group, step")
