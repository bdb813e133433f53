"""Calibration of every class: how far each class's probability is from how often it is the label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.base import Metric, Settings, Value
from lscli.metrics.bins import BINS, BinRule, norms_of, rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lscli.kernels.class_sums import ClassSums
    from lscli.options import Norm
    from lscli.table import SampleTable


def class_rule(settings: Settings) -> BinRule:
    """The bins of the sums by class: ours, or those of focal, the only library of `--compat` with such an error."""
    return rule_of(settings if settings.compat == "focal" else settings._replace(compat=None))


def class_errors(table: SampleTable, norm: Norm) -> np.ndarray:
    """The calibration error of each class, [K]."""
    classes = _sums(table)
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
    return [Value(float(np.mean(_counted(table, settings))), params=_params(settings))]


def classwise_ece_max(table: SampleTable, settings: Settings) -> list[Value]:
    """The error of the worst class."""
    return [Value(float(np.max(_counted(table, settings))), params=_params(settings))]


def ece_marginal(table: SampleTable, settings: Settings) -> list[Value]:
    """The error of all N K probabilities in the same bins, each against whether its class is the label."""
    classes = _sums(table)
    residual, size = np.add.reduce(classes.residual, axis=0), np.add.reduce(classes.size, axis=0)
    full, pairs = size > 0, classes.total * classes.num_classes
    error = float(norms_of(residual[full], size[full], pairs, settings.norm)) if full.any() else np.nan
    return [Value(error, params=_params(settings))]


def _sums(table: SampleTable) -> ClassSums:
    if table.classes is None:
        raise TypeError("the scan was not asked for the sums by class")
    return table.classes


def _counted(table: SampleTable, settings: Settings) -> np.ndarray:
    """The errors of the classes that are counted: of all, or with focal of those up to the largest label."""
    errors = class_errors(table, settings.norm)
    if settings.compat != "focal":
        return errors
    label = table["label"] if table.weight is None else table["label"][table.weight > 0]
    return errors[: int(label.max()) + 1]


def _params(settings: Settings) -> Mapping[str, object]:
    params = class_rule(settings).params
    return params if settings.norm == "l1" else {**params, "norm": settings.norm}


METRICS = (
    Metric(
        "classwise_ece",
        f"mean over all K classes of sum_b (n_b/N) |mean [y = k] - mean p_k| over {BINS} bins of p_k, which have the "
        "edges of ece and hold all N samples; --norm l1, l2 or max within a class",
        frozenset({"label"}),
        classwise_ece,
        "mean error of the classes",
        sums="classes",
        interval="none",
        better="lower",
        formula=r"\frac{1}{K} \sum_{k} \sum_{b=1}^{M} \frac{n_{k,b}}{N} \left| \bar y_{k,b} - \bar p_{k,b} \right|",
    ),
    Metric(
        "classwise_ece_max",
        "the largest of the K errors whose mean is classwise_ece",
        frozenset({"label"}),
        classwise_ece_max,
        "error of the worst class",
        sums="classes",
        interval="none",
        better="lower",
    ),
    Metric(
        "ece_marginal",
        f"sum_b (n_b/(N K)) |mean [y = k] - mean p_k| over {BINS} bins, with the edges of ece, which hold the N K "
        "probabilities of all classes of all samples; p of a masked class is 0; --norm l1, l2 or max",
        frozenset({"label"}),
        ece_marginal,
        "error of all N K probabilities",
        chosen_by="name",
        sums="classes",
        interval="none",
        better="lower",
    ),
)
