"""The answer of `ood`: how well scores tell samples of one set from those of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lscli.listings import Listing

if TYPE_CHECKING:
    from lscli.options import OodScore


class DetectionRow(NamedTuple):
    """A measure of how well a score tells ID samples from OOD samples.

    Attributes:
        source: the name of the OOD samples; `mean` for the mean of several.
        group: empty.
        score: the name of the score.
        metric: auroc, aupr_in (ID samples are positive), aupr_out or fpr95.
        value: of the metric.
        ci_low, ci_high: its interval, from resamples of both sets.
    """

    source: str
    group: str
    score: OodScore
    metric: str
    value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Detection(Listing):
    """One `DetectionRow` per OOD file, score and metric."""

    rows: Sequence[DetectionRow]
    name = "ood"
    title = "Out of distribution"
    row = DetectionRow
