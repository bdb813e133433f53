"""What a chart needs of the samples, and the error without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.errors import UsageError

if TYPE_CHECKING:
    from lscli.table import SampleTable


def check_needed(table: SampleTable, chart: str, needed: str, columns: frozenset[str]) -> None:
    """Refuse samples that a chart cannot be drawn of.

    Args:
        table: the samples.
        chart: the name of the chart.
        needed: what it needs, in words.
        columns: what it needs, as columns.

    Raises:
        UsageError: the samples have no classes, or lack a column.
    """
    if table.num_classes is None or not table.has(columns):
        what = f"{chart} needs {needed}: {table.lacks or 'there are none'}"
        raise UsageError(what, "draw --chart reliability", where="chart")
