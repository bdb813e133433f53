"""What must be said of intervals, so that nobody takes them for those of another number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.metrics.catalogue import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.report import Row


def remark_on_intervals(rows: Sequence[Row]) -> str:
    """Why values lie outside of their intervals, as those of calibration errors may; empty if none does."""
    names = [row.metric for row in rows if _biased(row) and not row.ci_low <= row.value <= row.ci_high]
    if not names:
        return ""
    *others, last = dict.fromkeys(names)
    if others:
        named = f"{', '.join(others)} and {last}"
        return f"{named} lie outside of their intervals, which are of values without noise: noise makes them larger."
    return f"{last} lies outside of its interval, which is of the value without noise: noise makes it larger."


def _biased(row: Row) -> bool:
    """Whether the row has an interval of a value without noise."""
    metric = find(row.metric)
    return metric is not None and metric.interval == "inversion" and row.ci_low == row.ci_low
