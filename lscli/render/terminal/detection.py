"""How well scores tell ID from OOD samples, for a terminal: a row for each set and score, the best values in bold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.padding import Padding
from rich.text import Text

from lscli.decisions.detection import MEAN
from lscli.render.numbers import interval, short
from lscli.render.terminal import table
from lscli.render.terminal.columns import Column, laid_out
from lscli.render.terminal.model_names import short_names
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from lscli.decisions.detection import Detection, DetectionRow
    from lscli.render.renderers import Screen

# What a narrow screen leaves out last: the values of these two metrics always stay.
_ALWAYS = ("auroc", "fpr")
_LEAST = 12  # columns of the terminal that the name of a set may take at least


def detection(answer: Detection, screen: Screen) -> Iterator[str]:
    """The table, below it the conclusion."""
    sets = [entry for entry in answer.inputs if entry["role"] == "ood"]
    against = f"against {sets[0]['shape'][0]:,} OOD samples of " if len(sets) == 1 else "against "
    name = printable(answer.sources[0]) if len(sets) == 1 else f"{len(sets):,} sets of OOD samples"
    line = Text(against + table.elided(name, max(_LEAST, screen.width - cell_len(against) - 2)), style="dim")
    laid, hidden = laid_out(_columns(answer, screen), screen)
    title = Padding(table.titled(answer, screen), (1, 0, 0, 1))
    parts: list[RenderableType] = [title, Padding(line, (0, 1, 0, 1)), laid]
    if hidden:
        parts.append(Padding(table.not_shown(hidden), (0, 1, 1, 1)))
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _columns(answer: Detection, screen: Screen) -> list[Column]:
    pairs = [(source, score) for source in answer.sources for score in answer.scores]
    found = {(row.source, row.score, row.metric): row for row in answer.rows}
    several = len(answer.sources) > 1
    sets = answer.sources[:-1] if several else answer.sources
    names = {**dict(zip(sets, short_names(sets, max(_LEAST, screen.width // 5)), strict=True)), MEAN: MEAN}
    said = [names[source] if several and score == answer.scores[0] else "" for source, score in pairs]
    columns = [
        Column("OOD", [Text(name) for name in said], number=False),
        Column("score", [Text(score) for _, score in pairs], number=False),
    ]
    level = f"{100 * answer.settings['level'].value:g} %"
    for place, metric in enumerate(answer.metrics):
        rows = [found[source, score, metric] for source, score in pairs]
        spare = 0 if metric.startswith(_ALWAYS) else place
        columns += [
            Column(metric, [_value(row, _best(row, rows)) for row in rows], spare=spare),
            Column(
                f"{level} of {metric}",
                [Text(interval(row.ci_low, row.ci_high, digits=3)) for row in rows],
                spare=10 + place,
            ),
        ]
    return columns


def _value(row: DetectionRow, best: bool) -> Text:
    return Text(short(row.value), style="bold" if best else "")


def _best(row: DetectionRow, rows: Sequence[DetectionRow]) -> bool:
    """Whether a score has the best value of its set, and another has a worse one."""
    values = [other.value for other in rows if other.source == row.source]
    best = min(values) if row.metric.startswith("fpr") else max(values)
    return row.value == best and min(values) < max(values)
