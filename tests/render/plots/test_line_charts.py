"""The charts of lines: what is drawn, by artists and axes."""

import warnings
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

import lscli
from lscli.curves.smoothing import flips
from lscli.render.plots.figure import figure_of, picture
from tests.curves.charts import drawn, only, samples

CHARTS = ("risk-coverage", "temperature", "smoothing", "threshold", "classes")


def _axes(found: Any) -> Any:
    (axes,) = figure_of(found).axes
    return axes


def _labels(axes: Any) -> Any:
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def _line(axes: Any, label: str) -> Any:
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


def _caption(found: Any) -> Any:
    return figure_of(found).get_supxlabel()


def _overlaps(figure: Any) -> Any:
    """Texts of a figure that cover each other, or that end outside of it."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    (axes,) = figure.axes
    hidden = set()
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        hidden |= {tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high}
    caption = figure._supxlabel  # which the frame wraps
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and text is not caption]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text not in hidden]
    outside = [text for text, box in boxes if box.x0 < -1 or box.y0 < -1 or box.x1 > figure.bbox.x1 + 1]
    pairs = [(a, b) for i, (a, one) in enumerate(boxes) for b, two in boxes[i + 1 :] if one.overlaps(two)]
    return outside, pairs


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("k", [2, 10, 60])
def test_no_text_is_cut_or_covered(chart: str, k: int, width: str) -> None:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from lscli.render.plots.style import RC

    x, y = samples(400, k, scale=3.0)
    options: dict[str, Any] = {"max_error": 0.4} if chart == "threshold" else {}
    with mpl.rc_context(RC):
        figure = figure_of(drawn(chart, x, y, width=width, **options))
        FigureCanvasAgg(figure)
        assert _overlaps(figure) == ([], [])
    (axes,) = figure.axes
    legend = axes.get_legend()
    if legend is not None:
        assert legend.get_window_extent().y0 >= axes.get_window_extent().y1


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("kind", ["one", "right", "wrong", "masked", "groups", "models"])
def test_every_chart_of_odd_samples_is_drawn(chart: str, kind: str) -> None:
    x, y = samples(60, 4)
    options: dict[str, Any] = {}
    models: Any = x
    if kind == "one":
        models, y = x[:1], y[:1]
    elif kind == "right":
        y = x.argmax(1)
    elif kind == "wrong":
        y = x.argmin(1)
    elif kind == "masked":
        models = np.concatenate((x, np.full((60, 1), -np.inf, np.float32)), axis=1)
    elif kind == "groups":
        options["groups"] = ["<script>$a_b$", "b\x1b[2J"] * 30
    else:
        models = [x, x * 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lscli.LscliWarning)
        found = drawn(chart, models, y, **options)
    svg = picture(found, "svg").decode()
    assert "<script>" not in svg
    assert "\x1b" not in svg


def test_risk_coverage_draws_the_curve_the_best_and_the_random_order() -> None:
    x, y = samples(200, 3)
    found = drawn("risk-coverage", x, y)
    axes, series = _axes(found), only(found)
    line = _line(axes, "logits")
    assert line.get_xdata()[1:].tolist() == [point.coverage for point in series.points]
    assert line.get_ydata()[1:].tolist() == [point.risk for point in series.points]
    assert _labels(axes) == ["logits", "best order", "random order"]
    error = series.facts["error"]
    heights = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == 2]
    assert any(list(height) == [error, error] for height in heights)
    best = axes.lines[1]
    assert (best.get_xdata()[1], best.get_ydata()[1]) == (1 - error, 0.0)
    assert axes.get_xlim() == (0, 1)
    report = lscli.evaluate(x, y, metrics=["aurc", "eaurc"])
    assert f"{report['aurc']:.3g}" in _caption(found)
    assert f"{report['eaurc']:.3g} above the best order" in _caption(found)


def test_temperature_marks_its_optimum_and_1() -> None:
    x, y = samples(300, 4)
    found = drawn("temperature", x, y)
    axes, facts = _axes(found), only(found).facts
    assert axes.get_xscale() == "log"
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [(*mark.get_xdata(), *mark.get_ydata()) for mark in marks] == [(facts["temperature"], facts["loss"])]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["T = 1", f"T = {facts['temperature']:.4g}\nnll {facts['loss']:.4g}"]
    assert f"Best T {facts['temperature']:.4g}" in _caption(found)
    low, high = axes.get_ylim()
    assert low < facts["loss"] < facts["before"] < high


def test_temperature_without_an_optimum_says_why() -> None:
    x, _ = samples(30, 4)
    with pytest.warns(lscli.LscliWarning):
        found = drawn("temperature", x, x.argmax(1))
    assert "No temperature is best" in _caption(found)
    assert len(_axes(found).lines) == 2  # the curve, and T = 1


def test_smoothing_shades_the_excess_and_marks_eps_gap() -> None:
    x, y = samples(300, 4)
    found = drawn("smoothing", x, y)
    axes, series = _axes(found), only(found)
    points = series.points
    assert _line(axes, "logits").get_ydata().tolist() == [point.loss for point in points]
    assert _line(axes, "floor").get_ydata().tolist() == [point.floor for point in points]
    assert [shade.get_label() for shade in axes.collections] == ["excess"]
    gap = series.facts["eps_gap"]
    marks = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert marks == [gap]
    assert [text.get_text() for text in axes.texts] == [f"eps_gap {gap:.3g}"]
    assert f"Least excess {series.facts['least_excess']:.3g}" in _caption(found)


def test_smoothing_of_two_models_marks_the_flip() -> None:
    x, y = samples(400, 4)
    x[np.arange(400), y] += 6
    found = drawn("smoothing", [x, x * 0.3], y)
    (flip,) = flips(found.series)
    crosses = [line for line in _axes(found).lines if line.get_marker() == "x"]
    assert [(*cross.get_xdata(), *cross.get_ydata()) for cross in crosses] == [(flip.eps, flip.loss)]
    assert f"Below eps {flip.eps:.3g} " in _caption(found)
    assert not _axes(found).collections  # the excess of two models would cover the lines


def test_threshold_draws_its_limit_and_what_it_keeps() -> None:
    x, y = samples(2000, 3, scale=3.0)
    x[np.arange(2000), y] += 3
    found = drawn("threshold", x, y, max_error=0.05)
    axes, series = _axes(found), only(found)
    assert _line(axes, "error rate").get_ydata().tolist() == [point.error for point in series.points]
    assert list(_line(axes, "limit 5 %").get_ydata()) == [0.05, 0.05]
    coverage = series.facts["coverage"]
    (mark,) = [line for line in axes.lines if " keeps " in str(line.get_label())]
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (coverage, series.facts["bound"])
    assert "The promise holds with probability 95 %" in _caption(found)
    assert "pointwise" not in _caption(found)


def test_threshold_without_a_limit_says_that_the_bound_is_pointwise() -> None:
    x, y = samples(100, 3)
    found = drawn("threshold", x, y, level=0.9)
    assert "pointwise" in _caption(found)
    assert "90 %" in _caption(found)
    assert not any("limit" in label for label in _labels(_axes(found)))


def test_threshold_that_is_not_found_says_so() -> None:
    x, y = samples(30, 3)
    assert "No threshold keeps the error rate within 1 %" in _caption(drawn("threshold", x, y, max_error=0.01))


def test_temperature_of_several_models_has_t_1_in_the_legend() -> None:
    x, y = samples(300, 4)
    axes = _axes(drawn("temperature", [x, x * 0.5], y, names=["a", "b"]))
    assert _labels(axes) == ["a", "b", "T = 1"]
    assert not axes.texts
    styles = [_line(axes, name).get_linestyle() for name in "ab"]
    assert len({*styles}) == 2  # also without colours


def test_the_least_excess_at_the_end_of_the_range_says_so() -> None:
    x, y = samples(300, 4, scale=0.1)
    assert "at eps 0.5, the largest shown" in _caption(drawn("smoothing", x, y))


def test_the_areas_of_many_groups_are_not_shaded() -> None:
    x, y = samples(90, 3)
    assert not _axes(drawn("threshold", x, y, groups=["a", "b"] * 45)).collections
