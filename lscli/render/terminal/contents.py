"""The arrays of a file for a terminal, and the commands to type next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from lscli.render.numbers import short
from lscli.render.terminal import table
from lscli.text import printable, sized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from lscli.listings import ArrayRow, Contents
    from lscli.render.renderers import Screen


def contents(answer: Contents, screen: Screen) -> Iterator[str]:
    """The arrays under the title of their file, the conclusion, and the next commands."""
    parts: list[RenderableType] = []
    source, commands = None, []
    for array in answer.rows:
        if array.source != source:
            source = array.source
            title = table.title_of(source, Text(array.format, style="not bold dim"), screen)
            parts.append(Padding(title, (1, 0, 0, 1)))
        parts.append(Padding(_array(array), (1, 0, 0, 3)))
        commands.append(array.command)
    parts.append(Padding(Text(answer.conclusion), (1, 1, 0, 1)))
    commands = [command for command in dict.fromkeys(commands) if command]
    yield table.text_of(parts, screen)
    if commands:
        yield "\n Next:\n" + table.unwrapped([f"   {command}" for command in commands], screen)


def _array(array: ArrayRow) -> Text:
    name = printable(array.key) or "array"
    shape = array.shape.replace("x", " x ") or "one value"
    text = Text(name, style="bold").append(f"  {shape}  {array.dtype}  {sized(array.bytes)}", style="not bold dim")
    for what, words in (("values", _values(array)), ("rows", _rows(array)), ("taken for", array.taken_for)):
        if words:
            text.append(f"\n  {what:10}", style="not bold dim").append(printable(words), style="not bold")
    return text


def _values(array: ArrayRow) -> str:
    if math.isnan(array.nan):
        return ""
    ends = [str(end) if isinstance(end, int) else short(end) for end in (array.min, array.max)]
    words = [f"{ends[0]} .. {ends[1]}" if ends[0] else "none that is finite"]
    counts = {"nan": array.nan, "+inf": array.posinf, "-inf": array.neginf}
    odd = [f"{count:,} {word}" for word, count in counts.items() if count]
    if isinstance(array.min, float):
        words.extend(odd or ["no nan, no infinities"])
    return ", ".join(words)


def _rows(array: ArrayRow) -> str:
    share = array.sum_to_1
    if math.isnan(share):
        return ""
    return "all sum to 1" if share == 1 else "none sums to 1" if share == 0 else f"{100 * share:.3g} % sum to 1"
