"""The answer of `ood`: how well scores tell ID samples from OOD samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lscli.listings import Listing
from lscli.text import listed, nearest

if TYPE_CHECKING:
    from lscli.options import OodScore

# The source of the rows that are means over several sets of OOD samples.
MEAN = "mean"


class DetectionRow(NamedTuple):
    """A measure of how well a score tells ID samples from OOD samples.

    Attributes:
        source: the name of the OOD samples; `mean` for the mean of several.
        group: empty.
        score: the name of the score.
        metric: auroc, aupr_in (ID samples are positive), aupr_out or fpr95.
        value: the value of the metric, a share from 0 to 1.
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
    """One `DetectionRow` per OOD file, score and metric; the means over several files come last."""

    rows: Sequence[DetectionRow]
    name = "ood"
    title = "Out of distribution"
    row = DetectionRow

    @property
    def sources(self) -> list[str]:
        """The names of the sets of OOD samples; `mean` comes last if there are several."""
        return list(dict.fromkeys(row.source for row in self.rows))

    @property
    def scores(self) -> list[OodScore]:
        """The names of the scores."""
        return list(dict.fromkeys(row.score for row in self.rows))

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics."""
        return list(dict.fromkeys(row.metric for row in self.rows))

    def of(self, score: str, metric: str = "auroc", source: str | None = None) -> DetectionRow:
        """The row of a score, a metric and a set of OOD samples; of several sets the mean, unless one is named.

        Raises:
            KeyError: it is not there; the message lists what is.
        """
        source = self.sources[-1] if source is None else source
        for row in self.rows:
            if (row.source, row.score, row.metric) == (source, score, metric):
                return row
        for asked, known in ((source, self.sources), (score, self.scores), (metric, self.metrics)):
            if asked not in known:
                raise KeyError(f"no {asked!r}; {nearest(asked, known) or f'there are: {listed(known)}'}")
        raise KeyError(f"no {metric} of {score} for {source!r}")

    def __repr__(self) -> str:
        shown = ", ".join(f"{score} {self.of(score).value:.4f}" for score in self.scores)
        sets = len(self.sources) - (len(self.sources) > 1)
        return f"{type(self).__name__}({sets} OOD set{'s' * (sets != 1)}; auroc: {shown})"
