"""Scores of samples that need no labels, each larger for more certain samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import OodScore, Score, ThresholdScore
    from lscli.table import SampleTable

    Array = NDArray[Any]

# The column of each score, and whether the score is its negative.
CERTAINTY: dict[Score | ThresholdScore, tuple[str, bool]] = {
    "msp": ("confidence", False),
    "margin": ("margin", False),
    "entropy": ("entropy", True),
    "max_logit": ("largest_logit", False),
    "max_logit_pnorm": ("pnorm_scores", False),  # a score for each exponent, [n, P]
    "energy": ("energy", False),
    "mutual_information": ("mutual_information", True),
}


def certainty(table: SampleTable, score: ThresholdScore | OodScore) -> Array:
    """The score of each sample, [n]."""
    column, negative = CERTAINTY[score]
    values: Array = table[column]
    return -values if negative else values
