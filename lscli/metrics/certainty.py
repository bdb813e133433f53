"""Scores of samples that need no labels, each larger for more certain samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.metrics.sorted_values import rounding_of

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


def at_least(values: Array, threshold: float, score: ThresholdScore) -> Array:
    """Which scores [n] are at least a threshold, [n] bool; none is if it is nan.

    Those that equal it but for rounding are, as where thresholds are found: the same logits in another order of the
    classes, or on another device, have scores whose last bits differ.
    """
    rounding = rounding_of(CERTAINTY[score][0])
    found: Array = values >= (threshold if rounding is None else threshold - rounding(np.array(threshold)))
    return found
