"""The same questions class by class: who is confused, who is badly calibrated."""

from __future__ import annotations

import itertools
import math
import os
from typing import TYPE_CHECKING, Any, Unpack, cast

import numpy as np

from lscli.api import inputs, reading
from lscli.api import loss_targets as targets
from lscli.api.wide import column_name
from lscli.errors import InputError, UsageError
from lscli.io.files import RegularFile
from lscli.metrics import Choice, parse_rate, select
from lscli.metrics.base import Settings
from lscli.metrics.bins import check_norm, rule_of
from lscli.metrics.classwise import class_errors
from lscli.report import Listing
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

COLUMNS = (
    *("source", "group", "class", "name", "support", "predicted", "base_rate", "mean_prob"),
    *("recall", "precision", "ece", "loss_hard", "loss_uniform", "logit_gap"),
)
_READ = frozenset({"label", "predicted", "correct", "loss_hard", "loss_uniform", "logit_gap"})
_SORTABLE = COLUMNS[2:]


def per_class(
    logits: Any,
    labels: Any = None,
    *,
    class_names: Any = None,
    sort: str = "class",
    ascending: bool = False,
    top: int | None = None,
    bins: int | None = None,
    bin_edges: str = "right",
    norm: str = "l1",
    metrics: str | Iterable[str] = (),
    eps: float | str | Iterable[float | str] = 0.1,
    smoothing: str = "uniform",
    prior: Any = None,
    class_weights: Any = None,
    weight_mode: str = "torch",
    allow_negative_eps: bool = False,
    noise_rate: float | None = None,
    **options: Unpack[inputs.Options],
) -> Listing:
    """Support, recall, precision, calibration error and losses of every class.

    Args:
        logits, labels, options: as in `lscli.evaluate`.
        class_names: a file with one name a line, or K names.
        sort: a column, largest first; `class` and `name` in their order. Missing values come last.
        ascending: smallest first.
        top: only so many classes (of each group).
        bins, bin_edges, norm: of the calibration error of a class.
        metrics: ids or families, each one more column: the metric of the samples with that label.
        eps, smoothing, prior, class_weights, weight_mode, allow_negative_eps, noise_rate: for these, as in
            `lscli.evaluate`.

    Returns:
        A Listing, a row a class. ece is over all samples; recall, losses and `metrics` over those of the class.

    Raises:
        UsageError: an unknown column or metric, or a `top` below 1.
        InputError: another number of names than classes.
        LscliError: as `lscli.evaluate`.
    """
    if top is not None and top < 1:
        raise UsageError(f"must be at least 1, got {top}", "leave it out for all classes", where="top")
    check_norm(norm)
    given = {name: value for name, value in locals().items() if name in DEFAULTS}
    against = cast("targets.TargetOptions", {name: given[name] for name in targets.DEFAULTS})
    settings = Settings(
        eps=targets.parse_eps(eps, allow_negative=allow_negative_eps),
        targets=targets.check(against, options.get("masked_classes", "auto")),
        rho=None if noise_rate is None else parse_rate(noise_rate, "noise-rate", "--noise-rate "),
        bins=bins,
        bin_edges=bin_edges,
    )
    rule = rule_of(settings)
    words = metrics if isinstance(metrics, str) else ",".join(metrics)
    choices = _chosen(words, allow_negative_eps)
    _check_sort(sort.partition("@")[0], [choice.metric.id for choice in choices])
    names = _names(class_names)
    wanted = _READ.union(*(choice.columns(settings) for choice in choices))
    read = reading.read(logits, labels, wanted, options, rule=rule, against=against)
    settings = settings._replace(targets=read.targets)
    if names is not None and len(names[1]) != read.num_classes:
        raise InputError(f"{len(names[1])} names for {read.num_classes} classes", "one name a line", where=names[0])
    more = _columns_of(read.all, choices, settings)
    _check_sort(sort, more)
    rows: list[tuple[Any, ...]] = []
    for group, table in read.tables.items():
        found = _rows(table, read.num_classes, names[1] if names else [""] * read.num_classes, norm)
        if more:
            found = _joined(found, _by_metric(table, read.num_classes, choices, settings), more)
        rows.extend((read.source, group, *row) for row in _sorted(found, sort, ascending, more)[:top])
    read.with_settings(given, DEFAULTS, {"bins": rule.params["bins"], "eps": list(settings.eps), "metrics": words})
    read.warn()
    return Listing("Classes", (*COLUMNS, *more), rows, "classes", **read.provenance.fields())


