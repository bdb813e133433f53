"""Which metrics a comparison lacks, which of its differences are not tested, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.api.absences import absences, group_absences, named_groups
from lscli.api.models import merged_warnings
from lscli.text import printed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.api.models import Models
    from lscli.decisions.comparison import ComparisonRow
    from lscli.metrics.base import Settings
    from lscli.metrics.selection import Choice
    from lscli.report import Row
    from lscli.table import SampleTable


def absences_of_models(
    choices: Sequence[Choice], rows: Sequence[ComparisonRow], values: Sequence[Row], read: Models, settings: Settings
) -> list[str]:
    """Which metrics a model, or the comparison, lacks, and why."""
    found = []
    for place, name in enumerate(read.names):
        own = [row for row in values if row.source == name]
        there = {row.metric for row in own}
        tables = {group: of_group[place] for group, of_group in read.tables.items()}
        notes, _ = absences([each for each in choices if each.metric.id not in there], tables[""], settings)
        found.append((name, name, [*notes, *group_absences(choices, own, tables, settings)]))
    compared = {row.metric for row in rows}
    bounded = dict.fromkeys(row.metric for row in values if "bound" in row.params and row.metric not in compared)
    why = "only bounds are known, and those of a difference do not follow from them"
    of_bounds = [f"{', '.join(bounded)} {'are' if len(bounded) > 1 else 'is'} absent: {why}"] if bounded else []
    return [*merged_warnings(found), *of_bounds]


def untested(choices: Sequence[Choice], rows: Sequence[ComparisonRow], read: Models) -> list[str]:
    """Which differences have no interval, and so no verdict, and why; of metrics that never have one, those named.

    Args:
        choices: the metrics.
        rows: their differences.
        read: the models.
    """
    never = {
        choice.metric.id: choice.named
        for choice in choices
        if choice.metric.interval in ("none", "normal") or choice.metric.sums
    }
    few = {group: why for group, tables in read.tables.items() if (why := _too_few(tables[0]))}
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        if not math.isnan(row.p_value) or row.group in few:
            continue
        both = (read.names[0], row.baseline), (row.source, row.value)
        if infinite := [printed(name) for name, value in both if math.isinf(value)]:
            why = f"infinite in {' and '.join(infinite)}"
        elif undefined := [printed(name) for name, value in both if math.isnan(value)]:
            why = f"not defined in {' and '.join(undefined)}"
        elif row.metric not in never:
            why = "without an interval"
        elif never[row.metric]:
            why = "differences of this kind have no interval"
        else:
            continue
        found.setdefault(f"{why}{f', in {named_groups([row.group])}' if row.group else ''}", {})[row.metric] = None
    notes = [f"no verdict on {', '.join(ids)}: {why}" for why, ids in found.items()]
    for why in dict.fromkeys(few.values()):
        groups = [group for group in read.tables if few.get(group) == why]
        notes.append(f"no verdict for {named_groups(groups)}: {why}")
    return notes


def _too_few(table: SampleTable) -> str:
    """Why no difference of these samples has an interval; empty if it may have."""
    if table.cluster is not None:
        return "differences are tested with two clusters or more" if table.clusters < 2 else ""
    return "differences are tested with two samples or more" if math.floor(table.total) < 2 else ""
