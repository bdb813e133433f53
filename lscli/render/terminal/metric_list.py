"""The metrics for a terminal: by family, each with its definition."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING

from rich.text import Text

from lscli.render.terminal import table
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.listings import MetricList
    from lscli.render.renderers import Screen

_MARK = "*"
# A definition in a narrower column stands under its metric.
_NARROWEST = 40


def metric_list(answer: MetricList, screen: Screen) -> Iterator[str]:
    """Each family with its metrics, those of the default set marked."""
    rows = list(answer.rows)
    widest = max((len(row.id) for row in rows), default=0)
    indent = widest + 8 if screen.width - widest - 10 >= _NARROWEST else 8
    parts = [Text(f"\n {answer.title}", style="bold").append(f"  {_MARK} in the default set", style="not bold dim")]
    for family, metrics in itertools.groupby(rows, key=lambda row: row.family):
        parts.append(Text(f"\n  {printable(family)}", style="bold"))
        for row in metrics:
            name = f"  {_MARK if row.default else ' '} {printable(row.id)}"
            side = f"; {row.better} is better" if row.better else ""
            described = f"{row.definition} [interval: {row.interval}{side}]"
            lines = textwrap.wrap(printable(described), max(screen.width, 40) - indent - 1, break_on_hyphens=False)
            beside = len(name) + 2 <= indent
            first = name.ljust(indent) + lines[0] if beside else name
            rest = lines[1:] if beside else lines
            text = Text("\n".join([first, *(" " * indent + line for line in rest)]))
            text.stylize("bold", 0, len(name))
            parts.append(text)
    yield table.text_of([*parts, *table.conclusion(answer)], screen)
