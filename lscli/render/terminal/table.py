"""A listing for a terminal, and the parts that all views share: titles, conclusions, columns that fit."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len, set_cell_size
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
# The columns that a narrow screen leaves out first, since other columns say nearly the same, and those that it keeps.
_FIRST_TO_GO = ("one_minus_confidence", "weight", "loss_uniform", "correct", "base_rate", "brier", "label_prob")
KEPT = ("accuracy", "recall", "ece", "confidence", "loss_hard")
# The most columns that a note names, and the least width of a name that is shown without its middle.
_MOST_NAMED, _LEAST_NAME = 12, 16


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """The rows as columns. A listing without inputs is short and wraps long cells."""
    if not answer.inputs:
        title = Padding(Text(answer.title, style="bold"), (1, 0, 0, 1))
        yield text_of([title, wrapped(answer.columns, answer.cells())], screen)
        return
    rows = iter(answer.cells())
    first = list(itertools.islice(rows, FIRST))
    shown, hidden, longest = _shown(answer, first, screen)
    places = [place for place, name in enumerate(answer.columns) if name in shown]
    yield text_of([Padding(titled(answer, screen), (1, 0, 1, 1))], screen) + "\n"
    cells = ([_shortened(row[place], longest) for place in places] for row in itertools.chain(first, rows))
    yield from aligned(shown, cells, screen)
    if hidden:
        yield text_of([Padding(not_shown(hidden), (0, 1, 0, 2))], screen)
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
    yield text_of([Text(f"  {heading}", style="bold"), Text(f" {rule}")], screen)
    for row in itertools.chain(first, rows):
        padded = (" " * (width - cell_len(text)) + text for text, width in zip(map(cell, row), widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip() + "\n"


def wrapped(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Columns whose long cells are wrapped, except those of the first two."""
    table = empty_table()
    for place, name in enumerate(columns):
        table.add_column(name, no_wrap=place < 2, header_style="bold")
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


