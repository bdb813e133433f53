"""Markdown tables, for an issue or a README."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from lscli.render.numbers import cell, error, interval, interval_title, settings, short
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report

# An underscore inside a word is shown as it is; at the edge of a word it would begin emphasis.
_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~]|&(?=\w+;)|(?<![^\W_])_|_(?![^\W_]))")


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """The inputs, one table of the metrics, and the conclusion."""
    groups = any(row.group for row in answer.rows)
    intervals = any(not math.isnan(row.ci_low) for row in answer.rows)
    columns = ["metric", "params", "value", "s.e."]
    sources = len({row.source for row in answer.rows}) > 1
    columns = [*["source"] * sources, *["group"] * groups, *columns, *[interval_title(answer)] * intervals]
    rows = [
        [
            *[escape(row.source)] * sources,
            *[escape(row.group)] * groups,
            *(f"`{row.metric}`", escape(";".join(settings(row))), short(row.value), error(row.stderr)),
            *[escape(interval(row.ci_low, row.ci_high))] * intervals,
        ]
        for row in answer.rows
    ]
    lines = [f"- {entry['role']}: {escape(str(entry['path']))}, {entry['shape']}" for entry in answer.inputs]
    if "clusters" in answer.samples:
        lines.append(f"- standard errors: by {answer.samples['clusters']} clusters")
    heading = "\n".join(lines)
    parts = (heading and heading + "\n", _table(columns, rows), escape(answer.conclusion))
    yield "\n".join(part for part in parts if part).rstrip() + "\n"


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """One table, and the conclusion."""
    yield _table(answer.columns, ([escape(cell(value)) for value in row] for row in answer.words()))
    if answer.conclusion:
        yield f"\n{escape(answer.conclusion)}\n"


def escape(text: str) -> str:
    """Escape the characters that mean something in Markdown."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
