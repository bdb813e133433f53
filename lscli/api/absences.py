"""Why metrics are absent from a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.metrics.base import CLUSTERED
from lscli.metrics.bounds import lacks_bounds
from lscli.table import NO_LOGITS
from lscli.text import printed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lscli.metrics.base import Settings
    from lscli.metrics.selection import Choice
    from lscli.report import Row
    from lscli.table import SampleTable

_FEW = 3  # groups that a note names


def absences(absent: Sequence[Choice], table: SampleTable, settings: Settings) -> tuple[list[str], str]:
    """Notes on the absent metrics that were named, and a sentence on the others that these samples cannot have.

    Nothing is said of a metric that was not named and that the settings do not ask for, such as the loss of a prior.
    """
    named: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for choice in absent:
        why = _reason(choice, table, settings)
        if choice.named or why in (table.lacks, CLUSTERED):
            ids = (named if choice.named else others).setdefault(why, [])
            ids += [] if choice.metric.id in ids else [choice.metric.id]
    notes = [f"{', '.join(ids)} {'are' if len(ids) > 1 else 'is'} absent: {why}" for why, ids in named.items()]
    return notes, " ".join(f"Absent, because {why}: {', '.join(ids)}." for why, ids in others.items())


def group_absences(
    choices: Sequence[Choice], rows: Sequence[Row], tables: Mapping[str, SampleTable], settings: Settings
) -> list[str]:
    """Notes on the groups that lack a metric which other samples have, such as a temperature."""
    there = {(row.group, row.metric) for row in rows}
    groups: dict[tuple[str, str], list[str]] = {}
    for choice in choices:
        metric = choice.metric
        if metric.absent is None or all(row.metric != metric.id for row in rows):
            continue
        for group, table in tables.items():
            if (group, metric.id) not in there:
                groups.setdefault((metric.id, _reason(choice, table, settings)), []).append(group)
    return [f"{metric} is absent for {named_groups(of)}: {why}" for (metric, why), of in groups.items()]


def named_groups(groups: Sequence[str]) -> str:
    """The first of some groups, and how many more there are; the empty one is all samples."""
    said = ", ".join(f"group {printed(name)}" if name else "all samples" for name in groups[:_FEW])
    more = len(groups) - _FEW
    return f"{said} and {more} more" if more > 0 else said


def _reason(choice: Choice, table: SampleTable, settings: Settings) -> str:
    """Why a metric is absent; of several reasons, that which the user has to know first."""
    metric, own = choice.metric, choice.settings(settings)
    columns = choice.columns(settings)
    unknown = not metric.has_sums(table) or (not table.has(columns) and lacks_bounds(metric, table, own))
    why = "" if metric.absent is None else metric.absent(table, own)
    if why and (why == CLUSTERED or table.num_classes is not None or not choice.named):
        return why
    if table.num_classes is None:
        return NO_LOGITS
    if unknown and table.lacks:
        return table.lacks
    missing = sorted(columns - {name.partition("@")[0] for name in table.columns})  # or known within bounds
    if missing:
        return f"the table has no column {', '.join(missing)}"
    if unknown:
        return "the table has no sums by class"
    return f"not defined for K = {table.num_classes} classes"