def _shown(
    answer: Listing, rows: Sequence[Sequence[object]], screen: Screen
) -> tuple[list[str], list[str], int | None]:
    """The names of the columns that are shown, of those that do not fit, and the most characters of a name.

    Neither list has the source, which the title names, or a column that is empty in all rows.
    """
    columns = answer.columns
    if tuple(columns[:2]) != ("source", "group"):
        return list(columns), [], None
    cells = {name: [row[place] for row in rows] for place, name in enumerate(columns)}
    there = {
        name: values
        for name, values in cells.items()
        if name != "source" and not all(value == "" or value != value for value in values)
    }
    longest = None
    widths = _widths(there, longest)
    if sum(widths.values()) > screen.width - 2:  # long names give their room to numbers first
        longest = max(_LEAST_NAME, screen.width // 4)
        widths = _widths(there, longest)
    kept = list(dict.fromkeys([_sorted_by(answer), *(name for name in KEPT if name in widths)]))
    others = [name for name in (*_FIRST_TO_GO, *list(widths)[:0:-1]) if name not in kept]
    shown = fitting(widths, screen.width - 2, [*others, *kept[:0:-1]])
    return shown, [name for name in widths if name not in shown], longest


def _widths(cells: Mapping[str, Sequence[object]], longest: int | None) -> dict[str, int]:
    """The width of each column with the space before it."""
    return {
        name: max(cell_len(name), *(cell_len(cell(_shortened(value, longest))) for value in values)) + 2
        for name, values in cells.items()
    }


def _shortened(value: object, longest: int | None) -> object:
    return elided(printable(value), longest) if longest is not None and isinstance(value, str) else value


def _sorted_by(answer: Listing) -> str:
    """The column that the rows are sorted by, which is always shown."""
    settings = {name: setting.value for name, setting in answer.settings.items()}
    if settings.get("worst") is not None:
        return "loss_hard" if settings["by"] == "loss" else "confidence"
    return str(settings.get("sort", ""))


def titled(answer: Report | Listing, screen: Screen, shape: Sequence[int] | None = None) -> Text:
    """The title of a view: the logits, and how many samples were left out.

    Args:
        answer: a report or a listing.
        screen: how text is shown; a path that is too long for it is shown without its middle.
        shape: the number of samples and of classes, if the first input does not have this shape.
    """
    details, name = Text(style="not bold dim"), ""
    for entry in answer.inputs[:1]:
        rows, *classes = shape or entry["shape"]
        name = str(entry["path"])
        what = ", without logits"
        if classes:
            kept = f"top {classes[0]:,} of {entry['classes']:,}" if "classes" in entry else f"{classes[0]:,}"
            what = f" x {kept} classes, {entry['dtype']}"
        details.append(f"{rows:,} samples{what}")
        if entry.get("members"):
            of = "logits" if answer.settings["ensemble_of"].value == "logits" else "probabilities"
            details.append(f", mean of the {of} of {len(entry['members'])} members")
    left_out = [f"{answer.samples[key]:,} {key}" for key in ("ignored", "skipped") if answer.samples.get(key)]
    if left_out:
        details.append(f", {' and '.join(left_out)}", style="not dim")
    if any(entry.get("names") for entry in answer.inputs):
        details.append(", labels by name", style="not dim")
    if any(entry["role"] == "weights" for entry in answer.inputs):
        details.append(", weighted", style="not dim")
    if "clusters" in answer.samples:
        details.append(f", {answer.samples['clusters']:,} clusters", style="not dim")
    return title_of(name, details, screen)


def title_of(name: str, details: Text, screen: Screen) -> Text:
    """`lscli`, a name, and details about it: on one line, or on two if they are too wide."""
    title = Text("lscli", style="bold")
    room = _width(screen) - len(title) - 4  # two spaces before the name, and one at either end of the line
    name = printable(name)
    beside = cell_len(name) + 2 + details.cell_len <= room
    title.append(f"  {name if beside else elided(name, room)}")
    return title.append("  " if beside else f"\n{' ' * (len('lscli') + 2)}").append_text(details)


def group_title(group: str, n: float) -> Text:
    """The heading of the rows of a group."""
    title = Text(printable(group) or "All samples", style="bold")
    return title.append(f"  {n:,} samples", style="not bold dim")


def elided(text: str, room: int) -> str:
    """The text without its middle, if it is wider than the room; more of its end is kept, where a path has its file."""
    if cell_len(text) <= room:
        return text
    head = (room - 1) // 3
    tail = set_cell_size(text[::-1], room - 1 - head)[::-1]
    return f"{set_cell_size(text, head)}…{tail}"


def not_shown(names: Sequence[str]) -> Text:
    """A note on the columns that a narrow screen has no room for."""
    said = "1 column is" if len(names) == 1 else f"{len(names):,} columns are"
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    named = printable(", ".join(names[:_MOST_NAMED]))
    return Text(f"{said} not shown for lack of width: {named}{more}; -f csv has all", style="dim")


def unwrapped(lines: Sequence[str], screen: Screen) -> str:
    """Lines to copy, each in one piece whatever the width of the screen."""
    widest = max(map(cell_len, lines), default=0)
    return text_of([Text(line, style="bold") for line in lines], screen._replace(width=max(widest, screen.width)))


def conclusion(answer: Report | Listing) -> list[RenderableType]:
    """The conclusion under a table, if there is one."""
    return [Padding(Text(printable(answer.conclusion)), (0, 1, 1, 1))] if answer.conclusion else []


def _width(screen: Screen) -> int:
    """The width that text is laid out for: at least that of a few words."""
    return max(40, screen.width)


def text_of(parts: Sequence[RenderableType], screen: Screen) -> str:
    """The parts below one another, laid out by rich, as text that ends with one line feed."""
    text = io.StringIO()
    console = Console(
        file=text,
        width=_width(screen),
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
