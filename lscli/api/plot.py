"""Charts: of one model, of several on the same samples, before and after a map of the logits; and of answers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

import numpy as np

from lscli.api import reading
from lscli.api.evaluate import checked_settings
from lscli.api.keywords import describe
from lscli.api.models import models_of, names_given, read_models
from lscli.api.recalibration import FLAGS
from lscli.curves.answers import chart_of
from lscli.curves.chart import Chart, Series, Source, inches
from lscli.curves.curves import check_read, curve_of
from lscli.errors import UsageError
from lscli.in_python import python_words
from lscli.io.stdin import opened_again
from lscli.listings import Listing
from lscli.metrics.classwise import class_rule
from lscli.options import PlotOptions
from lscli.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from lscli.api.confidences import Table
    from lscli.curves.chart import Curve
    from lscli.metrics.base import Settings
    from lscli.options import Data

    Model = Data | Table

P = ParamSpec("P")
O_contra = TypeVar("O_contra", contravariant=True)


def chart(models: Any, labels: Data | None, options: PlotOptions) -> Chart:
    """Compute the points of a chart.

    Args:
        models: the logits [N, K] of each model, or tables of samples, as in `lscli.evaluate`; one or more, in a list or
            by their names.
        labels: [N], of all models. Optional if the files hold them.

    Returns:
        A listing: the points of each model and group. With a map of the logits, those before it come first.

    Raises:
        LscliError: as `lscli.evaluate` and `lscli.compare`.
    """
    inches(options.width)
    curve = curve_of(options.chart)
    settings = checked_settings(options)
    mapped = any(getattr(options, name) is not None for name in FLAGS)
    if not mapped:
        series, answered = _of_models(models, labels, options, curve, settings)
        return Chart(chart=options.chart, series=series, width=options.width, **answered)
    with opened_again():  # all are read twice
        before, _ = _of_models(models, labels, options.replaced(**dict.fromkeys(FLAGS)), curve, settings, said=False)
        after, answered = _of_models(models, labels, options, curve, settings)
    found = {(each.source, each.group): each for each in after}
    series = [
        each._replace(step=step)
        for one in before
        if (one.source, one.group) in found
        for step, each in (("before", one), ("after", found[one.source, one.group]))
    ]
    return Chart(chart=options.chart, series=series, width=options.width, **answered)


def _of_models(
    models: Any, labels: Data | None, options: PlotOptions, curve: Curve, settings: Settings, *, said: bool = True
) -> tuple[list[Series], dict[str, Any]]:
    """The series of all models, and the provenance of the chart; the warnings are given if `said`."""
    columns = frozenset(curve.columns(settings))
    number = settings.positive_class
    rule = class_rule(settings) if curve.class_sums else None
    keyed = isinstance(models, Mapping)
    data = [*models.values()] if keyed else [*models]
    if len(data) == 1:
        read = reading.read(
            *(data[0], labels, columns, options),
            rule=rule,
            against=options,
            positive_class=number,
            tempered=curve.tempered,
        )
        called = names_given(options.names, 1, "model") or ([str(key) for key in models] if keyed else [read.source])
        readings = [read]
    else:
        found = read_models(
            *(models, labels, columns, options, number, options.names), rule=rule, tempered=curve.tempered
        )
        readings, called = found.readings, found.names
    first = readings[0]
    series = []
    for name, read in zip(called, readings, strict=True):
        own = settings._replace(targets=read.targets, given=read.given)
        series += [
            Series(name, group, *curve.compute(Source(table, own, options, read.class_names)))
            for group, table in read.tables.items()
        ]
    if not said:
        return series, {}
    answered = first.answered(options, {"positive_class": number})
    return series, {**answered, "conclusion": first.map_remark}


class PlotFunction(Protocol[P, O_contra]):
    """A chart of logits and labels, or of an answer."""

    @overload
    def __call__(
        self, logits: Report | Listing, labels: None = None, *, ax: Any = None, width: str | float = ...
    ) -> Any: ...

    @overload
    def __call__(
        self,
        logits: Model | Mapping[str, Model] | Sequence[Model],
        labels: Data | None = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> Any: ...

    def with_options(self, logits: Any, labels: Data | None, options: O_contra, /) -> Any: ...


def _plotted(options: Callable[P, PlotOptions]) -> Callable[[Callable[..., Any]], PlotFunction[P, PlotOptions]]:
    """Make `f(logits, labels, options)` a function of models or an answer, labels and keywords."""

    def made(function: Callable[..., Any]) -> Any:
        def public(logits: Any, labels: Any = None, **given: Any) -> Any:
            with python_words():
                if _is_answer(logits) and {*given} - {"ax", "width"}:
                    name = next(name for name in given if name not in ("ax", "width"))
                    what = "is no option of a chart of an answer"
                    raise UsageError(what, "give it to the function that makes the answer", where=name)
                options = PlotOptions(**given)
                check_read(options.chart, given)
                return function(logits, labels, options)

        positional = [*inspect.signature(public).parameters.values()][:2]
        public.__name__ = public.__qualname__ = function.__name__
        public.__module__ = function.__module__
        describe(public, options, positional, function.__doc__)
        public.with_options = function  # type: ignore[attr-defined]
        return public

    return made


@_plotted(PlotOptions)
def plot(logits: Any, labels: Data | None, options: PlotOptions) -> Any:
    """Draw a chart with matplotlib, and return its Axes.

    Args:
        logits: [N, K] as in `lscli.evaluate`; or several models in a list, or in a dict by their names; or the answer
            of `per_bin`, `sweep`, `compare`, `recalibrate`, `threshold`, `conformal` or `ood`, without labels.
        labels: [N], as in `lscli.evaluate`.

    Returns:
        The Axes; of several panels, an array of them. Without `ax` they are in a new figure of pyplot, which a notebook
        shows, with a caption beneath. With `ax` only these Axes are drawn into, as the user's settings of matplotlib
        say. Save a picture by `lscli.plot(...).figure.savefig("x.pdf")`.

    Raises:
        UsageError: matplotlib is not installed, an answer without a chart, or `ax` of another number of panels.
        LscliError: as `lscli.evaluate` and `lscli.compare`.

    Example:
        >>> import lscli
        >>> from matplotlib.figure import Figure
        >>> axes = Figure().subplots()  # of a figure that no window shows
        >>> drawn = lscli.plot("sample_data/logits.npy", "sample_data/labels.npy", ax=axes)
        >>> drawn is axes, axes.get_xlabel(), axes.get_ylabel()
        (True, 'Confidence', 'Accuracy')
    """
    from lscli.render.plots import figure

    figure.check_matplotlib()
    axes = None if options.ax is None else figure.axes_of(options.ax)
    inches(options.width)
    if _is_answer(logits):
        if labels is not None:
            raise UsageError("an answer has no labels", "leave them out", where="labels")
        found = replace(chart_of(logits), width=options.width)
    else:
        found = chart(models_of(logits, options), labels, options)
    if axes is not None:
        figure.draw(found, axes)
        return options.ax
    drawn = figure.in_pyplot(found)
    return drawn[0] if len(drawn) == 1 else _array(drawn)


def _is_answer(logits: Any) -> bool:
    return isinstance(logits, Report | Listing)


def _array(drawn: Sequence[Any]) -> Any:
    found = np.empty(len(drawn), object)
    found[:] = drawn
    return found
