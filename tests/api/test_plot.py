"""`lscli.plot`: charts of models and of answers, in new Axes and in those of the caller."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes

import lscli
from lscli.api.plot import chart
from lscli.options import PlotOptions
from tests.command import ROOT
from tests.io.make import some_labels, some_logits

X, Y = some_logits(120, 3), some_labels(120, 3)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No window is opened, and no figure stays."""
    mpl.use("agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def test_one_model_has_one_axes_in_a_figure_of_pyplot() -> None:
    import matplotlib.pyplot as plt

    axes = lscli.plot(X, Y)
    assert isinstance(axes, Axes)
    assert axes.figure is plt.gcf()
    assert "Confidence" == axes.get_xlabel()
    assert 3.25 == axes.figure.get_size_inches()[0]


@pytest.mark.parametrize("models", [{"a": X, "b": 2 * X}, [X, 2 * X], (X, 2 * X)])
def test_several_models_have_panels(models: Any) -> None:
    axes = lscli.plot(models, Y, width="double", names="a,b")
    assert ((2,), ["a", "b"]) == (axes.shape, [each.get_title() for each in axes])
    assert axes[0].figure is axes[1].figure


def test_rows_in_a_list_are_one_model() -> None:
    assert isinstance(lscli.plot(X.tolist(), Y.tolist()), Axes)


def test_files_are_models(tmp_path: Path) -> None:
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    for path in paths:
        np.save(path, X)
    assert ["a.npy", "b.npy"] == [each.get_title() for each in lscli.plot(paths, Y)]


def test_a_model_under_its_name() -> None:
    found = chart({"mine": X}, Y, PlotOptions())
    assert ["mine"] == [each.source for each in found.series]


@pytest.mark.parametrize("options", [{"temperature": 2.0}, {"cross_fit": "temperature"}])
def test_a_map_is_shown_before_and_after(options: dict[str, Any]) -> None:
    found = chart([X], Y, PlotOptions(**options))
    before, after = found.series
    assert ("before", "after") == (before.step, after.step)
    assert str(chart([X], Y, PlotOptions()).series[0].points) == str(before.points)
    bins = lscli.per_bin(X, Y, **options)
    assert [row.confidence for row in bins.rows] == pytest.approx([p.confidence for p in after.points], nan_ok=True)
    assert found.conclusion
    assert found.settings["temperature"].value == options.get("temperature")


def test_a_map_of_several_models_and_groups() -> None:
    options = PlotOptions(temperature=2.0, groups=np.arange(120) % 2)
    found = chart({"a": X, "b": 3 * X}, Y, options)
    assert [(m, g, s) for m in "ab" for g in ("", "0", "1") for s in ("before", "after")] == [
        (each.source, each.group, each.step) for each in found.series
    ]


def test_axes_of_the_caller_are_drawn_into_and_returned() -> None:
    import matplotlib.pyplot as plt

    figure, both = plt.subplots(1, 2)
    assert lscli.plot(X, Y, ax=both[0]) is both[0]
    assert not both[1].patches
    assert lscli.plot([X, 2 * X], Y, ax=both) is both
    assert 1 == len(plt.get_fignums())
    assert figure.get_supxlabel() == ""


def test_the_settings_of_the_caller_hold_in_axes_of_the_caller() -> None:
    import matplotlib.pyplot as plt

    with mpl.rc_context({"axes.labelsize": 21.0}):
        _, axes = plt.subplots()
        before = dict(mpl.rcParams)
        lscli.plot(X, Y, ax=axes)
        assert before == dict(mpl.rcParams)
    assert 21 == axes.xaxis.label.get_fontsize()


@pytest.mark.parametrize(
    "answer",
    [
        lambda: lscli.per_bin(X, Y),
        lambda: lscli.compare([X, 2 * X], Y, metrics="ece", bootstrap=10),
        lambda: lscli.recalibrate(X, X.argmax(1) * (np.arange(120) % 3 > 0), X / 2, Y, metrics="ece", bootstrap=10),
        lambda: lscli.conformal(X, Y),
        lambda: lscli.ood(X, X / 2, bootstrap=10),
    ],
)
def test_an_answer_is_drawn(answer: Any) -> None:
    axes = lscli.plot(answer(), width="double")
    assert isinstance(axes, Axes)
    assert [*axes.lines, *axes.patches]


@pytest.mark.parametrize(
    ("models", "options", "says"),
    [
        (X, {"ax": 3}, "ax: must be matplotlib Axes, got 3"),
        (X, {"ax": []}, "ax: must be matplotlib Axes"),
        (X, {"chart": "reliabilty"}, "chart: unknown value 'reliabilty'"),
        (X, {"width": "wide"}, "width: must be single, double"),
        (X, {"width": 1}, "width: must be single, double"),
        (X, {"eps": 0.2}, "eps: the chart reliability does not read it"),
        (X, {"names": "a,b"}, "names: has 2 names for 1 model"),
        ({}, {}, "has no models"),
        ([X, X[:5]], {}, "has 5 samples"),
        (lscli.per_bin(X, Y), {}, "labels: an answer has no labels"),
        (lscli.per_bin(X, Y), {"bins": 3}, "bins: is no option of a chart of an answer"),
    ],
)
def test_bad_arguments(models: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(lscli.LscliError) as error:
        lscli.plot(models, Y, **options)
    assert says in str(error.value)
    assert "--" not in error.value.hint


def test_axes_of_another_number() -> None:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots()
    with pytest.raises(lscli.UsageError, match="is 1 Axes, and the chart has 2 panels"):
        lscli.plot([X, X], Y, ax=axes)
    assert not axes.patches


def test_settings_of_the_backend_outlast_the_first_picture(tmp_path: Path) -> None:
    # As that of notebooks, which shows a figure only while matplotlib is interactive.
    (tmp_path / "own_backend.py").write_text(
        "import matplotlib\nfrom matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas\n"
        "matplotlib.interactive(True)\n"
    )
    code = "import lscli, matplotlib; lscli.plot([[2.0, 0.0]], [0]); print(matplotlib.is_interactive())"
    environment = {**os.environ, "MPLBACKEND": "module://own_backend", "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ("True\n", 0) == (done.stdout, done.returncode), done.stderr


def test_a_table_of_confidences_is_one_model() -> None:
    table = {"confidence": np.linspace(0.5, 1, 40), "correct": np.arange(40) % 2}
    axes = lscli.plot(table, confidence="confidence", correct="correct")
    assert "Confidence" == axes.get_xlabel()
