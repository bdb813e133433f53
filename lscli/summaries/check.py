"""The conclusion of `lscli check`: how many limits are kept, and which are not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.decisions.checked import CheckRow

# The most limits that the sentence names; the table has all.
_MOST = 4


def conclude(rows: Sequence[CheckRow]) -> str:
    """How many limits are kept, and by what each of the others is broken."""
    if not rows:
        return ""
    failed = [row for row in rows if not row.passed]
    if not failed:
        return "The limit is kept." if len(rows) == 1 else f"All {len(rows):,} limits are kept."
    kept = len(rows) - len(failed)
    head = (
        "The limit is not kept"
        if len(rows) == 1
        else f"{kept:,} of {len(rows):,} limits {'is' if kept == 1 else 'are'} kept"
    )
    named = [_broken(row) for row in failed[:_MOST]]
    if len(failed) > _MOST:
        named.append(f"{len(failed) - _MOST:,} more are not kept")
    return f"{head}: {'; '.join(named)}."


def _broken(row: CheckRow) -> str:
    """The metric and how it is beyond its limit."""
    name = f"{row.metric} of group {row.group}" if row.group else row.metric
    limit = rounded(row.limit, 4)
    upper = row.bound in ("max", "max-rise")
    if row.missing:
        return f"{name} has no {'difference to the baseline' if row.relative else 'value'}"
    if row.relative:
        found, sign = row.difference, 1 if upper else -1
        beyond = sign * found > row.limit
        what = f"{'rise' if upper else 'drop'} of {limit}"
        if beyond:
            return f"{name} {'rises' if upper else 'drops'} by {rounded(abs(found), 3)}, above its limit of {limit}"
        return f"the interval of the difference of {name}, {_interval(row)}, reaches beyond a {what}"
    beyond = row.value > row.limit if upper else row.value < row.limit
    side = "above" if upper else "below"
    if beyond:
        return f"{name} {rounded(row.value, 4)} is {side} its limit {limit}"
    if math.isnan(row.ci_low):
        return f"{name} {rounded(row.value, 4)} has no interval that could be within its limit {limit}"
    return f"the interval of {name}, {_interval(row)}, reaches {side} its limit {limit}"


def _interval(row: CheckRow) -> str:
    return (
        f"{rounded(row.ci_low, 3)} to {rounded(row.ci_high, 3)}" if not math.isnan(row.ci_low) else "which is missing"
    )
