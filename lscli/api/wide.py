"""A report with one row per source and group and one column per metric, for spreadsheets and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.listings import Wide
from lscli.metrics.catalogue import find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lscli.metrics.base import Metric
    from lscli.report import Report, Row


def wide(report: Report, *, intervals: bool = False) -> Wide:
    """Put the values side by side. The column of a metric with a parameter is called `id@number`, and that of a bound
    `id@lower` or `id@number@lower`.

    With `intervals`, each column is followed by its `_ci_low` and `_ci_high`.
    """
    columns: dict[str, None] = {}
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for row in report.rows:
        name = _name(row)
        line = lines.setdefault((row.source, row.group), {"source": row.source, "group": row.group, "n": row.n})
        cells = {name: row.value}
        if intervals:
            cells |= {f"{name}_ci_low": row.ci_low, f"{name}_ci_high": row.ci_high}
        columns |= dict.fromkeys(cells)
        line |= cells
    names = ("source", "group", "n", *columns)
    rows = [tuple(line.get(name, float("nan")) for name in names) for line in lines.values()]
    return Wide(rows=rows, metrics=list(columns), **report.fields())


def column_name(metric: Metric, params: Mapping[str, Any]) -> str:
    """The name of a metric's column: its id, and `@number` if it has a parameter."""
    return f"{metric.id}@{params[metric.parameter]}" if metric.parameter else metric.id


def _name(row: Row) -> str:
    metric = find(row.metric)
    name = row.metric if metric is None else column_name(metric, row.params)
    return f"{name}@{row.bound}" if row.bound else name
