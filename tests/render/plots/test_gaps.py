"""The artists of the histogram of logit gaps."""

from __future__ import annotations

import numpy as np

from tests.curves.samples import drawn, logits, only
from tests.render.plots.overlaps import faults
from tests.render.plots.pictures import axes_of, figure, said, words


def test_bars_and_marks_are_those_of_the_points() -> None:
    x, y = logits(400, 3)
    found = only(x, y, chart="gaps", eps=(0.1, 0.2))
    axes = axes_of(x, y, chart="gaps", eps=(0.1, 0.2))
    heights = [bar.get_height() for bar in axes.patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose([point.size / 400 for point in found.points], heights)
    assert list(found.facts.values()) == [line.get_xdata()[0] for line in axes.lines]  # type: ignore[index]
    mean, one, two = found.facts.values()
    assert [f"mean: {mean:.3g}", f"optimum at eps 0.1: {one:.3g}", f"optimum at eps 0.2: {two:.3g}"] == words(axes)
    assert len({line.get_linestyle() for line in axes.lines}) == 3


def test_an_optimum_beyond_all_gaps_is_within_the_scale() -> None:
    axes = axes_of(np.zeros((9, 3)), np.zeros(9, int), chart="gaps")
    assert axes.get_xlim()[1] > np.array(axes.lines[1].get_xdata())[0]


def test_eps_0_has_no_line_and_the_caption_says_so() -> None:
    chart = drawn(*logits(50, 3), chart="gaps", eps=0.0)
    assert len(figure(chart).axes[0].lines) == 1
    assert "none at eps 0" in said(chart)


def test_of_many_eps_the_first_and_the_last_have_a_line() -> None:
    x, y = logits(100, 4)
    eps = tuple(float(each) for each in np.linspace(0, 0.5, 51).round(2))
    chart = drawn(x, y, chart="gaps", eps=eps)
    assert ["mean", "optimum at eps 0.01", "optimum at eps 0.5"] == [
        each.partition(":")[0] for each in words(figure(chart).axes[0])
    ]
    assert "at eps 0.01 to" in said(chart)
    assert [] == faults(figure(chart))


def test_words_without_room_beside_their_line_stay_in_the_axes() -> None:
    x = np.array([[1.73, 0.0], [0.0, 4.55]], np.float32)
    made = figure(drawn(x, np.array([0, 1]), chart="gaps"))
    assert [] == faults(made)
