"""The artists of the histogram of confidences."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves.samples import drawn, logits, only
from tests.render.plots.pictures import axes_of, bars, figure, said, words


def test_right_and_wrong_are_shares_of_all_samples() -> None:
    x, y = logits(400, 3)
    points = only(x, y, chart="confidence").points
    axes = axes_of(x, y, chart="confidence")
    for kind in ("right", "wrong"):
        np.testing.assert_allclose([getattr(p, kind) / 400 for p in points], [b[3] for b in bars(axes, kind)])


def test_the_means_are_marked_and_named() -> None:
    x, y = logits(400, 3)
    facts = only(x, y, chart="confidence").facts
    axes = axes_of(x, y, chart="confidence")
    assert [[facts[name]] * 2 for name in ("accuracy", "confidence_mean")] == [line.get_xdata() for line in axes.lines]
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    expected = [f"accuracy: {facts['accuracy']:.3g}", f"mean confidence: {facts['confidence_mean']:.3g}"]
    assert expected == words(axes)


@pytest.mark.parametrize(("wrong", "scale"), [(2, "log"), (60, "linear"), (0, "linear")])
def test_the_scale_is_logarithmic_where_few_are_wrong_and_says_so(wrong: int, scale: str) -> None:
    x, _ = logits(400, 3)
    y = x.argmax(axis=1)
    y[:wrong] = (y[:wrong] + 1) % 3
    chart = drawn(x, y, chart="confidence")
    made = figure(chart)
    assert scale == made.axes[0].get_yscale()
    assert (scale == "log") == ("scale is logarithmic, so that the rarer kind is seen" in said(chart))
    (bottom, top), heights = made.axes[0].get_ylim(), [bar.get_height() for bar in made.axes[0].patches]  # type: ignore[attr-defined]
    assert bottom < min(height for height in heights if height)
    assert top > max(heights)


def test_of_class_1_the_kinds_are_the_classes() -> None:
    axes = axes_of(*logits(100, 2), chart="confidence", positive_class=1)
    assert ["of class 1", "of the other"] == [each.get_label() for each in axes.containers]
    assert words(axes)[0].startswith("share of class 1: 0.")
