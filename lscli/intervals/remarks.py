"""What must be said of intervals, so that nobody takes them for those of another number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.metrics.catalogue import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.report import Row


def remark_on_intervals(rows: Sequence[Row]) -> str:
    """Why the values of calibration errors lie outside of their intervals; empty if none does."""
    names = [row.metric for row in rows if _biased(row) and not row.ci_low <= row.value <= row.ci_high]
    if not names:
        return ""
    *others, last = dict.fromkeys(names)
    lie, own = ("lie", "their intervals, which are") if others else ("lies", "its interval, which is")
    named = f"{', '.join(others)} and {last}" if others else last
    return f"{named} {lie} outside of {own} of the error without noise: noise makes a calibration error larger."


def _biased(row: Row) -> bool:
    """Whether the row has an interval of an error without noise."""
    metric = find(row.metric)
    return metric is not None and metric.interval == "inversion" and row.ci_low == row.ci_low
