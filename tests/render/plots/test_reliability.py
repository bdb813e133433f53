"""The artists of the reliability diagram."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves.samples import drawn, logits, only
from tests.render.plots.pictures import axes_of, bars, said, words


def test_bars_gaps_bands_and_the_strip_are_those_of_the_points() -> None:
    x, y = logits(400, 3)
    points = [point for point in only(x, y).points if point.size]
    axes = axes_of(x, y)
    np.testing.assert_allclose([(p.low, 0, p.high - p.low, p.accuracy) for p in points], bars(axes, "accuracy"))
    over = [(p.low, p.accuracy, p.high - p.low, p.gap) for p in points if p.gap > 0]
    under = [(p.low, p.accuracy, p.high - p.low, p.gap) for p in points if p.gap < 0]
    assert over
    for expected, label in ((over, "overconfidence"), (under, "underconfidence")):
        if expected:
            np.testing.assert_allclose(expected, bars(axes, label))
    bands = [(b, b + height) for _, b, _, height in bars(axes, "95 % if calibrated")]
    np.testing.assert_allclose([(p.band_low, p.band_high) for p in points], bands)
    strip = [bar for bar in axes.patches if bar.get_y() < 0]  # type: ignore[attr-defined]
    heights = np.array([bar.get_height() for bar in strip])  # type: ignore[attr-defined]
    sizes = np.array([p.size for p in points])
    np.testing.assert_allclose(sizes / sizes.max(), heights / heights.max())
    most = 100 * sizes.max() / 400
    assert [f"samples, at most {float(f'{most:.2g}'):g} %"] == words(axes)


def test_the_scales_show_0_to_1_and_the_diagonal() -> None:
    axes = axes_of(*logits(50, 3))
    assert (0, 1) == axes.get_xlim()
    assert axes.get_ylim()[0] < 0
    assert axes.get_ylim()[1] == 1
    assert any(np.array_equal(line.get_xydata(), [[0, 0], [1, 1]]) for line in axes.lines)


def test_hatches_tell_the_gaps_apart_without_colour() -> None:
    x, y = logits(400, 2)
    axes = axes_of(x, y, positive_class=1)
    found = {each.get_label(): each.patches[0].get_hatch() for each in axes.containers}  # type: ignore[attr-defined]
    assert found["overconfidence"] != found["underconfidence"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Probability of class 1", "Share of class 1")


def test_the_caption_names_ece_its_interval_and_its_noise() -> None:
    x, y = logits(400, 3)
    facts = only(x, y).facts
    ece, low, high, null = (f"{facts[name]:.4f}" for name in ("ece", "ece_low", "ece_high", "ece_null"))
    expected = f"ece {ece} (95 % interval {low} .. {high}); a calibrated model would show {null} by chance."
    assert expected == said(drawn(x, y))


@pytest.mark.parametrize(("bins", "edges"), [(20, True), (200, False)])
def test_many_bars_have_no_edges(bins: int, edges: bool) -> None:
    axes = axes_of(*logits(400, 3), bins=bins)
    assert edges == bool(axes.patches[0].get_linewidth())
