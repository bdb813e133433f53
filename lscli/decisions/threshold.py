"""The answer of `threshold`: the score from which on samples are kept, and what is promised of them."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lscli.decisions.saved_threshold import SavedThreshold
from lscli.errors import UsageError
from lscli.listings import Listing

if TYPE_CHECKING:
    from lscli.options import ThresholdScore


class ThresholdPoint(NamedTuple):
    """A point of the sequence of thresholds that is tested.

    Attributes:
        number: the predicted class that the sequence is of; None for all classes.
        threshold: samples whose score is at least this are kept.
        coverage: the share of samples that are kept.
        kept: the number of samples that are kept.
        errors: how many of these are wrong.
        error: errors / kept.
        bound: the one-sided upper bound of the error.
        passed: whether the bound is within the limit, and those of all points before are.
    """

    group: str
    number: int | None
    threshold: float
    coverage: float
    kept: int
    errors: int
    error: float
    bound: float
    passed: bool


class ThresholdRow(NamedTuple):
    """A threshold, and the samples that it keeps. Its columns call `number` `class`.

    Attributes:
        source: the logits: those of calibration, or the test samples.
        group: the group of samples; empty for all samples.
        number: the predicted class that the threshold is of; None for all classes.
        score: the name of the score.
        n: the number of samples.
        threshold: samples whose score is at least this are kept; nan if no threshold keeps the promise.
        coverage: the share of samples that are kept.
        kept: the number of samples that are kept.
        errors: how many of these are wrong.
        error: errors / kept; nan if none are kept.
        bound: the one-sided upper bound of the error (Clopper and Pearson 1934).
        max_error: the limit; nan if a coverage was asked for.
    """

    source: str
    group: str
    number: int | None
    score: ThresholdScore
    n: int
    threshold: float
    coverage: float
    kept: int
    errors: int
    error: float
    bound: float
    max_error: float

    @property
    def found(self) -> bool:
        """Whether there is a threshold."""
        return not math.isnan(self.threshold)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Threshold(Listing):
    """Thresholds, one `ThresholdRow` for each group and class, first of the calibration samples, then of test samples.

    Attributes:
        points: the sequences that were tested.
        saved: what the file of the thresholds holds.
    """

    rows: Sequence[ThresholdRow]
    points: Sequence[ThresholdPoint]
    saved: SavedThreshold
    name = "threshold"
    title = "Threshold"

    @property
    def columns(self) -> Sequence[str]:
        return tuple("class" if name == "number" else name for name in ThresholdRow._fields)

    @property
    def threshold(self) -> float | None:
        """The threshold of all samples; None if there is none."""
        return self.rows[0].threshold if self.rows[0].found else None

    @property
    def coverage(self) -> float:
        """The share of all calibration samples that it keeps."""
        return self.rows[0].coverage

    @property
    def bound(self) -> float:
        """The upper bound of the error of the samples that it keeps."""
        return self.rows[0].bound

    @property
    def found(self) -> bool:
        """Whether any threshold was found."""
        return any(row.found for row in self.rows)

    def save(self, path: str | bytes | os.PathLike[str]) -> None:
        """Write the thresholds to a .json file, completely or not at all; `lscli check --threshold` reads it.

        Raises:
            UsageError: no threshold was found.
            ReadWriteError: the file cannot be written; an old file is unchanged.
        """
        if not self.found:
            raise UsageError("no threshold was found, so there is nothing to save", "allow a larger error")
        self.saved.save(path)
