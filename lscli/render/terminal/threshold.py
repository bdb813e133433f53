"""Thresholds for a terminal: the points that were tested, the thresholds, and the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.decisions.threshold import threshold_text
from lscli.render.numbers import short
from lscli.render.terminal import table
from lscli.render.terminal.columns import Column, laid_out
from lscli.text import percent, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from lscli.decisions.threshold import Threshold, ThresholdPoint, ThresholdRow
    from lscli.render.renderers import Screen


def threshold(answer: Threshold, screen: Screen) -> Iterator[str]:
    """The points of all samples; the rows, if there are several; then the conclusion."""
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1))]
    hidden: dict[str, None] = {}
    row = answer.rows[0]
    points = [point for point in answer.points if not point.group and point.number is None]
    tables = [_points(points, row)] if points else []
    tables += [_rows(answer)] if len(answer.rows) > 1 or not points else []
    for columns in tables:
        laid, left_out = laid_out(columns, screen)
        parts.append(laid)
        hidden |= dict.fromkeys(left_out)
    if hidden:
        parts.append(Padding(table.not_shown(list(hidden)), (0, 1, 1, 1)))
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _points(points: Sequence[ThresholdPoint], row: ThresholdRow) -> list[Column]:
    """The points; a mark is at the one that has the threshold."""
    return [
        Column("", [Text("*" if point.threshold == row.threshold else " ") for point in points]),
        Column("coverage", [Text(percent(point.coverage)) for point in points]),
        Column(row.score, [Text(f">= {threshold_text(point.threshold)}") for point in points]),
        Column("kept", [Text(f"{point.kept:,}") for point in points], spare=3),
        Column("errors", [Text(f"{point.errors:,}") for point in points], spare=2),
        Column("error", [Text(short(point.error)) for point in points], spare=1),
        Column("bound", [Text(short(point.bound)) for point in points]),
        Column("passed", [_passed(point, row) for point in points], number=False),
    ]


def _passed(point: ThresholdPoint, row: ThresholdRow) -> Text:
    if row.max_error != row.max_error:
        return Text("")
    return Text("yes", style="green") if point.passed else Text("no", style="bold red")


def _rows(answer: Threshold) -> list[Column]:
    rows = answer.rows
    names = ["calibration" if row.source == rows[0].source else "test" for row in rows]
    groups = [printable(row.group) or "all" for row in rows] if any(row.group for row in rows) else []
    classes = ["all" if row.number is None else str(row.number) for row in rows]
    classes = classes if any(row.number is not None for row in rows) else []
    return [
        *([Column("samples", [Text(name) for name in names], number=False)] if "test" in names else []),
        *([Column("group", [Text(table.elided(group, 20)) for group in groups], False)] if groups else []),
        *([Column("class", [Text(number) for number in classes])] if classes else []),
        Column("n", [Text(f"{row.n:,}") for row in rows], spare=4),
        Column("threshold", [Text(threshold_text(row.threshold) if row.found else "none") for row in rows]),
        Column("coverage", [Text(percent(row.coverage)) for row in rows]),
        Column("kept", [Text(f"{row.kept:,}") for row in rows], spare=3),
        Column("errors", [Text(f"{row.errors:,}") for row in rows], spare=2),
        Column("error", [Text(short(row.error)) for row in rows], spare=1),
        Column("bound", [Text(short(row.bound)) for row in rows]),
    ]
