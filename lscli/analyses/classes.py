"""The same questions class by class: who is confused, who is badly calibrated."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from lscli.analyses import inputs, reading
from lscli.errors import InputError, UsageError
from lscli.metrics.base import Settings
from lscli.metrics.bins import check_norm, rule_of
from lscli.metrics.classwise import class_errors
from lscli.report import Listing
from lscli.sources.files import RegularFile
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.samples import SampleTable

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

    Returns:
        A Listing, a row a class. ece is over all samples, recall and losses over those of the class.

    Raises:
        UsageError: an unknown column, or a `top` below 1.
        InputError: another number of names than classes.
        LscliError: as `lscli.evaluate`.
    """
    if sort not in _SORTABLE:
        raise UsageError(f"unknown column {sort!r}", nearest(sort, _SORTABLE) or f"one of {', '.join(_SORTABLE)}")
    if top is not None and top < 1:
        raise UsageError(f"must be at least 1, got {top}", "leave it out for all classes", where="top")
    check_norm(norm)
    rule = rule_of(Settings(bins=bins, bin_edges=bin_edges))
    names = _names(class_names)
    read = reading.read(logits, labels, _READ, options, rule=rule)
    if names is not None and len(names[1]) != read.num_classes:
        raise InputError(f"{len(names[1])} names for {read.num_classes} classes", "one name a line", where=names[0])
    rows: list[tuple[Any, ...]] = []
    for group, table in read.tables.items():
        found = _rows(table, read.num_classes, names[1] if names else [""] * read.num_classes, norm)
        rows.extend((read.source, group, *row) for row in _sorted(found, sort, ascending)[:top])
    given = {"sort": sort, "ascending": ascending, "top": top, "bins": bins, "bin_edges": bin_edges, "norm": norm}
    defaults = {"sort": "class", "ascending": False, "top": None, "bins": None, "bin_edges": "right", "norm": "l1"}
    read.with_settings(given, defaults, {"bins": rule.params["bins"]})
    read.warn()
    return Listing("Classes", COLUMNS, rows, "classes", **read.provenance.fields())


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


def _sorted(rows: list[tuple[Any, ...]], sort: str, ascending: bool) -> list[tuple[Any, ...]]:
    place = _SORTABLE.index(sort)
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
