"""A chart before it is drawn: the points of each model and group, as a listing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from lscli.errors import UsageError, real
from lscli.listings import Listing
from lscli.options import ChartName
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lscli.metrics.base import Settings
    from lscli.options import PlotOptions
    from lscli.table import SampleTable

# The charts of answers, which only these give.
AnswerChart = Literal["differences", "methods", "sets", "detection"]
AnyChart = ChartName | AnswerChart

# Widths of the columns of papers, in inches; and the narrowest and the widest picture.
WIDTHS = {"single": 3.25, "double": 6.75}
_NARROWEST, _WIDEST = 2.5, 20.0


def inches(width: str | float) -> float:
    """The width of a picture in inches: that of `single` or `double` columns of a paper, or a number.

    Raises:
        UsageError: it is none of these, or the number is below 2.5 or above 20.
    """
    if isinstance(width, str) and width in WIDTHS:
        return WIDTHS[width]
    try:
        number = float(width) if isinstance(width, str) else real(width)
    except (TypeError, ValueError):
        number = math.nan
    if not _NARROWEST <= number <= _WIDEST:
        what = f"must be single, double, or a number of inches from {_NARROWEST:g} to {_WIDEST:g}, got {shown(width)}"
        raise UsageError(what, "say --width single, --width double, or for example --width 5", where="width")
    return number


class Series(NamedTuple):
    """What a chart draws of one model, or of one group of its samples.

    Attributes:
        source: the name of the model.
        group: the group of samples; empty for all samples.
        points: tuples with named fields, one class a chart.
        facts: numbers that the caption and the marks of the chart name, by metric; nan where one is not defined.
        note: a sentence on this series, such as why it has no optimum; mostly empty.
        step: `before` or `after` a map of the logits; empty without one.
    """

    source: str
    group: str
    points: Sequence[Any]
    facts: dict[str, float]
    note: str = ""
    step: str = ""


class Source(NamedTuple):
    """The samples that a series is made from.

    Attributes:
        table: the samples of a model, or of a group.
        settings: the settings of metrics.
        options: the options of the chart.
        class_names: [K]; empty if they are not known.
    """

    table: SampleTable
    settings: Settings
    options: PlotOptions
    class_names: Sequence[str] = ()


class Curve(NamedTuple):
    """How the numbers of a chart are computed.

    Attributes:
        point: the class of the points.
        columns: the columns that the tables must have.
        compute: the points, the facts and the note of a series.
        class_sums: whether the tables need the sums of each class.
        tempered: whether the tables need their best temperature; `curve` for the mean nll at others too.
        losses: whether the chart is of losses, which need labels as class numbers or distributions.
    """

    point: type[Any]
    columns: Callable[[Settings], frozenset[str]]
    compute: Callable[[Source], tuple[Sequence[Any], dict[str, float], str]]
    class_sums: bool = False
    tempered: bool | Literal["curve"] = False


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Chart(Listing):
    """The points of a chart, those of each model and group one after another.

    Attributes:
        chart: the name of the chart.
        series: the points by model and group.
        width: of the picture: `single` or `double` columns of a paper, or inches.
    """

    rows: Sequence[Any] = ()
    chart: AnyChart
    series: Sequence[Series]
    width: str | float = "single"
    name: ClassVar[str] = "plot"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", [point for each in self.series for point in each.points])

    @property
    def title(self) -> str:  # type: ignore[override]  # it names the chart
        """The name of the chart."""
        return f"Chart: {self.chart}"

    @property
    def columns(self) -> Sequence[str]:
        fields = next((each.points[0]._fields for each in self.series if each.points), ())
        return ("source", "group", *(["step"] if self._steps else []), *(_COLUMNS.get(name, name) for name in fields))

    def cells(self) -> Iterator[Sequence[Any]]:
        steps = self._steps
        return (
            (each.source, each.group, *([each.step] if steps else []), *point)
            for each in self.series
            for point in each.points
        )

    @property
    def _steps(self) -> bool:
        """Whether the series are before and after a map."""
        return any(each.step for each in self.series)


# A tuple has a method `count`, and Python a keyword `class`.
_COLUMNS = {"number": "class", "size": "count"}
