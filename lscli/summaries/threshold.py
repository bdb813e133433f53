"""The conclusion of `lscli threshold`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.text import rounded

if TYPE_CHECKING:
    from lscli.decisions.threshold import ThresholdRow


def conclude(row: ThresholdRow, level: float) -> str:
    """What the threshold of all samples promises."""
    if not row.found:
        return f"No threshold keeps the error at {rounded(row.max_error, 4)} or below."
    return (
        f"Samples with {row.score} >= {rounded(row.threshold, 6)} have an error of at most "
        f"{rounded(row.bound, 4)}, with probability {level:g}: they are {row.coverage:.1%} of all."
    )
