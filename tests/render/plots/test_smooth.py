"""The artists of the smoothed diagram."""

from __future__ import annotations

import numpy as np
from matplotlib.collections import LineCollection

from tests.curves.samples import drawn, logits, only
from tests.render.plots.pictures import axes_of, said


def test_the_curve_is_wider_where_confidences_are_dense() -> None:
    x, y = logits(300, 3)
    points = only(x, y, chart="smooth").points
    axes = axes_of(x, y, chart="smooth")
    (line,) = (each for each in axes.lines if each.get_label() == "smoothed accuracy")
    np.testing.assert_allclose([point[:2] for point in points], np.array(line.get_xydata()))
    (curve,) = (each for each in axes.collections if isinstance(each, LineCollection))
    widths, density = np.array(curve.get_linewidth()), np.array([point.density for point in points[1:]])
    assert widths.argmax() == density.argmax()
    assert (np.diff(widths[np.argsort(density)]) >= 0).all()


def test_the_caption_names_smece_and_its_interval() -> None:
    x, y = logits(300, 3)
    facts = only(x, y, chart="smooth").facts
    value, low, high = (f"{facts[name]:.4f}" for name in ("smece", "smece_low", "smece_high"))
    expected = f"smece {value} (95 % interval {low} .. {high})."
    assert expected == said(drawn(x, y, chart="smooth"))
