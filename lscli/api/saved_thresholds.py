"""Saved thresholds: of an answer, of a file, or as they are given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lscli.api.calibrators import load as load_map
from lscli.decisions.saved_threshold import KeptSamples, SavedThreshold
from lscli.decisions.threshold import Threshold
from lscli.errors import UsageError
from lscli.in_python import of_python
from lscli.io.argument import is_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lscli.decisions.threshold import ThresholdRow
    from lscli.options import ThresholdOptions


@of_python
def load_threshold(path: str | os.PathLike[str]) -> SavedThreshold:
    """The thresholds of a file that `lscli threshold -o` wrote; the answer of `lscli.threshold` gives its own.

    Nothing in the file is executed.

    Raises:
        InputError: the file is not that of a threshold.
        ReadWriteError: the file cannot be read.
        UsageError: the argument is neither a path nor a threshold, or no threshold was found.
    """
    return load(path)


def load(given: Any) -> SavedThreshold:
    """As `load_threshold`, with errors in the words of the command line."""
    if isinstance(given, SavedThreshold):
        return given
    if isinstance(given, Threshold):
        return given.saved
    if not is_path(given):
        what = "is neither a path nor a threshold"
        raise UsageError(what, "give its file, or the answer of lscli.threshold", where="threshold")
    from lscli.decisions.threshold_file import read

    return read(os.fsdecode(given))


def saved_of(
    rows: Iterable[ThresholdRow], limit: float | None, classes: int, options: ThresholdOptions
) -> SavedThreshold:
    """What the file of these thresholds holds.

    Args:
        rows: of the calibration samples.
        limit: of the error; None if a coverage was asked for.
        classes: K; 0 without logits.
        options: of the question, with the probability that the promise holds as the level.
    """
    digest = None if options.calibrator is None else load_map(options.calibrator).digest
    kept = [KeptSamples(row.group, row.number, row.threshold, row.n, row.kept, row.bound) for row in rows]
    return SavedThreshold(options.score, limit, options.level, classes, digest, options.temperature, kept)
