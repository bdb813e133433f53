"""Figures: what is in them, where it lies, and that their bytes depend on the input alone."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from lscli.curves.chart import AnyChart, Chart, Series
from lscli.curves.detection import DetectionPoint
from lscli.curves.differences import DifferencePoint
from lscli.curves.methods import BeforeAfterPoint
from lscli.curves.reliability import ReliabilityPoint
from lscli.curves.sets import SetPoint
from lscli.errors import UsageError
from lscli.render.plots.figure import MOST_LINES, MOST_PANELS, draw, figure_of, picture, write_in_font
from lscli.render.plots.style import RC
from tests.command import LABELS, LOGITS, ROOT
from tests.curves.samples import drawn, logits
from tests.render.plots.overlaps import faults, texts
from tests.render.plots.pictures import figure

_NAN = float("nan")
_FACTS = dict.fromkeys(("ece", "ece_low", "ece_high", "ece_null"), _NAN)
ODD = [
    "<script>alert(1)<b>'\"",
    "a$b$c",
    "a_b^{c}",
    "\x1b[2J\n\x00",
    "\udcff\udc80",
    "🙂 模型",
    "\u202eabc",
    "&amp;",
    "x" * 500,
]


def reliability(names: Sequence[tuple[str, str]], width: str = "single", steps: Sequence[str] = ("",)) -> Chart:
    """A reliability diagram of series with these sources and groups."""
    given = {"low": 0.0, "high": 0.5, "size": 3.0, "confidence": 0.3, "accuracy": 1 / 3}
    points = [ReliabilityPoint(**{name: given.get(name, _NAN) for name in ReliabilityPoint._fields})]
    series = [Series(source, group, points, _FACTS, "", step) for source, group in names for step in steps]
    return Chart(chart="reliability", series=series, width=width)


def detection(names: Sequence[str], width: str = "single") -> Chart:
    """AUROCs of sets of OOD samples with these names."""
    points = [DetectionPoint("msp", 0.9, 0.8, 0.95), DetectionPoint("max_logit", 0.5, 0.45, 0.55)]
    return Chart(chart="detection", series=[Series(name, "", points, {}) for name in names], width=width)


def of_metrics(chart: AnyChart, width: str) -> Chart:
    """A chart with a panel for each metric."""
    made: dict[str, Any] = {
        "differences": [DifferencePoint(f"runs/{name}.npy", "", 0.01, -0.002, 0.0202, "") for name in "ab"],
        "methods": [BeforeAfterPoint(part, 0.25, 0.125, 0.1, 0.15) for part in ("", "hospital A")],
        "sets": [SetPoint(part, 0.901, 0.88, 0.92) for part in ("calibration", "test", "test, class 3")],
    }
    facts = {"level": 0.95, "promised": 0.9, "left_out": 0.0}
    metrics = ("coverage", "mean size of a set") if chart == "sets" else ("loss_hard", "brier", "accuracy", "ece", "x")
    return Chart(chart=chart, series=[Series(name, "", made[chart], facts, "a.npy") for name in metrics], width=width)


@pytest.fixture(autouse=True)
def own_settings() -> Any:
    """The settings of the pictures."""
    with mpl.rc_context(RC):
        yield


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("count", [1, 3, 4, 5, MOST_PANELS])
def test_no_text_of_panels_is_cut_or_on_another(count: int, width: str) -> None:
    figure = figure_of(
        reliability([(f"runs/seed_{number}/a long name of logits.npy", "") for number in range(count)], width)
    )
    assert [] == faults(figure)
    assert count == len(figure.axes)


@pytest.mark.parametrize("width", ["single", "double", "2.5"])
@pytest.mark.parametrize("count", [1, 2, MOST_LINES])
def test_no_text_of_a_legend_is_cut_or_on_another(count: int, width: str) -> None:
    names = [f"{'far/' * 20}{'name' * 20}{number}.npy" for number in range(count)]
    figure = figure_of(detection(names, width))
    assert [] == faults(figure)
    assert (count if count > 1 else 0) == sum(len(each.get_texts()) for each in figure.legends)


@pytest.mark.parametrize("width", ["single", "double"])
@pytest.mark.parametrize("chart", ["differences", "methods", "sets"])
def test_no_text_of_metrics_is_cut_or_on_another(chart: AnyChart, width: str) -> None:
    assert [] == faults(figure_of(of_metrics(chart, width)))


@pytest.mark.parametrize("width", ["single", "double"])
def test_odd_names_are_neither_cut_nor_formulas(width: str) -> None:
    figure = figure_of(detection(ODD[:6], width))
    write_in_font(figure)
    assert [] == faults(figure)
    assert "a$b$c" in [each.get_text() for each in texts(figure)]


@pytest.mark.parametrize(("width", "inches"), [("single", 3.25), ("double", 6.75), ("4.5", 4.5)])
def test_the_width_is_that_of_a_column(width: str, inches: float) -> None:
    assert inches == figure_of(reliability([("a", "")], width)).get_size_inches()[0]


def test_panels_share_their_scales_and_are_labelled_once() -> None:
    figure = figure_of(reliability([(name, "") for name in "abc"], "single"))
    one, two, three = figure.axes
    assert 1 == len({each.get_xlim() for each in figure.axes})
    assert ["", "Confidence", "Confidence"] == [each.get_xlabel() for each in figure.axes]
    assert [True, False, True] == [bool(each.get_ylabel()) for each in (one, two, three)]
    assert ["a", "b", "c"] == [each.get_title() for each in figure.axes]


def test_groups_and_steps_are_named_by_what_tells_them_apart() -> None:
    groups = figure_of(reliability([("logits.npy", ""), ("logits.npy", "A")], "double"))
    assert ["all samples", "A"] == [each.get_title() for each in groups.axes]
    steps = figure_of(reliability([("logits.npy", "")], "double", ("before", "after")))
    assert ["before", "after"] == [each.get_title() for each in steps.axes]
    both = figure_of(reliability([("a.npy", ""), ("b.npy", "")], "double", ("before", "after")))
    assert ["a.npy before", "a.npy after", "b.npy before", "b.npy after"] == [each.get_title() for each in both.axes]


def test_too_many_panels_or_series_are_refused() -> None:
    with pytest.raises(UsageError, match=f"{MOST_PANELS + 1} panels do not fit"):
        figure_of(reliability([(str(number), "") for number in range(MOST_PANELS + 1)]))
    with pytest.raises(UsageError, match=f"{MOST_LINES + 1} series do not fit"):
        figure_of(detection([str(number) for number in range(MOST_LINES + 1)]))


@pytest.mark.parametrize("name", ODD)
def test_an_svg_is_xml_that_holds_the_text(name: str) -> None:
    from lscli.text import printable

    root = ElementTree.fromstring(picture(detection([name, "other"], "20"), "svg"))
    held = "".join(root.itertext())
    assert "AUROC" in held
    if len(name) < 100:
        assert printable(name) in held
    assert [] == [each.tag for each in root.iter() if "script" in each.tag or each.tag.endswith("image")]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("format", ["pdf", "png"])
def test_a_name_of_any_signs_can_be_drawn(recwarn: Any, caplog: Any, name: str, format: str) -> None:  # noqa: A002
    with caplog.at_level(logging.DEBUG):
        assert len(picture(detection([name, "other"]), format)) > 1000
    assert ([], []) == ([*recwarn], [each for each in caplog.records if each.levelno >= logging.WARNING])


def test_a_pdf_embeds_truetype_and_has_no_image_and_no_date() -> None:
    with mpl.rc_context({"pdf.compression": 0}):
        data = picture(reliability([("a", "")]), "pdf")
    assert b"/FontFile2" in data
    assert [] == [word for word in (b"/Subtype /Image", b"/CreationDate", b"/Producer", b"/Type3") if word in data]


_SCRIPT = (
    "import sys; from lscli.cli.main import main; "
    "sys.exit(max(main(['plot', *sys.argv[1:3], '-o', path]) for path in sys.argv[3:]))"
)


def test_the_bytes_depend_on_the_input_alone(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 30\nsvg.fonttype: path\naxes.facecolor: red\nlines.linewidth: 9\nfigure.dpi: 33\n"
        "savefig.bbox: tight\ntext.parse_math: True\nno.such.key: 1\naxes.prop_cycle: cycler('color', 'r')\n"
    )
    made = []
    for place, changes in enumerate(({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "MPLBACKEND": "svg"})):
        paths = [tmp_path / f"{place}.{format}" for format in ("svg", "pdf", "png")]  # noqa: A001
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, LOGITS, LABELS, *paths],
            cwd=tmp_path if place else ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **changes},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (0, "") == (done.returncode, done.stderr)
        made.append([path.read_bytes() for path in paths])
    assert made[0] == made[1]


def test_the_settings_of_the_user_stay() -> None:
    with mpl.rc_context({"font.size": 17.0, "axes.facecolor": "#123456"}):
        before = dict(mpl.rcParams)
        picture(reliability([("a", "")]), "svg")
        assert before == dict(mpl.rcParams)


def test_drawing_into_axes_changes_nothing_else() -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    axes, other = figure.subplots(1, 2)
    with mpl.rc_context({"text.parse_math": True}):
        axes.set_title("mine $x$")
        axes.title.set_parse_math(True)
    before = dict(mpl.rcParams)
    draw(detection(["a", "b"]), [axes])
    assert before == dict(mpl.rcParams)
    assert ("mine $x$", True) == (axes.get_title(), axes.title.get_parse_math())
    assert [] == [*other.lines, *other.patches, *figure.legends]
    legend = axes.get_legend()
    assert legend is not None
    assert ["a", "b"] == [each.get_text() for each in legend.get_texts()]
    with pytest.raises(UsageError, match="is 1 Axes, and the chart has 2 panels"):
        draw(reliability([("a", ""), ("b", "")]), [axes])


def test_a_legend_of_many_lines_leaves_the_axes_their_height() -> None:
    x, y = logits(60, 3)
    heights = []
    for count in (2, 6):
        names = [f"a group with a long name {place}" for place in range(count - 1)]
        chart = drawn(x, y, chart="smoothing", groups=[names[row % len(names)] for row in range(60)])
        (axes,) = figure(chart).axes
        heights.append(axes.get_window_extent().height)
    assert heights[1] > 0.8 * heights[0]


def test_names_of_classes_are_in_signs_of_the_font() -> None:
    x, y = logits(60, 3)
    made = figure_of(drawn(x, y, chart="classes", class_names=["模型", "b", "c"]))
    write_in_font(made)
    shown = {each.get_text() for each in texts(made)}
    assert "\\u6a21\\u578b" in shown
    assert "模型" not in shown


def test_wide_names_of_classes_leave_room_for_the_axes() -> None:
    x, y = logits(60, 3)
    made = figure_of(drawn(x, y, chart="classes", class_names=["模" * 30, "模" * 29 + "型", "c"]))
    write_in_font(made)
    assert [] == faults(made)
    assert made.axes[0].get_window_extent().width > 0.4 * made.bbox.width
