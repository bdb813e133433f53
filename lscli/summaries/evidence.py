"""What the samples show beyond noise: the ground of every conclusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lscli.intervals.gap_test import Side, beyond_noise
from lscli.metrics.bins import rule_of
from lscli.metrics.null_ece import ece_tail
from lscli.metrics.smoothing_marks import Marks

if TYPE_CHECKING:
    from collections.abc import Collection

    from lscli.metrics.base import Settings
    from lscli.table import SampleTable

_CONFIDENCES = frozenset({"confidence", "one_minus_confidence", "correct"})


class Evidence(NamedTuple):
    """What the samples of one model show.

    Attributes:
        clusters: the number of clusters; 0 for independent samples.
        gap: whether the model is over- or under-confident; empty if a calibrated one shows such a gap by chance.
        ece: whether ece is larger than noise alone makes it; None if that is not clear, or not known, as with
            clusters.
        marks: what smoothing leaves in logits; None if it is not known.
    """

    clusters: int = 0
    gap: Side = ""
    ece: bool | None = None
    marks: Marks | None = None


def evidence(table: SampleTable, settings: Settings, metrics: Collection[str], level: float) -> Evidence:
    """The evidence for the conclusion about these metrics; what none of them is about is not computed.

    Args:
        table: all samples.
        settings: the settings of the metrics.
        metrics: the ids of the metrics.
        level: the share of calibrated models about which nothing is said, in (0, 1).
    """
    gap: Side = ""
    if {"confidence_gap", "smoothing_balance"} & {*metrics} and table.has(_CONFIDENCES):
        gap = beyond_noise(table, level)
    ece = None
    if {"ece", "ece_null"} <= {*metrics} and table.cluster is None and table.total:
        number = settings.positive_class
        p = ece_tail(table if number is None else table.of_class(number), rule_of(settings))
        # At most the first, an interval of this level begins above 0; above the second, readers of ece_p see noise.
        ece = True if p <= (1 - level) / 2 else False if p > 1 - level else None
    marks = Marks.of(table, settings) if "eps_gap" in metrics else None
    return Evidence(table.clusters, gap, ece, marks)
