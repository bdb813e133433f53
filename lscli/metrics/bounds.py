"""Bounds of metrics, for a table that has only bounds of some columns.

A metric that never decreases with a column is at least its value on the lower bounds of that column, and at most its
value on the upper ones. The two values become two rows with `bound` in their params. If they are equal, the metric is
exact. An infinite bound says nothing and is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.table import BOUNDS, bound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.metrics.base import Metric, Settings, Value
    from lscli.table import SampleTable, Side

# Bounds that differ by less, relative to their size, are one value: rounding makes them differ.
_DIGITS = 1e-9
# Of each value, the bounds that are shown; None if it is exact.
Shown = list[list["Side"] | None]


def bounded_values(metric: Metric, table: SampleTable, settings: Settings) -> Sequence[Value]:
    """The values of a metric from columns of which the table may have only bounds; empty if it lacks one."""
    found = _at_bounds(metric, table, settings)
    if found is None:
        return []
    # Resamples have the rows of their origin.
    base = table if table.origin is None else table.origin
    rows = []
    for place, shown in enumerate(base.kept_weighted(_shown, metric, settings)):
        if shown is None:
            rows.append(found["lower"][place])
            continue
        for side in shown:
            value = found[side][place]
            rows.append(value._replace(params={**value.params, "bound": side}))
    return rows


def lacks_bounds(metric: Metric, table: SampleTable, settings: Settings) -> bool:
    """Whether nothing is known about a metric that applies to these samples."""
    found = _at_bounds(metric, table, settings)
    return found is None or len(found["lower"]) > 0


def _at_bounds(metric: Metric, table: SampleTable, settings: Settings) -> dict[Side, Sequence[Value]] | None:
    """The values of the metric at both bounds; None if the table has no bounds of a column, or these bound nothing."""
    missing = metric.columns_for(settings) - table.columns.keys()
    if not table.has(frozenset(bound(name, side) for name in missing for side in BOUNDS)):
        return None
    found = {}
    for side in BOUNDS:
        sides = metric.sides_for(missing, settings, side)
        if sides is None:
            return None
        found[side] = metric.values(table.bounded(sides), settings)
    return found


def _shown(table: SampleTable, metric: Metric, settings: Settings) -> Shown:
    found = _at_bounds(metric, table, settings)
    pairs = () if found is None else zip(found["lower"], found["upper"], strict=True)
    return [_sides(low.value, high.value) for low, high in pairs]


def _sides(low: float, high: float) -> list[Side] | None:
    if low == high or math.isclose(low, high, rel_tol=_DIGITS):
        return None
    # A value that is not defined bounds nothing, either.
    finite: list[tuple[Side, bool]] = [("lower", low > -math.inf), ("upper", high < math.inf)]
    return [side for side, says in finite if says]
