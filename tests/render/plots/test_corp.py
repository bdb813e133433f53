"""The artists of the CORP diagram."""

from __future__ import annotations

import numpy as np

from tests.curves.samples import drawn, logits, only
from tests.render.plots.pictures import axes_of, said


def test_the_curve_steps_through_the_points() -> None:
    x, y = logits(300, 3)
    points = only(x, y, chart="corp").points
    (line,) = (each for each in axes_of(x, y, chart="corp").lines if each.get_label() == "isotonic regression")
    expected = [(end, point.recalibrated) for point in points for end in (point.low, point.high)]
    np.testing.assert_allclose(expected, np.array(line.get_xydata()))


def test_the_band_is_that_of_the_points() -> None:
    x, y = logits(300, 3)
    points = only(x, y, chart="corp").points
    (band,) = axes_of(x, y, chart="corp").collections
    outline = set(map(tuple, np.array(band.get_paths()[0].vertices)))
    for point in points:
        assert (point.low, point.band_low) in outline
        assert (point.high, point.band_high) in outline


def test_the_strip_counts_all_samples() -> None:
    axes = axes_of(*logits(300, 3), chart="corp")
    heights = np.array([bar.get_height() for bar in axes.patches if bar.get_y() < 0])  # type: ignore[attr-defined]
    (words,) = axes.texts
    most = float(words.get_text().removeprefix("samples, at most ").removesuffix(" %")) / 100
    assert abs((heights / heights.max()).sum() * most - 1) < 0.1


def test_the_caption_adds_up() -> None:
    caption = said(drawn(*logits(300, 3), chart="corp"))
    brier, lost, won, rest = (float(word.rstrip(".")) for word in caption.split() if word[0].isdigit())
    assert abs(lost - won + rest - brier) < 3e-4
