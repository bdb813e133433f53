"""The answer of `threshold`: which samples a threshold keeps, and the bound of their error rate."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.decisions.saved_threshold import SavedThreshold
from lscli.errors import UsageError
from lscli.listings import Listing
from lscli.text import rounded

if TYPE_CHECKING:
    from lscli.options import ThresholdScore


def threshold_text(number: float) -> str:
    """A threshold to six digits, or as many as tell it from 1, where most confidences are."""
    texts = (rounded(number, digits) for digits in range(6, 18))
    return next((text for text in texts if float(text) != 1 or number == 1), str(number))


class ThresholdPoint(NamedTuple):
    """A point of the sequence of thresholds, up to the first that fails. Its columns call `number` `class`.

    Attributes:
        source: the logits of calibration.
        group: the group of samples; empty for all samples.
        number: the predicted class that the sequence is of; None for all classes.
        threshold: samples whose score is at least this are kept.
        coverage: the share of samples that are kept.
        kept: the number of samples that are kept.
        errors: how many of these are wrong.
        error: errors / kept.
        bound: the one-sided upper bound of the error (Clopper and Pearson 1934).
        passed: whether the bound is within the limit; the last point that passes gives the threshold.
    """

    source: str
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
        bound: the one-sided upper bound of the error (Clopper and Pearson 1934); nan if none are kept.
        max_error: the limit; nan if a coverage was asked for.
    """

    source: str
    group: str
    number: int | None
    score: ThresholdScore
    n: int
    threshold: float = math.nan
    coverage: float = 0.0
    kept: int = 0
    errors: int = 0
    error: float = math.nan
    bound: float = math.nan
    max_error: float = math.nan

    @property
    def found(self) -> bool:
        """Whether there is a threshold."""
        return not math.isnan(self.threshold)


class ThresholdPoints(Listing):
    """The sequences of thresholds that were tested, one `ThresholdPoint` per row."""

    rows: Sequence[ThresholdPoint]
    name = "threshold_points"
    title = "Tested thresholds"
    row = ThresholdPoint
    whole = ("class",)

    def words(self) -> Iterator[Sequence[Any]]:
        return map(_in_words, self.rows)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Threshold(Listing):
    """Thresholds, one `ThresholdRow` for each group and class, first of the calibration samples, then of test samples.

    The promise of each row holds with the probability `confidence`; the probability that all of them hold is lower.

    Attributes:
        points: the sequences that were tested, each up to the first point that failed.
        saved: what the file of the thresholds holds.
    """

    rows: Sequence[ThresholdRow]
    points: Sequence[ThresholdPoint]
    saved: SavedThreshold
    name = "threshold"
    title = "Threshold"
    row = ThresholdRow
    whole = ("class",)

    def words(self) -> Iterator[Sequence[Any]]:
        return map(_in_words, self.rows)

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

    def tested(self) -> ThresholdPoints:
        """The points as a listing of their own."""
        return ThresholdPoints(rows=self.points, conclusion=self.conclusion, **self.fields())

    def save(self, path: str | bytes | os.PathLike[str]) -> None:
        """Write the thresholds to a .json file, completely or not at all; `lscli check --threshold` reads it.

        Raises:
            UsageError: no threshold was found.
            ReadWriteError: the file cannot be written; an old file is unchanged.
        """
        if not self.found:
            raise UsageError("no threshold was found, so there is nothing to save", "allow a larger error")
        self.saved.save(path)


def _in_words(row: ThresholdRow | ThresholdPoint) -> Sequence[Any]:
    """The cells, of which the threshold has enough digits."""
    text = "" if math.isnan(row.threshold) else threshold_text(row.threshold)
    return tuple({**row._asdict(), "threshold": text}.values())
