"""Everything that one page shows of one model, of several, or of a model before and after a map of its logits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.api import reading
from lscli.api.classes import CLASS_COLUMNS, class_rows
from lscli.api.compare import compared
from lscli.api.evaluate import checked_settings, needed_sums
from lscli.api.keywords import of_logits
from lscli.api.models import models_of, names_given, on_same_rows, read_models
from lscli.api.pairs import Asked
from lscli.api.positive_class import notes_on_class
from lscli.api.recalibration import FLAGS
from lscli.api.report_rows import group_rows, measured_rows, metric_words
from lscli.api.samples import SAMPLE_COLUMNS, sample_rows, worst
from lscli.checked_options import declared
from lscli.curves.chart import Chart, Series, Source
from lscli.curves.curves import curve_of
from lscli.errors import LscliError
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.clusters import notes_on_clusters
from lscli.intervals.of_metrics import Resampling
from lscli.io.stdin import opened_again
from lscli.metrics.bins import rule_of
from lscli.metrics.classwise import class_rule
from lscli.metrics.selection import select
from lscli.options import CompareOptions, PlotOptions, ReportOptions
from lscli.render.report.contents import Page
from lscli.summaries.comparison import conclude as conclude_comparison
from lscli.summaries.evaluation import LEVEL, conclude
from lscli.summaries.evidence import evidence
from lscli.table import bound
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.api.confidences import Table
    from lscli.api.models import Models
    from lscli.api.reading import Reading
    from lscli.curves.chart import Curve
    from lscli.decisions.comparison import ComparisonRow
    from lscli.listings import ClassRow, Sample
    from lscli.metrics.base import Settings
    from lscli.metrics.selection import Choice
    from lscli.options import ChartName, Data
    from lscli.report import Row

    Model = Data | Table

# The pictures in their order. A chart is left out where the samples lack what it is drawn from.
CHARTS: tuple[ChartName, ...] = ("reliability", "confidence", "risk-coverage", "smoothing", "gaps", "temperature")
_MOST = 20  # classes and samples of a table
_BEFORE_AFTER = ["before", "after"]


class _Asked(NamedTuple):
    """What is computed.

    Attributes:
        choices: the metrics.
        paired: the metrics of the differences between models.
        curves: how the numbers of each chart are computed.
        columns: the columns of the tables that all of these need, and those of classes and samples.
    """

    choices: Sequence[Choice]
    paired: Asked
    curves: Mapping[ChartName, Curve]
    columns: frozenset[str]


@of_logits(ReportOptions)
def html_report(
    logits: Model | Mapping[str, Model] | Sequence[Model], labels: Data | None, options: ReportOptions
) -> Page:
    """Make one HTML page of a model or of several: metrics, pictures, the worst classes and samples, definitions.

    Each file is read once, and once more with a map of the logits. The best temperature takes further passes.

    Args:
        logits: [N, K] as in `lscli.evaluate`; or several models in a list, or in a dict by their names, which are
            compared with the first. With `calibrator`, `temperature` or `cross_fit`, the page of one model shows it
            before and after the map.
        labels: [N], as in `lscli.evaluate`.

    Returns:
        A Page: `to_html()` is the document as text, and `save("report.html")` writes it. As a listing, it has the
        metrics of each model and group.

    Raises:
        UsageError: matplotlib or jinja2 is not installed, or as `lscli.evaluate`.
        LscliError: as `lscli.evaluate` and `lscli.compare`.

    Example:
        >>> import lscli
        >>> page = lscli.html_report("sample_data/logits.npy", "sample_data/labels.npy")
        >>> page
        Page(sample_data/logits.npy; 33 metrics, 6 charts)
        >>> page.to_html()[:15]
        '<!DOCTYPE html>'
    """
    from lscli.render.report.page import check_packages

    check_packages()
    settings = checked_settings(options)
    models = models_of(logits, options)
    asked = _asked(settings, options, several=len(models) > 1 or _mapped(options))
    read = _read(models, labels, asked, settings, options)
    first = read.readings[0]
    settings = settings._replace(targets=first.targets, given=first.given)
    rows, notes = _metrics(read, asked, settings, options)
    differences: list[ComparisonRow] = []
    if len(read.names) > 1:
        data = [*models.values()] if isinstance(models, Mapping) else models
        data = data if len(data) > 1 else [*data, *data]
        differences, more = compared(data, labels, read, asked.paired, settings, options)
        notes += more
    charts, left_out = charts_that_apply(read, asked.curves, settings, options)
    classes: dict[str, list[ClassRow]] = {}
    samples: dict[str, list[Sample]] = {}
    for name, own in zip(read.names, read.readings, strict=True):
        classes |= _classes(name, own, options)
        samples[name] = _samples(name, own)
    if not classes:
        left_out.append("Classes: their table needs the logits of all classes.")
    number = settings.positive_class
    used = {
        "positive_class": number,
        "eps": list(settings.eps),
        "metrics": metric_words(options.metrics),
        "bins": rule_of(settings).params["bins"],
    }
    notes = [
        *notes_on_class(number, options.compat),
        *dict.fromkeys(notes),
        *notes_on_clusters(first.all.clusters, first.clusters_by_group),
    ]
    return Page(
        rows=rows,
        conclusion=_conclusion(read, rows, differences, settings, options),
        models=[printable(name) for name in read.names],
        differences=differences,
        charts=charts,
        classes=classes,
        samples_shown=samples,
        num_classes={printable(name): own.num_classes for name, own in zip(read.names, read.readings, strict=True)},
        class_names=[printable(name) for name in first.class_names],
        left_out=left_out,
        **first.answered(options, used, notes),
    )


def _mapped(options: ReportOptions) -> bool:
    return any(getattr(options, name) is not None for name in FLAGS)


def _asked(settings: Settings, options: ReportOptions, *, several: bool) -> _Asked:
    words = metric_words(options.metrics)
    choices = select(words, allow_negative_eps=options.allow_negative_eps, intervals=True)
    usual = metric_words(CompareOptions().metrics)
    paired = select(usual if words == "default" else words, allow_negative_eps=options.allow_negative_eps)
    of_pairs = Asked.of(paired if several else [])
    if several:
        choices = Asked.of(choices).own
    curves = {name: curve_of(name) for name in CHARTS}
    columns = CLASS_COLUMNS | {*SAMPLE_COLUMNS} | of_pairs.columns | {"confidence"}
    columns = columns.union(*(choice.columns(settings) for choice in (*choices, *of_pairs.own)))
    return _Asked(choices, of_pairs, curves, columns.union(*(each.columns(settings) for each in curves.values())))


def _read(
    models: Mapping[str, Any] | list[Any],
    labels: Data | None,
    asked: _Asked,
    settings: Settings,
    options: ReportOptions,
) -> Models:
    """The samples of each model, or of one before and after a map, on the rows that all keep."""
    number = settings.positive_class
    sums = needed_sums([*asked.choices, *asked.paired.own], settings)
    rule, tuple_rule = class_rule(settings), sums["tuple_rule"]
    # What a chart needs of the temperature may be more than what metrics need.
    tempered = next((curve.tempered for curve in asked.curves.values() if curve.tempered), sums["tempered"])
    if len(models) > 1:
        return read_models(
            *(models, labels, asked.columns, options, number, options.names),
            rule=rule,
            tuple_rule=tuple_rule,
            tempered=tempered,
        )
    alone = next(iter(models.values())) if isinstance(models, Mapping) else models[0]
    maps = dict.fromkeys(FLAGS)
    of_each = [options.replaced(**maps), options] if _mapped(options) else [options]
    called = names_given(options.names, len(of_each), "model")
    with opened_again():
        readings = [
            reading.read(
                *(alone, labels, asked.columns | {"row", "label"}, own),
                rule=rule,
                tuple_rule=tuple_rule,
                tempered=tempered,
                against=own,
                positive_class=number,
            )
            for own in of_each
        ]
    names = _BEFORE_AFTER if len(of_each) > 1 else [*models] if isinstance(models, Mapping) else [readings[0].source]
    return on_same_rows([*(called or names)], readings)


def _metrics(read: Models, asked: _Asked, settings: Settings, options: ReportOptions) -> tuple[list[Row], list[str]]:
    """The metrics of each model with intervals, those of its groups without, and notes on what is absent."""
    with_intervals = Resampling(
        Bootstrap(options.bootstrap, options.seed, options.level), options.threads, options.progress
    )
    rows: list[Row] = []
    notes: list[str] = []
    for name, own in zip(read.names, read.readings, strict=True):
        of_all, absent, _ = measured_rows(name, {"": own.all}, asked.choices, settings, with_intervals)
        rows += of_all
        notes += absent
        for group, table in own.tables.items():
            if group:
                rows += group_rows(name, group, table, asked.choices, settings, Resampling(None, None, None))
    return rows, notes


def charts_that_apply(
    read: Models, curves: Mapping[ChartName, Curve], settings: Settings, options: ReportOptions
) -> tuple[list[Chart], list[str]]:
    """The charts of all samples, and a sentence on each chart that these samples do not have."""
    charts: list[Chart] = []
    left_out: list[str] = []
    for name, curve in curves.items():
        chosen = _plot_options(name, options)
        sources = [
            (printable(called), Source(own.all, settings, chosen, [printable(each) for each in own.class_names]))
            for called, own in zip(read.names, read.readings, strict=True)
        ]
        if not all(source.table.has(frozenset(curve.columns(settings))) for _, source in sources):
            left_out.append(f"Chart {name}: it needs logits.")
            continue
        try:
            series = [Series(called, "", *curve.compute(source)) for called, source in sources]
        except LscliError as error:
            left_out.append(f"Chart {name}: {error.message}.")
            continue
        charts.append(Chart(chart=name, series=series))
    return charts, left_out


def _plot_options(name: ChartName, options: ReportOptions) -> PlotOptions:
    """The options of a chart: those that a report has, too."""
    shared = {
        each.name: getattr(options, each.name)
        for each in declared(PlotOptions)
        if not each.removed and options.takes(each.name)
    }
    return PlotOptions(**shared | {"chart": name})


def _classes(name: str, read: Reading, options: ReportOptions) -> dict[str, list[ClassRow]]:
    """The worst classes of a model by their mean loss, under its name; nothing without the logits of all classes."""
    table = read.all
    if table.classes is None or not table.has(CLASS_COLUMNS):
        return {}
    names = [printable(each) for each in read.class_names] or [""] * read.num_classes
    found = class_rows(printable(name), "", table, names, options.norm)
    there = [row for row in found if row.loss_hard == row.loss_hard]  # nan is not equal to itself
    return {printable(name): sorted(there, key=lambda row: (-row.loss_hard, row.number))[:_MOST]}


def _samples(name: str, read: Reading) -> list[Sample]:
    """The worst samples of a model: the largest losses, or the most confident errors where losses are not known."""
    table = read.all
    losses = any(table.has(frozenset({each})) for each in ("loss_hard", bound("loss_hard", "lower")))
    if not table.has(frozenset({"row"})):
        return []
    parts = worst([(table, np.full(len(table), ""))], _MOST, "loss" if losses else "confidence")
    return list(sample_rows(printable(name), parts, None, ()))


def _conclusion(
    read: Models,
    rows: Sequence[Row],
    differences: Sequence[ComparisonRow],
    settings: Settings,
    options: ReportOptions,
) -> str:
    """The sentences of the page: on each model, and on what differs."""
    sentences: list[str] = []
    if differences:
        sentences.append(conclude_comparison(differences, read.names, options.level, options.margin))
    for name, own in zip(read.names, read.readings, strict=True):
        of_model = [row for row in rows if row.source == name and not row.group]
        found = conclude(of_model, evidence(own.all, settings, {row.metric for row in of_model}, LEVEL))
        if found:
            sentences.append(f"{name}: {found}" if len(read.names) > 1 else found)
    remarks = dict.fromkeys([*(own.map_remark for own in read.readings), *(own.remark for own in read.readings)])
    return "\n".join(filter(None, [*sentences, *remarks]))
