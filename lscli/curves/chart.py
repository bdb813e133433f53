"""A chart before it is drawn: the points of each model and group, as a listing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from lscli.listings import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lscli.metrics.base import Settings
    from lscli.options import ChartName, PlotOptions
    from lscli.table import SampleTable


class Series(NamedTuple):
    """What a chart draws of one model, or of one group of its samples.

    Attributes:
        source: the name of the model.
        group: the group of samples; empty for all samples.
        points: tuples with named fields, one class a chart.
        facts: numbers that the caption and the marks of the chart name, by metric; nan where one is not defined.
        note: a sentence on this series, such as why it has no optimum; mostly empty.
    """

    source: str
    group: str
    points: Sequence[Any]
    facts: dict[str, float]
    note: str = ""


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
    chart: ChartName
    series: Sequence[Series]
    width: str = "single"
    name: ClassVar[str] = "plot"

    @property
    def title(self) -> str:  # type: ignore[override]  # it names the chart
        """The name of the chart."""
        return f"Chart: {self.chart}"

    @property
    def columns(self) -> Sequence[str]:
        fields = type(self.series[0].points[0])._fields if self.series and self.series[0].points else ()
        return ("source", "group", *("class" if name == "number" else name for name in fields))

    def cells(self) -> Iterator[Sequence[Any]]:
        return ((each.source, each.group, *point) for each in self.series for point in each.points)
