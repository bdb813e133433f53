"""Charts of one model, or of several on the same samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.api import reading
from lscli.api.evaluate import checked_settings
from lscli.api.models import read_models
from lscli.curves.chart import Chart, Series, Source
from lscli.curves.curves import curve_of
from lscli.metrics.classwise import class_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.options import Data, PlotOptions


def chart(models: Sequence[Any], labels: Data | None, options: PlotOptions) -> Chart:
    """Compute the points of a chart.

    Args:
        models: the logits [N, K] of each model, or tables of samples, as in `lscli.evaluate`; one or more.
        labels: [N], of all models. Optional if the files hold them.

    Returns:
        A listing: the points of each model and group.

    Raises:
        LscliError: as `lscli.evaluate` and `lscli.compare`.
    """
    curve = curve_of(options.chart)
    settings = checked_settings(options)
    columns = frozenset(curve.columns(settings))
    rule = class_rule(settings) if curve.class_sums else None
    number = settings.positive_class
    if len(models) == 1:
        read = reading.read(
            *(models[0], labels, columns, options),
            rule=rule,
            against=options,
            positive_class=number,
            tempered=curve.tempered,
        )
        readings, names = [read], [read.source]
    else:
        several = read_models(
            models, labels, columns, options, number, options.names, rule=rule, tempered=curve.tempered
        )
        readings, names = several.readings, several.names
    first = readings[0]
    settings = settings._replace(targets=first.targets, given=first.given)
    series = [
        Series(name, group, *curve.compute(Source(table, settings, options, read.class_names)))
        for name, read in zip(names, readings, strict=True)
        for group, table in read.tables.items()
    ]
    answered = first.answered(options, {"positive_class": number})
    return Chart(chart=options.chart, series=series, width=options.width, **answered)
