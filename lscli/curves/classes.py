"""The accuracy and the mean confidence of each class: of the samples with that label."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.curves.chart import Curve, Source
from lscli.curves.needed import check_needed
from lscli.intervals.shares import share_interval
from lscli.metrics.base import mean

if TYPE_CHECKING:
    from lscli.metrics.base import Settings

_READ = frozenset({"label", "correct", "confidence"})


class ClassPoint(NamedTuple):
    """A class with samples.

    Attributes:
        number: the class.
        name: its name; empty if it is not known.
        support: the number of samples with this label, by their weights.
        accuracy: the share of these that are right: the recall.
        low, high: its interval (Wilson 1927; with clusters one of the log odds).
        confidence: the mean confidence of these.
    """

    number: int
    name: str
    support: float
    accuracy: float
    low: float
    high: float
    confidence: float


def _compute(given: Source) -> tuple[list[ClassPoint], dict[str, float], str]:
    """All classes that have samples, those of the lowest accuracy first.

    Raises:
        UsageError: the samples have no labels that are classes.
    """
    table, level = given.table, given.options.level
    check_needed(table, "classes", "the label of each sample", _READ)
    number_of_classes = table.num_classes or 0
    names = given.class_names or [""] * number_of_classes
    narrow = table.without(table.columns.keys() - _READ)
    order = np.argsort(table["label"], kind="stable")
    ends = np.searchsorted(table["label"][order], np.arange(number_of_classes + 1)).tolist()
    points = []
    for number, (start, stop) in enumerate(itertools.pairwise(ends)):
        part = narrow.select(order[start:stop])
        if not part.total:
            continue
        accuracy = mean(part, part["correct"].astype(np.bool_))
        low, high = share_interval(accuracy.value, part.total, level, accuracy.stderr, part.clusters)
        confidence = mean(part, part["confidence"]).value
        support = int(part.total) if part.total.is_integer() else part.total
        points.append(ClassPoint(number, names[number], support, accuracy.value, low, high, confidence))
    points.sort(key=lambda point: (point.accuracy, -point.support, point.number))
    whole = mean(table, table["correct"].astype(np.bool_)).value if table.total else math.nan
    return points, {"accuracy": whole, "classes": float(number_of_classes), "level": level}, ""


def _columns(settings: Settings) -> frozenset[str]:
    return _READ


CURVE = Curve(ClassPoint, _columns, _compute)
