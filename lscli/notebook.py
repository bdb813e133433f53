"""How answers are displayed: as HTML in a notebook, and as text at a prompt."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from lscli.text import bounded, printable, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The most columns of a table in a notebook, and the most characters of a cell.
_COLUMNS, _CELL = 30, 200
_UNREAD = "the rows are computed while they are read, for example by to_frame()"


def html_of(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]] | None,
    length: int | None,
    notes: Sequence[str],
    most: int = 20,
) -> str:
    """A title, the first rows of a table, how many more there are, and notes; every text is escaped.

    Args:
        title: the heading; none if empty.
        columns: the names of the columns.
        rows: the rows, or None for rows that can be read only once, of which none is shown.
        length: the number of rows, if it is known.
        notes: paragraphs under the table.
        most: the most rows to show.
    """
    parts = [f"<p><b>{_escaped(title)}</b></p>"] if title else []
    shown = columns[:_COLUMNS]
    parts.append(f"<table><thead>{_line('th', shown)}</thead><tbody>")
    parts += [_line("td", [text_of(cell) for cell in row[:_COLUMNS]]) for row in itertools.islice(rows or (), most)]
    parts.append("</tbody></table>")
    left = [
        *([_more(length - most, "row")] if rows is not None and length is not None and length > most else []),
        *([_more(len(columns) - _COLUMNS, "column")] if len(columns) > _COLUMNS else []),
    ]
    if rows is None:
        parts.append(f"<p>{_UNREAD if length is None else f'{length:,} rows: {_UNREAD}'}</p>")
    parts += [f"<p>... {' and '.join(left)}</p>"] if left else []
    return "\n".join([*parts, *(f"<p>{_escaped(note)}</p>" for note in notes if note)])


def _more(count: int, what: str) -> str:
    return f"{count:,} more {what}{'s' * (count != 1)}"


def text_of(value: object) -> str:
    """A cell as text: yes or nothing for a bool, nothing for None and nan, four significant digits for a float."""
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return "" if value != value else rounded(value, 4)
    return bounded(printable(str(value)), _CELL)


def _line(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_escaped(cell)}</{tag}>' for cell in cells)}</tr>"


def _escaped(text: str) -> str:
    import html  # imported only for a notebook

    return html.escape(printable(text))
