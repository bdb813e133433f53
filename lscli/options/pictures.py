"""The options of `plot` and `report`."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
from typing import Annotated, Any, get_args

from lscli.checked_options import Option, Options
from lscli.options.decisions import CompareOptions
from lscli.options.descriptions import EPS, METRICS, OUTPUT
from lscli.options.output import RunOptions
from lscli.options.values import Amounts, ChartName, Words


class ChartOptions(Options):
    """The chart and its size."""

    chart: Annotated[
        ChartName, Option(f"The chart to draw: {', '.join(get_args(ChartName))}.", None, "CHART", typed=True)
    ] = "reliability"
    width: Annotated[
        str | float,
        Option("Width of the picture: single or double columns of a paper, or a number of inches.", None, "WIDTH"),
    ] = "single"


class PlotOptions(CompareOptions, ChartOptions):
    """Options of `lscli.plot` and `lscli plot`."""

    metrics: Annotated[None, Option(hidden=True, unrecorded=True, hint="the chart says what is measured")] = None  # type: ignore[assignment]
    max_error: Annotated[
        float | None,
        Option(
            "For the chart threshold, the largest error rate of the samples that are kept.",
            None,
            "RATE",
            shown=False,
            above=0,
            below=1,
            hint="for example --max-error 0.05",
            environment="plot_max_error",
        ),
    ] = None
    margin: Annotated[None, Option(hidden=True, unrecorded=True, hint="lscli compare takes it")] = None
    ax: Annotated[
        Any,
        Option(
            "The matplotlib Axes to draw into, an array of them for several panels; None makes new ones in pyplot.",
            hidden=True,
            unrecorded=True,
        ),
    ] = None
    no_labels: Annotated[None, Option(hidden=True, unrecorded=True, hint="a chart needs labels")] = None  # type: ignore[assignment]


class ReportOptions(CompareOptions):
    """Options of `lscli.html_report` and `lscli report`."""

    metrics: Annotated[Words, METRICS] = "default"
    eps: Annotated[Amounts, EPS] = 0.1
    margin: Annotated[None, Option(hidden=True, unrecorded=True, hint="lscli compare takes it")] = None
    no_labels: Annotated[None, Option(hidden=True, unrecorded=True, hint="a report needs labels")] = None  # type: ignore[assignment]


class PictureOutputOptions(RunOptions):
    """The output of `lscli plot`."""


class PageOutputOptions(Options):
    """The output of `lscli report`."""

    output: Annotated[
        str,
        Option(
            "Write to this .html file, completely or not at all; - is stdout, for a pipe.",
            OUTPUT,
            "FILE",
            short="-o",
            environment="report_output",
        ),
    ] = "-"
    quiet: Annotated[bool, Option("Show no progress bar and no warnings.", OUTPUT, short="-q")] = False
