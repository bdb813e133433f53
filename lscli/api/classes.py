"""Support, recall, precision, calibration error and losses of every class."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_logits
from lscli.api.loss_targets import declared_targets, parse_eps
from lscli.api.report_rows import metric_words
from lscli.api.wide import column_name
from lscli.errors import UsageError
from lscli.listings import Classes, ClassRow
from lscli.metrics.base import Settings
from lscli.metrics.bins import rule_of
from lscli.metrics.classwise import class_errors
from lscli.metrics.selection import Choice, select
from lscli.options import ClassesOptions
from lscli.table import weighted
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.options import Data, Norm
    from lscli.table import SampleTable

    Array = NDArray[Any]

CLASS_COLUMNS = frozenset({"label", "predicted", "correct", "loss_hard", "loss_uniform", "logit_gap"})
# The usual columns that are metrics of the samples with a label, unless there are class weights.
_USUAL = ("loss_hard", "loss_uniform")


@of_logits(ClassesOptions)
def per_class(logits: Data, labels: Data | None, options: ClassesOptions) -> Classes:
    """Compute support, recall, precision, calibration error and losses of every class.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing, one row per class, the largest value of `sort` first and missing values last. ece is the error of
        the class's probability over all samples; recall, losses and `metrics` are over the samples with that label. A
        metric with the name of another column is called `ece_of_label`.

    Raises:
        UsageError: an unknown column or metric.
        InputError: the number of names is not that of the classes.
        LscliError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> classes = lscli.per_class("sample_data/logits.npy", "sample_data/labels.npy", sort="recall")
        >>> [(row.number, row.support, round(row.recall, 3)) for row in classes.rows[-2:]]
        [(3, 500, 0.91), (5, 500, 0.908)]
    """
    settings = Settings(
        eps=parse_eps(options.eps, allow_negative=options.allow_negative_eps),
        targets=declared_targets(options, options.masked_classes),
        rho=options.noise_rate,
        bins=options.bins,
        bin_edges=options.bin_edges,
    )
    rule = rule_of(settings)
    words = metric_words(options.metrics)
    choices = _chosen(words, options.allow_negative_eps, weighted=options.class_weights is not None)
    sort = options.sort
    _check_sort(sort.partition("@")[0], [_distinct(choice.metric.id) for choice in choices])
    wanted = CLASS_COLUMNS.union(*(choice.columns(settings) for choice in choices))
    read = reading.read(logits, labels, wanted, options, rule=rule, against=options)
    settings = settings._replace(targets=read.targets)
    more = list(_values(read.all, choices, settings))
    _check_sort(sort, more)
    rows: list[ClassRow] = []
    for group, table in read.tables.items():
        found = class_rows(read.source, group, table, read.class_names or [""] * read.num_classes, options.norm)
        if more:
            parts = _parts(table, read.num_classes)
            values = [_values(part, choices, settings) if part.total else {} for part in parts]
            found = [
                row._replace(metrics=[own.get(name, math.nan) for name in more])
                for row, own in zip(found, values, strict=True)
            ]
        rows += _sorted(found, (*Classes.FIXED, *more).index(sort), sort, options.ascending)[: options.top]
    used = {"bins": rule.params["bins"], "eps": list(settings.eps), "metrics": words}
    return Classes(rows=rows, metrics=more, conclusion=read.map_remark, **read.answered(options, used))


def _chosen(words: str, allow_negative_eps: bool, *, weighted: bool) -> list[Choice]:
    """The further metrics, without those that the usual columns have."""
    choices = select(words, allow_negative_eps=allow_negative_eps) if words else []
    for choice in choices:
        if choice.metric.sums and choice.named:
            raise UsageError(
                f"{choice.metric.id} is a metric of all classes together", "use lscli eval", where="metrics"
            )
    usual = () if weighted else _USUAL
    return [choice for choice in choices if not choice.metric.sums and choice.metric.id not in usual]


def _distinct(name: str) -> str:
    """The name of the column of a metric, which differs from those of the usual columns."""
    return f"{name}_of_label" if name in Classes.FIXED else name


def _check_sort(sort: str, more: Sequence[str]) -> None:
    known = (*Classes.FIXED[2:], *more)
    if sort not in known:
        hint = nearest(sort, known) or f"use one of {', '.join(known)}"
        raise UsageError(f"unknown column {sort!r}", hint, where="sort")


def _values(table: SampleTable, choices: Sequence[Choice], settings: Settings) -> dict[str, float]:
    """The values of further metrics by the names of their columns, `id` or `id@number`."""
    return {
        _distinct(column_name(choice.metric, value.params)): value.value
        for choice in choices
        for value in choice.values(table, settings)
    }


def _parts(table: SampleTable, num_classes: int) -> Iterator[SampleTable]:
    """The samples of each label, one label at a time."""
    order = np.argsort(table["label"], kind="stable")
    ends = np.searchsorted(table["label"][order], np.arange(num_classes + 1))
    return (table.select(order[start:stop]) for start, stop in itertools.pairwise(ends.tolist()))


def class_rows(source: str, group: str, table: SampleTable, names: Sequence[str], norm: Norm) -> list[ClassRow]:
    """The row of each class, from a table with `CLASS_COLUMNS` and sums by class; `names` are [K], maybe empty ones."""
    num_classes = len(names)
    weight = np.ones(len(table)) if table.weight is None else table.weight

    def by_class(of: Array, x: Array) -> Array:
        return np.bincount(of, weighted(x, weight), num_classes)

    label, total = table["label"], table.total
    with np.errstate(invalid="ignore", divide="ignore"):
        support = by_class(label, np.ones(len(table)))
        predicted = by_class(table["predicted"], np.ones(len(table)))
        right = by_class(label, table["correct"])
        means = [by_class(label, table[name]) / support for name in ("loss_hard", "loss_uniform", "logit_gap")]
        recall, precision = right / support, right / predicted
    if table.classes is None:
        raise TypeError("the table has no sums by class")
    columns = [support / total, table.classes.mean_prob, recall, precision, class_errors(table, norm), *means]
    whole = [[int(x) if x.is_integer() else x for x in counts.tolist()] for counts in (support, predicted)]
    cells = zip(range(num_classes), names, *whole, *(c.tolist() for c in columns), strict=True)
    return [ClassRow(source, group, *row) for row in cells]


def _sorted(rows: Sequence[ClassRow], place: int, sort: str, ascending: bool) -> list[ClassRow]:
    """The rows sorted by one column, missing values last."""

    def cell(row: ClassRow) -> Any:
        return (*row[:-1], *row.metrics)[place]

    there = [row for row in rows if cell(row) == cell(row)]  # nan is not equal to itself
    missing = [row for row in rows if cell(row) != cell(row)]
    return sorted(there, key=cell, reverse=sort not in ("class", "name") and not ascending) + missing
