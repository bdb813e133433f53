"""A listing for a terminal, and the parts that all views share: titles, conclusions, columns that fit."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lscli.render.numbers import cell
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report

# The first rows, this many, decide the widths of the columns, because a long listing is not held in memory.
FIRST = 1000
# The columns that a narrow screen leaves out first, since other columns say nearly the same.
_FIRST_TO_GO = ("one_minus_confidence", "weight", "loss_uniform", "correct", "base_rate", "brier", "label_prob")


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """The rows as columns. A listing without inputs, such as that of the metrics, is short and wraps long cells."""
    if not answer.inputs:
        title = Padding(Text(answer.title, style="bold"), (1, 0, 0, 1))
        yield text_of([title, wrapped(answer.columns, answer.cells())], screen)
        return
    rows = iter(answer.cells())
    first = list(itertools.islice(rows, FIRST))
    shown, hidden = _shown(answer, first, screen)
    places = [place for place, name in enumerate(answer.columns) if name in shown]
    yield text_of([Padding(titled(answer), (1, 0, 1, 1))], screen) + "\n"
    yield from aligned(shown, ([row[place] for place in places] for row in itertools.chain(first, rows)), screen)
    if hidden:
        note = Text(f"Not shown here, but in -f csv: {', '.join(hidden)}", style="dim")
        yield text_of([Padding(note, (0, 1, 0, 2))], screen)
    if answer.conclusion:
        yield "\n" + text_of(conclusion(answer), screen)


def aligned(columns: Sequence[str], rows: Iterable[Sequence[object]], screen: Screen) -> Iterator[str]:
    """Right-aligned columns under a rule, row by row as the rows come.

    They are laid out by hand: rich holds all rows, and takes 70 times as long (10 s for 20,000 rows of 7 columns).
    """
    rows = iter(rows)
    first = list(itertools.islice(rows, FIRST))
    widths = [max(cell_len(cell(row[place])) for row in [columns, *first]) for place in range(len(columns))]
    heading = "  ".join(name.rjust(width) for name, width in zip(columns, widths, strict=True))
    rule = "─" * (sum(widths) + 2 * len(widths))
    yield text_of([Text(f"  {heading}", style="bold cyan"), Text(f" {rule}")], screen)
    for row in itertools.chain(first, rows):
        padded = (" " * (width - cell_len(text)) + text for text, width in zip(map(cell, row), widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip() + "\n"


def wrapped(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Columns whose long cells are wrapped, except those of the first two."""
    table = empty_table()
    for place, name in enumerate(columns):
        table.add_column(name, no_wrap=place < 2, header_style="bold cyan")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    return table


def empty_table() -> Table:
    """A table whose header stands over a rule."""
    return Table(box=box.SIMPLE_HEAD, collapse_padding=True, expand=False)


def fitting(widths: Mapping[str, int], room: int, first_to_go: Sequence[str]) -> list[str]:
    """The names of the columns that fit side by side, in their order.

    Args:
        widths: the width of each column, with the space before it.
        room: the width that they may have together.
        first_to_go: the names of the columns that may be left out, the least important first.
    """
    shown = set(widths)

    def used() -> int:
        return sum(widths[name] for name in shown)

    for name in first_to_go:
        if used() > room:
            shown.discard(name)
    # A narrow column may fit where a wide one was left out after it.
    for name in reversed(dict.fromkeys(first_to_go)):
        if name in widths.keys() - shown and used() + widths[name] <= room:
            shown.add(name)
    return [name for name in widths if name in shown]


def _shown(answer: Listing, rows: Sequence[Sequence[object]], screen: Screen) -> tuple[list[str], list[str]]:
    """The names of the columns that are shown, and of those that do not fit.

    Neither list has the source, which the title names, or a column that is empty in all rows.
    """
    columns = answer.columns
    if tuple(columns[:2]) != ("source", "group"):
        return list(columns), []
    cells = {name: [row[place] for row in rows] for place, name in enumerate(columns)}
    widths = {
        name: max(cell_len(cell(value)) for value in (name, *values)) + 2
        for name, values in cells.items()
        if name != "source" and not all(value == "" or value != value for value in values)
    }
    key = _sorted_by(answer)
    shown = fitting(widths, screen.width - 2, [name for name in (*_FIRST_TO_GO, *list(widths)[:0:-1]) if name != key])
    return shown, [name for name in widths if name not in shown]


def _sorted_by(answer: Listing) -> str:
    """The column that the rows are sorted by, which is always shown."""
    settings = {name: setting.value for name, setting in answer.settings.items()}
    if settings.get("worst") is not None:
        return "loss_hard" if settings["by"] == "loss" else "confidence"
    return str(settings.get("sort", ""))


def titled(answer: Report | Listing, shape: Sequence[int] | None = None) -> Text:
    """The title of a view: the logits, and how many samples were left out.

    Args:
        answer: a report or a listing.
        shape: the number of samples and of classes, if the first input does not have this shape.
    """
    title = Text("lscli", style="bold")
    for entry in answer.inputs[:1]:
        rows, *classes = shape or entry["shape"]
        title.append(f"  {printable(str(entry['path']))}")
        what = f" x {classes[0]:,} classes, {entry['dtype']}" if classes else ", without logits"
        title.append(f"  {rows:,} samples{what}", style="not bold dim")
    left_out = [f"{answer.samples[key]:,} {key}" for key in ("ignored", "skipped") if answer.samples.get(key)]
    if left_out:
        title.append(f", {' and '.join(left_out)}", style="not bold yellow")
    if any(entry["role"] == "weights" for entry in answer.inputs):
        title.append(", weighted", style="not bold yellow")
    return title


def conclusion(answer: Report | Listing) -> list[RenderableType]:
    """The conclusion under a table, if there is one."""
    return [Padding(Text(printable(answer.conclusion)), (0, 1, 1, 1))] if answer.conclusion else []


def text_of(parts: Sequence[RenderableType], screen: Screen) -> str:
    """The parts below one another, laid out by rich, as text that ends with one line feed."""
    text = io.StringIO()
    console = Console(
        file=text,
        width=max(40, screen.width),
        force_terminal=screen.color,
        color_system="standard" if screen.color else None,
        no_color=not screen.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(*parts, sep="\n")
    lines = (line.rstrip() for line in text.getvalue().split("\n"))
    return "\n".join(lines).rstrip("\n") + "\n"
