"""Calibration of every class: how far each class's probability is from how often it is the label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Metric, Settings, Value
from lscli.metrics.bins import BINS, rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lscli.options import Norm
    from lscli.table import SampleTable


def class_errors(table: SampleTable, norm: Norm) -> np.ndarray:
    """The calibration error of each class, [K]."""
    classes = table.classes
    if classes is None:
        raise TypeError("the scan was not asked for the sums by class")
    gap, size = np.abs(classes.residual), classes.size
    ratio = np.divide(gap, size, out=np.zeros_like(gap), where=size > 0)
    errors: np.ndarray
    if norm == "l1":
        errors = gap.sum(axis=1) / classes.total
    elif norm == "l2":
        errors = np.sqrt((gap * ratio).sum(axis=1) / classes.total)
    else:
        errors = ratio.max(axis=1)
    return errors


def classwise_ece(table: SampleTable, settings: Settings) -> list[Value]:
    """The mean of the errors of all K classes (Kull et al. 2019, section 2)."""
    return [Value(float(np.mean(class_errors(table, settings.norm))), params=_params(settings))]


def classwise_ece_max(table: SampleTable, settings: Settings) -> list[Value]:
    """The error of the worst class."""
    return [Value(float(np.max(class_errors(table, settings.norm))), params=_params(settings))]


def _params(settings: Settings) -> Mapping[str, object]:
    params = rule_of(settings._replace(compat=None)).params
    return params if settings.norm == "l1" else {**params, "norm": settings.norm}


METRICS = (
    Metric(
        "classwise_ece",
        f"mean over all K classes of sum_b (n_b/N) |mean [y = k] - mean p_k| over {BINS} bins of p_k, which have the "
        "edges of ece and hold all N samples; --norm l1, l2 or max within a class",
        frozenset({"label"}),
        classwise_ece,
        "mean error of the classes",
        by_class=True,
        interval="none",
    ),
    Metric(
        "classwise_ece_max",
        "the calibration error of the worst class",
        frozenset({"label"}),
        classwise_ece_max,
        "error of the worst class",
        by_class=True,
        interval="none",
    ),
)
