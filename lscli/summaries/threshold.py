"""The conclusion of `lscli threshold`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.text import percent, printable, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.decisions.threshold import ThresholdRow


class Refusal(NamedTuple):
    """What would do where no threshold keeps the limit.

    Attributes:
        fewest: the samples that the limit takes even if none of them is wrong.
        limit: a limit that has a threshold; None if there is none.
    """

    fewest: int
    limit: float | None


def conclude(rows: Sequence[ThresholdRow], level: float, refusal: Refusal | None, *, alike: bool) -> str:
    """What the threshold of all samples promises, and what test samples show of it.

    Args:
        rows: those of the calibration samples, then those of the test samples.
        level: the probability of the promise.
        refusal: what would do if there is no threshold.
        alike: whether all scores are equal.
    """
    row, *others = rows
    parts = [each for each in others if each.source == row.source]
    of_parts = any(each.found for each in parts)
    said = [_found(row, level) if row.found else _not_found(row, level, refusal, of_parts=of_parts)]
    if alike:
        said.append("All scores are equal, so that a threshold keeps all samples or none.")
    if of_parts:
        said.append("The threshold of each group or class makes this promise by itself, not all at once.")
    lacking = sum(not each.found for each in parts)
    if lacking and (row.found or of_parts):
        verb = "was" if lacking == 1 else "were"
        said.append(f"{lacking} of the {len(parts)} thresholds of groups and classes {verb} not found.")
    test = next((each for each in others if each.source != row.source), None)
    if test is not None and row.found:
        error = f", with an error of {rounded(test.error, 4)}" if test.kept else ""
        said.append(f"Of {printable(test.source)}, it keeps {percent(test.coverage)}{error}.")
    return " ".join(said)


def _found(row: ThresholdRow, level: float) -> str:
    # The bound at the end of a sequence is no promise: of a sequence, only the limit is one.
    promised = row.bound if math.isnan(row.max_error) else row.max_error
    kept = "This is 1 sample" if row.kept == 1 else f"These are {row.kept:,} samples"
    return (
        f"With probability {level:g}, samples with {row.score} >= {float(row.threshold)!r} have an error of at "
        f"most {rounded(promised, 4)}. {kept}, {percent(row.coverage)} of all, of which {row.errors:,} "
        f"{'is' if row.errors == 1 else 'are'} wrong."
    )


def _not_found(row: ThresholdRow, level: float, refusal: Refusal | None, *, of_parts: bool) -> str:
    what = "No threshold of all samples" if of_parts else "No threshold"
    said = [f"{what} keeps the error at {rounded(row.max_error, 4)} or below with probability {level:g}"]
    if refusal is None:
        return f"{said[0]}."
    if row.n < refusal.fewest:
        said.append(f": even without an error, that takes {refusal.fewest:,} samples, and there are {row.n:,}")
    if refusal.limit is not None:
        said.append(f"; --max-error {refusal.limit!r} has one")
    return f"{''.join(said)}."
