from typing import Any

import pytest

from lscli.render.plots.figure import figure_of, picture
from tests.curves.charts import drawn, only, samples


def _axes(found: Any) -> Any:
    (axes,) = figure_of(found).axes
    return axes


def _ticks(found: Any) -> Any:
    return [text.get_text() for text in _axes(found).get_yticklabels()]


def test_marks_are_accuracy_and_mean_confidence() -> None:
    x, y = samples(200, 5)
    found = drawn("classes", x, y)
    axes, points = _axes(found), only(found).points
    lines = {line.get_label(): line for line in axes.lines}
    assert list(lines["accuracy"].get_xdata()) == [point.accuracy for point in points]
    assert list(lines["mean confidence"].get_xdata()) == [point.confidence for point in points]
    assert lines["accuracy"].get_marker() != lines["mean confidence"].get_marker()
    (intervals,) = axes.collections
    assert [segment[:, 0].tolist() for segment in intervals.get_segments()] == [[p.low, p.high] for p in points]
    assert _ticks(found) == [str(point.number) for point in points]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the lowest accuracy is at the top


def test_the_worst_20_of_many() -> None:
    x, y = samples(2000, 100)
    found = drawn("classes", x, y)
    assert _ticks(found) == [str(point.number) for point in only(found).points[:20]]
    caption = figure_of(found).get_supxlabel()
    assert caption.startswith("20 of 100 classes, the lowest accuracy first")
    assert len(list(found.cells())) == 100  # the other formats have all


def test_both_of_two() -> None:
    x, y = samples(100, 2)
    found = drawn("classes", x, y)
    assert len(_ticks(found)) == 2
    assert figure_of(found).get_supxlabel().startswith("All classes")


def test_the_height_is_that_of_the_lines() -> None:
    few, many = (figure_of(drawn("classes", *samples(400, k))).get_figheight() for k in (2, 20))
    assert few < many
    wide = figure_of(drawn("classes", *samples(400, 20), width="double")).get_figheight()
    assert wide == many


def test_names_that_are_odd() -> None:
    x, y = samples(300, 6)
    long = "a very long name of a class"
    names = ["<script>alert(1)</script>", "$x_1$", "\x1b[2J\n", f"{long} one", f"{long} two", "אבג"]
    found = drawn("classes", x, y, class_names=names)
    ticks = _ticks(found)
    assert len({*ticks}) == 6
    assert all(tick.isprintable() and len(tick) <= 18 for tick in ticks)
    assert {"$x_1$", "אבג"} <= {*ticks}
    assert any(tick.startswith(r"\x1b[2J") for tick in ticks)
    assert sum("…" in tick for tick in ticks) == 3
    svg = picture(found, "svg").decode()
    assert "<script" not in svg
    assert "$x_1$" in svg


def test_models_stand_on_the_lines_of_the_first() -> None:
    x, y = samples(200, 4)
    found = drawn("classes", [x, x[:, ::-1].copy()], y, names=["one", "two"])
    assert _ticks(found) == [str(point.number) for point in found.series[0].points]
    axes = _axes(found)
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["one", "two", "mean confidence"]
    other = {point.number: point.accuracy for point in found.series[1].points}
    line = next(line for line in axes.lines if line.get_label() == "two")
    assert list(line.get_xdata()) == pytest.approx([other[point.number] for point in found.series[0].points])
