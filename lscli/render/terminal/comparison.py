"""Models against the baseline, for a terminal: values, differences with intervals, and verdicts in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import cell, interval, interval_title, p_value, short
from lscli.render.terminal import table
from lscli.render.terminal.columns import Column, difference, laid_out
from lscli.render.terminal.model_names import short_names
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from lscli.decisions.comparison import Comparison, ComparisonRow, Verdict
    from lscli.listings import Wide
    from lscli.render.renderers import Screen

# Green and red of the terminal itself, which can be read on white and on black; the word says the same.
_STYLES: dict[Verdict, str] = {"better": "green", "worse": "red", "equivalent": "", "no difference shown": "", "": ""}
# The columns that a model's name may take on screens of 60 and of 80; it gets more on wider ones.
_LEAST, _USUAL = 10, 15
# The least that it gets in a table of a row a model.
_WIDE = 16


def comparison(answer: Comparison, screen: Screen) -> Iterator[str]:
    """For each group, the metrics of the models, then what changed between their outputs; then the conclusion."""
    found = []
    most = max(_LEAST, _USUAL + (screen.width - 80) // 4)
    for room in (most, *range(most - 2, _LEAST, -2), _LEAST):
        found.append(_tables(answer, room, screen))
        if not found[-1][1]:
            break
    parts, hidden = min(found, key=lambda each: len(each[1]))
    if hidden:
        parts = [*parts, Padding(table.not_shown(hidden), (0, 1, 1, 1))]
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def row_per_model(answer: Wide, screen: Screen) -> Iterator[str]:
    """A line for each model and group, with as many metrics as fit; then the name of the baseline."""
    names = list(dict.fromkeys(row[0] for row in answer.rows))
    short_of = dict(zip(names, short_names(names, max(_WIDE, screen.width // 3)), strict=True))
    metrics = answer.columns[3:]
    kept = [answer.sorted_by, *table.KEPT]
    spare = {name: kept.index(name) if name in kept else len(kept) + place for place, name in enumerate(metrics)}
    columns = [
        Column("model", [Text(short_of[row[0]]) for row in answer.rows], number=False),
        Column("group", [Text(table.elided(printable(row[1]), 20)) for row in answer.rows], number=False),
        Column("n", [Text(cell(row[2])) for row in answer.rows], spare=1),
        *(
            Column(name, [Text(short(row[place])) for row in answer.rows], spare=spare[name])
            for place, name in enumerate(metrics, 3)
        ),
    ]
    laid, hidden = laid_out(columns, screen)
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1)), laid]
    if hidden:
        parts.append(Padding(table.not_shown(hidden), (0, 1, 1, 1)))
    yield table.text_of([*parts, *table.conclusion(answer)], screen)


def _tables(answer: Comparison, room: int, screen: Screen) -> tuple[list[RenderableType], list[str]]:
    """The tables under the title, with names of at most `room` columns, and the titles of columns that do not fit."""
    names = dict(zip(answer.models, short_names(answer.models, room), strict=True))
    sizes = {row.group: row.n for row in answer.reports}
    groups = list(dict.fromkeys(row.group for row in answer.rows))
    parts: list[RenderableType] = [Padding(table.titled(answer, screen), (1, 0, 0, 1))]
    if len(names) > 2:
        first = table.elided(printable(answer.models[0]), screen.width)
        parts.append(Padding(Text(f"{len(names):,} models; the baseline is {first}", style="dim"), (0, 1, 0, 1)))
    hidden: dict[str, None] = {}
    for place, group in enumerate(groups):
        own = [row for row in answer.rows if row.group == group]
        if len(groups) > 1:
            title = table.group_title(group, sizes.get(group, math.nan))
            parts.append(Padding(title, (0 if place else 1, 0, 0, 1)))
        metrics, pairs = [row for row in own if not row.of_the_pair], [row for row in own if row.of_the_pair]
        for columns, heading in (
            *(_differences(metrics, names, answer, screen) if metrics else ()),
            *(_changes(pairs, names, answer) if pairs else ()),
        ):
            if heading:
                parts.append(Padding(Text(heading, style="bold"), (0, 0, 0, 1)))
            laid, left_out = laid_out(columns, screen)
            parts.append(laid)
            hidden |= dict.fromkeys(left_out)
    return parts, list(hidden)


def _differences(
    rows: Sequence[ComparisonRow], names: dict[str, str], answer: Comparison, screen: Screen
) -> Iterator[tuple[list[Column], str]]:
    """The columns of each table of a group: of two models one table; of several, values that fit, and differences."""
    first, *others = names.values()
    metrics = list(dict.fromkeys(_name(row, answer) for row in rows))
    by_metric = [[row for row in rows if _name(row, answer) == name] for name in metrics]
    if len(others) == 1:
        yield (
            [
                Column("metric", [Text(_name(row, answer)) for row in rows], number=False),
                Column(first, [Text(short(row.baseline)) for row in rows], spare=1),
                Column(others[0], [Text(short(row.value)) for row in rows]),
                *_tested(rows, answer, "p"),
            ],
            "",
        )
        return
    values = [
        Column("metric", [Text(name) for name in metrics], number=False),
        Column(first, [Text(short(own[0].baseline)) for own in by_metric]),
        *(Column(names[source], [_value(own, source) for own in by_metric]) for source in list(names)[1:]),
    ]
    if sum(column.width for column in values) <= screen.width - 2:
        yield values, ""
        blocks, value = [row for own in by_metric for row in own], []
    else:  # the differences have the values, too, and a row for the baseline
        blocks = [row for own in by_metric for row in (_of_baseline(own[0], answer), *own)]
        value = [Column("value", [Text(short(row.value)) for row in blocks])]
    said = [_name(row, answer) for row in blocks]
    yield (
        [
            Column(
                "metric", [Text("" if at and name == said[at - 1] else name) for at, name in enumerate(said)], False
            ),
            Column("model", [Text(names[row.source]) for row in blocks], number=False),
            *value,
            *_tested(blocks, answer, "p adjusted"),
        ],
        "" if value else "Differences from the baseline",
    )


def _tested(rows: Sequence[ComparisonRow], answer: Comparison, p: str) -> list[Column]:
    """The difference with its interval, p-value and verdict."""
    return [
        Column("difference", [Text(difference(row.difference)) for row in rows]),
        Column(interval_title(answer), [Text(_interval(row)) for row in rows], spare=3),
        Column(p, [Text(p_value(row.p_adjusted)) for row in rows], spare=2),
        Column("verdict", [_verdict(row, answer) for row in rows], number=False),
    ]


def _changes(
    rows: Sequence[ComparisonRow], names: dict[str, str], answer: Comparison
) -> Iterator[tuple[list[Column], str]]:
    """The columns of what belongs to both models, such as the share of samples that are no longer right."""
    metrics = dict.fromkeys(_name(row, answer) for row in rows)
    ordered = [row for name in metrics for row in rows if _name(row, answer) == name]
    said = [_name(row, answer) for row in ordered]
    columns = [
        Column("metric", [Text("" if at and name == said[at - 1] else name) for at, name in enumerate(said)], False),
        Column("model", [Text(names[row.source]) for row in ordered], number=False),
        Column("value", [Text(short(row.value)) for row in ordered]),
        Column(interval_title(answer), [Text(interval(row.ci_low, row.ci_high)) for row in ordered], spare=1),
    ]
    yield columns if len(names) > 2 else [columns[0], *columns[2:]], "What changed"


def _of_baseline(row: ComparisonRow, answer: Comparison) -> ComparisonRow:
    """The baseline as a row of its own, without a difference."""
    nan = math.nan
    return row._replace(
        source=answer.models[0], value=row.baseline, difference=nan, ci_low=nan, ci_high=nan, p_adjusted=nan, verdict=""
    )


def _value(rows: Sequence[ComparisonRow], source: str) -> Text:
    return next((Text(short(row.value)) for row in rows if row.source == source), Text(""))


def _name(row: ComparisonRow, answer: Comparison) -> str:
    return row.name if answer.several else row.metric


def _interval(row: ComparisonRow) -> str:
    """The interval of a difference to three digits: a fourth one would be noise, and take the place of a name."""
    return interval(row.ci_low, row.ci_high, digits=3)


def _verdict(row: ComparisonRow, answer: Comparison) -> Text:
    if row.source == answer.models[0]:
        return Text("baseline", style="dim")
    return Text(row.verdict, style=_STYLES[row.verdict])
