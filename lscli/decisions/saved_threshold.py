"""What the file of a threshold holds: the promise, and the facts of the logits that it depends on."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli._version import __version__
from lscli.errors import ReadWriteError
from lscli.io.output import write_atomically
from lscli.text import printable

if TYPE_CHECKING:
    from lscli.options import ThresholdScore

SCHEMA = "lscli.saved-threshold/1"
KIND = "lscli threshold"


class KeptSamples(NamedTuple):
    """The threshold of a group and a predicted class, and the calibration samples that it keeps.

    Attributes:
        group: the group of samples; empty for all samples.
        number: the predicted class; None for all classes. The file calls it `class`.
        threshold: samples whose score is at least this are kept; nan if no threshold keeps the promise.
        n: the number of samples.
        kept: the number of samples that are kept.
        bound: the one-sided upper bound of their error; nan without a threshold.
    """

    group: str
    number: int | None
    threshold: float
    n: int
    kept: int
    bound: float

    @property
    def found(self) -> bool:
        """Whether there is a threshold."""
        return not math.isnan(self.threshold)

    @property
    def coverage(self) -> float:
        """The share of samples that are kept."""
        return self.kept / self.n if self.n else math.nan


@dataclass(frozen=True)
class SavedThreshold:
    """Thresholds with their promise: with probability `confidence`, the error rate of kept samples is within the limit.

    Attributes:
        score: the name of the score.
        max_error: the limit of the error; None if a coverage was asked for, so that the bound of each row is promised.
        confidence: the probability that the promise holds.
        classes: K; 0 for thresholds of a table without logits.
        calibrator: the digest of the calibrator whose logits were measured; None without one.
        temperature: what the logits were divided by; None without it.
        rows: the thresholds, that of all samples first.
        version: of lscli.
    """

    score: ThresholdScore
    max_error: float | None
    confidence: float
    classes: int
    calibrator: str | None
    temperature: float | None
    rows: Sequence[KeptSamples]
    version: str = __version__

    def limit(self, row: KeptSamples) -> float:
        """What the error of a row was promised to be at most."""
        return row.bound if self.max_error is None else self.max_error

    @property
    def found(self) -> bool:
        """Whether any threshold was found."""
        return any(row.found for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """The object of its file."""
        rows = [
            {
                "group": row.group,
                "class": row.number,
                "threshold": row.threshold if row.found else None,
                "n": row.n,
                "kept": row.kept,
                "coverage": row.coverage if row.n else None,
                "bound": row.bound if row.found else None,
            }
            for row in self.rows
        ]
        return {
            "kind": KIND,
            "score": self.score,
            "max_error": self.max_error,
            "confidence": self.confidence,
            "classes": self.classes,
            "calibrator": self.calibrator,
            "temperature": self.temperature,
            "thresholds": rows,
            "schema": SCHEMA,
            "version": self.version,
        }

    def to_json(self) -> str:
        """The text of its file: floats are the shortest decimals that read back, and nothing depends on the time."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    def save(self, path: str | bytes | os.PathLike[str]) -> None:
        """Write its file, completely or not at all.

        Raises:
            ReadWriteError: it cannot be written; an old file is unchanged.
        """
        try:
            write_atomically(os.fsdecode(path), [self.to_json().encode()])
        except OSError as error:
            what = f"cannot be written: {os.strerror(error.errno or 0)}"
            raise ReadWriteError(what, "choose another place", where=printable(os.fsdecode(path))) from error