DEFAULTS = {name: value for name, value in (per_class.__kwdefaults__ or {}).items() if name != "class_names"}


def _chosen(words: str, allow_negative_eps: bool) -> list[Choice]:
    choices = select(words, allow_negative_eps=allow_negative_eps) if words else []
    for choice in choices:
        if choice.metric.by_class and choice.named:
            raise UsageError(f"{choice.metric.id} is about all classes together", "see lscli eval", where="metrics")
    return [choice for choice in choices if not choice.metric.by_class]


def _check_sort(sort: str, more: Sequence[str]) -> None:
    known = (*_SORTABLE, *more)
    if sort not in known:
        hint = nearest(sort, known) or f"one of {', '.join(known)}"
        raise UsageError(f"unknown column {sort!r}", hint, where="sort")


def _columns_of(table: SampleTable, choices: Sequence[Choice], settings: Settings) -> list[str]:
    """The names of the columns that metrics add, `id` or `id@number`."""
    names = [column_name(c.metric, value.params) for c in choices for value in c.values(table, settings)]
    return list(dict.fromkeys(names))


def _by_metric(
    table: SampleTable, num_classes: int, choices: Sequence[Choice], settings: Settings
) -> list[dict[str, float]]:
    """The metrics of the samples of each class; none where a class has no sample."""
    order = np.argsort(table["label"], kind="stable")
    ends = np.searchsorted(table["label"][order], np.arange(num_classes + 1))
    found = []
    for start, stop in itertools.pairwise(ends.tolist()):
        part = table.select(order[start:stop])
        values = [(c.metric, value) for c in choices for value in c.values(part, settings)] if part.total else []
        found.append({column_name(metric, value.params): value.value for metric, value in values})
    return found


def _joined(
    rows: list[tuple[Any, ...]], values: Sequence[Mapping[str, float]], names: Sequence[str]
) -> list[tuple[Any, ...]]:
    return [(*row, *(own.get(name, math.nan) for name in names)) for row, own in zip(rows, values, strict=True)]


def _rows(table: SampleTable, num_classes: int, names: Sequence[str], norm: str) -> list[tuple[Any, ...]]:
    weight = np.ones(len(table)) if table.weight is None else table.weight

    def by_class(of: Array, x: Array) -> Array:
        # A weight of 0 takes a sample out, also an infinite one.
        return np.bincount(of, np.where(weight > 0, x * weight, 0.0), num_classes)

    label, total = table["label"], table.total
    with np.errstate(invalid="ignore", divide="ignore"):
        support = by_class(label, np.ones(len(table)))
        predicted = by_class(table["predicted"], np.ones(len(table)))
        right = by_class(label, table["correct"])
        means = [by_class(label, table[name]) / support for name in ("loss_hard", "loss_uniform", "logit_gap")]
        recall, precision = right / support, right / predicted
    if table.classes is None:
        raise TypeError("the scan was not asked for the sums by class")
    columns = [support / total, table.classes.mean_prob, recall, precision, class_errors(table, norm), *means]
    whole = [[int(x) if x.is_integer() else x for x in counts.tolist()] for counts in (support, predicted)]
    return list(zip(range(num_classes), names, *whole, *(c.tolist() for c in columns), strict=True))


def _sorted(rows: list[tuple[Any, ...]], sort: str, ascending: bool, more: Sequence[str]) -> list[tuple[Any, ...]]:
    place = (*_SORTABLE, *more).index(sort)
    missing = [row for row in rows if isinstance(row[place], float) and math.isnan(row[place])]
    there = [row for row in rows if not (isinstance(row[place], float) and math.isnan(row[place]))]
    largest_first = sort not in ("class", "name") and not ascending
    return sorted(there, key=lambda row: row[place], reverse=largest_first) + missing


def _names(given: Any) -> tuple[str, list[str]] | None:
    """Where the names of the classes are from, and the names."""
    if given is None:
        return None
    if not isinstance(given, str | bytes | os.PathLike):
        return "class_names", [str(name) for name in given]
    path = os.fsdecode(given)
    file = RegularFile(path)
    try:
        text = file.read(file.size, 0).decode("utf-8-sig", errors="surrogateescape")
    finally:
        file.close()
    return path, text.splitlines()
