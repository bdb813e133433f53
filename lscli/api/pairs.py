"""Metrics that belong to a pair of models: what changed, and how far the predictions are apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.api import reading
from lscli.api.absences import absences
from lscli.api.models import found_labels
from lscli.api.report_rows import group_rows, metric_words
from lscli.decisions.comparison import ComparisonRow
from lscli.errors import InputError, UsageError
from lscli.metrics import changes, divergence
from lscli.metrics.of_pairs import CHANGES, DIVERGENCE, OF_PAIRS
from lscli.metrics.selection import select
from lscli.options import CompareOptions
from lscli.table import NO_LOGITS, SampleTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.api.models import Models
    from lscli.intervals.of_metrics import Resampling
    from lscli.metrics.base import Settings
    from lscli.metrics.selection import Choice
    from lscli.options import CheckOptions, Data

    Array = NDArray[Any]

_OF_LABELS = frozenset({"label_prob_change", "label_prob_change_rms"})
_DEFAULTS = CompareOptions()
_PASS = DIVERGENCE - _OF_LABELS - {"top1_agreement"}


class Asked(NamedTuple):
    """The metrics of a comparison.

    Attributes:
        own: those that each model has.
        of_pairs: those that belong to a pair of models.
    """

    own: list[Choice]
    of_pairs: list[Choice]

    @classmethod
    def of(cls, choices: Sequence[Choice]) -> Asked:
        """The metrics, told apart."""
        of_pairs = [choice for choice in choices if choice.metric.id in OF_PAIRS]
        return cls([choice for choice in choices if choice not in of_pairs], of_pairs)

    @property
    def columns(self) -> frozenset[str]:
        """The columns of each model that the metrics of pairs are computed from."""
        ids = {choice.metric.id for choice in self.of_pairs}
        found = frozenset[str]()
        if ids & CHANGES:
            found |= changes.READS
        if ids & DIVERGENCE:
            found |= divergence.READS
        if ids & _OF_LABELS:
            found |= divergence.READS_LABELS
        return found


def without_labels(words: str, models: Any, labels: Data | Mapping[str, Data] | None, options: CompareOptions) -> str:
    """The metrics to compute without labels.

    Raises:
        UsageError: labels are given, or what only labels have; a metric that was asked for needs labels; or the models
            have no logits.
    """
    if labels is not None:
        raise UsageError("labels are given as well", "leave out the labels, or --no-labels", where="no-labels")
    for name in ("labels_key", "labels_column", "labels_from", "ignore_index", "cross_fit"):
        if getattr(options, name) != getattr(_DEFAULTS, name):
            raise UsageError(
                "there are no labels that it could apply to",
                "leave it out, or --no-labels",
                where=name.replace("_", "-"),
            )
    free = [metric.id for metric in divergence.METRICS if metric.id not in _OF_LABELS]
    asked = select("divergence" if words == metric_words(CompareOptions().metrics) else words)
    if needing := [
        c.metric.id for c in asked if c.metric.id not in free and (c.named or c.metric.id not in DIVERGENCE)
    ]:
        what = f"needs labels: {', '.join(needing)}"
        raise UsageError(what, "ask for divergence, or give the labels and leave --no-labels out", where="metrics")
    several = [*models.values()] if isinstance(models, Mapping) else [*models]
    if not several:
        raise UsageError("has no models", "name the baseline, then the others: lscli compare A B", where="compare")
    if any(reading.without_logits(model, options) for model in several):
        hint = "give the logits of both models; or leave out --no-labels, and compare metrics of confidences"
        raise UsageError("outputs can be compared only if all models have logits", hint, where="no-labels")
    return ",".join(c.metric.id for c in asked if c.metric.id in free)


def pair_rows(
    data: Sequence[Data],
    labels: Data | Mapping[str, Data] | None,
    read: Models,
    asked: Asked,
    settings: Settings,
    options: CompareOptions | CheckOptions,
    resampling: Resampling,
) -> tuple[list[ComparisonRow], list[str]]:
    """The rows of the metrics that belong to a pair of models, and notes on those that are absent.

    Raises:
        InputError: the models have different classes, or a file changed since it was read first.
    """
    if not asked.of_pairs:
        return [], []
    wide = any(choice.metric.id in _PASS for choice in asked.of_pairs)
    if wide:
        _check_classes(read)
    rows: list[ComparisonRow] = []
    notes: dict[str, None] = {}
    for number, name in enumerate(read.names[1:], 1):
        every = read.tables[""][0]["row"]  # of which each group has some
        own = [*labels.values()] if isinstance(labels, Mapping) else [labels] * len(data)
        found, lacks = _divergences(data, own, number, every, options) if wide else ({}, "")
        for group, tables in read.tables.items():
            one, other = tables[0], tables[number]
            places = np.searchsorted(every, one["row"]) if found else None
            table = _pairs(one, other, {key: values[places] for key, values in found.items()}, lacks)
            of_group = group_rows(name, group, table, asked.of_pairs, settings, resampling)
            rows += [
                ComparisonRow(
                    name, group, row.metric, row.value, ci_low=row.ci_low, ci_high=row.ci_high, params=row.params
                )
                for row in of_group
            ]
            if not group:
                there = {row.metric for row in of_group}
                missing = [choice for choice in asked.of_pairs if choice.metric.id not in there]
                notes |= dict.fromkeys(absences(missing, table, settings)[0])
    return rows, [*notes]


def _check_classes(read: Models) -> None:
    first = read.readings[0]
    for other in read.readings[1:]:
        if first.num_classes and other.num_classes and other.num_classes != first.num_classes:
            count = f"{first.source} has {first.num_classes}, this has {other.num_classes}"
            what = f"the models differ in their classes: {count}"
            raise InputError(what, "compare models of the same classes, in the same order", where=other.source)


def _pairs(one: SampleTable, other: SampleTable, found: dict[str, Array], lacks: str) -> SampleTable:
    """The table of pairs of two tables of the same samples."""
    columns: dict[str, Array] = {"row": one["row"], **found, **divergence.pair_columns(one, other)}
    if one.columns.keys() & other.columns.keys() >= changes.READS:
        columns |= changes.pair_columns(one, other)
    return SampleTable(columns, one.num_classes, one.weight, one.cluster, lacks=lacks or one.lacks or other.lacks)


def _divergences(
    data: Sequence[Data],
    labels: Sequence[Data | None],
    number: int,
    rows: Array,
    options: CompareOptions | CheckOptions,
) -> tuple[dict[str, Array], str]:
    """The divergences of a model from the first one in these rows; and why there are none."""
    from lscli.scan.divergence import divergences  # imported only for these

    one, other = data[0], data[number]
    if any(reading.without_logits(each, options) for each in (one, other)):
        return {}, NO_LOGITS
    opened = (
        reading.opened_inputs(*found_labels(*each, options))
        for each in ((one, one, labels[0]), (other, one, labels[number]))
    )
    with next(opened) as first, next(opened) as second:
        if first.topk is not None or second.topk is not None:
            return {}, "the probabilities of all classes are needed, and the files hold those of the top k"
        keep = np.zeros(first.logits.shape[0], np.bool_)
        keep[rows] = True
        return divergences(first.logits, second.logits, keep, options.threads, options.progress)._asdict(), ""
