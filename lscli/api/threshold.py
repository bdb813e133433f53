"""The score from which on the error is at most a limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_logits
from lscli.api.saved_thresholds import saved_of
from lscli.decisions.threshold import Threshold, ThresholdPoint, ThresholdRow
from lscli.errors import UsageError
from lscli.intervals.fixed_sequence import sequence
from lscli.metrics.certainty import CERTAINTY, certainty
from lscli.options import ThresholdOptions
from lscli.summaries.threshold import conclude

if TYPE_CHECKING:
    from lscli.api.confidences import Table
    from lscli.options import Data


@of_logits(ThresholdOptions)
def threshold(logits: Data | Table, labels: Data | None, options: ThresholdOptions) -> Threshold:
    """Find the score from which on the error is at most a limit, with a guarantee.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing; its `threshold` is None if none keeps the promise, its `points` are the sequence that was tested.

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    limit = options.max_error if options.min_accuracy is None else 1 - options.min_accuracy
    if limit is None:
        raise UsageError("no limit is given", "for example --max-error 0.05", where="threshold")
    read = reading.read(logits, labels, {"row", "correct", CERTAINTY[options.score][0]}, options)
    delta = 1 - options.level
    rows, points = [], []
    for group, table in read.tables.items():
        score, n = certainty(table, options.score), len(table)
        best = None
        passed = True
        for each in sequence(score, ~table["correct"].astype(np.bool_), limit, delta):
            passed = passed and each.bound <= limit
            best = each if passed else best
            rate = each.errors / each.kept
            points.append(
                ThresholdPoint(
                    group, None, each.threshold, each.kept / n, each.kept, each.errors, rate, each.bound, passed
                )
            )
        if best is None:
            found = (math.nan, 0.0, 0, 0, math.nan, math.nan)
        else:
            found = (best.threshold, best.kept / n, best.kept, best.errors, best.errors / best.kept, best.bound)
        rows.append(ThresholdRow(read.source, group, None, options.score, n, *found, limit))
    saved = saved_of(rows, limit, read.num_classes, options)
    said = conclude(rows[0], options.level)
    return Threshold(rows=rows, points=points, saved=saved, conclusion=said, **read.answered(options))
